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

/// The two directions of a step. A step with weights gamma of its operators computes, from its input t (N, L, C):
///
///   u = t weight^T                                          one product for all convolving operators
///   f = 2 gamma_sum + gamma_excite e,                       (N, C): Sum of (t, t) is 2 t, and squeeze-excite is t e,
///       e = sigmoid(relu(z)), z = squeezed A^T + a,           so both scale t's channels
///       squeezed = mean of t over the positions
///   out = t f + sum over parts of gamma dropout(nonlinearity(batch norm(u)))     (norm_activate_kernels.hpp)
///             + gamma_attention layer norm(dropout(attention(t)))                (fused_cell_kernels.hpp)
///
/// Batch norm needs sums over all rows, everything else a few rows: so each direction is two passes over chunks of
/// samples that stay in the cache, with the sums between them. Forward: t, u and the moments; then out. Backward, from
/// the gradient g of out:
///
///   unmix:       df = sum over positions of g t; dt = g f + attention's; dv of every part, and its sums
///   sum_up:      batch norm's gradients from the sums; dz = gamma_excite df e (1 - e) where z > 0, d squeezed = dz A
///   unmultiply:  du from dv; dt += du weight + d squeezed / L
///
/// and dweight = du^T t is one product at the end. d gamma is the product of g with what that operator gave, made anew;
/// of Sum and squeeze-excite it follows from df.
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

/// What a step saves for its backward pass.
struct SavedStep {
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

/// Forward, up to the sums: the step's input, a weighted sum of states (N, L, C), its products, and batch norm's
/// statistics. Then finds what Sum and squeeze-excite amount to, draws masks, and makes room for the rest.
[[nodiscard]] SavedStep begin_step(const StepInputs& in, const std::vector<torch::Tensor>& states,
                                   const std::vector<float>& skips, Mode mode);
/// The rest of forward, for one chunk: the weighted operators, into the saved output.
void mix(const StepInputs& in, const SavedStep& saved, const Chunk& chunk);

/// Which gradients are wanted.
struct Wanted {
  bool own_moments = false;  ///< batch norm's are the batch's: gradients flow through them
  bool weights = false, architecture = false;
};

/// Backward: unmix every chunk, sum_up, unmultiply every chunk. Chunks may run at once.
class StepBackward {
 public:
  /// @param dproducts (R, W) room
  StepBackward(const StepInputs& in, const SavedStep& saved, const Wanted& wanted, torch::Tensor dproducts);

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
  const SavedStep& saved_;
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
