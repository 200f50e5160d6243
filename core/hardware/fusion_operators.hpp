#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/hardware/kernels.hpp"

namespace harmonic {

/// An operator of a fusion cell, as all but the worker see it. A new one is a row of fusion_operator_table() and the
/// function that computes it (worker/fusion/operators.cpp).
struct FusionOperatorRow {
  std::string name;
  bool searched = false;   ///< unless the user lists operators
  bool in_lanes = false;   ///< works on several pairs at once
  bool symmetric = false;  ///< x and y exchanged it can do the same, with other weights
  /// Its kernels on two states of C channels and L positions.
  std::vector<Kernel> (*kernels)(double channels, double positions) = nullptr;
};

/// Source: the BM-NAS family, method.md; searched are those that the published work searches.
[[nodiscard]] const std::vector<FusionOperatorRow>& fusion_operator_table();
/// Names of all of them: Sum, ScaleDotAttn, LinearGLU, ConcatFC, SE1, CatConvMish, SE2, LowRankTensorFusion.
[[nodiscard]] std::vector<std::string> fusion_operators();
/// Names of those that are searched by default.
[[nodiscard]] std::vector<std::string> searched_operators();

/// @throws InputError naming the nearest known operator
[[nodiscard]] const FusionOperatorRow& find_fusion_operator(std::string_view name);
/// @throws InputError as above
[[nodiscard]] std::vector<Kernel> fusion_kernels(std::string_view op, int channels, int positions);

}  // namespace harmonic
