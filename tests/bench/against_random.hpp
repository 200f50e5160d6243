#pragma once

#include <string>
#include <vector>

namespace harmonic::bench {

/// Does the differentiable search find better than chance? For rows of the published AV-MNIST table: found genotypes of
/// several seeds and random ones of the same macro-architecture, which follow the same rule, all retrained alike;
/// prints every one's validation error and fusion latency on the first device, then what they say together.
/// @param args those of `harmonic search` (--config, --data, …), and --rows, --random, --seeds, --retrainings
/// @return 0 when the found ones' mean error is not above the random mean, their mean latency below the random ones'
///   25th percentile, and the operators' entropy below half of uniform
[[nodiscard]] int against_random(const std::vector<std::string>& args);

}  // namespace harmonic::bench
