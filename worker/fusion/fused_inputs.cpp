#include "worker/fusion/fused_inputs.hpp"

#include <utility>

#include <torch/autograd.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

#include "worker/fusion/fused_cell_kernels.hpp"
#include "worker/fusion/fused_chunks.hpp"

namespace harmonic {
namespace {

using namespace fused;
using kernels::DropoutMask;
using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

enum InputTensor { kRows, kWeight, kBias, kNormWeight, kNormBias, kInputTensors };
constexpr std::int64_t kNormTensors = 4;  ///< of Norm

struct InputsContext final : torch::CustomClassHolder {
  std::vector<DropoutMask> masks;
  Sizes sizes{};
  bool own_moments = false, weights_wanted = false, edges_wanted = false;
};

const Tensor& of(at::TensorList tensors, std::size_t input, InputTensor which) {
  return tensors[1 + input * kInputTensors + which];
}

/// One input's products (R, C), without the bias, and their batch norm.
struct Reshaped {
  Tensor products;
  Norm norm;
};

/// A vector feature is multiplied once and then stands at every position.
bool is_vector(const Tensor& rows) {
  return rows.size(1) == 1;
}

/// The chunk's products.
void multiply(at::TensorList tensors, std::size_t k, const Sizes& sizes, const Chunk& chunk, Tensor products) {
  const Tensor& rows = of(tensors, k, kRows);
  const Tensor factors = rows.narrow(0, chunk.first, chunk.samples).flatten(0, 1);
  const Tensor weight = of(tensors, k, kWeight).t();
  if (is_vector(rows))
    products.view({chunk.samples, sizes.positions, sizes.channels}).copy_(at::mm(factors, weight).unsqueeze(1));
  else
    at::mm_out(products, factors, weight);
}

Reshaped reshape(at::TensorList tensors, std::size_t k, const torch::nn::BatchNorm1d& norm, const Sizes& sizes,
                 Mode mode) {
  const Tensor& bias = of(tensors, k, kBias);
  Reshaped reshaped{at::empty({sizes.rows(), sizes.channels}, bias.options()), {}};
  ChunkMoments moments(sizes, sizes.channels);
  for_chunks(sizes, [&](const Chunk& chunk) {
    const Tensor u = rows_of(reshaped.products, sizes, chunk);
    multiply(tensors, k, sizes, chunk, u);
    if (mode != Mode::eval) moments.add(chunk, u);
  });
  const Moments used = mode == Mode::eval ? Moments{norm->running_mean - bias, norm->running_var} : moments.moments();
  if (mode == Mode::train) update_running(norm, used, bias, 0);
  reshaped.norm = norm_of(used, of(tensors, k, kNormWeight), of(tensors, k, kNormBias), norm->options.eps());
  return reshaped;
}

/// One sample of one input.
void activate(const Reshaped& input, const Sizes& sizes, DropoutMask mask, std::int64_t n, std::vector<float>& value) {
  value.assign(static_cast<std::size_t>(sizes.state()), 0.0F);
  kernels::add_activated({{n * sizes.positions, sizes.positions, sizes.channels}, sizes.channels}, Nonlinearity::relu,
                         mask, 1, floats(input.products) + n * sizes.state(), floats(input.norm.slope),
                         floats(input.norm.offset), value.data());
}

struct FusedInputs : torch::autograd::Function<FusedInputs> {
  static Tensor forward(AutogradContext* ctx, at::TensorList tensors, const std::vector<torch::nn::BatchNorm1d>& norms,
                        double dropout, Mode mode, const c10::intrusive_ptr<InputsContext>& kept) {
    const Tensor edges = tensors[0].contiguous();
    const Sizes& sizes = kept->sizes;
    const std::int64_t cells = edges.size(0), inputs = edges.size(1);
    std::vector<Reshaped> reshaped;
    for (std::size_t k = 0; k < norms.size(); ++k) {
      kept->masks.push_back(draw_mask(dropout, mode));
      reshaped.push_back(reshape(tensors, k, norms[k], sizes, mode));
    }
    Tensor sums = at::zeros({cells, sizes.samples, sizes.positions, sizes.channels}, edges.options());
    for_chunks(sizes, [&](const Chunk& chunk) {
      std::vector<float> value;
      for (std::int64_t n = chunk.first; n < chunk.first + chunk.samples; ++n)
        for (std::size_t k = 0; k < reshaped.size(); ++k) {
          activate(reshaped[k], sizes, kept->masks[k], n, value);
          for (std::int64_t c = 0; c < cells; ++c)
            kernels::add_scaled(sizes.state(), value.data(), floats(edges)[c * inputs + static_cast<std::int64_t>(k)],
                                floats(sums) + (c * sizes.samples + n) * sizes.state());
        }
    });
    variable_list saved(tensors.begin(), tensors.end());
    for (const auto& input : reshaped)
      saved.insert(saved.end(), {input.norm.slope, input.norm.offset, input.norm.mean, input.norm.inverse});
    ctx->save_for_backward(std::move(saved));
    ctx->saved_data["kept"] = c10::IValue::make_capsule(kept);
    return sums;
  }

