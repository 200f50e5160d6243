#pragma once

#include <vector>

#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

#include "worker/fusion/fused_chunks.hpp"
#include "worker/fusion/norm_activate.hpp"

namespace harmonic {

/// One mixed operator as a fused cell takes it: its convolutions stacked to one, since all read the same input.
/// Tensors of operators that are not among the candidates are empty.
struct FusedStep {
  /// A convolving operator: columns [first, first + width) of the stacked convolution.
  struct Part {
    int op = 0;  ///< index among the candidates, as in gamma
    Nonlinearity kind = Nonlinearity::relu;
    std::int64_t first = 0, width = 0;
    torch::nn::BatchNorm1d norm{nullptr};
  };
  std::vector<Part> parts;                    ///< one at least
  int sum = -1, attention = -1, excite = -1;  ///< indices of Sum, ScaleDotAttn, SE1 or SE2; -1: no candidate
  double dropout = 0, attention_dropout = 0;
  double norm_epsilon = 0, layer_norm_epsilon = 0;

  torch::Tensor weight, bias;                            ///< (W, C) folded, (W)
  torch::Tensor norm_weight, norm_bias;                  ///< (W)
  torch::Tensor excite_weight, excite_bias;              ///< (C, C), (C)
  torch::Tensor attention_ln_weight, attention_ln_bias;  ///< (L, C)
};

/// The two directions of a step, each in passes over chunks of samples with the sums over all rows between them.
namespace fused {

/// FusedStep's tensors, in this order.
enum StepTensor {
  kWeight,
  kBias,
  kNormWeight,
  kNormBias,
  kExciteWeight,
  kExciteBias,
  kLnWeight,
  kLnBias,
  kStepTensors
};

/// What a step works with besides its input. Refers to what it is given.
struct StepInputs {
  const FusedStep& step;  ///< its tensors are not looked at
  const Sizes& sizes;
  const torch::Tensor* tensors;  ///< kStepTensors
  const float* gamma;            ///< (operators) weights
  std::int64_t operators;

  [[nodiscard]] const torch::Tensor& of(StepTensor which) const { return tensors[which]; }
};

/// What a step keeps for its backward pass.
struct StepRecord {
  torch::Tensor input;                      ///< t: (R, C), R = N * L
  torch::Tensor products;                   ///< u = t weight^T: (R, W), without the bias, which batch norm takes away
  Norm norm;                                ///< of the products
  torch::Tensor output;                     ///< (R, C); the last step's: with the cell's input added
  torch::Tensor squeezed, excited;          ///< (N, C) mean of t over positions; fc of it
  torch::Tensor factor;                     ///< (N, C) of t: Sum and squeeze-excite
  torch::Tensor probabilities;              ///< (N, L, L) of attention
  torch::Tensor attention_moments;          ///< (N, 2) LayerMoments
  std::vector<kernels::DropoutMask> masks;  ///< of parts
  kernels::DropoutMask attention_mask;
};

/// First pass forward: the step's input, a weighted sum of states (N, L, C), its products, and batch norm's statistics.
/// Then finds what Sum and squeeze-excite amount to, draws masks, and makes room for the second pass.
[[nodiscard]] StepRecord begin_step(const StepInputs& in, const std::vector<torch::Tensor>& states,
                                    const std::vector<float>& skips, Pass pass);
/// Second pass forward, for one chunk: the weighted operators, into the record's output.
void mix(const StepInputs& in, const StepRecord& record, const Chunk& chunk);

/// Which gradients are wanted.
struct Wanted {
  bool own_moments = false;  ///< batch norm's are the batch's: gradients flow through them
  bool weights = false, architecture = false;
};

/// Backward: unmix every chunk, sum_up, unmultiply every chunk. Chunks may run at once.
class StepBackward {
 public:
  /// @param dproducts (R, W) room
  StepBackward(const StepInputs& in, const StepRecord& record, const Wanted& wanted, torch::Tensor dproducts);

  /// @param gradient of the chunk's output rows
  void unmix(const Chunk& chunk, const float* gradient);
  /// @param gradients kStepTensors, of which all but kWeight's are set where they are wanted
  void sum_up(torch::Tensor* gradients);
  /// The rest of batch norm's gradient, and the product's towards the input.
  void unmultiply(const Chunk& chunk);

  [[nodiscard]] torch::Tensor dweight() const;
  [[nodiscard]] const torch::Tensor& dinput() const { return dinput_; }  ///< (R, C)
  [[nodiscard]] torch::Tensor dgamma() const;                            ///< (operators)

 private:
  /// Room for one sample.
  struct Scratch;

  double& dgamma(const Chunk& chunk, int op) { return dgamma_.data_ptr<double>()[chunk.index * dgamma_.size(1) + op]; }
  void unmix_parts(const Chunk& chunk, std::int64_t n, const float* g, Scratch& scratch);
  void unmix_attention(const Chunk& chunk, std::int64_t n, const float* g, Scratch& scratch);

  StepInputs in_;
  const StepRecord& record_;
  const Wanted& wanted_;
  std::int64_t width_;
  torch::Tensor dproducts_;  ///< first of v, then of u
  torch::Tensor dinput_;
  torch::Tensor dfactor_;  ///< (N, C)
  ChunkSums sums_, along_, dln_weight_, dln_bias_;
  torch::Tensor dgamma_;  ///< (chunks, operators) of the operators with a pass of their own
  NormGradients norm_;
  torch::Tensor dsqueezed_;
};

}  // namespace fused
}  // namespace harmonic
