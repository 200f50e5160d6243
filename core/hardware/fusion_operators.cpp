#include "core/hardware/fusion_operators.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/hardware/kernel_parts.hpp"

namespace harmonic {
namespace {

// On states of C channels and L positions.

/// 1x1 convolution (2C -> width) of the two joined states, batch norm.
std::vector<Kernel> joined_conv(double c, double l, double width) {
  return {elementwise(2 * c * l, 0), linear(2 * c, width, l), normalisation(width * l, kBatchNormFlops, 2 * width)};
}

std::vector<Kernel> scale_dot_attention(double c, double l) {
  return {matrix_product(l, c, l), elementwise(l * l, 1), elementwise(l * l, kSoftmaxFlops), matrix_product(l, l, c),
          normalisation(c * l, kLayerNormFlops, 2 * c * l)};
}

std::vector<Kernel> squeeze_excite_operator(double c, double l) {
  return {{c * l, kFloatBytes * (c * l + c)},
          linear(c, c),
          elementwise(c, kReluFlops),
          elementwise(c, kSigmoidFlops),
          elementwise(c * l, 1, 1, c)};
}

std::vector<Kernel> low_rank_tensor_fusion(double c, double l) {
  constexpr double kRank = 16;
  const double n = c * l;
  const Kernel projection = linear(n, kRank * n);
  Kernel weighted_sum = matrix_product(1, kRank, n);
  weighted_sum.parameters = kRank;
  Kernel bias = elementwise(n, 1, 2);
  bias.parameters = n;
  return {projection, projection, elementwise(kRank * n, 1, 2), weighted_sum, bias};
}

std::vector<Kernel> sum(double c, double l) {
  return {elementwise(c * l, 1, 2)};
}

std::vector<Kernel> with(std::vector<Kernel> kernels, const Kernel& last) {
  kernels.push_back(last);
  return kernels;
}

std::vector<Kernel> linear_glu(double c, double l) {
  return with(joined_conv(c, l, 2 * c), elementwise(c * l, kSigmoidFlops + 1, 2));
}

std::vector<Kernel> concat_fc(double c, double l) {
  return with(joined_conv(c, l, c), elementwise(c * l, kReluFlops));
}

std::vector<Kernel> cat_conv_mish(double c, double l) {
  return with(joined_conv(c, l, c), elementwise(c * l, kMishFlops));
}

}  // namespace

const std::vector<FusionOperatorRow>& fusion_operator_table() {
  static const std::vector<FusionOperatorRow> table = {
      {"Sum", true, true, true, sum},
      {"ScaleDotAttn", true, true, false, scale_dot_attention},
      {"LinearGLU", true, true, true, linear_glu},
      {"ConcatFC", true, true, true, concat_fc},
      {"SE1", true, true, false, squeeze_excite_operator},
      {"CatConvMish", true, true, true, cat_conv_mish},
      {"SE2", false, true, false, squeeze_excite_operator},
      {"LowRankTensorFusion", false, false, true, low_rank_tensor_fusion},
  };
  return table;
}

std::vector<std::string> fusion_operators() {
  std::vector<std::string> names;
  for (const auto& row : fusion_operator_table()) names.push_back(row.name);
  return names;
}

std::vector<std::string> searched_operators() {
  std::vector<std::string> names;
  for (const auto& row : fusion_operator_table())
    if (row.searched) names.push_back(row.name);
  return names;
}

const FusionOperatorRow& find_fusion_operator(std::string_view name) {
  const auto row = std::ranges::find(fusion_operator_table(), name, &FusionOperatorRow::name);
  if (row != fusion_operator_table().end()) return *row;
  const auto known = fusion_operators();
  throw InputError(fmt::format("there is no fusion operator '{}'", name),
                   fmt::format("did you mean {}? Known: {}", nearest(name, known), join(known, ", ")));
}

std::vector<Kernel> fusion_kernels(std::string_view op, int channels, int positions) {
  return find_fusion_operator(op).kernels(channels, positions);
}

}  // namespace harmonic
