#include "worker/fusion/joined_network.hpp"

#include <catch2/catch.hpp>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "golden.hpp"
#include "worker/fusion/lanes.hpp"

namespace harmonic {
namespace {

using testing::relative_error;
using torch::Tensor;

const std::vector<std::string> kAll = {"Sum", "ScaleDotAttn", "LinearGLU", "ConcatFC", "SE1", "SE2", "CatConvMish"};

/// A network of some lanes, each with weights and statistics of its own.
std::shared_ptr<MixedNetwork> drawn_network(FusionLayout layout, std::int64_t lanes) {
  std::vector<std::shared_ptr<torch::nn::Module>> singles;
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    const auto single = std::make_shared<MixedNetwork>(layout);
    const torch::NoGradGuard no_grad;
    single->to(torch::kFloat64);
    for (auto& item : single->named_parameters()) item.value().add_(torch::randn_like(item.value()), 0.2);
    for (auto& item : single->named_buffers())
      if (item.value().is_floating_point()) item.value().uniform_(0.5, 2);
    singles.push_back(single);
  }
  layout.shape.lanes = lanes;
  const auto network = std::make_shared<MixedNetwork>(layout);
  network->to(torch::kFloat64);
  fill_lanes(*network, singles);
  return network;
}

Architecture drawn_architecture(int inputs, MacroArchitecture macro, int operators, std::int64_t lanes) {
  std::vector<Architecture> all;
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    all.push_back(random_architecture(inputs, macro, operators, torch::kCPU));
    const auto drawn = [](Tensor& part) { part = torch::randn_like(part, torch::kFloat64).requires_grad_(); };
    drawn(all.back().alphas);
    for (auto* parts : {&all.back().betas, &all.back().gammas})
      for (auto& part : *parts) drawn(part);
  }
  return lanes == 1 ? all.front() : join_lanes(all);
}

struct Case {
  MacroArchitecture macro;
  int joined;  ///< states of the output
  std::int64_t lanes;
  std::vector<std::string> operators;
};

}  // namespace

TEST_CASE("A network that a device runs joined computes and teaches what the mixed network does", "[fusion]") {
  const auto given =
      GENERATE(Case{{2, 2}, 2, 1, kAll}, Case{{2, 2}, 2, 3, kAll}, Case{{1, 1}, 2, 3, {"Sum", "ConcatFC"}},
               Case{{3, 1}, 1, 2, {"ScaleDotAttn", "SE2"}}, Case{{1, 2}, 3, 1, {"LowRankTensorFusion", "CatConvMish"}});
  const std::vector<int> channels = {3, 5, 7};
  constexpr int kSamples = 6, kClasses = 4;
  for (const Mode mode : {Mode::train, Mode::architecture, Mode::eval}) {
    INFO("mode " << static_cast<int>(mode) << ", lanes " << given.lanes);
    torch::manual_seed(47);
    const auto mixed =
        drawn_network({channels, given.macro, given.operators, given.joined, kClasses, {8, 4, 0.0}, 2}, given.lanes);
    const auto operators = static_cast<int>(given.operators.size());
    const Architecture apart = drawn_architecture(3, given.macro, operators, given.lanes);
    Architecture together = apart;
    together.alphas = apart.alphas.detach().clone().requires_grad_();
    for (auto* parts : {&together.betas, &together.gammas})
      for (auto& part : *parts) part = part.detach().clone().requires_grad_();
    std::vector<Tensor> features;
    for (const int width : channels)
      features.push_back(torch::randn({given.lanes * kSamples, width == 7 ? 1 : 4, width}, torch::kFloat64));
    std::vector<Tensor> logits;
    for (int backbone = 0; backbone < 2; ++backbone)
      logits.push_back(torch::randn({given.lanes * kSamples, kClasses}, torch::kFloat64));
    const Tensor upstream = torch::randn({given.lanes * kSamples, kClasses}, torch::kFloat64);

    // Joined first: it copies what it joins, and takes the rest.
    const auto twin =
        drawn_network({channels, given.macro, given.operators, given.joined, kClasses, {8, 4, 0.0}, 2}, given.lanes);
    fill_lanes(*twin, {mixed});
    JoinedNetwork joined(*twin, torch::kCPU);
    const Tensor out = joined.forward(features, joined.weights_of(weights_of(together, 0.5)), mode, logits);
    out.backward(upstream);
    const Tensor expected = mixed->forward(features, weights_of(apart, 0.5), mode, logits);
    expected.backward(upstream);
    CHECK(relative_error(out, expected) < 1e-9);
    const auto own = together.parameters(), other = apart.parameters();
    for (std::size_t i = 0; i < own.size(); ++i) {
      REQUIRE(own[i].grad().defined());
      CHECK(relative_error(own[i].grad(), other[i].grad(), 1.0) < 1e-9);
    }
    // The same squares of all gradients, wherever they lie; those of biases before a norm are 0.
    const auto squares = [](const std::vector<Tensor>& parameters) {
      double sum = 0;
      for (const auto& parameter : parameters)
        if (parameter.grad().defined()) sum += parameter.grad().to(torch::kFloat64).square().sum().item<double>();
      return sum;
    };
    if (mode != Mode::eval) CHECK(squares(joined.parameters()) == Approx(squares(mixed->parameters())).epsilon(1e-6));
    // What it has learnt of the samples it shows afterwards.
    const torch::NoGradGuard no_grad;
    CHECK(relative_error(joined.forward(features, joined.weights_of(weights_of(together)), Mode::eval, logits),
                         mixed->forward(features, weights_of(apart), Mode::eval, logits)) < 1e-9);
  }
}

}  // namespace harmonic
