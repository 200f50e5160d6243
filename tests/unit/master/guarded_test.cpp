#include "master/guarded.hpp"

#include <iostream>

#include <catch2/catch.hpp>

namespace harmonic {

TEST_CASE("A command whose words did not arrive on the standard output has failed", "[master][guarded]") {
  const auto ends_with = [](bool speak, ExitCode code) {
    std::cout.setstate(std::ios::badbit);  // as after a write to a full disk
    const ExitCode end = guarded(speak, [code] { return code; });
    std::cout.clear();
    return end;
  };
  CHECK(ends_with(true, ExitCode::done) == ExitCode::failed);
  CHECK(ends_with(true, ExitCode::bad_input) == ExitCode::bad_input);
  CHECK(ends_with(false, ExitCode::done) == ExitCode::done);  // a rank that has nothing to say
  CHECK(guarded(true, [] { return ExitCode::done; }) == ExitCode::done);
}

}  // namespace harmonic
