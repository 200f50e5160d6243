#include "worker/fusion/norm_activate.hpp"

#include <algorithm>

#include <torch/autograd.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "worker/fusion/fused_chunks.hpp"
#include "worker/fusion/norm_activate_kernels.hpp"

namespace harmonic {
namespace {

using namespace fused;
using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct NormContext final : torch::CustomClassHolder {
  Nonlinearity kind{};
  kernels::DropoutMask mask;
  bool own_moments = false;  ///< the batch's: gradients flow through them
};

std::int64_t output_width(Nonlinearity kind, std::int64_t width) {
  return kind == Nonlinearity::glu ? width / 2 : width;
}

/// The chunk's rows in blocks of kBlockRows.
template <class Work>
void for_blocks(const Chunk& chunk, const Sizes& sizes, Work work) {
  const std::int64_t end = (chunk.first + chunk.samples) * sizes.positions;
  for (std::int64_t first = chunk.first * sizes.positions; first < end; first += kBlockRows)
    work(kernels::Block{first, std::min(kBlockRows, end - first), sizes.channels});
}

/// norm_activate of u (N, L, W) for given moments (W).
struct NormActivate : torch::autograd::Function<NormActivate> {
  static Tensor forward(AutogradContext* ctx, const Tensor& u, const Tensor& weight, const Tensor& bias,
                        const Moments& moments, double epsilon, const c10::intrusive_ptr<NormContext>& kept) {
    const Sizes sizes{u.size(0), u.size(1), u.size(2)};
    const Norm norm = norm_of(moments, weight.detach(), bias.detach(), epsilon);
    const std::int64_t columns = output_width(kept->kind, sizes.channels);
    Tensor out = at::empty({sizes.samples, sizes.positions, columns}, u.options());
    for_chunks(sizes, [&](const Chunk& chunk) {
      for_blocks(chunk, sizes, [&](const kernels::Block& block) {
        kernels::activate({block, block.width}, kept->kind, kept->mask, floats(u) + block.first * block.width,
                          floats(norm.slope), floats(norm.offset), floats(out) + block.first * columns);
      });
    });
    ctx->save_for_backward({u, norm.slope, norm.offset, norm.mean, norm.inverse});
    ctx->saved_data["kept"] = c10::IValue::make_capsule(kept);
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto capsule = ctx->saved_data["kept"].toCapsule();
    const NormContext& kept = static_cast<const NormContext&>(*capsule);
    const auto saved = ctx->get_saved_variables();
    const Tensor& u = saved[0];
    const Norm norm{saved[1], saved[2], saved[3], saved[4]};
    const Sizes sizes{u.size(0), u.size(1), u.size(2)};
    const std::int64_t columns = output_width(kept.kind, sizes.channels);
    const Tensor gradient = gradients[0].contiguous();
    Tensor dv = at::empty_like(u);
    ChunkSums sum(sizes, sizes.channels), product(sizes, sizes.channels);
    for_chunks(sizes, [&](const Chunk& chunk) {
      auto &sums = sum.of(chunk), &products = product.of(chunk);
      for_blocks(chunk, sizes, [&](const kernels::Block& block) {
        const std::int64_t first = block.first * block.width;
        kernels::activate_backward({block, block.width}, kept.kind, kept.mask, 1, floats(u) + first, floats(norm.slope),
                                   floats(norm.offset), floats(norm.mean), floats(gradient) + block.first * columns,
                                   floats(dv) + first, sums.block(), products.block());
        sums.end_block();
        products.end_block();
      });
    });
    const NormGradients found = norm_gradients(norm, sum.total(), product.total(), sizes.rows(), kept.own_moments);
    for_chunks(sizes, [&](const Chunk& chunk) {
      for_blocks(chunk, sizes, [&](const kernels::Block& block) {
        const std::int64_t first = block.first * block.width;
        kernels::norm_backward(block, floats(u) + first, floats(norm.slope), floats(found.by_u), floats(found.constant),
                               floats(dv) + first);
      });
    });
    return {dv, found.weight, found.bias, {}, {}, {}};
  }
};

Tensor nonlinear(const Tensor& rows, Nonlinearity kind) {
  switch (kind) {
    case Nonlinearity::relu:
      return at::relu(rows);
    case Nonlinearity::glu:
      return at::glu(rows, rows.dim() - 1);
    case Nonlinearity::mish:
      break;
  }
  return at::mish(rows);
}

}  // namespace

Tensor norm_activate(const Tensor& rows, const torch::nn::BatchNorm1d& norm, Nonlinearity kind, double dropout,
                     std::int64_t lanes, Mode mode) {
  if (!rows.is_cpu() || rows.scalar_type() != torch::kFloat32)
    return dropout_rows(nonlinear(batch_norm_rows(norm, rows, lanes, mode), kind), dropout, mode);
  if (lanes > 1) {
    const auto parts = rows.chunk(lanes);
    const auto norms = lane_norms(norm, lanes);
    std::vector<Tensor> all;
    for (std::size_t k = 0; k < parts.size(); ++k)
      all.push_back(norm_activate(parts[k], norms[k], kind, dropout, /*lanes=*/1, mode));
    return at::cat(all);
  }
  const Tensor u = rows.contiguous();
  const Sizes sizes{u.size(0), u.size(1), u.size(2)};
  auto kept = c10::make_intrusive<NormContext>();
  kept->kind = kind;
  kept->mask = draw_mask(dropout, mode);
  kept->own_moments = mode != Mode::eval;
  Moments used{norm->running_mean, norm->running_var};
  if (kept->own_moments) {
    const torch::NoGradGuard no_grad;
    ChunkMoments moments(sizes, sizes.channels);
    for_chunks(sizes, [&](const Chunk& chunk) { moments.add(chunk, rows_of(u.flatten(0, 1), sizes, chunk)); });
    used = moments.moments();
    if (mode == Mode::train) update_running(norm, used, at::zeros_like(used.mean), 0);
  }
  return NormActivate::apply(u, norm->weight, norm->bias, used, norm->options.eps(), kept);
}

}  // namespace harmonic
