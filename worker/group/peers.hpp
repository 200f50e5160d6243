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
/// world of one where MPI is not initialised. Only the thread that makes it talks to the others; other threads may
/// wait.
///
/// A wait ends in an error on every rank: the first rank whose patience ends calls the roll, names the ranks that do
/// not answer, and tells the others; a rank that fails by itself tells them at once.
class Peers {
 public:
  /// All ranks. Collective.
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

  /// Polls until `done` says so. @param operation what is waited for, for people
  /// @throws RunError when a rank is missing or has given up, naming it; whatever `done` throws
  void wait(const std::function<bool()>& done, std::string_view operation);
  /// Seconds this rank has spent in waits.
  [[nodiscard]] double seconds_waited() const { return waited_s_; }

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
  [[noreturn]] void call_roll(std::string_view operation, double waited_s);
  [[nodiscard]] std::string who_is_missing(double waited_s);
  void tell_all(const std::string& text);

  double patience_s_;
  double waited_s_ = 0;
  bool gave_up_ = false;
  std::thread::id owner_ = std::this_thread::get_id();
  std::unique_ptr<Channel> channel_;  ///< null in a world of one
};

}  // namespace harmonic
