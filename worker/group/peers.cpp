#include "worker/group/peers.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <mpi.h>

#include "core/base/error.hpp"
#include "core/base/seconds_since.hpp"
#include "core/base/text.hpp"
#include "core/mpi/check.hpp"

namespace harmonic {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr double kCallS = 0.5;    ///< for a call of the roll to leave
constexpr double kFarewellS = 1;  ///< for a rank's last words to leave
constexpr double kBusyS = 0.1;    ///< a wait this long need no longer be watched closely
constexpr int kPollsBetweenLooks = 100;
constexpr std::chrono::microseconds kNap{500};

enum class Fault : int { none, input, run };

}  // namespace

/// Short messages beside the collectives: "are you here?", "here", "I go no further, because …".
class Peers::Channel {
 public:
  enum Tag : int { are_you_here = 1, here, farewell };

  Channel() {
    check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &comm_), "MPI_Comm_dup");
    check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check_mpi(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(comm_, &size_), "MPI_Comm_size");
    heard_.assign(static_cast<std::size_t>(size_), Heard::nothing);
    learn_hosts();
  }
  ~Channel() {
    // Freeing is collective: not after a failure, when the others may be gone.
    if (!broken_) MPI_Comm_free(&comm_);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] MPI_Comm comm() const { return comm_; }
  [[nodiscard]] const std::string& host(int rank) const { return hosts_.at(static_cast<std::size_t>(rank)); }
  [[nodiscard]] bool broken() const { return broken_; }
  void set_broken() { broken_ = true; }

  /// Sends to every other rank. A rank that is gone holds nobody up: what does not leave is left to MPI.
  void tell_all(Tag tag, std::string_view text, double patience_s) noexcept {
    auto& bytes = *new std::string(text);  // must outlive the sends, which may never end
    std::vector<MPI_Request> requests;
    for (int other = 0; other < size_; ++other)
      if (other != rank_) requests.push_back(send(tag, bytes, other));
    const auto start = SteadyClock::now();
    int all_left = 0;
    while (all_left == 0 && seconds_since(start) < patience_s)
      if (MPI_Testall(static_cast<int>(requests.size()), requests.data(), &all_left, MPI_STATUSES_IGNORE) !=
          MPI_SUCCESS)
        return;
    if (all_left != 0) delete &bytes;
  }

  /// Answers a call of the roll and takes note of answers to this rank's own.
  /// @return the last words of a rank that has given up, when there are some
  std::optional<std::string> listen(bool waiting) {
    while (const auto from = receive(are_you_here)) {
      static std::array<std::string, 2> answers = {"at work", "waiting"};
      MPI_Request request = send(here, answers[waiting ? 1 : 0], from->first);
      if (request != MPI_REQUEST_NULL) MPI_Request_free(&request);
    }
    while (const auto from = receive(here))
      heard_[static_cast<std::size_t>(from->first)] = from->second == "waiting" ? Heard::waiting : Heard::at_work;
    if (auto last_words = receive(farewell)) return last_words->second;
    return std::nullopt;
  }

  void call_roll(double patience_s) {
    std::ranges::fill(heard_, Heard::nothing);
    heard_[static_cast<std::size_t>(rank_)] = Heard::waiting;
    tell_all(are_you_here, "", patience_s);
  }
  /// Who has not answered since.
  [[nodiscard]] std::vector<int> silent() const {
    std::vector<int> ranks;
    for (int other = 0; other < size_; ++other)
      if (heard_[static_cast<std::size_t>(other)] == Heard::nothing) ranks.push_back(other);
    return ranks;
  }
  [[nodiscard]] bool some_at_work() const { return std::ranges::count(heard_, Heard::at_work) > 0; }

 private:
  void learn_hosts() {
    std::array<char, MPI_MAX_PROCESSOR_NAME> mine{};
    int length = 0;
    check_mpi(MPI_Get_processor_name(mine.data(), &length), "MPI_Get_processor_name");
    std::vector<char> all(mine.size() * static_cast<std::size_t>(size_));
    check_mpi(MPI_Allgather(mine.data(), MPI_MAX_PROCESSOR_NAME, MPI_CHAR, all.data(), MPI_MAX_PROCESSOR_NAME, MPI_CHAR,
                            comm_),
              "MPI_Allgather");
    for (std::size_t i = 0; i < static_cast<std::size_t>(size_); ++i) hosts_.emplace_back(&all[i * mine.size()]);
  }
  MPI_Request send(Tag tag, std::string& bytes, int to) noexcept {
    MPI_Request request = MPI_REQUEST_NULL;
    if (MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_CHAR, to, tag, comm_, &request) != MPI_SUCCESS)
      request = MPI_REQUEST_NULL;
    return request;
  }
  std::optional<std::pair<int, std::string>> receive(Tag tag) {
    int found = 0, length = 0;
    MPI_Message message = MPI_MESSAGE_NULL;
    MPI_Status status{};
    check_mpi(MPI_Improbe(MPI_ANY_SOURCE, tag, comm_, &found, &message, &status), "MPI_Improbe");
    if (found == 0) return std::nullopt;
    check_mpi(MPI_Get_count(&status, MPI_CHAR, &length), "MPI_Get_count");
    std::string text(static_cast<std::size_t>(length), '\0');
    check_mpi(MPI_Mrecv(text.data(), length, MPI_CHAR, &message, MPI_STATUS_IGNORE), "MPI_Mrecv");
    return std::pair{status.MPI_SOURCE, text};
  }

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  bool broken_ = false;
  std::vector<std::string> hosts_;
  enum class Heard { nothing, waiting, at_work };
  std::vector<Heard> heard_;  ///< since the last call of the roll
};

