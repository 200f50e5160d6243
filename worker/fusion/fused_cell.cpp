#include "worker/fusion/fused_cell.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <torch/torch.h>

#include "worker/fusion/fused_cell_kernels.hpp"
#include "worker/fusion/fused_chunks.hpp"

namespace harmonic {
namespace {

using namespace fused;
using kernels::DropoutMask;
using kernels::LayerMoments;
using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

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

/// What a step keeps for its backward pass.
struct StepRecord {
  Tensor input;                    ///< t: (R, C), R = N * L
  Tensor products;                 ///< u = t weight^T: (R, W), without the bias, which batch norm takes away
  Norm norm;                       ///< of the products
  Tensor output;                   ///< (R, C); the last step's: with the cell's input added
  Tensor squeezed, excited;        ///< (N, C) mean of t over positions; fc of it
  Tensor factor;                   ///< (N, C) of t: Sum and squeeze-excite
  Tensor probabilities;            ///< (N, L, L) of attention
  Tensor attention_moments;        ///< (N, 2) LayerMoments
  std::vector<DropoutMask> masks;  ///< of parts
  DropoutMask attention_mask;
};
constexpr std::size_t kRecordTensors = 12;

struct Record final : torch::CustomClassHolder {
  std::vector<FusedStep> steps;  ///< without tensors
  std::vector<std::vector<DropoutMask>> masks;
  std::vector<DropoutMask> attention_masks;
  bool own_moments = false, weights_wanted = false, architecture_wanted = false;
};

/// Running statistics of all parts, one after another; the products' means lack the convolution's bias.
Moments running_moments(const FusedStep& step, const Tensor& bias) {
  std::vector<Tensor> means, variances;
  for (const auto& part : step.parts) {
    means.push_back(part.norm->running_mean);
    variances.push_back(part.norm->running_var);
  }
  return {at::cat(means) - bias, at::cat(variances)};
}

/// The inner edges' skip weights: row `step` holds one for every state before it, the cell's input's two in one.
std::vector<std::vector<float>> skip_weights(const Tensor& beta, std::size_t steps) {
  const Tensor plain = beta.detach().contiguous();
  const float* row = floats(plain);
  std::vector<std::vector<float>> all(steps);
  for (std::size_t s = 0; s < steps; ++s) {
    all[s].push_back(row[1] + row[3]);
    row += 4;
    for (std::size_t k = 0; k < s; ++k, row += 2) all[s].push_back(row[1]);
  }
  return all;
}

struct Inputs {
  Tensor x, beta, gamma, ln_weight, ln_bias;
  std::vector<Tensor> steps;  ///< kStepTensors each

