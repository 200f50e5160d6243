#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "core/base/error.hpp"

namespace harmonic {

/// A candidate's numbers left the finite ones: a loss, a weight, an architecture parameter, a logit, a feature. It
/// would do so anywhere: no model comes of it.
class NotFinite : public CandidateError {
 public:
  /// @param lane which of the candidates that train side by side
  explicit NotFinite(const std::string& what, std::size_t lane = 0) : CandidateError(what), lane_(lane) {}
  [[nodiscard]] std::size_t lane() const { return lane_; }

 private:
  std::size_t lane_;
};

[[nodiscard]] bool all_finite(const torch::Tensor& numbers);
/// [lane] whether all of its numbers are finite. @param tensors the lanes' own ones one after another on dimension 0
[[nodiscard]] std::vector<bool> finite_lanes(const std::vector<torch::Tensor>& tensors, std::int64_t lanes);
/// The same where the tensors lie, (lanes) bool: nothing is waited for.
[[nodiscard]] torch::Tensor lanes_finite(const std::vector<torch::Tensor>& tensors, std::int64_t lanes);
/// Parameters and statistics of a network.
[[nodiscard]] std::vector<torch::Tensor> tensors_of(const torch::nn::Module& network);

}  // namespace harmonic
