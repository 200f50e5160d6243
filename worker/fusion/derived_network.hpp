#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>

#include "core/space/genotype.hpp"
#include "worker/fusion/fusion_head.hpp"
#include "worker/fusion/operators.hpp"
#include "worker/fusion/reshape_layer.hpp"

namespace harmonic {

/// A cell of a discrete network: its steps, each on two of [x, y, earlier steps]; layer norm of the last one + x.
class DerivedCell final : public torch::nn::Module {
 public:
  DerivedCell(const FusionCell& cell, const StateShape& shape);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y, Mode mode);

 private:
  std::vector<FusionStep> steps_;
  std::vector<std::shared_ptr<FusionOperator>> operators_;
  torch::nn::LayerNorm ln_;
  std::int64_t lanes_;
};

/// The discrete network of a genotype: what is retrained, reported and exported. Only the inputs that some cell or the
/// output reads are reshaped; the others are not computed and have no parameters. Source: method.md.
/// Tensor names: reshape_<input>.*, cell_<i>.<step>.*, cell_<i>.ln.*, head.ln.*, head.classifier.*, head.scales
class DerivedNetwork final : public torch::nn::Module {
 public:
  /// @param backbones whose logits are added to the network's (FusionHead)
  /// @throws InputError when the genotype names states that do not exist, or unknown operators
  DerivedNetwork(const Genotype& genotype, const std::vector<int>& input_channels, int classes, const StateShape& shape,
                 int backbones = 0);
  /// @param features one an input, as feature_rows gives them @param backbone_logits as FusionHead takes them
  /// @return logits (N, classes)
  torch::Tensor forward(const std::vector<torch::Tensor>& features, Mode mode,
                        const std::vector<torch::Tensor>& backbone_logits = {});

  /// Every parameter and running statistic by name: copies, on the CPU.
  [[nodiscard]] std::map<std::string, torch::Tensor> tensors() const;
  /// The same numbers of one lane in one vector where they lie, which costs no wait for a device.
  [[nodiscard]] torch::Tensor snapshot(std::int64_t lane, std::int64_t lanes) const;
  /// tensors() of one lane, as they were when the snapshot was taken.
  [[nodiscard]] std::map<std::string, torch::Tensor> tensors(const torch::Tensor& snapshot, std::int64_t lanes) const;
  /// Inverse of tensors(). @throws InputError naming a tensor that is missing, or of another shape
  void load(const std::map<std::string, torch::Tensor>& tensors);

 private:
  /// Every parameter and running statistic, in one order.
  [[nodiscard]] std::vector<std::pair<std::string, torch::Tensor>> named_numbers() const;

  Genotype genotype_;
  std::vector<std::shared_ptr<ReshapeLayer>> reshape_;  ///< null where unused
  std::vector<std::shared_ptr<DerivedCell>> cells_;
  std::shared_ptr<FusionHead> head_;
};

}  // namespace harmonic