Peers::Peers(double patience_s) : patience_s_(patience_s) {
  int started = 0, ended = 0, ranks = 1;
  MPI_Initialized(&started);
  MPI_Finalized(&ended);
  if (started != 0 && ended == 0) check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &ranks), "MPI_Comm_size");
  if (ranks == 1) return;
  int threads = MPI_THREAD_SINGLE;
  check_mpi(MPI_Query_thread(&threads), "MPI_Query_thread");
  any_thread_ = threads >= MPI_THREAD_SERIALIZED;
  channel_ = std::make_unique<Channel>();
}

Peers::Peers(Alone) : patience_s_(kPatienceS) {}

std::shared_ptr<Peers> Peers::alone() {
  return std::shared_ptr<Peers>(new Peers(Alone{}));
}

Peers::~Peers() = default;

Rank Peers::rank() const {
  return Rank{channel_ ? channel_->rank() : 0};
}

int Peers::size() const {
  return channel_ ? channel_->size() : 1;
}

std::string Peers::name(Rank rank) const {
  return channel_ ? fmt::format("rank {} on {}", rank.value, channel_->host(rank.value)) : "rank 0";
}

bool Peers::broken() const {
  return channel_ && channel_->broken();
}

bool Peers::may_talk() const {
  return channel_ && (any_thread_ || std::this_thread::get_id() == owner_);
}

void Peers::listen(bool waiting) {
  const auto last_words = channel_->listen(waiting);
  if (!last_words) return;
  channel_->set_broken();
  throw RunError(*last_words);
}

void Peers::at_work() {
  if (may_talk()) listen(false);
}

