// Agreement with the published implementation's numbers, file by file (see the development data's golden/README.md).
#include <catch2/catch.hpp>

#include "core/storage/hdf5_file.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/checkpoint_import.hpp"
#include "worker/backbone/supernet_file.hpp"

namespace harmonic {
namespace {

torch::Tensor read_tensor(const Hdf5File& file, const std::string& dataset) {
  std::vector<std::int64_t> shape;
  for (const auto side : file.shape(dataset)) shape.push_back(static_cast<std::int64_t>(side));
  auto values = file.read<float>(dataset);
  return torch::from_blob(values.data(), shape, torch::kFloat32).clone();
}

std::vector<int> read_genes(const Hdf5File& file, const std::string& dataset) {
  const auto values = file.read<std::int64_t>(dataset);
  return {values.begin(), values.end()};
}

/// Largest difference over the largest reference value.
double relative_error(const torch::Tensor& found, const torch::Tensor& expected) {
  REQUIRE(found.sizes() == expected.sizes());
  return ((found - expected).abs().max() / expected.abs().max()).item<double>();
}

Supernet read_supernet(const Hdf5File& file, const std::string& group, const BackboneSpace& space, int classes) {
  Supernet supernet(space, classes, Seed{1});
  for (const auto& [name, tensor] : supernet.tensors()) tensor.copy_(read_tensor(file, group + "/" + name));
  return supernet;
}

BackboneGenome read_genome(const Hdf5File& file, const std::string& group) {
  return {read_genes(file, group + "/K"), read_genes(file, group + "/E"), read_genes(file, group + "/D")};
}

void check_output(const Hdf5File& file, const std::string& group, const SubnetOutput& output) {
  for (std::size_t i = 0; i < output.features.size(); ++i) {
    INFO(group << ", feature " << i);
    const std::string whole = group + "/feature_" + std::to_string(i);
    const std::string pooled = group + "/pooled_feature_" + std::to_string(i);
    if (file.exists(whole)) {
      CHECK(relative_error(output.features[i], read_tensor(file, whole)) < 1e-4);
    } else {
      const auto expected = read_tensor(file, pooled);
      CHECK(relative_error(pooled_feature(output.features[i], 4).view_as(expected), expected) < 1e-4);
    }
  }
  INFO(group);
  CHECK(relative_error(output.logits, read_tensor(file, group + "/logits")) < 1e-4);
  CHECK_FALSE(file.exists(group + "/feature_" + std::to_string(output.features.size())));
  CHECK_FALSE(file.exists(group + "/pooled_feature_" + std::to_string(output.features.size())));
}

std::map<std::string, torch::Tensor> state_of(const Subnet& subnet) {
  const auto state = subnet.state();
  return {state.begin(), state.end()};
}

/// Variances relative to themselves, means to the spread of the values they are the means of: a mean is often 0 but for
/// rounding (what goes into the layer was normalised), and a share of that says nothing.
void check_statistics(const Hdf5File& file, const std::string& group, const Subnet& subnet) {
  const auto state = state_of(subnet);
  for (const auto& module : file.members(group + "/bn")) {
    INFO(group << ", " << module);
    const auto mean = read_tensor(file, group + "/bn/" + module + "/running_mean");
    const auto variance = read_tensor(file, group + "/bn/" + module + "/running_var");
    CHECK(relative_error(state.at(module + ".running_var"), variance) < 1e-4);
    const auto difference = (state.at(module + ".running_mean") - mean).abs();
    CHECK((difference / torch::maximum(variance.sqrt(), mean.abs())).max().item<double>() < 1e-4);
  }
}

void check_golden(const std::string& name, const std::string& space_name, int classes) {
  const auto path = testing::shared_data("golden/" + name);
  if (!path) return;
  const torch::NoGradGuard no_grad;
  const Hdf5File file(*path, Hdf5File::Mode::read);
  const BackboneSpace& space = find_space(space_name);
  const Supernet supernet = read_supernet(file, "/supernet", space, classes);
  const auto input = read_tensor(file, "/input");
  const auto calibration = read_tensor(file, "/calib_input");
  for (const auto& genome_name : file.members("/genomes")) {
    const std::string group = "/genomes/" + genome_name;
    const auto genome = read_genome(file, group);
    const Subnet subnet(supernet, genome);
    check_output(file, group, subnet.forward(input));
    if (file.exists(group + "/subnet"))
      for (const auto& [tensor_name, tensor] : state_of(subnet)) {
        INFO(group << ", " << tensor_name);
        CHECK(relative_error(tensor, read_tensor(file, group + "/subnet/" + tensor_name)) < 1e-5);
      }
    if (file.exists(group + "/supernet_dynamic_logits"))
      CHECK(relative_error(subnet.forward(input).logits, read_tensor(file, group + "/supernet_dynamic_logits")) < 1e-4);
    for (const auto& [calibrated, batch] : {std::pair{"calib_1x256", 256}, {"calib_2x128", 128}, {"calib_2x4", 4}}) {
      const std::string calibrated_group = group + "/" + calibrated;
      if (!file.exists(calibrated_group)) continue;
      LayerViews views(supernet);
      SubnetTree tree(views, {&genome, 1});
      tree.recalibrate(calibration.split(batch));
      const auto recalibrated = tree.subnet(0);
      check_statistics(file, calibrated_group, recalibrated);
      check_output(file, calibrated_group, recalibrated.forward(input));
      CHECK(relative_error(tree.logits(input).front(), read_tensor(file, calibrated_group + "/logits")) < 1e-4);
    }
  }
}

}  // namespace

TEST_CASE("AV-MNIST image sub-networks agree with the published implementation", "[shared][backbone]") {
  check_golden("supernet_image.h5", "avmnist-image", 10);
}

TEST_CASE("AV-MNIST audio sub-networks agree with the published implementation", "[shared][backbone]") {
  check_golden("supernet_sound.h5", "avmnist-audio", 10);
}

TEST_CASE("Harm-P image sub-networks agree with the published implementation", "[shared][backbone]") {
  check_golden("supernet_harmp_image.h5", "harmp-image", 3);
}

TEST_CASE("The Maxout network agrees with the published implementation", "[shared][backbone]") {
  const auto path = testing::shared_data("golden/maxout.h5");
  if (!path) return;
  const torch::NoGradGuard no_grad;
  const Hdf5File file(*path, Hdf5File::Mode::read);
  const Supernet supernet = read_supernet(file, "/params", find_space("maxout"), 23);
  const auto input = read_tensor(file, "/input");
  check_output(file, "", Subnet(supernet, {}).forward(input));
  if (const auto checkpoint = testing::shared_data("golden/maxout.pth.tar"))
    check_output(file, "", Subnet(import_checkpoint(*checkpoint, find_space("maxout")), {}).forward(input));
}

}  // namespace harmonic