  explicit Inputs(at::TensorList all) : x(all[0]), beta(all[1]), gamma(all[2]), ln_weight(all[3]), ln_bias(all[4]) {
    steps.assign(all.begin() + kFixed, all.end());
  }
  [[nodiscard]] const Tensor& of(std::size_t step, StepTensor which) const {
    return steps[step * kStepTensors + which];
  }
  static constexpr std::size_t kFixed = 5;
};

float attention_scale(const Sizes& sizes) {
  return static_cast<float>(1 / std::sqrt(static_cast<double>(sizes.channels)));
}

/// First pass of a step over its rows: input and products; then the statistics of batch norm.
void multiply(StepRecord& record, const Sizes& sizes, const FusedStep& step, const Inputs& in, std::size_t s,
              const std::vector<Tensor>& states, const std::vector<float>& skips, Pass pass) {
  const Tensor weight = in.of(s, kWeight).t();
  const std::int64_t width = weight.size(1);
  record.input = at::empty({sizes.rows(), sizes.channels}, in.x.options());
  record.products = at::empty({sizes.rows(), width}, in.x.options());
  if (step.excite >= 0) record.squeezed = at::empty({sizes.samples, sizes.channels}, in.x.options());
  ChunkMoments moments(sizes, width);
  for_chunks(sizes, [&](const Chunk& chunk) {
    Tensor t = rows_of(record.input, sizes, chunk), u = rows_of(record.products, sizes, chunk);
    std::vector<const float*> from;
    for (const auto& state : states) from.push_back(floats(state) + chunk.first * sizes.state());
    kernels::weighted_sum(t.numel(), static_cast<std::int64_t>(from.size()), from.data(), skips.data(), floats(t));
    for (std::int64_t n = 0; record.squeezed.defined() && n < chunk.samples; ++n)
      kernels::row_mean(sizes.positions, sizes.channels, floats(t) + n * sizes.state(),
                        floats(record.squeezed) + (chunk.first + n) * sizes.channels);
    at::mm_out(u, t, weight);
    if (pass != Pass::eval) moments.see(chunk, u);
  });
  const Moments used = pass == Pass::eval ? running_moments(step, in.of(s, kBias)) : moments.moments();
  for (const auto& part : step.parts)
    if (pass == Pass::train) update_running(part.norm, used, in.of(s, kBias), part.first, sizes.rows());
  record.norm = norm_of(used, in.of(s, kNormWeight), in.of(s, kNormBias), step.norm_epsilon);
}

/// What Sum and squeeze-excite amount to: a factor a sample and channel.
void find_factor(StepRecord& record, const Sizes& sizes, const FusedStep& step, const Inputs& in, std::size_t s,
                 const float* gamma) {
  record.factor = at::full({sizes.samples, sizes.channels}, step.sum >= 0 ? 2 * gamma[step.sum] : 0.0F, in.x.options());
  if (step.excite < 0) return;
  record.excited = at::addmm(in.of(s, kExciteBias), record.squeezed, in.of(s, kExciteWeight).t());
  record.factor.add_(at::sigmoid(at::relu(record.excited)), gamma[step.excite]);
}

kernels::Columns columns_of(const FusedStep::Part& part, const Sizes& sizes, std::int64_t n, std::int64_t pitch) {
  return {{n * sizes.positions, sizes.positions, part.width}, pitch};
}

/// Second pass: the weighted operators.
void mix(StepRecord& record, const Sizes& sizes, const FusedStep& step, const Inputs& in, std::size_t s,
         const float* gamma, const Chunk& chunk, std::vector<float>& scratch) {
  const std::int64_t width = record.products.size(1);
  scratch.resize(static_cast<std::size_t>(sizes.state()));
  for (std::int64_t n = chunk.first; n < chunk.first + chunk.samples; ++n) {
    const float* t = floats(record.input) + n * sizes.state();
    const float* u = floats(record.products) + n * sizes.positions * width;
    float* out = floats(record.output) + n * sizes.state();
    kernels::scale_channels(sizes.positions, sizes.channels, t, floats(record.factor) + n * sizes.channels, out);
    for (std::size_t i = 0; i < step.parts.size(); ++i) {
      const auto& part = step.parts[i];
      kernels::add_activated(columns_of(part, sizes, n, width), part.kind, record.masks[i], gamma[part.op],
                             u + part.first, floats(record.norm.slope) + part.first,
                             floats(record.norm.offset) + part.first, out);
    }
    if (step.attention < 0) continue;
    kernels::attend(sizes.positions, sizes.channels, attention_scale(sizes), t,
                    floats(record.probabilities) + n * sizes.positions * sizes.positions, scratch.data());
    kernels::drop(sizes.state(), record.attention_mask, static_cast<std::uint32_t>(n * sizes.state()), scratch.data());
    const LayerMoments moments = kernels::layer_moments(sizes.state(), scratch.data(), step.layer_norm_epsilon);
    kernels::add_layer_norm(sizes.state(), moments, scratch.data(), floats(in.of(s, kLnWeight)),
                            floats(in.of(s, kLnBias)), gamma[step.attention], out);
    floats(record.attention_moments)[2 * n] = moments.mean;
    floats(record.attention_moments)[2 * n + 1] = moments.inverse;
  }
}

/// Gradients of one step, in two passes with the sums over all rows between them.
class StepBackward {
 public:
  StepBackward(const StepRecord& record, const Sizes& sizes, const FusedStep& step, const Inputs& in, std::size_t s,
               const float* gamma, const Record& wanted, Tensor dproducts)
      : record_(record),
        sizes_(sizes),
        step_(step),
        in_(in),
        s_(s),
        gamma_(gamma),
        wanted_(wanted),
        width_(record.products.size(1)),
        dproducts_(std::move(dproducts)),
        dinput_(at::empty_like(record.input)),
        dfactor_(at::zeros_like(record.factor)),
        sums_(sizes, width_),
        along_(sizes, width_),
        dln_weight_(sizes, step.attention >= 0 ? sizes.state() : 0),
        dln_bias_(dln_weight_),
        dgamma_(at::zeros({sizes.chunks(), in.gamma.size(1)}, at::kDouble)) {}

