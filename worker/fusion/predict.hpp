#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/types.h>

#include "worker/fusion/samples.hpp"

namespace harmonic {

/// Features of some rows, and the backbones' logits of them, as Samples has them -> the network's logits.
using Forward = std::function<torch::Tensor(const std::vector<torch::Tensor>&, const std::vector<torch::Tensor>&)>;

/// Logits of all rows in their order, (rows, classes), without gradients.
[[nodiscard]] torch::Tensor predict(const Samples& samples, const Forward& forward);

/// Logits that every lane of a network gives for the same samples, (lanes, rows, classes), without gradients.
/// @param forward takes rows repeated for every lane
[[nodiscard]] torch::Tensor predict_lanes(const Samples& samples, std::int64_t lanes, const Forward& forward);

/// Metric of such logits of all rows, percent. @throws NotFinite, saying whose they are, when they are no numbers
[[nodiscard]] double checked_metric(const torch::Tensor& logits, const Labels& labels, const char* whose);

}  // namespace harmonic
