#include "worker/fusion/norm_activate.hpp"

#include <catch2/catch.hpp>
#include <torch/nn/init.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "golden.hpp"

namespace harmonic {

using testing::relative_error;
using torch::Tensor;

TEST_CASE("Batch norm, nonlinearity and dropout in one agree with LibTorch's own", "[fusion]") {
  for (const auto kind : {Nonlinearity::relu, Nonlinearity::glu, Nonlinearity::mish})
    for (const Mode mode : {Mode::train, Mode::architecture, Mode::eval}) {
      INFO("nonlinearity " << static_cast<int>(kind) << ", mode " << static_cast<int>(mode));
      torch::manual_seed(21);
      std::vector<Tensor> outcomes[2];
      for (const bool fused : {true, false}) {
        torch::manual_seed(22);
        torch::nn::BatchNorm1d norm(10);
        torch::nn::init::normal_(norm->weight);
        torch::nn::init::normal_(norm->bias);
        norm->running_var.uniform_(0.5, 2);
        // Values far from 0 and large: the exponential's clamps and the shifted variance are in use.
        const Tensor rows = (torch::randn({37, 5, 10}) * 30 + 100).requires_grad_();
        const Tensor normal = batch_norm_rows(norm, rows, 1, mode);
        const Tensor out = fused                        ? norm_activate(rows, norm, kind, 0, 1, mode)
                           : kind == Nonlinearity::relu ? at::relu(normal)
                           : kind == Nonlinearity::glu  ? at::glu(normal, 2)
                                                        : at::mish(normal);
        torch::manual_seed(23);
        out.backward(torch::randn(out.sizes()));
        outcomes[fused ? 0 : 1] = {out, rows.grad(), norm->weight.grad(), norm->bias.grad()};
      }
      for (std::size_t i = 0; i < 4; ++i) {
        INFO("outcome " << i);
        CHECK(relative_error(outcomes[0][i], outcomes[1][i]) < 2e-5);
      }
    }
}

TEST_CASE("Dropout drops its share, scales the rest, and gives gradients to what it kept alone", "[fusion]") {
  torch::manual_seed(24);
  torch::nn::BatchNorm1d norm(50);
  norm->bias.data().fill_(100);  // ReLU lets everything pass
  const Tensor rows = torch::randn({200, 4, 50}).requires_grad_();
  const Tensor whole = norm_activate(rows, norm, Nonlinearity::relu, 0, 1, Mode::architecture).detach();
  const Tensor out = norm_activate(rows, norm, Nonlinearity::relu, 0.3, 1, Mode::train);
  const Tensor kept = out != 0;
  CHECK(kept.to(torch::kFloat32).mean().item<double>() == Approx(0.7).margin(0.01));
  CHECK(relative_error(out.detach(), at::where(kept, whole / 0.7, torch::zeros({}))) < 1e-5);
  out.sum().backward();  // the bias gets 1 / 0.7 from each kept element
  CHECK(relative_error(norm->bias.grad(), kept.to(torch::kFloat32).sum(at::IntArrayRef{0, 1}) / 0.7) < 1e-5);
  const Tensor again = norm_activate(rows, norm, Nonlinearity::relu, 0.3, 1, Mode::train);
  CHECK_FALSE(((again != 0) == kept).all().item<bool>());
}

}  // namespace harmonic
