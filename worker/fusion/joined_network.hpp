#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

#include "worker/fusion/architecture.hpp"
#include "worker/fusion/mixed_network.hpp"

namespace harmonic {

/// A mixed network as a device runs it. The networks are so small that a GPU's time goes into starting kernels, not
/// into running them. So what the operators of a step, or all inputs, do alike is done in one kernel for all of them:
/// their convolutions are one product, their batch norms one (of lanes * channels channels), their dropout one, and
/// the weighted sum of what they give another product. Their parameters lie side by side for that, and are trained so.
/// It computes what MixedNetwork::forward does, but for rounding and dropout masks. Convolutions that a batch norm
/// follows have no bias here: the norm takes it away.
///
/// Inside, numbers of several channels lie with the channels first, (lanes, channels, rows), rows = N * L; states are
/// (lanes * N, L, C) as everywhere.
class JoinedNetwork {
 public:
  /// Takes the network's parameters, layers that are not joined included: it is of no more use then.
  JoinedNetwork(MixedNetwork& network, torch::Device device);

  /// Of a step's inputs and operators: each (lanes), but where it says otherwise; not there: the step has none such.
  struct StepWeights {
    torch::Tensor input;                         ///< of the cell's, which counts twice
    std::vector<torch::Tensor> states;           ///< of what earlier steps gave
    torch::Tensor convolving;                    ///< (lanes, 1, operators)
    torch::Tensor sums;                          ///< (lanes, 1, 1), of the state itself
    std::vector<torch::Tensor> excites, others;  ///< [operator] in their order
  };
  struct CellWeights {
    torch::Tensor inputs;              ///< (lanes, 1, inputs)
    std::vector<torch::Tensor> cells;  ///< [earlier cell] (lanes)
    std::vector<StepWeights> steps;
  };
  /// The architecture's weights as the network takes them, cell by cell. Where they stand still they are put together
  /// once for many passes.
  using Weights = std::vector<CellWeights>;
  [[nodiscard]] Weights weights_of(const Architecture& architecture) const;

  /// As MixedNetwork::forward.
  torch::Tensor forward(const std::vector<torch::Tensor>& features, const Weights& weights, Mode mode,
                        const std::vector<torch::Tensor>& backbone_logits = {});

  /// What is trained, the lanes first in every tensor.
  [[nodiscard]] const std::vector<torch::Tensor>& parameters() const { return parameters_; }
  /// Those, and the running statistics.
  [[nodiscard]] std::vector<torch::Tensor> tensors() const;

 private:
  /// One mixed operator: an index is the operator's among the candidates.
  struct Step {
    struct Part {
      int op = 0;
      Nonlinearity kind = Nonlinearity::relu;
      std::int64_t width = 0;
    };
    std::vector<Part> parts;  ///< that convolve
    torch::Tensor weight;     ///< theirs, (lanes * their widths, 2 C)
    NormTensors norm;         ///< likewise
    std::vector<int> sums;
    std::vector<std::pair<int, std::shared_ptr<SqueezeExcite>>> excites;
    std::vector<std::pair<int, std::shared_ptr<FusionOperator>>> others;  ///< that run by themselves
  };
  struct Cell {
    std::vector<Step> steps;
    torch::nn::LayerNorm norm{nullptr};
  };

  [[nodiscard]] torch::Tensor kept(const torch::Tensor& parameter);
  [[nodiscard]] NormTensors joined_norms(const std::vector<torch::nn::BatchNorm1d>& norms,
                                         const std::vector<torch::Tensor>& biases);
  [[nodiscard]] Step joined_step(const MixedOperator& mixed);
  template <class Module>
  [[nodiscard]] std::shared_ptr<Module> moved(std::shared_ptr<Module> module);

  [[nodiscard]] torch::Tensor normalised(const NormTensors& norm, const torch::Tensor& columns, Mode mode) const;
  [[nodiscard]] torch::Tensor input_states(const std::vector<torch::Tensor>& features, Mode mode) const;
  [[nodiscard]] StepWeights weights_of(const Step& step, const torch::Tensor& gamma) const;
  [[nodiscard]] torch::Tensor run(const Cell& cell, const torch::Tensor& x, const CellWeights& weights,
                                  Mode mode) const;
  [[nodiscard]] torch::Tensor run(const Step& step, const torch::Tensor& t, const StepWeights& weights,
                                  Mode mode) const;
  [[nodiscard]] torch::Tensor convolved(const Step& step, const torch::Tensor& t, const torch::Tensor& weights,
                                        Mode mode) const;

  FusionLayout layout_;
  torch::Device device_;
  std::int64_t lanes_;
  std::vector<torch::Tensor> inputs_;  ///< [input] weights (lanes * C, its channels)
  NormTensors input_norm_;             ///< of all inputs
  std::vector<Cell> cells_;
  std::shared_ptr<FusionHead> head_;
  std::vector<torch::Tensor> parameters_, statistics_;
};

}  // namespace harmonic
