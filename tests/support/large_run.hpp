#pragma once

#include <cmath>
#include <filesystem>
#include <string>

#include "tests/support/hand_run.hpp"

namespace harmonic::testing {

/// A run of very many models on two devices, as many on the front as a long search has, with genotypes as long as those
/// of three cells.
inline HandRun large_run(int candidates, int on_front = 120) {
  HandRun run;
  run.devices = {"edge-gpu", "edge-cpu"};
  const auto model = [](int id, double metric, double cost) {
    return HandModel{
        id,
        metric,
        {},
        {cost, 8 * cost + id % 7},
        {2 * cost, 3 * cost + id % 3},
        "0+4:Sum(0,1),Attention(0,2) 1+5:ConcatFC(0,1),LinearGLU(1,2) 8+9:CatConvMish(0,1),Sum(2,1) -> 8,9,10"};
  };
  for (int i = 0; i < on_front; ++i) run.front.push_back(model(i, 80 + 0.15 * i, 2 + 0.08 * i));
  for (int i = on_front; i < candidates; ++i)
    run.dominated.push_back(model(i, 79 + 18 * std::abs(std::sin(i)) - 0.01, 12 + std::fmod(i * 0.37, 9)));
  return run;
}

}  // namespace harmonic::testing