  /// @param gradient of the chunk's output rows
  void unmix(const Chunk& chunk, const float* gradient) {
    auto &sum = sums_.of(chunk), &along = along_.of(chunk);
    std::vector<float> attended(static_cast<std::size_t>(sizes_.state())), dattended(attended.size()),
        value(attended.size()), dscore(static_cast<std::size_t>(sizes_.positions * sizes_.positions));
    std::int64_t rows_since = 0;
    for (std::int64_t i = 0; i < chunk.samples; ++i) {
      const std::int64_t n = chunk.first + i;
      const float* g = gradient + i * sizes_.state();
      const float* t = floats(record_.input) + n * sizes_.state();
      float* dt = floats(dinput_) + n * sizes_.state();
      kernels::scale_channels_backward(sizes_.positions, sizes_.channels, t,
                                       floats(record_.factor) + n * sizes_.channels, g, dt,
                                       floats(dfactor_) + n * sizes_.channels);
      unmix_parts(chunk, n, g, sum, along, value);
      if (step_.attention >= 0) unmix_attention(chunk, n, g, t, dt, attended, dattended, value, dscore);
      rows_since += sizes_.positions;
      if (rows_since < kBlockRows && i + 1 < chunk.samples) continue;
      rows_since = 0;
      sum.end_block();
      along.end_block();
    }
    if (step_.attention >= 0) {
      dln_weight_.of(chunk).end_block();
      dln_bias_.of(chunk).end_block();
    }
  }

  /// Between the passes.
  void sum_up(variable_list& gradients) {
    norm_ = norm_gradients(record_.norm, sums_.total(), along_.total(), sizes_.rows(), wanted_.own_moments);
    const auto set = [&](StepTensor which, const Tensor& value) {
      gradients[Inputs::kFixed + s_ * kStepTensors + which] = value;
    };
    if (wanted_.weights_wanted) {
      set(kNormWeight, norm_.weight);
      set(kNormBias, norm_.bias);
      set(kBias, norm_.conv_bias);
      if (step_.attention >= 0) {
        set(kLnWeight, dln_weight_.total().to(at::kFloat).view_as(in_.of(s_, kLnWeight)));
        set(kLnBias, dln_bias_.total().to(at::kFloat).view_as(in_.of(s_, kLnBias)));
      }
    }
    if (step_.excite < 0) return;
    const Tensor excitation = at::sigmoid(at::relu(record_.excited));
    const Tensor dexcited = (dfactor_ * excitation * (1 - excitation) * (record_.excited > 0)) * gamma_[step_.excite];
    if (wanted_.weights_wanted) {
      set(kExciteWeight, at::mm(dexcited.t(), record_.squeezed));
      set(kExciteBias, dexcited.sum(0));
    }
    dsqueezed_ = at::mm(dexcited, in_.of(s_, kExciteWeight)) / static_cast<double>(sizes_.positions);
  }

