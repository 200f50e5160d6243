#pragma once

#include "master/dispatch/dispatcher.hpp"
#include "master/run/run_hooks.hpp"

namespace harmonic {

/// Sends the workers home however what they work for ends, and lets the program know when MPI cannot be finalised.
struct Farewell {
  Dispatcher& dispatcher;
  const RunHooks& hooks;
  ~Farewell() {
    if (!dispatcher.stop_workers()) hooks.abandon();
  }
};

}  // namespace harmonic
