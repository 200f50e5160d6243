#include "worker/fusion/fusion_head.hpp"

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

#include "tests/support/stand_in_accelerator.hpp"

namespace harmonic {

TEST_CASE("On a device a fusion network adds the backbones' logits as on the CPU, lane by lane", "[device][fusion]") {
  constexpr int kStates = 2, kClasses = 3, kBackbones = 2, kSamples = 5;
  const int lanes = GENERATE(1, 3);
  StateShape shape{4, 6, 0.0};
  shape.lanes = lanes;
  torch::manual_seed(8);
  const auto rows = lanes * kSamples;
  std::vector<torch::Tensor> states, said;
  for (int s = 0; s < kStates; ++s) states.push_back(torch::randn({rows, shape.positions, shape.channels}));
  for (int b = 0; b < kBackbones; ++b) said.push_back(torch::randn({rows, kClasses}));
  const auto scales = torch::rand({lanes * kBackbones}), upstream = torch::randn({rows, kClasses});
  const auto run = [&](torch::Device device) {
    FusionHead head(kStates, kClasses, shape, kBackbones);
    {
      const torch::NoGradGuard no_grad;
      head.scales.copy_(scales);
    }
    head.to(device);
    const auto there = [&](const std::vector<torch::Tensor>& all) {
      std::vector<torch::Tensor> sent;
      for (const auto& one : all) sent.push_back(one.to(device));
      return sent;
    };
    const auto logits = head.forward(there(states), there(said));
    logits.backward(upstream.to(device));
    return std::vector{logits.detach().cpu(), head.scales.grad().cpu(), head.classifier->bias.grad().cpu()};
  };
  const auto here = run(torch::kCPU), there = run(testing::stand_in_accelerator());
  for (std::size_t i = 0; i < here.size(); ++i) CHECK(torch::allclose(there[i], here[i], 1e-5, 1e-5));
}

}  // namespace harmonic