void Peers::wait(const std::function<bool()>& done, std::string_view operation) {
  const auto start = SteadyClock::now();
  auto since = start;  // all were known to be there
  const bool listens = may_talk();
  bool called = false;
  for (std::int64_t polls = 1; !done(); ++polls) {
    // Ranks that share a core must let each other run; a long wait need not be watched closely.
    std::this_thread::yield();
    const double so_far_s = seconds_since(since);
    if (so_far_s > kBusyS) std::this_thread::sleep_for(kNap);
    if (so_far_s < kBusyS && polls % kPollsBetweenLooks != 0) continue;
    if (listens) listen(true);
    if (listens && !called && so_far_s > patience_s_ / 2) {
      channel_->call_roll(std::min(kCallS, patience_s_ / 4));
      called = true;
    }
    if (so_far_s <= patience_s_) continue;
    if (!listens || !channel_->silent().empty() || !channel_->some_at_work()) end_wait(operation, seconds_since(start));
    since = SteadyClock::now();
    called = false;
  }
  waited_s_ += seconds_since(start);
}

void Peers::end_wait(std::string_view operation, double waited_s) {
  const auto text = fmt::format("{}: {}", operation, who_is_missing(waited_s));
  tell_all(text);
  throw RunError(text);
}

std::string Peers::who_is_missing(double waited_s) {
  const auto patience = fmt::format("waited {:.0f} s", waited_s);
  if (!may_talk()) return fmt::format("{} {} for the others; a rank is lost or stuck", name(rank()), patience);
  channel_->set_broken();
  std::vector<std::string> names;
  for (const int silent : channel_->silent()) names.push_back(name(Rank{silent}));
  if (names.empty()) return fmt::format("{} {}, and so do all others; a connection is lost", name(rank()), patience);
  return fmt::format("{} lost or stuck; {} {} for it", join(names, ", "), name(rank()), patience);
}

void Peers::give_up(const std::exception& reason) {
  if (broken()) return;  // the others have been told, or have told this rank
  tell_all(fmt::format("{}: {}", name(rank()), first_line(reason.what())));
}

void Peers::tell_all(const std::string& text) {
  if (!channel_) return;
  gave_up_ = true;
  channel_->set_broken();
  if (may_talk()) channel_->tell_all(Channel::farewell, text, kFarewellS);
}

void Peers::together(const std::function<void()>& body) {
  if (!channel_) return body();
  Fault fault = Fault::none;
  std::string text;
  std::exception_ptr mine;
  try {
    body();
  } catch (const std::exception& e) {
    fault = dynamic_cast<const InputError*>(&e) != nullptr ? Fault::input : Fault::run;
    text = first_line(e.what());
    mine = std::current_exception();
  }
  const auto wait_for = [&](MPI_Request request) {
    wait(
        [&] {
          int finished = 0;
          check_mpi(MPI_Test(&request, &finished, MPI_STATUS_IGNORE), "MPI_Test");
          return finished != 0;
        },
        "ranks start together");
  };
  // The lowest rank that failed speaks for all.
  static int first = 0;  // static: a wait that is given up leaves MPI with their addresses
  static std::array<int, 2> fault_and_length;
  MPI_Request request = MPI_REQUEST_NULL;
  first = mine ? rank().value : size();
  check_mpi(MPI_Iallreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, channel_->comm(), &request), "MPI_Iallreduce");
  wait_for(request);
  if (first == size()) return;
  const int speaker = first;
  fault_and_length = {static_cast<int>(fault), static_cast<int>(text.size())};
  check_mpi(MPI_Ibcast(fault_and_length.data(), 2, MPI_INT, speaker, channel_->comm(), &request), "MPI_Ibcast");
  wait_for(request);
  auto& words = *new std::string(text);
  words.resize(static_cast<std::size_t>(fault_and_length[1]));
  check_mpi(MPI_Ibcast(words.data(), fault_and_length[1], MPI_CHAR, speaker, channel_->comm(), &request), "MPI_Ibcast");
  wait_for(request);
  const std::unique_ptr<std::string> owned(&words);
  if (mine) std::rethrow_exception(mine);
  const auto told = fmt::format("{}: {}", name(Rank{speaker}), words);
  if (static_cast<Fault>(fault_and_length[0]) == Fault::input) throw InputError(told, "");
  throw RunError(told);
}

}  // namespace harmonic
