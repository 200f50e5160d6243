#pragma once

#include <exception>

#include "core/base/log.hpp"
#include "master/dispatch/dispatcher.hpp"
#include "master/run/run_hooks.hpp"

namespace harmonic {

/// Sends the workers home however what they work for ends, and lets the program know when MPI cannot be finalised.
struct Farewell {
  Dispatcher& dispatcher;
  const RunHooks& hooks;
  ~Farewell() {
    try {
      if (dispatcher.stop_workers()) return;
    } catch (const std::exception& e) {
      log::warning("the workers could not be told to stop: {}", e.what());
    }
    hooks.abandon();
  }
};

}  // namespace harmonic
