#include "worker/fusion/fused_step.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <torch/types.h>

#include "worker/fusion/fused_cell_kernels.hpp"

namespace harmonic::fused {

using kernels::LayerMoments;
using torch::Tensor;

namespace {

/// Running statistics of all parts, one after another; the products' means lack the convolution's bias.
Moments running_moments(const FusedStep& step, const Tensor& bias) {
  std::vector<Tensor> means, variances;
  for (const auto& part : step.parts) {
    means.push_back(part.norm->running_mean);
    variances.push_back(part.norm->running_var);
  }
  return {at::cat(means) - bias, at::cat(variances)};
}

float attention_scale(const Sizes& sizes) {
  return static_cast<float>(1 / std::sqrt(static_cast<double>(sizes.channels)));
}

kernels::Columns columns_of(const FusedStep::Part& part, const Sizes& sizes, std::int64_t n, std::int64_t pitch) {
  return {{n * sizes.positions, sizes.positions, part.width}, pitch};
}

/// Of SE1: excited is a linear map of the squeezed input.
Tensor excitation(const Tensor& excited) {
  return at::sigmoid(at::relu(excited));
}

void multiply(const StepInputs& in, const std::vector<Tensor>& states, const std::vector<float>& skips, Mode mode,
              SavedStep& saved) {
  const Sizes& sizes = in.sizes;
  const Tensor weight = in.of(kWeight).t();
  const std::int64_t width = weight.size(1);
  ChunkMoments moments(sizes, width);
  for_chunks(sizes, [&](const Chunk& chunk) {
    Tensor t = rows_of(saved.input, sizes, chunk), u = rows_of(saved.products, sizes, chunk);
    std::vector<const float*> from;
    for (const auto& state : states) from.push_back(floats(state) + chunk.first * sizes.state());
    kernels::weighted_sum(t.numel(), static_cast<std::int64_t>(from.size()), from.data(), skips.data(), floats(t));
    for (std::int64_t n = 0; saved.squeezed.defined() && n < chunk.samples; ++n)
      kernels::row_mean(sizes.positions, sizes.channels, floats(t) + n * sizes.state(),
                        floats(saved.squeezed) + (chunk.first + n) * sizes.channels);
    at::mm_out(u, t, weight);
    if (mode != Mode::eval) moments.add(chunk, u);
  });
  const Moments used = mode == Mode::eval ? running_moments(in.step, in.of(kBias)) : moments.moments();
  for (const auto& part : in.step.parts)
    if (mode == Mode::train) update_running(part.norm, used, in.of(kBias), part.first);
  saved.norm = norm_of(used, in.of(kNormWeight), in.of(kNormBias), in.step.norm_epsilon);
}

}  // namespace

SavedStep begin_step(const StepInputs& in, const std::vector<Tensor>& states, const std::vector<float>& skips,
                     Mode mode) {
  const Sizes& sizes = in.sizes;
  const auto floats_of = states.front().options();
  SavedStep saved;
  for (std::size_t i = 0; i < in.step.parts.size(); ++i) saved.masks.push_back(draw_mask(in.step.dropout, mode));
  saved.attention_mask = draw_mask(in.step.attention >= 0 ? in.step.attention_dropout : 0, mode);
  saved.input = at::empty({sizes.rows(), sizes.channels}, floats_of);
  saved.products = at::empty({sizes.rows(), in.of(kWeight).size(0)}, floats_of);
  if (in.step.excite >= 0) saved.squeezed = at::empty({sizes.samples, sizes.channels}, floats_of);
  multiply(in, states, skips, mode, saved);
  saved.factor =
      at::full({sizes.samples, sizes.channels}, in.step.sum >= 0 ? 2 * in.gamma[in.step.sum] : 0.0F, floats_of);
  if (in.step.excite >= 0) {
    saved.excited = at::addmm(in.of(kExciteBias), saved.squeezed, in.of(kExciteWeight).t());
    saved.factor.add_(excitation(saved.excited), in.gamma[in.step.excite]);
  }
  saved.output = at::empty_like(saved.input);
  if (in.step.attention >= 0) {
    saved.probabilities = at::empty({sizes.samples, sizes.positions, sizes.positions}, floats_of);
    saved.attention_moments = at::empty({sizes.samples, 2}, floats_of);
  }
  return saved;
}

void mix(const StepInputs& in, const SavedStep& saved, const Chunk& chunk) {
  const Sizes& sizes = in.sizes;
  const FusedStep& step = in.step;
  const std::int64_t width = saved.products.size(1);
  std::vector<float> scratch(static_cast<std::size_t>(sizes.state()));
  for (std::int64_t n = chunk.first; n < chunk.first + chunk.samples; ++n) {
    const float* t = floats(saved.input) + n * sizes.state();
    const float* u = floats(saved.products) + n * sizes.positions * width;
    float* out = floats(saved.output) + n * sizes.state();
    kernels::scale_channels(sizes.positions, sizes.channels, t, floats(saved.factor) + n * sizes.channels, out);
    for (std::size_t i = 0; i < step.parts.size(); ++i) {
      const auto& part = step.parts[i];
      kernels::add_activated(columns_of(part, sizes, n, width), part.kind, saved.masks[i], in.gamma[part.op],
                             u + part.first, floats(saved.norm.slope) + part.first,
                             floats(saved.norm.offset) + part.first, out);
    }
    if (step.attention < 0) continue;
    kernels::attend(sizes.positions, sizes.channels, attention_scale(sizes), t,
                    floats(saved.probabilities) + n * sizes.positions * sizes.positions, scratch.data());
    kernels::drop(sizes.state(), saved.attention_mask, static_cast<std::uint32_t>(n * sizes.state()), scratch.data());
    const LayerMoments moments = kernels::layer_moments(sizes.state(), scratch.data(), step.layer_norm_epsilon);
    kernels::add_layer_norm(sizes.state(), moments, scratch.data(), floats(in.of(kLnWeight)), floats(in.of(kLnBias)),
                            in.gamma[step.attention], out);
    floats(saved.attention_moments)[2 * n] = moments.mean;
    floats(saved.attention_moments)[2 * n + 1] = moments.inverse;
  }
}

struct StepBackward::Scratch {
  explicit Scratch(const Sizes& sizes)
      : attended(static_cast<std::size_t>(sizes.state())),
        dattended(attended.size()),
        value(attended.size()),
        dscore(static_cast<std::size_t>(sizes.positions * sizes.positions)) {}
  std::vector<float> attended, dattended, value, dscore;
};

StepBackward::StepBackward(const StepInputs& in, const SavedStep& saved, const Wanted& wanted, Tensor dproducts)
    : in_(in),
      saved_(saved),
      wanted_(wanted),
      width_(saved.products.size(1)),
      dproducts_(std::move(dproducts)),
      dinput_(at::empty_like(saved.input)),
      dfactor_(at::zeros_like(saved.factor)),
      sums_(in.sizes, width_),
      along_(in.sizes, width_),
      dln_weight_(in.sizes, in.step.attention >= 0 ? in.sizes.state() : 0),
      dln_bias_(dln_weight_),
      dgamma_(at::zeros({in.sizes.chunks(), in.operators}, at::kDouble)) {}

void StepBackward::unmix(const Chunk& chunk, const float* gradient) {
  const Sizes& sizes = in_.sizes;
  Scratch scratch(sizes);
  for_samples(
      sizes, chunk,
      [&](std::int64_t n) {
        const float* g = gradient + (n - chunk.first) * sizes.state();
        kernels::scale_channels_backward(sizes.positions, sizes.channels, floats(saved_.input) + n * sizes.state(),
                                         floats(saved_.factor) + n * sizes.channels, g,
                                         floats(dinput_) + n * sizes.state(), floats(dfactor_) + n * sizes.channels);
        unmix_parts(chunk, n, g, scratch);
        if (in_.step.attention >= 0) unmix_attention(chunk, n, g, scratch);
      },
      [&] {
        sums_.of(chunk).end_block();
        along_.of(chunk).end_block();
      });
  if (in_.step.attention < 0) return;
  dln_weight_.of(chunk).end_block();
  dln_bias_.of(chunk).end_block();
}

void StepBackward::sum_up(Tensor* gradients) {
  const FusedStep& step = in_.step;
  norm_ = norm_gradients(saved_.norm, sums_.total(), along_.total(), in_.sizes.rows(), wanted_.own_moments);
  if (wanted_.weights) {
    gradients[kNormWeight] = norm_.weight;
    gradients[kNormBias] = norm_.bias;
    gradients[kBias] = norm_.conv_bias;
    if (step.attention >= 0) {
      gradients[kLnWeight] = dln_weight_.total().to(at::kFloat).view_as(in_.of(kLnWeight));
      gradients[kLnBias] = dln_bias_.total().to(at::kFloat).view_as(in_.of(kLnBias));
    }
  }
  if (step.excite < 0) return;
  const Tensor excited = excitation(saved_.excited);
  const Tensor dexcited = (dfactor_ * excited * (1 - excited) * (saved_.excited > 0)) * in_.gamma[step.excite];
  if (wanted_.weights) {
    gradients[kExciteWeight] = at::mm(dexcited.t(), saved_.squeezed);
    gradients[kExciteBias] = dexcited.sum(0);
  }
  dsqueezed_ = at::mm(dexcited, in_.of(kExciteWeight)) / static_cast<double>(in_.sizes.positions);
}

void StepBackward::unmultiply(const Chunk& chunk) {
  const Sizes& sizes = in_.sizes;
  Tensor du = rows_of(dproducts_, sizes, chunk), dt = rows_of(dinput_, sizes, chunk);
  kernels::norm_backward({0, du.size(0), width_}, floats(rows_of(saved_.products, sizes, chunk)),
                         floats(saved_.norm.slope), floats(norm_.by_u), floats(norm_.constant), floats(du));
  for (std::int64_t i = 0; dsqueezed_.defined() && i < chunk.samples; ++i)
    kernels::add_row(sizes.positions, sizes.channels, floats(dsqueezed_) + (chunk.first + i) * sizes.channels,
                     floats(dt) + i * sizes.state());
  at::addmm_out(dt, dt, du, in_.of(kWeight));
}

Tensor StepBackward::dweight() const {
  return at::mm(dproducts_.t(), saved_.input);
}

Tensor StepBackward::dgamma() const {
  Tensor all = dgamma_.sum(0);
  if (in_.step.sum >= 0) all[in_.step.sum] = 2 * dfactor_.sum(at::kDouble);
  if (in_.step.excite >= 0) all[in_.step.excite] = (dfactor_ * excitation(saved_.excited)).sum(at::kDouble);
  return all.to(at::kFloat);
}

void StepBackward::unmix_parts(const Chunk& chunk, std::int64_t n, const float* g, Scratch& scratch) {
  const Sizes& sizes = in_.sizes;
  const float* u = floats(saved_.products) + n * sizes.positions * width_;
  float* dv = floats(dproducts_) + n * sizes.positions * width_;
  for (std::size_t i = 0; i < in_.step.parts.size(); ++i) {
    const auto& part = in_.step.parts[i];
    const auto columns = columns_of(part, sizes, n, width_);
    const float *slope = floats(saved_.norm.slope) + part.first, *offset = floats(saved_.norm.offset) + part.first;
    kernels::activate_backward(columns, part.kind, saved_.masks[i], in_.gamma[part.op], u + part.first, slope, offset,
                               floats(saved_.norm.mean) + part.first, g, dv + part.first,
                               sums_.of(chunk).block() + part.first, along_.of(chunk).block() + part.first);
    if (!wanted_.architecture) continue;
    std::fill(scratch.value.begin(), scratch.value.end(), 0.0F);
    kernels::add_activated(columns, part.kind, saved_.masks[i], 1, u + part.first, slope, offset, scratch.value.data());
    dgamma(chunk, part.op) += kernels::dot(sizes.state(), g, scratch.value.data());
  }
}

void StepBackward::unmix_attention(const Chunk& chunk, std::int64_t n, const float* g, Scratch& scratch) {
  const Sizes& sizes = in_.sizes;
  const float* t = floats(saved_.input) + n * sizes.state();
  const float* probabilities = floats(saved_.probabilities) + n * sizes.positions * sizes.positions;
  const auto first = static_cast<std::uint32_t>(n * sizes.state());
  const LayerMoments moments{floats(saved_.attention_moments)[2 * n], floats(saved_.attention_moments)[2 * n + 1]};
  const float *weight = floats(in_.of(kLnWeight)), *bias = floats(in_.of(kLnBias));
  kernels::attend_again(sizes.positions, sizes.channels, t, probabilities, scratch.attended.data());
  kernels::drop(sizes.state(), saved_.attention_mask, first, scratch.attended.data());
  if (wanted_.architecture) {
    kernels::layer_norm(sizes.state(), moments, scratch.attended.data(), weight, bias, scratch.value.data());
    dgamma(chunk, in_.step.attention) += kernels::dot(sizes.state(), g, scratch.value.data());
  }
  kernels::layer_norm_backward(sizes.state(), moments, scratch.attended.data(), weight, in_.gamma[in_.step.attention],
                               g, scratch.dattended.data(), dln_weight_.of(chunk).block(), dln_bias_.of(chunk).block());
  kernels::drop(sizes.state(), saved_.attention_mask, first, scratch.dattended.data());
  kernels::attend_backward(sizes.positions, sizes.channels, attention_scale(sizes), t, probabilities,
                           scratch.dattended.data(), floats(dinput_) + n * sizes.state(), scratch.dscore.data());
}

}  // namespace harmonic::fused
