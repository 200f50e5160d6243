#pragma once

#include <vector>

#include <torch/types.h>

#include "core/space/genome.hpp"
#include "worker/backbone/supernet.hpp"

namespace harmonic::bench {

/// The usual way of scoring a sub-network, with LibTorch's own modules: a network of its own is built, the weights are
/// copied into it, its batch norms reset and re-estimated by running every batch through it in training mode
/// (cumulative average), then it is run on the inputs.
/// @param format of activations and weights, contiguous being the modules' default
/// @return logits
[[nodiscard]] torch::Tensor published_logits(const Supernet& supernet, const BackboneGenome& genome,
                                             const std::vector<torch::Tensor>& calibration, const torch::Tensor& inputs,
                                             at::MemoryFormat format);

}  // namespace harmonic::bench
