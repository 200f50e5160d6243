#include "core/hardware/kernels.hpp"

#include "core/hardware/kernel_parts.hpp"

namespace harmonic {
namespace {

Kernel convolution(int in, int out, int kernel, int stride, int side, bool depthwise) {
  const double inputs = static_cast<double>(in) * side * side;
  const double outputs = static_cast<double>(out) * strided(side, stride) * strided(side, stride);
  const double taps = static_cast<double>(kernel) * kernel * (depthwise ? 1 : in);
  return {2 * outputs * taps, kFloatBytes * (inputs + outputs + out * taps), depthwise, out * taps, outputs * taps};
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
  if (batch_norm) kernels.push_back(normalisation(elements, kBatchNormFlops, 2.0 * out));
  if (activation != nullptr) kernels.push_back(elementwise(elements, activation_flops(*activation)));
}

/// Global mean, reduce, ReLU, expand, hard sigmoid, scaling of the map.
void append_squeeze_excite(std::vector<Kernel>& kernels, int channels, int side) {
  const int reduced = make_divisible(channels / 4.0, 8);
  const double elements = map_elements(channels, side);
  kernels.push_back({elements, kFloatBytes * (elements + channels)});
  kernels.push_back(linear(channels, reduced));
  kernels.push_back(elementwise(reduced, kReluFlops));
  kernels.push_back(linear(reduced, channels));
  kernels.push_back(elementwise(channels, kSigmoidFlops));
  kernels.push_back(elementwise(elements, 1, 1, channels));
}

std::vector<Kernel> bottleneck_kernels(const Layer& layer) {
  std::vector<Kernel> kernels;
  const bool expands = layer.position >= 0;  // the fixed first block has no expansion
  if (layer.fused) {
    append_conv(kernels, layer.in_channels, layer.mid_channels, layer.kernel, layer.stride, layer.resolution, false,
                true, &layer.activation);
    append_conv(kernels, layer.mid_channels, layer.out_channels, 1, 1, strided(layer.resolution, layer.stride), false,
                true, nullptr);
    return kernels;
  }
  if (expands)
    append_conv(kernels, layer.in_channels, layer.mid_channels, 1, 1, layer.resolution, false, true, &layer.activation);
  append_conv(kernels, layer.mid_channels, layer.mid_channels, layer.kernel, layer.stride, layer.resolution, true, true,
              &layer.activation);
  const int side = strided(layer.resolution, layer.stride);
  if (layer.squeeze_excite) append_squeeze_excite(kernels, layer.mid_channels, side);
  append_conv(kernels, layer.mid_channels, layer.out_channels, 1, 1, side, false, true, nullptr);
  return kernels;
}

}  // namespace

std::vector<Kernel> layer_kernels(const Layer& layer) {
  switch (layer.kind) {
    case Layer::Kind::linear:
      return {linear(layer.in_channels, layer.out_channels)};
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
    kernels.push_back(linear(inputs, units * space.pool));
    kernels.push_back(elementwise(units, space.pool - 1.0, space.pool));
    kernels.push_back(normalisation(units, kBatchNormFlops, 2 * units));
    inputs = units;
    units *= space.factor;
  }
  return kernels;
}

}  // namespace harmonic