  /// The rest of batch norm's gradient, and the product's towards the input.
  void unmultiply(const Chunk& chunk) {
    Tensor du = rows_of(dproducts_, sizes_, chunk), dt = rows_of(dinput_, sizes_, chunk);
    kernels::norm_backward({0, du.size(0), width_}, floats(rows_of(record_.products, sizes_, chunk)),
                           floats(record_.norm.slope), floats(norm_.by_u), floats(norm_.constant), floats(du));
    for (std::int64_t i = 0; dsqueezed_.defined() && i < chunk.samples; ++i)
      kernels::add_row(sizes_.positions, sizes_.channels, floats(dsqueezed_) + (chunk.first + i) * sizes_.channels,
                       floats(dt) + i * sizes_.state());
    at::addmm_out(dt, dt, du, in_.of(s_, kWeight));
  }

  [[nodiscard]] Tensor dweight() const { return at::mm(dproducts_.t(), record_.input); }
  [[nodiscard]] const Tensor& dinput() const { return dinput_; }
  /// (operators)
  [[nodiscard]] Tensor dgamma() const {
    Tensor all = dgamma_.sum(0);
    if (step_.sum >= 0) all[step_.sum] = 2 * dfactor_.sum(at::kDouble);
    if (step_.excite >= 0) all[step_.excite] = (dfactor_ * at::sigmoid(at::relu(record_.excited))).sum(at::kDouble);
    return all.to(at::kFloat);
  }

 private:
  double& dgamma(const Chunk& chunk, int op) { return dgamma_.data_ptr<double>()[chunk.index * dgamma_.size(1) + op]; }

  void unmix_parts(const Chunk& chunk, std::int64_t n, const float* g, ColumnSums& sum, ColumnSums& along,
                   std::vector<float>& value) {
    const float* u = floats(record_.products) + n * sizes_.positions * width_;
    float* dv = floats(dproducts_) + n * sizes_.positions * width_;
    for (std::size_t i = 0; i < step_.parts.size(); ++i) {
      const auto& part = step_.parts[i];
      const auto columns = columns_of(part, sizes_, n, width_);
      const float *slope = floats(record_.norm.slope) + part.first, *offset = floats(record_.norm.offset) + part.first;
      kernels::add_activated_backward(columns, part.kind, record_.masks[i], gamma_[part.op], u + part.first, slope,
                                      offset, floats(record_.norm.mean) + part.first, g, dv + part.first,
                                      sum.block() + part.first, along.block() + part.first);
      if (!wanted_.architecture_wanted) continue;
      std::fill(value.begin(), value.end(), 0.0F);
      kernels::add_activated(columns, part.kind, record_.masks[i], 1, u + part.first, slope, offset, value.data());
      dgamma(chunk, part.op) += kernels::dot(sizes_.state(), g, value.data());
    }
  }

  void unmix_attention(const Chunk& chunk, std::int64_t n, const float* g, const float* t, float* dt,
                       std::vector<float>& attended, std::vector<float>& dattended, std::vector<float>& value,
                       std::vector<float>& dscore) {
    const float* probabilities = floats(record_.probabilities) + n * sizes_.positions * sizes_.positions;
    const auto first = static_cast<std::uint32_t>(n * sizes_.state());
    const LayerMoments moments{floats(record_.attention_moments)[2 * n], floats(record_.attention_moments)[2 * n + 1]};
    const float *weight = floats(in_.of(s_, kLnWeight)), *bias = floats(in_.of(s_, kLnBias));
    kernels::attend_again(sizes_.positions, sizes_.channels, t, probabilities, attended.data());
    kernels::drop(sizes_.state(), record_.attention_mask, first, attended.data());
    if (wanted_.architecture_wanted) {
      kernels::layer_norm(sizes_.state(), moments, attended.data(), weight, bias, value.data());
      dgamma(chunk, step_.attention) += kernels::dot(sizes_.state(), g, value.data());
    }
    kernels::layer_norm_backward(sizes_.state(), moments, attended.data(), weight, gamma_[step_.attention], g,
                                 dattended.data(), dln_weight_.of(chunk).block(), dln_bias_.of(chunk).block());
    kernels::drop(sizes_.state(), record_.attention_mask, first, dattended.data());
    kernels::attend_backward(sizes_.positions, sizes_.channels, attention_scale(sizes_), t, probabilities,
                             dattended.data(), dt, dscore.data());
  }

