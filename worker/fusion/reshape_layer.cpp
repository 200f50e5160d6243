#include "worker/fusion/reshape_layer.hpp"

#include <torch/nn/modules/conv.h>
#include <torch/types.h>

#include "worker/fusion/norm_activate.hpp"

namespace harmonic {

ReshapeLayer::ReshapeLayer(int in_channels, const StateShape& shape)
    : conv(torch::nn::Conv1dOptions(shape.lanes * in_channels, shape.lanes * shape.channels, 1).groups(shape.lanes)),
      bn(shape.lanes * shape.channels),
      shape_(shape) {
  register_module("conv", conv);
  register_module("bn", bn);
}

torch::Tensor ReshapeLayer::forward(const torch::Tensor& rows, Mode mode) {
  torch::Tensor out = conv_rows(conv, rows, shape_.lanes);
  // Repeated before the batch norm, whose unbiased variance counts rows, and before dropout, which draws for each.
  if (out.size(1) != shape_.positions) out = out.expand({-1, shape_.positions, -1}).contiguous();
  return norm_activate(out, bn, Nonlinearity::relu, shape_.dropout, shape_.lanes, mode);
}

}  // namespace harmonic
