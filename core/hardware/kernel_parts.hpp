#pragma once

#include "core/hardware/kernels.hpp"

namespace harmonic {

// What layers and operators are made of (kernels.cpp, fusion_operators.cpp).

inline constexpr double kFloatBytes = 4;

// Floating-point operations per element of what is not a matrix product; the order of magnitude is what counts.
inline constexpr double kBatchNormFlops = 2;  // folded to scale and shift
inline constexpr double kReluFlops = 1;
inline constexpr double kHardSwishFlops = 4;
inline constexpr double kSigmoidFlops = 4;
inline constexpr double kMishFlops = 12;  // exp, log, tanh
inline constexpr double kSoftmaxFlops = 5;
inline constexpr double kLayerNormFlops = 8;

/// A pass over `elements` outputs that reads `inputs` tensors of that size and `extra` further numbers.
inline Kernel elementwise(double elements, double flops_each, double inputs = 1, double extra = 0) {
  return {elements * flops_each, kFloatBytes * (elements * (inputs + 1) + extra)};
}

/// The same with `parameters` that are learned: a scale and a shift.
inline Kernel normalisation(double elements, double flops_each, double parameters) {
  Kernel kernel = elementwise(elements, flops_each, 1, parameters);
  kernel.parameters = parameters;
  return kernel;
}

/// `rows` x `inner` by `inner` x `columns`.
inline Kernel matrix_product(double rows, double inner, double columns) {
  return {2 * rows * inner * columns, kFloatBytes * (rows * inner + inner * columns + rows * columns), false, 0,
          rows * inner * columns};
}

/// A linear layer with bias, or a 1x1 convolution, of `positions` rows.
inline Kernel linear(double inputs, double outputs, double positions = 1) {
  Kernel kernel = matrix_product(outputs, inputs + 1, positions);  // the bias is the weight of a 1
  kernel.parameters = outputs * (inputs + 1);
  kernel.macs = outputs * inputs * positions;
  return kernel;
}

}  // namespace harmonic
