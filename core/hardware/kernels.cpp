#include "core/hardware/kernels.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

constexpr double kFloatBytes = 4;

// Floating-point operations per element of what is not a matrix product; the order of magnitude is what counts.
constexpr double kBatchNormFlops = 2;  // folded to scale and shift
constexpr double kReluFlops = 1;
constexpr double kHardSwishFlops = 4;
constexpr double kSigmoidFlops = 4;
constexpr double kMishFlops = 12;  // exp, log, tanh
constexpr double kSoftmaxFlops = 5;
constexpr double kLayerNormFlops = 8;

/// A pass over `elements` outputs that reads `inputs` tensors of that size and `extra` further numbers.
Kernel elementwise(double elements, double flops_each, double inputs = 1, double extra = 0) {
  return {elements * flops_each, kFloatBytes * (elements * (inputs + 1) + extra)};
}

/// `rows` x `inner` by `inner` x `columns`.
Kernel matrix_product(double rows, double inner, double columns) {
  return {2 * rows * inner * columns, kFloatBytes * (rows * inner + inner * columns + rows * columns)};
}

Kernel convolution(int in, int out, int kernel, int stride, int side, bool depthwise) {
  const double inputs = static_cast<double>(in) * side * side;
  const double outputs = static_cast<double>(out) * strided(side, stride) * strided(side, stride);
  const double taps = static_cast<double>(kernel) * kernel * (depthwise ? 1 : in);
  return {2 * outputs * taps, kFloatBytes * (inputs + outputs + out * taps), depthwise};
}

double activation_flops(Activation activation) {
  return activation == Activation::relu ? kReluFlops : kHardSwishFlops;
}

double map_elements(int channels, int side) {
  return static_cast<double>(channels) * side * side;
}

/// Convolution, batch norm and activation of a map; `side` is the input's.
void append_conv(std::vector<Kernel>& kernels, int in, int out, int kernel, int stride, int side, bool depthwise,
                 bool batch_norm, const Activation* activation) {
  kernels.push_back(convolution(in, out, kernel, stride, side, depthwise));
  const double elements = map_elements(out, strided(side, stride));
  if (batch_norm) kernels.push_back(elementwise(elements, kBatchNormFlops, 1, 2.0 * out));
  if (activation != nullptr) kernels.push_back(elementwise(elements, activation_flops(*activation)));
}

/// Global mean, reduce, ReLU, expand, hard sigmoid, scaling of the map.
void append_squeeze_excite(std::vector<Kernel>& kernels, int channels, int side) {
  const int reduced = make_divisible(channels / 4.0, 8);
  const double elements = map_elements(channels, side);
  kernels.push_back({elements, kFloatBytes * (elements + channels)});
  kernels.push_back(matrix_product(1, channels + 1, reduced));  // + 1: the bias
  kernels.push_back(elementwise(reduced, kReluFlops));
  kernels.push_back(matrix_product(1, reduced + 1, channels));
  kernels.push_back(elementwise(channels, kSigmoidFlops));
  kernels.push_back(elementwise(elements, 1, 1, channels));
}

std::vector<Kernel> bottleneck_kernels(const Layer& layer) {
  std::vector<Kernel> kernels;
  const bool expands = layer.position >= 0;  // the fixed first block has no expansion
  if (expands)
    append_conv(kernels, layer.in_channels, layer.mid_channels, 1, 1, layer.resolution, false, true, &layer.activation);
  append_conv(kernels, layer.mid_channels, layer.mid_channels, layer.kernel, layer.stride, layer.resolution, true, true,
              &layer.activation);
  const int side = strided(layer.resolution, layer.stride);
  if (layer.squeeze_excite) append_squeeze_excite(kernels, layer.mid_channels, side);
  append_conv(kernels, layer.mid_channels, layer.out_channels, 1, 1, side, false, true, nullptr);
  return kernels;
}

// --- fusion operators, on states of C channels and L positions ---