  const StepRecord& record_;
  const Sizes& sizes_;
  const FusedStep& step_;
  const Inputs& in_;
  std::size_t s_;
  const float* gamma_;
  const Record& wanted_;
  std::int64_t width_;
  Tensor dproducts_;  ///< (R, W), first of v, then of u
  Tensor dinput_;
  Tensor dfactor_;  ///< (N, C)
  ChunkSums sums_, along_, dln_weight_, dln_bias_;
  Tensor dgamma_;  ///< (chunks, operators) of the operators with a pass of their own
  NormGradients norm_;
  Tensor dsqueezed_;
};

struct FusedCell : torch::autograd::Function<FusedCell> {
  static Tensor forward(AutogradContext* ctx, at::TensorList tensors, double ln_epsilon,
                        const std::vector<FusedStep>& steps, Pass pass, const c10::intrusive_ptr<Record>& kept) {
    const Inputs in(tensors);
    const Sizes sizes{in.x.size(0), in.x.size(1), in.x.size(2)};
    const Tensor gammas = in.gamma.contiguous();
    const auto skips = skip_weights(in.beta, steps.size());
    std::vector<Tensor> states{in.x};
    std::vector<StepRecord> records(steps.size());
    Tensor out = at::empty_like(in.x), moments = at::empty({sizes.samples, 2}, in.x.options());
    for (std::size_t s = 0; s < steps.size(); ++s) {
      StepRecord& record = records[s];
      const FusedStep& step = steps[s];
      const float* gamma = floats(gammas) + static_cast<std::int64_t>(s) * gammas.size(1);
      for (std::size_t i = 0; i < step.parts.size(); ++i) record.masks.push_back(draw_mask(step.dropout, pass));
      record.attention_mask = draw_mask(step.attention >= 0 ? step.attention_dropout : 0, pass);
      multiply(record, sizes, step, in, s, states, skips[s], pass);
      find_factor(record, sizes, step, in, s, gamma);
      record.output = at::empty_like(record.input);
      if (step.attention >= 0) {
        record.probabilities = at::empty({sizes.samples, sizes.positions, sizes.positions}, in.x.options());
        record.attention_moments = at::empty({sizes.samples, 2}, in.x.options());
      }
      const bool last = s + 1 == steps.size();
      for_chunks(sizes, [&](const Chunk& chunk) {
        std::vector<float> scratch;
        mix(record, sizes, step, in, s, gamma, chunk, scratch);
        for (std::int64_t n = chunk.first; last && n < chunk.first + chunk.samples; ++n) {
          float* value = floats(record.output) + n * sizes.state();
          kernels::add_scaled(sizes.state(), floats(in.x) + n * sizes.state(), 1, value);
          const LayerMoments found = kernels::layer_moments(sizes.state(), value, ln_epsilon);
          kernels::layer_norm(sizes.state(), found, value, floats(in.ln_weight), floats(in.ln_bias),
                              floats(out) + n * sizes.state());
          floats(moments)[2 * n] = found.mean;
          floats(moments)[2 * n + 1] = found.inverse;
        }
      });
      states.push_back(record.output);
      kept->masks.push_back(record.masks);
      kept->attention_masks.push_back(record.attention_mask);
      kept->steps.push_back(step);
      FusedStep& plain = kept->steps.back();
      plain.weight = plain.bias = plain.norm_weight = plain.norm_bias = plain.excite_weight = plain.excite_bias =
          plain.attention_ln_weight = plain.attention_ln_bias = Tensor();
    }
    kept->own_moments = pass != Pass::eval;
    variable_list saved(tensors.begin(), tensors.end());
    saved.push_back(moments);
    for (std::size_t s = 0; s < steps.size(); ++s) {
      const StepRecord& r = records[s];
      // Outputs matter to the gradients of the edges alone, the last one to the layer norm's.
      const bool output = s + 1 == steps.size() || kept->architecture_wanted;
      saved.insert(saved.end(), {r.input, r.products, r.norm.slope, r.norm.offset, r.norm.mean, r.norm.inverse,
                                 output ? r.output : Tensor(), r.squeezed, r.excited, r.factor, r.probabilities,
                                 r.attention_moments});
    }
    ctx->save_for_backward(std::move(saved));
    ctx->saved_data["kept"] = c10::IValue::make_capsule(kept);
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list outer) {
    const auto capsule = ctx->saved_data["kept"].toCapsule();
    const Record& kept = static_cast<const Record&>(*capsule);
    const auto saved = ctx->get_saved_variables();
    const std::size_t inputs = Inputs::kFixed + kept.steps.size() * kStepTensors;
    const Inputs in(at::TensorList(saved.data(), inputs));
    const Sizes sizes{in.x.size(0), in.x.size(1), in.x.size(2)};
    const Tensor moments = saved[inputs];
    std::vector<StepRecord> records;
    for (std::size_t s = 0; s < kept.steps.size(); ++s) {
      const Tensor* r = saved.data() + inputs + 1 + s * kRecordTensors;
      records.push_back({r[0],
                         r[1],
                         {r[2], r[3], r[4], r[5]},
                         r[6],
                         r[7],
                         r[8],
                         r[9],
                         r[10],
                         r[11],
                         kept.masks[s],
                         kept.attention_masks[s]});
    }
    const Tensor gammas = in.gamma.contiguous(), gradient = outer[0].contiguous();
    const auto skips = skip_weights(in.beta, kept.steps.size());
    variable_list gradients(inputs + 4);  // the arguments that are no tensors have none
    const Tensor residual = at::empty_like(in.x);
    ChunkSums dln_weight(sizes, sizes.state()), dln_bias(sizes, sizes.state());
    std::vector<Tensor> dinputs(kept.steps.size());
    Tensor dproducts = at::empty_like(records.back().products);
    std::vector<Tensor> dgammas(kept.steps.size());
    for (std::size_t s = kept.steps.size(); s-- > 0;) {
      StepBackward step(records[s], sizes, kept.steps[s], in, s,
                        floats(gammas) + static_cast<std::int64_t>(s) * gammas.size(1), kept, dproducts);
      if (s + 1 == kept.steps.size()) {
        for_chunks(sizes, [&](const Chunk& chunk) {
          for (std::int64_t n = chunk.first; n < chunk.first + chunk.samples; ++n)
            kernels::layer_norm_backward(sizes.state(), {floats(moments)[2 * n], floats(moments)[2 * n + 1]},
                                         floats(records[s].output) + n * sizes.state(), floats(in.ln_weight), 1,
                                         floats(gradient) + n * sizes.state(), floats(residual) + n * sizes.state(),
                                         dln_weight.of(chunk).block(), dln_bias.of(chunk).block());
          dln_weight.of(chunk).end_block();
          dln_bias.of(chunk).end_block();
          step.unmix(chunk, floats(residual) + chunk.first * sizes.state());
        });
      } else {
        // What later steps want of this one's output, gathered where it is needed.
        for_chunks(sizes, [&](const Chunk& chunk) {
          std::vector<const float*> from;
          std::vector<float> weights;
          for (std::size_t later = s + 1; later < kept.steps.size(); ++later) {
            from.push_back(floats(dinputs[later]) + chunk.first * sizes.state());
            weights.push_back(skips[later][s + 1]);
          }
          std::vector<float> wanted(static_cast<std::size_t>(chunk.samples * sizes.state()));
          kernels::weighted_sum(static_cast<std::int64_t>(wanted.size()), static_cast<std::int64_t>(from.size()),
                                from.data(), weights.data(), wanted.data());
          step.unmix(chunk, wanted.data());
        });
      }
      step.sum_up(gradients);
      for_chunks(sizes, [&](const Chunk& chunk) { step.unmultiply(chunk); });
      dinputs[s] = step.dinput();
      if (kept.weights_wanted) gradients[Inputs::kFixed + s * kStepTensors + kWeight] = step.dweight();
      if (kept.architecture_wanted) dgammas[s] = step.dgamma();
    }
    if (kept.weights_wanted) {
      gradients[3] = dln_weight.total().to(at::kFloat).view_as(in.ln_weight);
      gradients[4] = dln_bias.total().to(at::kFloat).view_as(in.ln_bias);
    }
    if (kept.architecture_wanted) {
      gradients[1] = edge_gradients(in, sizes, records, dinputs);
      gradients[2] = at::stack(dgammas);
    }
    add_input_gradients(sizes, dinputs, skips, residual);
    gradients[0] = residual;
    return gradients;
  }

