#include "worker/fusion/derived_network.hpp"

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/error.hpp"
#include "golden.hpp"

namespace harmonic {
namespace {

using testing::relative_error;
using torch::Tensor;
using Parameters = std::map<std::string, Tensor>;

constexpr int kClasses = 4;
const StateShape kShape{8, 4, 0.0};
const std::vector<int> kChannels = {3, 5, 7};

/// (N, C, L) of a reshaped input by the definition, in eval mode.
Tensor reshaped(const Parameters& p, int input, const Tensor& feature) {
  const auto at_name = [&](const char* name) { return p.at(fmt::format("reshape_{}.{}", input, name)); };
  const Tensor map = at::conv1d(feature.transpose(1, 2), at_name("conv.weight"), at_name("conv.bias"));
  return at::batch_norm(map, at_name("bn.weight"), at_name("bn.bias"), at_name("bn.running_mean"),
                        at_name("bn.running_var"), /*training=*/false, 0.1, 1e-5, false)
      .relu();
}

Tensor normed(const Parameters& p, const std::string& name, const Tensor& state) {
  return at::layer_norm(state, {state.size(1), state.size(2)}, p.at(name + ".weight"), p.at(name + ".bias"));
}

TEST_CASE("A cell that reads an earlier one, and a head of the last cell alone, compute and learn by the definition",
          "[fusion]") {
  torch::manual_seed(31);
  // Cell 1 reads input 2 and cell 0; input 1 nothing reads.
  DerivedNetwork network(parse_genotype("0+2:Sum(0,1) | 2+3:Sum(1,0),Sum(2,1) -> 4"), kChannels, kClasses, kShape);
  network.to(torch::kFloat64);
  Parameters p;
  {
    const torch::NoGradGuard no_grad;
    for (auto& item : network.named_buffers())
      if (item.value().is_floating_point()) item.value().uniform_(0.5, 2);
    for (auto& item : network.named_parameters()) item.value().add_(torch::randn_like(item.value()), 0.2);
  }
  for (const auto& item : network.named_buffers()) p[item.key()] = item.value();
  for (const auto& item : network.named_parameters()) p[item.key()] = item.value().detach().clone().requires_grad_();
  CHECK(p.count("reshape_1.conv.weight") == 0);
  CHECK(p.at("head.classifier.weight").size(1) == kShape.channels * kShape.positions);

  std::vector<Tensor> features;
  for (const int channels : kChannels)
    features.push_back(torch::randn({6, kShape.positions, channels}, torch::kFloat64));
  const Tensor a = reshaped(p, 0, features[0]), b = reshaped(p, 2, features[2]);
  const Tensor first = normed(p, "cell_0.ln", (a + b) + a);
  const Tensor inner = first + b;  // Sum(1,0), where the cell's own inputs are b and the first cell
  const Tensor last = normed(p, "cell_1.ln", (inner + first) + b);
  const Tensor expected = at::linear(normed(p, "head.ln", last).relu().flatten(1), p.at("head.classifier.weight"),
                                     p.at("head.classifier.bias"));
  const Tensor out = network.forward(features, Mode::eval);
  CHECK(relative_error(out, expected) < 1e-10);

  const Tensor upstream = torch::randn({6, kClasses}, torch::kFloat64);
  out.backward(upstream);
  expected.backward(upstream);
  for (const auto& item : network.named_parameters()) {
    INFO(item.key());
    CHECK(relative_error(item.value().grad(), p.at(item.key()).grad(), 1.0) < 1e-10);
  }
}

TEST_CASE("A genotype that reads a cell before it is there makes no network", "[fusion]") {
  CHECK_THROWS_AS(DerivedNetwork(parse_genotype("0+4:Sum(0,1) | 1+3:Sum(0,1) -> 4"), kChannels, kClasses, kShape),
                  InputError);
  CHECK_THROWS_AS(DerivedNetwork(parse_genotype("0+1:Sum(0,1) -> 4"), kChannels, kClasses, kShape), InputError);
}

}  // namespace
}  // namespace harmonic
