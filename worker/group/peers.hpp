#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "core/base/ids.hpp"

namespace harmonic {

/// How long the others may keep one rank waiting before the group is given up, s.
inline constexpr double kPatienceS = 600;

/// The ranks of MPI_COMM_WORLD as one of them sees them: who they are, and how a wait for them ends when one is lost. A
/// world of one where MPI is not initialised. One thread at a time: another one than its own may wait while that stands
/// still, as autograd's do in a backward pass. Where MPI takes calls of one thread alone (below MPI_THREAD_SERIALIZED)
/// such a wait neither hears the others nor tells them.
///
/// A wait ends in an error on every rank: half-way through its patience a rank calls the roll; at the end it names the
/// ranks that have not answered, and tells the others. Who waits answers, and so does who is at work and says so now
/// and then, for whom the others go on waiting. A rank that fails by itself tells the others at once.
class Peers {
 public:
  /// All ranks. Collective, and blocking: to be made before anything that may fail on one rank alone.
  explicit Peers(double patience_s = kPatienceS);
  /// This process alone, whatever others there are.
  [[nodiscard]] static std::shared_ptr<Peers> alone();
  ~Peers();
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  [[nodiscard]] Rank rank() const;
  [[nodiscard]] int size() const;
  /// "rank 2 on node7"
  [[nodiscard]] std::string name(Rank rank) const;

  /// How long the others may keep this rank waiting from now on, s.
  void set_patience(double seconds) { patience_s_ = seconds; }

  /// Polls until `done` says so. @param operation what is waited for, for people
  /// @throws RunError when a rank is missing or has given up, naming it; whatever `done` throws
  void wait(const std::function<bool()>& done, std::string_view operation);
  /// Seconds this rank has spent in waits.
  [[nodiscard]] double seconds_waited() const { return waited_s_; }

  /// Answers a call of the roll. To be called every few seconds in work that the others wait for.
  /// @throws RunError when a rank has given up
  void at_work();

  /// Runs `body` on every rank and returns once all are through; when it throws on one rank it throws on all: on the
  /// others the same kind of error, which names that rank. Collective.
  void together(const std::function<void()>& body);

  /// Tells the others that this rank goes no further: their waits end in an error that gives `reason`.
  void give_up(const std::exception& reason);
  /// What `body` returns. When it throws, this rank gives up first: the others may be waiting for it.
  template <class Body>
  auto or_give_up(Body body) {
    try {
      return body();
    } catch (const std::exception& e) {
      give_up(e);
      throw;
    }
  }
  /// True once a wait ended in an error or a rank gave up. MPI must not be finalised then: see MpiSession::abandon.
  [[nodiscard]] bool broken() const;
  /// True on a rank that failed, or missed another: one that knows at first hand what went wrong.
  [[nodiscard]] bool gave_up() const { return gave_up_; }

 private:
  class Channel;
  struct Alone {};

  explicit Peers(Alone);
  [[nodiscard]] bool may_talk() const;
  void listen(bool waiting);
  [[noreturn]] void end_wait(std::string_view operation, double waited_s);
  [[nodiscard]] std::string who_is_missing(double waited_s);
  void tell_all(const std::string& text);

  double patience_s_;
  double waited_s_ = 0;
  bool gave_up_ = false;
  std::thread::id owner_ = std::this_thread::get_id();
  bool any_thread_ = false;           ///< may call MPI
  std::unique_ptr<Channel> channel_;  ///< null in a world of one
};

}  // namespace harmonic