 private:
  /// d beta: the skip weights' are products of a step's input gradient with a state, `none` has none.
  static Tensor edge_gradients(const Inputs& in, const Sizes& sizes, const std::vector<StepRecord>& records,
                               const std::vector<Tensor>& dinputs) {
    std::vector<Tensor> states{in.x, in.x};
    std::vector<std::pair<std::size_t, std::size_t>> edges;  // step, state
    for (std::size_t s = 0; s < records.size(); ++s) {
      for (std::size_t k = 0; k < states.size(); ++k) edges.emplace_back(s, k);
      states.push_back(records[s].output);
    }
    Tensor parts = at::zeros({sizes.chunks(), static_cast<std::int64_t>(edges.size())}, at::kDouble);
    for_chunks(sizes, [&](const Chunk& chunk) {
      double* part = parts.data_ptr<double>() + chunk.index * parts.size(1);
      const std::int64_t first = chunk.first * sizes.state();
      for (std::size_t e = 0; e < edges.size(); ++e) {
        const auto [s, k] = edges[e];
        part[e] =
            k == 1 ? part[e - 1]
                   : kernels::dot(chunk.samples * sizes.state(), floats(dinputs[s]) + first, floats(states[k]) + first);
      }
    });
    Tensor gradient = at::zeros_like(in.beta);
    gradient.select(1, 1).copy_(parts.sum(0));
    return gradient;
  }