/// 1x1 convolution (2C -> width) of the two joined states, batch norm.
std::vector<Kernel> joined_conv(double c, double l, double width) {
  return {elementwise(2 * c * l, 0), matrix_product(width, 2 * c + 1, l),
          elementwise(width * l, kBatchNormFlops, 1, 2 * width)};
}

std::vector<Kernel> scale_dot_attention(double c, double l) {
  return {matrix_product(l, c, l), elementwise(l * l, 1), elementwise(l * l, kSoftmaxFlops), matrix_product(l, l, c),
          elementwise(c * l, kLayerNormFlops, 1, 2 * c * l)};
}

std::vector<Kernel> squeeze_excite_operator(double c, double l) {
  return {{c * l, kFloatBytes * (c * l + c)},
          matrix_product(1, c + 1, c),
          elementwise(c, kReluFlops),
          elementwise(c, kSigmoidFlops),
          elementwise(c * l, 1, 1, c)};
}

std::vector<Kernel> low_rank_tensor_fusion(double c, double l) {
  constexpr double kRank = 16;
  const double n = c * l;
  const Kernel projection = matrix_product(1, n + 1, kRank * n);
  return {projection, projection, elementwise(kRank * n, 1, 2), matrix_product(1, kRank, n), elementwise(n, 1, 2)};
}

std::vector<Kernel> with(std::vector<Kernel> kernels, const Kernel& last) {
  kernels.push_back(last);
  return kernels;
}

}  // namespace

std::vector<Kernel> layer_kernels(const Layer& layer) {
  switch (layer.kind) {
    case Layer::Kind::linear:
      return {matrix_product(1, layer.in_channels + 1, layer.out_channels)};
    case Layer::Kind::mbconv:
      return bottleneck_kernels(layer);
    case Layer::Kind::conv:
      break;
  }
  std::vector<Kernel> kernels;
  append_conv(kernels, layer.in_channels, layer.out_channels, layer.kernel, layer.stride, layer.resolution, false,
              layer.batch_norm, &layer.activation);
  return kernels;
}

std::vector<Kernel> maxout_kernels(const BackboneSpace& space) {
  std::vector<Kernel> kernels;
  double inputs = space.in_features;
  double units = space.hidden;
  for (int block = 0; block < space.blocks; ++block) {
    kernels.push_back(matrix_product(1, inputs + 1, units * space.pool));
    kernels.push_back(elementwise(units, space.pool - 1.0, space.pool));
    kernels.push_back(elementwise(units, kBatchNormFlops, 1, 2 * units));
    inputs = units;
    units *= space.factor;
  }
  return kernels;
}

std::vector<std::string> fusion_operators() {
  return {"Sum", "ScaleDotAttn", "LinearGLU", "ConcatFC", "SE1", "CatConvMish", "SE2", "LowRankTensorFusion"};
}

std::vector<Kernel> fusion_kernels(std::string_view op, int channels, int positions) {
  const double c = channels;
  const double l = positions;
  if (op == "Sum") return {elementwise(c * l, 1, 2)};
  if (op == "ScaleDotAttn") return scale_dot_attention(c, l);
  if (op == "LinearGLU") return with(joined_conv(c, l, 2 * c), elementwise(c * l, kSigmoidFlops + 1, 2));
  if (op == "ConcatFC") return with(joined_conv(c, l, c), elementwise(c * l, kReluFlops));
  if (op == "CatConvMish") return with(joined_conv(c, l, c), elementwise(c * l, kMishFlops));
  if (op == "SE1" || op == "SE2") return squeeze_excite_operator(c, l);
  if (op == "LowRankTensorFusion") return low_rank_tensor_fusion(c, l);
  throw InputError(
      fmt::format("no fusion operator '{}'", op),
      fmt::format("did you mean {}? Known: {}", nearest(op, fusion_operators()), join(fusion_operators(), ", ")));
}

}  // namespace harmonic
