#include "worker/fusion/lanes.hpp"

#include <catch2/catch.hpp>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "golden.hpp"
#include "worker/fusion/derived_network.hpp"
#include "worker/fusion/hardware_loss.hpp"
#include "worker/fusion/mixed_network.hpp"

namespace harmonic {
namespace {

using testing::relative_error;
using torch::Tensor;

constexpr int kLanes = 3, kSamples = 6, kClasses = 4;
const std::vector<std::string> kOperators = {"Sum", "ScaleDotAttn", "LinearGLU",  "ConcatFC",
                                             "SE1", "SE2",          "CatConvMish"};
const std::vector<int> kChannels = {3, 5, 7};
const StateShape kShape{8, 4, 0.0};

StateShape in_lanes(int lanes) {
  StateShape shape = kShape;
  shape.lanes = lanes;
  return shape;
}

/// Two maps and a vector.
std::vector<Tensor> drawn_features() {
  std::vector<Tensor> features;
  for (const int channels : kChannels)
    features.push_back(torch::randn({kSamples, channels == 7 ? 1 : 4, channels}, torch::kFloat64));
  return features;
}

template <class Network>
void randomise(Network& network) {
  torch::NoGradGuard no_grad;
  network.to(torch::kFloat64);
  for (auto& item : network.named_parameters()) item.value().add_(torch::randn_like(item.value()), 0.2);
  for (auto& item : network.named_buffers())
    if (item.value().is_floating_point()) item.value().uniform_(0.5, 2);
}

/// The joined network's outputs, gradients and statistics against those of networks that run alone.
/// @param run network, features, lane (all of them: -1), mode -> logits
template <class Network, class Make, class Run>
void check_lanes(Mode mode, Make make, Run run) {
  std::vector<std::shared_ptr<Network>> singles;
  std::vector<std::shared_ptr<torch::nn::Module>> modules;
  std::vector<std::vector<Tensor>> features;
  for (int lane = 0; lane < kLanes; ++lane) {
    singles.push_back(make(1));
    randomise(*singles.back());
    modules.push_back(singles.back());
    features.push_back(drawn_features());
  }
  const auto joined = make(kLanes);
  joined->to(torch::kFloat64);
  fill_lanes(*joined, modules);
  std::vector<Tensor> together;
  for (std::size_t i = 0; i < kChannels.size(); ++i) {
    std::vector<Tensor> parts;
    for (const auto& lane : features) parts.push_back(lane[i]);
    together.push_back(at::cat(parts));
  }
  const Tensor upstream = torch::randn({kLanes * kSamples, kClasses}, torch::kFloat64);
  const Tensor out = run(*joined, together, -1, mode);
  out.backward(upstream);
  for (int lane = 0; lane < kLanes; ++lane) {
    INFO("mode " << static_cast<int>(mode) << ", lane " << lane);
    auto& single = *singles[static_cast<std::size_t>(lane)];
    const Tensor alone = run(single, features[static_cast<std::size_t>(lane)], lane, mode);
    alone.backward(upstream.narrow(0, lane * kSamples, kSamples));
    CHECK(relative_error(out.narrow(0, lane * kSamples, kSamples), alone) < 1e-10);
    const auto check = [&](const std::string& name, const Tensor& all, const Tensor& own) {
      INFO(name);
      REQUIRE(all.defined() == own.defined());
      if (own.defined()) CHECK(relative_error(all.chunk(kLanes)[lane], own, 1.0) < 1e-10);
    };
    const auto parameters = joined->named_parameters(), buffers = joined->named_buffers();
    for (const auto& item : single.named_parameters())
      check(item.key(), parameters[item.key()].grad(), item.value().grad());
    for (const auto& item : single.named_buffers())
      if (item.value().dim() > 0) check(item.key(), buffers[item.key()], item.value());
  }
}

}  // namespace

TEST_CASE("Mixed networks in lanes compute, learn and remember what each does alone", "[fusion]") {
  for (const auto& [macro, ends] : {std::pair(MacroArchitecture{2, 2}, 2), std::pair(MacroArchitecture{1, 1}, 2),
                                    std::pair(MacroArchitecture{1, 1}, 1)})
    for (const Mode mode : {Mode::train, Mode::architecture, Mode::eval}) {
      torch::manual_seed(41);
      std::vector<Architecture> alone;
      for (int lane = 0; lane < kLanes; ++lane) {
        alone.push_back(random_architecture(3, macro, static_cast<int>(kOperators.size()), torch::kCPU));
        torch::NoGradGuard no_grad;
        for (auto& parameter : alone.back().parameters()) parameter.normal_();
      }
      const Architecture joined = join_lanes(alone);
      check_lanes<MixedNetwork>(
          mode,
          [&](int lanes) {
            return std::make_shared<MixedNetwork>(
                FusionLayout{kChannels, macro, kOperators, ends, kClasses, in_lanes(lanes)});
          },
          [&](MixedNetwork& network, const std::vector<Tensor>& features, int lane, Mode how) {
            return network.forward(features, weights_of(lane < 0 ? joined : alone[static_cast<std::size_t>(lane)], 0.5),
                                   how);
          });
      const auto all = joined.parameters();
      for (int lane = 0; lane < kLanes; ++lane) {
        const auto own = alone[static_cast<std::size_t>(lane)].parameters();
        for (std::size_t i = 0; i < own.size(); ++i)
          CHECK(relative_error(all[i].grad()[lane], own[i].grad(), 1.0) < 1e-5);  // float32
        CHECK(joined.lane(lane).values() == alone[static_cast<std::size_t>(lane)].values());
      }
    }
}

TEST_CASE("Discrete networks in lanes compute, learn and remember what each does alone", "[fusion]") {
  const Genotype genotype = parse_genotype(
      GENERATE(as<std::string>(), "0+2:SE1(1,0),LinearGLU(0,2) | 1+3:ConcatFC(0,1),Sum(2,0),ScaleDotAttn(1,3) -> 3,4",
               "0+2:LinearGLU(0,1) | 1+3:ConcatFC(1,0) -> 4"));
  for (const Mode mode : {Mode::train, Mode::eval}) {
    torch::manual_seed(42);
    check_lanes<DerivedNetwork>(
        mode,
        [&](int lanes) { return std::make_shared<DerivedNetwork>(genotype, kChannels, kClasses, in_lanes(lanes)); },
        [](DerivedNetwork& network, const std::vector<Tensor>& features, int, Mode how) {
          return network.forward(features, how);
        });
  }
}

TEST_CASE("The hardware costs of lanes add up", "[fusion]") {
  torch::manual_seed(43);
  const OperatorCosts costs{{1.0, 0.5}, {{{{1, 2, 4}, {3, 1, 1}}, {{2, 1, 1}, {}}}}};
  std::vector<Architecture> alone;
  double latency = 0, energy = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    alone.push_back(random_architecture(3, {2, 2}, 3, torch::kCPU));
    torch::NoGradGuard no_grad;
    for (auto& parameter : alone.back().parameters()) parameter.normal_();
    const HardwareLoss own = hardware_loss(weights_of(alone.back()).gammas, 1, costs);
    latency += own[kLatency].item<double>();
    energy += own[kEnergy].item<double>();
  }
  const HardwareLoss all = hardware_loss(weights_of(join_lanes(alone)).gammas, kLanes, costs);
  CHECK(all[kLatency].item<double>() == Approx(latency));
  CHECK(all[kEnergy].item<double>() == Approx(energy));
}

TEST_CASE("An operator that cannot run in lanes says so", "[fusion]") {
  CHECK_THROWS_WITH(make_fusion_operator("LowRankTensorFusion", in_lanes(2)), Catch::Contains("pairs-at-once"));
}

}  // namespace harmonic
