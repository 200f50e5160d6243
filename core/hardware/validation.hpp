#pragma once

#include <string>
#include <vector>

namespace harmonic {

/// A whole network: what a table says it takes, and what it took.
struct NetworkLatency {
  std::string network;  ///< its genomes, and its genotype
  double predicted_ms = 0, measured_ms = 0;
};

/// How good a table's sums are.
struct Validation {
  double mape = 0;                  ///< mean absolute error, percent of what was measured
  double within_10_percent = 0;     ///< percent of the networks
  double kendall_tau = 0;           ///< of both orders
  double scale = 1, offset_ms = 0;  ///< measured = scale * predicted + offset, of least squared relative error
  double corrected_mape = 0;        ///< of that, percent
};
/// @param networks two or more, measured above 0 @throws InputError
[[nodiscard]] Validation validate(const std::vector<NetworkLatency>& networks);

/// Predicted over measured, as a picture of its own, with the line where both are equal.
[[nodiscard]] std::string validation_svg(const std::vector<NetworkLatency>& networks, const Validation& validation,
                                         const std::string& title);

}  // namespace harmonic