  static variable_list backward(AutogradContext* ctx, variable_list outer) {
    const auto capsule = ctx->saved_data["kept"].toCapsule();
    const InputsContext& kept = static_cast<const InputsContext&>(*capsule);
    const Sizes& sizes = kept.sizes;
    const auto saved = ctx->get_saved_variables();
    const Tensor gradient = outer[0].contiguous(), edges = saved[0].contiguous();
    const std::int64_t cells = edges.size(0), inputs = edges.size(1);
    const at::TensorList tensors(saved.data(), static_cast<std::size_t>(1 + inputs * kInputTensors));
    variable_list gradients(tensors.size() + 4);  // the arguments that are no tensors have none
    // Every input's products in turn: to make them again costs little, to keep them all would cost the most memory
    // here.
    const Tensor products = at::empty({sizes.rows(), sizes.channels}, gradient.options());
    const Tensor dproducts = kept.weights_wanted ? at::empty_like(products) : Tensor();
    Tensor dedges = at::zeros({sizes.chunks(), cells, inputs}, at::kDouble);
    for (std::int64_t k = 0; k < inputs; ++k) {
      const auto* r = saved.data() + tensors.size() + static_cast<std::size_t>(kNormTensors * k);
      const Reshaped input{products, {r[0], r[1], r[2], r[3]}};
      const DropoutMask mask = kept.masks[static_cast<std::size_t>(k)];
      for_chunks(sizes, [&](const Chunk& chunk) {
        multiply(tensors, static_cast<std::size_t>(k), sizes, chunk, rows_of(products, sizes, chunk));
        if (!kept.edges_wanted) return;
        std::vector<float> value;
        double* to = dedges.data_ptr<double>() + chunk.index * cells * inputs + k;
        for (std::int64_t n = chunk.first; n < chunk.first + chunk.samples; ++n) {
          activate(input, sizes, mask, n, value);
          for (std::int64_t c = 0; c < cells; ++c)
            to[c * inputs] +=
                kernels::dot(sizes.state(), value.data(), floats(gradient) + (c * sizes.samples + n) * sizes.state());
        }
      });
      if (kept.weights_wanted)
        weight_gradients(tensors, static_cast<std::size_t>(k), input, mask, kept, gradient, edges, dproducts,
                         gradients);
    }
    if (kept.edges_wanted) gradients[0] = dedges.sum(0).to(at::kFloat);
    return gradients;
  }

 private:
  static void weight_gradients(at::TensorList tensors, std::size_t k, const Reshaped& input, DropoutMask mask,
                               const InputsContext& kept, const Tensor& gradient, const Tensor& edges,
                               const Tensor& dproducts, variable_list& gradients) {
    const Sizes& sizes = kept.sizes;
    const std::int64_t cells = edges.size(0);
    ChunkSums sum(sizes, sizes.channels), product(sizes, sizes.channels);
    for_chunks(sizes, [&](const Chunk& chunk) {
      std::vector<float> wanted(static_cast<std::size_t>(sizes.state())), weights;
      std::vector<const float*> from(static_cast<std::size_t>(cells));
      for (std::int64_t c = 0; c < cells; ++c)
        weights.push_back(floats(edges)[c * edges.size(1) + static_cast<std::int64_t>(k)]);
      auto &sums = sum.of(chunk), &products = product.of(chunk);
      for_samples(
          sizes, chunk,
          [&](std::int64_t n) {
            for (std::int64_t c = 0; c < cells; ++c)
              from[static_cast<std::size_t>(c)] = floats(gradient) + (c * sizes.samples + n) * sizes.state();
            kernels::weighted_sum(sizes.state(), cells, from.data(), weights.data(), wanted.data());
            kernels::activate_backward({{n * sizes.positions, sizes.positions, sizes.channels}, sizes.channels},
                                       Nonlinearity::relu, mask, 1, floats(input.products) + n * sizes.state(),
                                       floats(input.norm.slope), floats(input.norm.offset), floats(input.norm.mean),
                                       wanted.data(), floats(dproducts) + n * sizes.state(), sums.block(),
                                       products.block());
          },
          [&] {
            sums.end_block();
            products.end_block();
          });
    });
    const NormGradients norm = norm_gradients(input.norm, sum.total(), product.total(), sizes.rows(), kept.own_moments);
    for_chunks(sizes, [&](const Chunk& chunk) {
      const Tensor du = rows_of(dproducts, sizes, chunk);
      kernels::norm_backward({0, du.size(0), sizes.channels}, floats(rows_of(input.products, sizes, chunk)),
                             floats(input.norm.slope), floats(norm.by_u), floats(norm.constant), floats(du));
    });
    const auto set = [&](InputTensor which, const Tensor& value) { gradients[1 + k * kInputTensors + which] = value; };
    const Tensor& rows = of(tensors, k, kRows);
    const Tensor wanted =
        is_vector(rows) ? dproducts.view({sizes.samples, sizes.positions, sizes.channels}).sum(1) : dproducts;
    set(kWeight, at::mm(wanted.t(), rows.flatten(0, 1)));
    set(kBias, norm.conv_bias);
    set(kNormWeight, norm.weight);
    set(kNormBias, norm.bias);
  }
};

}  // namespace

Tensor fused_inputs(const std::vector<FusedInput>& inputs, std::int64_t positions, const Tensor& edges, double dropout,
                    Mode mode) {
  std::vector<Tensor> tensors{edges};
  std::vector<torch::nn::BatchNorm1d> norms;
  for (const auto& input : inputs) {
    for (const Tensor& tensor : {input.rows, input.weight, input.bias, input.norm->weight, input.norm->bias})
      tensors.push_back(tensor.contiguous());
    norms.push_back(input.norm);
  }
  auto kept = c10::make_intrusive<InputsContext>();
  kept->sizes = {inputs.front().rows.size(0), positions, inputs.front().weight.size(0)};
  kept->own_moments = mode != Mode::eval;
  kept->weights_wanted = inputs.front().weight.requires_grad();
  kept->edges_wanted = edges.requires_grad();
  return FusedInputs::apply(at::TensorList(tensors), norms, dropout, mode, kept);
}

}  // namespace harmonic
