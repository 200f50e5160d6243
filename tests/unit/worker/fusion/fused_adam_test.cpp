#include "worker/fusion/fused_adam.hpp"

#include <catch2/catch.hpp>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace harmonic {

TEST_CASE("All parameters in one kernel step as the library's Adam steps them one by one", "[fusion]") {
  torch::manual_seed(1);
  std::vector<torch::Tensor> ours, theirs;
  for (int i = 0; i < 5; ++i) {
    ours.push_back(torch::randn({3, i + 1}).requires_grad_());
    theirs.push_back(ours.back().detach().clone().requires_grad_());
  }
  FusedAdam fused(ours, {.lr = 1e-2, .beta1 = 0.5, .weight_decay = 1e-3});
  torch::optim::Adam plain(theirs, torch::optim::AdamOptions(1e-2).betas({0.5, 0.999}).weight_decay(1e-3));
  const auto step = [](auto& adam, const std::vector<torch::Tensor>& parameters) {
    adam.zero_grad();
    auto loss = torch::zeros({});
    for (const auto& parameter : parameters) loss = loss + (parameter * parameter).cos().sum();
    loss.backward();
    adam.step();
  };
  for (int s = 0; s < 50; ++s) {
    if (s == 25) {
      fused.set_learning_rate(1e-3);
      for (auto& group : plain.param_groups()) static_cast<torch::optim::AdamOptions&>(group.options()).lr(1e-3);
    }
    step(fused, ours);
    step(plain, theirs);
  }
  for (std::size_t i = 0; i < ours.size(); ++i) CHECK(torch::allclose(ours[i], theirs[i], 1e-5, 1e-6));
}

TEST_CASE("A parameter that has no gradient is not stepped", "[fusion]") {
  auto used = torch::ones({2}).requires_grad_(), unused = torch::ones({2}).requires_grad_();
  FusedAdam adam({used, unused}, {.lr = 0.1});
  used.sum().backward();
  adam.step();
  CHECK(used.allclose(torch::full({2}, 0.9)));
  CHECK(unused.equal(torch::ones({2})));
  adam.zero_grad();
  adam.step();
  CHECK(used.allclose(torch::full({2}, 0.9)));
}

}  // namespace harmonic
