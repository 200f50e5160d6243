#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "core/hardware/energy_meter.hpp"
#include "core/mpi/mailbox.hpp"
#include "core/work/clock.hpp"
#include "core/work/work.hpp"
#include "proto/codec.hpp"

namespace harmonic {

/// Makes the evaluator. Called on the thread that computes, so that thread settings of a library (at::set_num_threads)
/// hold there, and heartbeats go out while data and weights are read.
using EvaluatorFactory = std::function<std::unique_ptr<Evaluator>()>;

struct WorkerLoopOptions {
  double heartbeat_s = 1;         ///< between two signs of life
  double master_silence_s = 120;  ///< a master silent for longer is lost, and the worker leaves
  double farewell_s = 2;          ///< for its last words to leave
  Clock clock = steady_clock();
  /// Says on what the evaluator computes ("CPU, 2 threads"), once it is made and on its thread; the master tells the
  /// user. Empty: nobody is told.
  std::function<std::string()> device = [] { return std::string(); };
  /// Makes the meter of that device's energy, likewise; null: there is none.
  std::function<std::unique_ptr<EnergyMeter>()> meter = [] { return std::unique_ptr<EnergyMeter>(); };
};

/// What the worker of this process says of itself, before it reads anything. `settings_hash` may throw InputError: then
/// the hello carries the problem to the master, which does without this worker.
[[nodiscard]] Hello make_hello(Rank rank, const std::function<std::uint64_t()>& settings_hash);

/// One worker: the thread that calls `poll` talks to the master, another one, which never calls MPI, computes, one
/// piece of work at a time. In a world of one the master calls `poll` in its idle moments. A worker whose evaluator
/// cannot be made, or throws WorkerError, says goodbye with its reason and then only waits to be sent home: a rank that
/// ends before the others would end the whole job where MPI does not recover.
class WorkerLoop {
 public:
  /// Says hello and starts to compute `make()`.
  WorkerLoop(Mailbox& mailbox, const Hello& hello, EvaluatorFactory make, WorkerLoopOptions options = {});
  /// Joins the computing thread when it is at rest. When it still computes it is left to itself: end the program with
  /// MpiSession::leave then.
  ~WorkerLoop();
  WorkerLoop(const WorkerLoop&) = delete;
  WorkerLoop& operator=(const WorkerLoop&) = delete;

  /// Sends what is due, takes what has come. Never blocks. Strangers' bytes are ignored.
  void poll();
  /// Polls with pauses until it is finished and its goodbye has left.
  void run();

  [[nodiscard]] bool finished() const { return stopped_ || master_lost_; }
  [[nodiscard]] bool master_lost() const { return master_lost_; }
  /// True when MPI cannot be finalised any more because some rank is gone.
  [[nodiscard]] bool rank_lost() const { return rank_lost_ || master_lost_; }

 private:
  struct Exchange;  ///< what the two threads share

  void send(const Envelope& envelope);
  void take(const Envelope& envelope);
  void report();
  void rest();

  Mailbox& mailbox_;
  Rank rank_;
  WorkerLoopOptions options_;
  double last_beat_ = 0;
  double master_heard_ = 0;
  bool stopped_ = false;
  bool rank_lost_ = false;
  bool master_lost_ = false;
  std::shared_ptr<Exchange> exchange_;
  std::thread computer_;
};

}  // namespace harmonic
