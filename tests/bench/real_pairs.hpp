#pragma once

#include <string>
#include <vector>

namespace harmonic::bench {

/// What fusion searches on real pairs come to, and how much of it is luck: rows of the published AV-MNIST table over
/// several seeds, and random pairs of drawn macro-architectures. Prints every model's validation and test metric and
/// CPU time, then of each row its spread over seeds, of the random pairs their mean, and beside both what late fusion
/// of the same pairs gives. Reads the test split: it judges the program, and chooses nothing.
/// @param args those of `harmonic search` (--config, --data, …), and --rows, --seeds, --random
[[nodiscard]] int real_pairs(const std::vector<std::string>& args);

}  // namespace harmonic::bench
