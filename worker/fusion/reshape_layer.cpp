#include "worker/fusion/reshape_layer.hpp"

#include <torch/torch.h>

namespace harmonic {

ReshapeLayer::ReshapeLayer(int in_channels, const StateShape& shape)
    : conv(torch::nn::Conv1dOptions(in_channels, shape.channels, 1)), bn(shape.channels), shape_(shape) {
  register_module("conv", conv);
  register_module("bn", bn);
}

torch::Tensor ReshapeLayer::forward(const torch::Tensor& rows, Pass pass) {
  torch::Tensor out = conv_rows(conv, rows);
  // Repeated before the batch norm, whose unbiased variance counts rows, and before dropout, which draws for each.
  if (out.size(1) != shape_.positions) out = out.expand({-1, shape_.positions, -1}).contiguous();
  return dropout_rows(at::relu(batch_norm_rows(bn, out, pass)), shape_.dropout, pass);
}

}  // namespace harmonic
