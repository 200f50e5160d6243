#pragma once

#include <iostream>
#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace harmonic::bench {

/// The main function of a program that measures: what `run` throws becomes a line on stderr and an exit code.
/// @param run takes the arguments, gives the exit code
template <class Run>
int bench_main(int argc, char** argv, Run run) {
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const InputError& e) {
    std::cerr << e.what() << '\n';
    return static_cast<int>(ExitCode::bad_input);
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return static_cast<int>(ExitCode::failed);
  }
}

}  // namespace harmonic::bench
