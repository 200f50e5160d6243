#include "worker/fusion/fused_cell.hpp"

#include <utility>

#include <torch/autograd.h>
#include <torch/types.h>

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

constexpr std::size_t kSavedTensors = 12;  ///< of SavedStep

struct CellContext final : torch::CustomClassHolder {
  std::vector<FusedStep> steps;  ///< without tensors
  std::vector<std::vector<DropoutMask>> masks;
  std::vector<DropoutMask> attention_masks;
  Wanted wanted;
};

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

/// The function's arguments that are tensors.
struct Inputs {
  at::TensorList all;
  Tensor x, beta, gamma, ln_weight, ln_bias;
  Sizes sizes;

  explicit Inputs(at::TensorList tensors)
      : all(tensors),
        x(all[0]),
        beta(all[1]),
        gamma(all[2].contiguous()),
        ln_weight(all[3]),
        ln_bias(all[4]),
        sizes{x.size(0), x.size(1), x.size(2)} {}
  [[nodiscard]] StepInputs of(const FusedStep& step, std::size_t index) const {
    return {step, sizes, &all[first(index)], floats(gamma) + static_cast<std::int64_t>(index) * gamma.size(1),
            gamma.size(1)};
  }
  /// Of a step's tensors.
  static std::size_t first(std::size_t step) { return kFixed + step * kStepTensors; }
  static constexpr std::size_t kFixed = 5;
};