  /// What the steps want of the cell's input, added to what the residual connection does.
  static void add_input_gradients(const Sizes& sizes, const std::vector<Tensor>& dinputs,
                                  const std::vector<std::vector<float>>& skips, const Tensor& residual) {
    for_chunks(sizes, [&](const Chunk& chunk) {
      const std::int64_t first = chunk.first * sizes.state();
      for (std::size_t s = 0; s < dinputs.size(); ++s)
        kernels::add_scaled(chunk.samples * sizes.state(), floats(dinputs[s]) + first, skips[s][0],
                            floats(residual) + first);
    });
  }
};

}  // namespace

Tensor fused_cell(const Tensor& x, const Tensor& beta, const Tensor& gamma, const Tensor& ln_weight,
                  const Tensor& ln_bias, double ln_epsilon, const std::vector<FusedStep>& steps, Pass pass) {
  std::vector<Tensor> tensors{x.contiguous(), beta, gamma, ln_weight.contiguous(), ln_bias.contiguous()};
  const Tensor none = at::empty({0}, x.options());
  for (const auto& step : steps)
    for (const Tensor& tensor : {step.weight, step.bias, step.norm_weight, step.norm_bias, step.excite_weight,
                                 step.excite_bias, step.attention_ln_weight, step.attention_ln_bias})
      tensors.push_back(tensor.defined() ? tensor.contiguous() : none);
  auto kept = c10::make_intrusive<Record>();
  kept->weights_wanted = ln_weight.requires_grad();
  kept->architecture_wanted = gamma.requires_grad() || beta.requires_grad();
  return FusedCell::apply(at::TensorList(tensors), ln_epsilon, steps, pass, kept);
}

}  // namespace harmonic
