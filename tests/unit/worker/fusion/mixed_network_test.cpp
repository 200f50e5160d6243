#include "worker/fusion/mixed_network.hpp"

#include <algorithm>
#include <cmath>
#include <regex>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/error.hpp"
#include "core/hardware/lut.hpp"
#include "golden.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/fusion/genotype_parse.hpp"
#include "worker/fusion/hardware_loss.hpp"

namespace harmonic {
namespace {

using testing::golden_tensor;
using testing::relative_error;
using torch::Tensor;

constexpr double kTolerance = 1e-4;
const std::vector<std::string> kOperators = {"Sum", "ScaleDotAttn", "LinearGLU", "ConcatFC", "SE1", "CatConvMish"};

/// Name of one of our tensors in the published network.
std::string published_name(const std::string& name) {
  std::smatch match;
  if (std::regex_match(name, match, std::regex(R"(reshape_(\d+)\.(.*))")))
    return "reshape_layers." + match.str(1) + "." + match.str(2);
  if (std::regex_match(name, match, std::regex(R"(cell_(\d+)\.ln\.(.*))")))
    return "fusion_net.cell._step_nodes." + match.str(1) + ".node_cell.ln." + match.str(2);
  if (std::regex_match(name, match, std::regex(R"(cell_(\d+)\.(\d+)\.(\w+)\.(.*))"))) {
    const auto index = std::find(kOperators.begin(), kOperators.end(), match.str(3)) - kOperators.begin();
    return fmt::format("fusion_net.cell._step_nodes.{}.node_cell.node_ops.{}._ops.{}.{}", match.str(1), match.str(2),
                       index, match.str(4));
  }
  if (std::regex_match(name, match, std::regex(R"(head\.ln\.(.*))"))) return "fusion_net.cell.ln." + match.str(1);
  if (std::regex_match(name, match, std::regex(R"(head\.classifier\.(.*))")))
    return "central_classifier." + match.str(1);
  throw std::runtime_error("no published name for " + name);
}

struct GoldenNetwork {
  explicit GoldenNetwork(const Hdf5File& file) : network(layout(file)) {
    torch::NoGradGuard no_grad;
    for (auto& item : network.named_parameters())
      item.value().copy_(golden_tensor(file, "/params/" + published_name(item.key())));
    for (auto& item : network.named_buffers())
      item.value().copy_(golden_tensor(file, "/params/" + published_name(item.key())));
    for (int i = 0; i < 8; ++i)
      features.push_back(
          feature_rows(pooled_feature(golden_tensor(file, fmt::format("/eval/backbone_feature_{}", i)), 4)));
  }
  static FusionLayout layout(const Hdf5File& file) {
    FusionLayout layout{{}, {2, 1}, kOperators, 2, 10, {192, 16, 0.0}};
    for (int i = 0; i < 8; ++i)
      layout.input_channels.push_back(static_cast<int>(file.shape(fmt::format("/eval/backbone_feature_{}", i)).at(1)));
    return layout;
  }
  MixedNetwork network;
  std::vector<Tensor> features;
};

Architecture golden_architecture(const Hdf5File& file, const std::string& group, int cells,
                                 torch::ScalarType type = torch::kFloat32) {
  const auto part = [&](const std::string& name) {
    return golden_tensor(file, group + "/" + name).to(type).requires_grad_();
  };
  Architecture architecture{part("alphas_edges"), {}, {}};
  for (int i = 0; i < cells; ++i) {
    architecture.betas.push_back(part(fmt::format("betas_{}", i)));
    architecture.gammas.push_back(part(fmt::format("gammas_{}", i)));
  }
  return architecture;
}

/// The published code divides energies by the range up to CatConvMish's, the slowest operator, where this project takes
/// the table's own maximum (LinearGLU's): published value = ours * this.
double published_energy_range(const OperatorCosts& costs) {
  const auto& row = costs.tables[kEnergy].at(0);
  const double least = *std::min_element(row.begin(), row.end());
  return (*std::max_element(row.begin(), row.end()) - least) / (row.at(5) - least);
}

/// Backbones in training: every batch norm with the batch's own statistics.
class BatchStatistics final : public ForwardMode {
 public:
  Tensor batch_norm(const BatchNormView& norm, std::size_t, const Tensor& x) override {
    return at::batch_norm(x, norm.weight, norm.bias, {}, {}, true, kBatchNormMomentum, kBatchNormEpsilon, false);
  }
};

/// Features of a published backbone in training mode, from its supernet's golden file; all but those past the fourth.
std::vector<Tensor> training_features(const Hdf5File& supernet_file, const std::string& space,
                                      const std::string& genome, const Tensor& input) {
  Supernet supernet(find_space(space), 10, Seed{1});
  for (const auto& [name, tensor] : supernet.tensors()) {
    Tensor target = tensor.detach();
    target.copy_(golden_tensor(supernet_file, "/supernet/" + name));
  }
  BatchStatistics mode;
  torch::NoGradGuard no_grad;
  auto output = forward(supernet, parse_genome(genome, supernet.space()), input, mode);
  output.features.resize(4);
  return output.features;
}

OperatorCosts tx2_costs(const std::filesystem::path& table) {
  Device tx2{"tx2", LookUpTable::load({table}), 1.0, {}};
  return operator_costs({tx2}, kOperators, 192, 16);
}

}  // namespace

TEST_CASE("The mixed network agrees with the published one in eval mode, gradients included", "[fusion][shared]") {
  const auto path = testing::shared_data("golden/fusion_net.h5");
  const auto table = testing::shared_data("luts/lut_fusion_tx2.json");
  if (!path || !table) return;
  const Hdf5File file(*path, Hdf5File::Mode::read);
  GoldenNetwork golden(file);
  const Architecture logits = golden_architecture(file, "/arch", 2);
  const Architecture weights = weights_of(logits);
  const Tensor out = golden.network.forward(golden.features, weights, Mode::eval);
  CHECK(relative_error(out, golden_tensor(file, "/eval/logits")) < kTolerance);
  const Tensor loss = at::cross_entropy_loss(out, golden_tensor(file, "/labels"));
  CHECK(loss.item<double>() == Approx(golden_tensor(file, "/eval/ce_loss").item<double>()).epsilon(kTolerance));
  const auto costs = tx2_costs(*table);
  const auto hardware = hardware_loss(weights.gammas, 1, costs);
  const Tensor step_loss =
      loss.sqrt() + hardware[kLatency].sqrt() + (hardware[kEnergy] * published_energy_range(costs)).sqrt();
  CHECK(step_loss.item<double>() ==
        Approx(golden_tensor(file, "/eval/weight_step_loss").item<double>()).epsilon(kTolerance));
  loss.backward();
  const auto agrees = [&](const Tensor& parameter, const std::string& name) {
    INFO(name);
    CHECK(relative_error(parameter.grad(), golden_tensor(file, "/eval/" + name), 0) < kTolerance);
  };
  agrees(logits.alphas, "d_alphas_edges");
  for (int i = 0; i < 2; ++i) {
    agrees(logits.betas[static_cast<std::size_t>(i)], fmt::format("d_betas_{}", i));
    agrees(logits.gammas[static_cast<std::size_t>(i)], fmt::format("d_gammas_{}", i));
  }
  agrees(golden.network.named_parameters()["head.classifier.weight"], "d_classifier_weight");
}

TEST_CASE("The mixed network agrees with the published one in training, gradients included", "[fusion][shared]") {
  const auto path = testing::shared_data("golden/fusion_net.h5");
  const auto image = testing::shared_data("golden/supernet_image.h5");
  const auto sound = testing::shared_data("golden/supernet_sound.h5");
  if (!path || !image || !sound) return;
  const Hdf5File file(*path, Hdf5File::Mode::read);
  const Hdf5File image_file(*image, Hdf5File::Mode::read), sound_file(*sound, Hdf5File::Mode::read);
  GoldenNetwork golden(file);
  golden.features.clear();
  for (const auto& feature :
       training_features(image_file, "avmnist-image", "K=5,5,5,5;E=3,3,4,3;D=2", golden_tensor(file, "/input_image")))
    golden.features.push_back(feature_rows(pooled_feature(feature, 4)));
  for (const auto& feature :
       training_features(sound_file, "avmnist-audio", "K=3,3,7,3;E=3,3,3,6;D=2", golden_tensor(file, "/input_sound")))
    golden.features.push_back(feature_rows(pooled_feature(feature, 4)));
  // One ReLU input lies within float32's rounding of 0: whichever side it falls, gradients shift by some thousandths.
  // In float64 it falls on the published side, and all agrees.
  for (const auto type : {torch::kFloat32, torch::kFloat64}) {
    INFO((type == torch::kFloat32 ? "float32" : "float64"));
    const double tolerance = type == torch::kFloat32 ? 5e-3 : kTolerance;
    golden.network.to(type);
    golden.network.zero_grad();
    for (auto& feature : golden.features) feature = feature.to(type);
    const Architecture logits = golden_architecture(file, "/arch", 2, type);
    const Tensor out = golden.network.forward(golden.features, weights_of(logits), Mode::train);
    CHECK(relative_error(out, golden_tensor(file, "/train/logits")) < kTolerance);
    at::cross_entropy_loss(out, golden_tensor(file, "/labels")).backward();
    const auto agrees = [&](const Tensor& gradient, const std::string& name) {
      INFO(name);
      CHECK(relative_error(gradient, golden_tensor(file, "/train/" + name), 0) < tolerance);
    };
    agrees(logits.alphas.grad(), "d_alphas_edges");
    for (std::size_t i = 0; i < 2; ++i) {
      agrees(logits.betas[i].grad(), fmt::format("d_betas_{}", i));
      agrees(logits.gammas[i].grad(), fmt::format("d_gammas_{}", i));
    }
    agrees(golden.network.named_parameters()["head.classifier.weight"].grad(), "d_classifier_weight");
  }
}

TEST_CASE("Drawn architectures give the published logits, genotypes and hardware costs", "[fusion][shared]") {
  const auto path = testing::shared_data("golden/fusion_net.h5");
  const auto table = testing::shared_data("luts/lut_fusion_tx2.json");
  if (!path || !table) return;
  const Hdf5File file(*path, Hdf5File::Mode::read);
  const auto costs = tx2_costs(*table);
  GoldenNetwork golden(file);
  for (const auto& [macro, cells] : {std::pair{std::string("s2n1"), 2}, std::pair{std::string("s3n4"), 3}})
    for (const auto& draw : file.members("/draws/" + macro)) {
      const std::string group = "/draws/" + macro + "/" + draw;
      INFO(group);
      const Architecture logits = golden_architecture(file, group, cells);
      const Architecture weights = weights_of(logits);
      CHECK(to_text(published_genotype(logits, 8, kOperators, 2)) ==
            to_text(genotype_from_json(file.read_text(group + "/genotype_json"))));
      const auto hardware = hardware_loss(weights.gammas, 1, costs);
      CHECK(hardware[kLatency].item<double>() == Approx(file.attribute_real(group, "hw_norm_lat")).epsilon(1e-5));
      CHECK(hardware[kEnergy].item<double>() * published_energy_range(costs) ==
            Approx(file.attribute_real(group, "hw_norm_enrg")).epsilon(1e-5));
      if (file.exists(group + "/logits_eval"))
        CHECK(relative_error(golden.network.forward(golden.features, weights, Mode::eval),
                             golden_tensor(file, group + "/logits_eval")) < kTolerance);
    }
}

TEST_CASE("Folding the convolutions over [x; x] changes neither the mixed operator's output nor its gradients",
          "[fusion]") {
  for (const Mode mode : {Mode::train, Mode::eval}) {
    torch::manual_seed(5);
    MixedOperator op(kOperators, {12, 16, 0.0});
    std::vector<Tensor> outcomes[2];
    for (const bool folded : {true, false}) {
      torch::manual_seed(6);
      op.zero_grad();
      const Tensor t = torch::randn({9, 16, 12}).requires_grad_();
      const Tensor weights = torch::rand({6}).requires_grad_();
      const Tensor out = folded ? op.forward(t, weights, mode) : op.forward_unfolded(t, weights, mode);
      out.backward(torch::randn(out.sizes()));
      auto& outcome = outcomes[folded ? 0 : 1];
      outcome = {out, t.grad(), weights.grad()};
      for (const auto& parameter : op.parameters()) outcome.push_back(parameter.grad().clone());
    }
    for (std::size_t i = 0; i < outcomes[0].size(); ++i) {
      INFO("outcome " << i);
      CHECK(relative_error(outcomes[0][i], outcomes[1][i], 1.0) < kTolerance);  // biases before batch norm: 0
    }
  }
}

TEST_CASE("A step of the architecture leaves running statistics as they were", "[fusion]") {
  torch::manual_seed(7);
  MixedNetwork network({{3, 5, 4}, {2, 2}, kOperators, 2, 4, {8, 4, 0.5}});
  const auto architecture = weights_of(random_architecture(3, {2, 2}, 6, torch::kCPU));
  const std::vector<Tensor> features{torch::randn({6, 4, 3}), torch::randn({6, 4, 5}), torch::randn({6, 1, 4})};
  std::vector<Tensor> before;
  for (const auto& buffer : network.buffers()) before.push_back(buffer.clone());
  const Tensor first = network.forward(features, architecture, Mode::architecture);
  const Tensor second = network.forward(features, architecture, Mode::architecture);
  CHECK(first.equal(second));  // no dropout
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(network.buffers()[i].equal(before[i]));
  (void)network.forward(features, architecture, Mode::train);
  bool changed = false;
  for (std::size_t i = 0; i < before.size(); ++i) changed = changed || !network.buffers()[i].equal(before[i]);
  CHECK(changed);
}

TEST_CASE("A fusion that cannot be is refused", "[fusion]") {
  CHECK_THROWS_AS(check_layout({{3}, {2, 1}, kOperators, 2, 4, {}}), InputError);
  CHECK_THROWS_AS(check_layout({{3, 3}, {1, 1}, kOperators, 4, 4, {}}), InputError);
  CHECK_THROWS_AS(check_layout({{3, 3}, {0, 1}, kOperators, 2, 4, {}}), InputError);
  CHECK_NOTHROW(check_layout({{3, 3}, {1, 1}, kOperators, 3, 4, {}}));
}

TEST_CASE("Devices without energies are left out of the energy, and weigh in the latency", "[fusion]") {
  const std::vector<Tensor> gammas{torch::tensor({{0.25f, 0.75f, 0.0f}})};
  const OperatorCosts costs{{1, 3}, {{{{1, 2, 3}, {10, 10, 30}}, {{}, {4, 2, 6}}}}};
  const auto loss = hardware_loss(gammas, 1, costs);
  CHECK(loss[kLatency].item<double>() == Approx((1 * (0.75 * 0.5) + 3 * 0.0) / 4));
  CHECK(loss[kEnergy].item<double>() == Approx(0.25 * 0.5));
  const OperatorCosts flat{{1}, {{{{2, 2, 2}}, {{}}}}};
  CHECK(hardware_loss(gammas, 1, flat)[kLatency].item<double>() == 0);
  CHECK(hardware_loss(gammas, 1, flat)[kEnergy].item<double>() == 0);
}

TEST_CASE("Devices count in the hardware loss as in the objectives: by their references", "[fusion]") {
  const std::vector<Tensor> gammas{torch::tensor({{0.25f, 0.75f}})};
  // Of one operator: 0.75 of a range of 2 ms is 0.15 of the first device's 10 ms, and 0.75 of 1 ms 0.75 of the
  // second's.
  OperatorCosts costs{{1, 1}, {{{{1, 3}, {1, 2}}, {{}, {}}}}};
  costs.reference[kLatency] = {10, 1};
  const double unit = 1;  // the second device's range in its reference
  CHECK(hardware_loss(gammas, 1, costs)[kLatency].item<double>() == Approx((0.15 + 0.75) / 2 / unit));
  costs.aggregate = Aggregate::each;
  CHECK(hardware_loss(gammas, 1, costs)[kLatency].item<double>() == Approx((0.15 + 0.75) / 2 / unit));
  costs.aggregate = Aggregate::worst;
  CHECK(hardware_loss(gammas, 1, costs)[kLatency].item<double>() == Approx(0.75).margin(0.06));
}

TEST_CASE("The hardware loss of the worst device pulls at that device's operators", "[fusion]") {
  // The first operator is dear on the first device, the second on the second.
  OperatorCosts costs{{1, 1}, {{{{3, 1}, {1, 3}}, {{}, {}}}}};
  costs.aggregate = Aggregate::worst;
  costs.reference[kLatency] = {1, 1};
  const auto pull = [&](double first, double second) {
    costs.backbones[kLatency] = {{first, second}};
    const Tensor gamma = torch::tensor({{0.5f, 0.5f}}).requires_grad_(true);
    hardware_loss({gamma}, 1, costs)[kLatency].backward();
    return (gamma.grad()[0][0] - gamma.grad()[0][1]).item<double>();
  };
  CHECK(pull(5, 2) == Approx(1).margin(0.01));   // the first device is the worst: away from its dear operator
  CHECK(pull(2, 5) == Approx(-1).margin(0.01));  // the other way
  CHECK(pull(3, 3) == Approx(0).margin(1e-6));
  costs.weight = {1, 4};  // now its weight makes the second the worst
  CHECK(pull(5, 2) == Approx(-1).margin(0.01));
}

}  // namespace harmonic