struct FusedCell : torch::autograd::Function<FusedCell> {
  static Tensor forward(AutogradContext* ctx, at::TensorList tensors, double ln_epsilon,
                        const std::vector<FusedStep>& steps, Mode mode, const c10::intrusive_ptr<CellContext>& kept) {
    const Inputs in(tensors);
    const Sizes& sizes = in.sizes;
    const auto skips = skip_weights(in.beta, steps.size());
    std::vector<Tensor> states{in.x};
    std::vector<SavedStep> saved;
    const Tensor out = at::empty_like(in.x), moments = at::empty({sizes.samples, 2}, in.x.options());
    for (std::size_t s = 0; s < steps.size(); ++s) {
      const StepInputs step = in.of(steps[s], s);
      const SavedStep& step_saved = saved.emplace_back(begin_step(step, states, skips[s], mode));
      const bool last = s + 1 == steps.size();
      for_chunks(sizes, [&](const Chunk& chunk) {
        mix(step, step_saved, chunk);
        for (std::int64_t n = chunk.first; last && n < chunk.first + chunk.samples; ++n) {
          float* value = floats(step_saved.output) + n * sizes.state();
          kernels::add_scaled(sizes.state(), floats(in.x) + n * sizes.state(), 1, value);
          const LayerMoments found = kernels::layer_moments(sizes.state(), value, ln_epsilon);
          kernels::layer_norm(sizes.state(), found, value, floats(in.ln_weight), floats(in.ln_bias),
                              floats(out) + n * sizes.state());
          floats(moments)[2 * n] = found.mean;
          floats(moments)[2 * n + 1] = found.inverse;
        }
      });
      states.push_back(step_saved.output);
      kept->masks.push_back(step_saved.masks);
      kept->attention_masks.push_back(step_saved.attention_mask);
      kept->steps.push_back(steps[s]);
      FusedStep& plain = kept->steps.back();
      plain.weight = plain.bias = plain.norm_weight = plain.norm_bias = plain.excite_weight = plain.excite_bias =
          plain.attention_ln_weight = plain.attention_ln_bias = Tensor();
    }
    kept->wanted.own_moments = mode != Mode::eval;
    variable_list to_save(tensors.begin(), tensors.end());
    to_save.push_back(moments);
    for (std::size_t s = 0; s < steps.size(); ++s) {
      const SavedStep& r = saved[s];
      // Outputs matter to the gradients of the edges alone, the last one to the layer norm's.
      const bool output = s + 1 == steps.size() || kept->wanted.architecture;
      to_save.insert(to_save.end(), {r.input, r.products, r.norm.slope, r.norm.offset, r.norm.mean, r.norm.inverse,
                                     output ? r.output : Tensor(), r.squeezed, r.excited, r.factor, r.probabilities,
                                     r.attention_moments});
    }
    ctx->save_for_backward(std::move(to_save));
    ctx->saved_data["kept"] = c10::IValue::make_capsule(kept);
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list outer) {
    const auto capsule = ctx->saved_data["kept"].toCapsule();
    const CellContext& kept = static_cast<const CellContext&>(*capsule);
    const auto tensors = ctx->get_saved_variables();
    const std::size_t inputs = Inputs::first(kept.steps.size());
    const Inputs in(at::TensorList(tensors.data(), inputs));
    const Sizes& sizes = in.sizes;
    const Tensor moments = tensors[inputs];
    std::vector<SavedStep> saved;
    for (std::size_t s = 0; s < kept.steps.size(); ++s) {
      const Tensor* r = tensors.data() + inputs + 1 + s * kSavedTensors;
      saved.push_back({r[0],
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
    const Tensor gradient = outer[0].contiguous();
    const auto skips = skip_weights(in.beta, kept.steps.size());
    variable_list gradients(inputs + 4);  // the arguments that are no tensors have none
    const Tensor residual = at::empty_like(in.x);
    ChunkSums dln_weight(sizes, sizes.state()), dln_bias(sizes, sizes.state());
    std::vector<Tensor> dinputs(kept.steps.size());
    Tensor dproducts = at::empty_like(saved.back().products);
    std::vector<Tensor> dgammas(kept.steps.size());
    for (std::size_t s = kept.steps.size(); s-- > 0;) {
      StepBackward step(in.of(kept.steps[s], s), saved[s], kept.wanted, dproducts);
      if (s + 1 == kept.steps.size()) {
        for_chunks(sizes, [&](const Chunk& chunk) {
          for (std::int64_t n = chunk.first; n < chunk.first + chunk.samples; ++n)
            kernels::layer_norm_backward(sizes.state(), {floats(moments)[2 * n], floats(moments)[2 * n + 1]},
                                         floats(saved[s].output) + n * sizes.state(), floats(in.ln_weight), 1,
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
      step.sum_up(&gradients[Inputs::first(s)]);
      for_chunks(sizes, [&](const Chunk& chunk) { step.unmultiply(chunk); });
      dinputs[s] = step.dinput();
      if (kept.wanted.weights) gradients[Inputs::first(s) + kWeight] = step.dweight();
      if (kept.wanted.architecture) dgammas[s] = step.dgamma();
    }
    if (kept.wanted.weights) {
      gradients[3] = dln_weight.total().to(at::kFloat).view_as(in.ln_weight);
      gradients[4] = dln_bias.total().to(at::kFloat).view_as(in.ln_bias);
    }
    if (kept.wanted.architecture) {
      gradients[1] = edge_gradients(in, sizes, saved, dinputs);
      gradients[2] = at::stack(dgammas);
    }
    add_input_gradients(sizes, dinputs, skips, residual);
    gradients[0] = residual;
    return gradients;
  }

 private:
  /// d beta: the skip weights' are products of a step's input gradient with a state, `none` has none.
  static Tensor edge_gradients(const Inputs& in, const Sizes& sizes, const std::vector<SavedStep>& saved,
                               const std::vector<Tensor>& dinputs) {
    std::vector<Tensor> states{in.x, in.x};
    std::vector<std::pair<std::size_t, std::size_t>> edges;  // step, state
    for (std::size_t s = 0; s < saved.size(); ++s) {
      for (std::size_t k = 0; k < states.size(); ++k) edges.emplace_back(s, k);
      states.push_back(saved[s].output);
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
                  const Tensor& ln_bias, double ln_epsilon, const std::vector<FusedStep>& steps, Mode mode) {
  std::vector<Tensor> tensors{x.contiguous(), beta, gamma, ln_weight.contiguous(), ln_bias.contiguous()};
  const Tensor none = at::empty({0}, x.options());
  for (const auto& step : steps)
    for (const Tensor& tensor : {step.weight, step.bias, step.norm_weight, step.norm_bias, step.excite_weight,
                                 step.excite_bias, step.attention_ln_weight, step.attention_ln_bias})
      tensors.push_back(tensor.defined() ? tensor.contiguous() : none);
  auto kept = c10::make_intrusive<CellContext>();
  kept->wanted.weights = ln_weight.requires_grad();
  kept->wanted.architecture = gamma.requires_grad() || beta.requires_grad();
  return FusedCell::apply(at::TensorList(tensors), ln_epsilon, steps, mode, kept);
}

}  // namespace harmonic
