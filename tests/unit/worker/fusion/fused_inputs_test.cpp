#include "worker/fusion/fused_inputs.hpp"

#include <catch2/catch.hpp>
#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "golden.hpp"
#include "worker/fusion/mixed_network.hpp"

namespace harmonic {

using testing::relative_error;
using torch::Tensor;

TEST_CASE("A network of fused functions agrees with LibTorch's operators in double precision", "[fusion]") {
  for (const MacroArchitecture macro : {MacroArchitecture{3, 2}, MacroArchitecture{2, 1}, MacroArchitecture{1, 2}})
    for (const Mode mode : {Mode::train, Mode::architecture, Mode::eval}) {
      INFO(macro.cells << " x " << macro.nodes << ", mode " << static_cast<int>(mode));
      const FusionLayout layout{{3, 5, 4}, macro, {"Sum", "ScaleDotAttn", "LinearGLU", "SE1"}, 2, 4, {8, 9, 0.0}};
      std::vector<std::pair<std::string, Tensor>> outcomes[2];
      for (const auto type : {torch::kFloat32, torch::kFloat64}) {
        torch::manual_seed(43);
        MixedNetwork network(layout);
        for (auto& item : network.named_buffers())
          if (item.value().is_floating_point()) item.value().uniform_(0.5, 2);
        const auto logits = random_architecture(3, macro, 4, torch::kCPU);
        // The first input is a vector: one position, repeated. (As the last one, which the output of a single cell
        // reads, it would be 0 altogether in some samples: a tie for the head's ReLU, which rounding decides.)
        std::vector<Tensor> features{torch::randn({60, 1, 3}), torch::randn({60, 9, 5}), torch::randn({60, 9, 4}) + 5};
        const Tensor upstream = torch::randn({60, 4}).to(type);
        network.to(type);
        for (auto& feature : features) feature = feature.to(type);
        auto weights = weights_of(logits);
        std::vector<Tensor> leaves;
        const auto leaf = [&](Tensor& part) {
          part = part.detach().to(type).requires_grad_(mode != Mode::train);
          leaves.push_back(part);
        };
        leaf(weights.alphas);
        for (auto& beta : weights.betas) leaf(beta);
        for (auto& gamma : weights.gammas) leaf(gamma);
        if (mode == Mode::architecture)
          for (auto& parameter : network.parameters()) parameter.set_requires_grad(false);
        const Tensor out = network.forward(features, weights, mode);
        out.backward(upstream);
        auto& outcome = outcomes[type == torch::kFloat32 ? 0 : 1];
        outcome.emplace_back("output", out.detach());
        for (std::size_t i = 0; mode != Mode::train && i < leaves.size(); ++i)
          outcome.emplace_back("architecture " + std::to_string(i), leaves[i].grad());
        for (auto& item : network.named_parameters())
          if (mode != Mode::architecture) outcome.emplace_back(item.key(), item.value().grad());
        for (auto& item : network.named_buffers())
          if (item.value().is_floating_point()) outcome.emplace_back(item.key(), item.value());
      }
      REQUIRE(outcomes[0].size() == outcomes[1].size());
      for (std::size_t i = 0; i < outcomes[0].size(); ++i) {
        INFO(outcomes[0][i].first);
        CHECK(relative_error(outcomes[0][i].second.to(torch::kFloat64), outcomes[1][i].second, 1.0) < 5e-5);
      }
    }
}

TEST_CASE("Reshaped inputs are dropped out alike in all cells and in both directions", "[fusion]") {
  torch::manual_seed(42);
  torch::nn::BatchNorm1d norm(6);
  norm->bias.data().fill_(100);  // ReLU lets everything pass
  const Tensor weight = torch::randn({6, 3}).requires_grad_(), bias = torch::zeros({6});
  const Tensor edges = torch::tensor({{1.0F}, {2.0F}});
  const Tensor sums = fused_inputs({{torch::randn({50, 4, 3}), weight, bias, norm}}, 4, edges, 0.25, Mode::train);
  const Tensor kept = sums[0] != 0;
  CHECK(kept.to(torch::kFloat32).mean().item<double>() == Approx(0.75).margin(0.05));
  CHECK(relative_error(sums[1].detach(), 2 * sums[0].detach()) < 1e-6);
  sums.sum().backward();  // the norm's bias gets (1 + 2) / 0.75 from each kept element
  CHECK(relative_error(norm->bias.grad(), kept.to(torch::kFloat32).sum(at::IntArrayRef{0, 1}) * 4) < 1e-5);
}

}  // namespace harmonic
