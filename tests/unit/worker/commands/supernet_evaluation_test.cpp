#include "worker/commands/supernet_evaluation.hpp"

#include <catch2/catch.hpp>

#include "tests/support/many_pictures.hpp"
#include "tests/support/peak_memory.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/commands/supernet_actions.hpp"
#include "worker/data/dataset.hpp"
#include "worker/data/sample_batches.hpp"

namespace harmonic {
namespace {

/// Of a supernet and pictures of 224 x 224 that it writes into the folder. @param samples of train, val, test
EvaluationOptions evaluation_of(const testing::TemporaryFolder& folder, const std::array<std::size_t, 3>& samples) {
  BackboneSpace space = find_space("avmnist-image");
  space.name = "pictures";
  space.in_channels = 3;
  space.resolution = 224;
  save_supernet(folder / "w.h5", Supernet(space, 4, Seed{1}), {"image", ""});
  testing::write_pictures(folder / "data.h5", samples);
  EvaluationOptions chosen;
  chosen.weights = folder / "w.h5";
  chosen.data = folder / "data.h5";
  return chosen;
}

}  // namespace

TEST_CASE("An evaluation holds the samples that it uses and no others", "[commands]") {
  const testing::TemporaryFolder folder;
  EvaluationOptions chosen = evaluation_of(folder, {240, 120, 0});
  chosen.limit = 10;
  chosen.calibration_samples = 100;
  chosen.calibration_batch = 30;
  chosen.compute = Compute::cpu;
  const testing::PeakMemory peak;
  const auto loaded = load_evaluation(chosen, {}, true);
  const BackboneEvaluator evaluator(loaded.supernet, loaded.calibration, loaded.device);
  const auto rise_mib = peak.rise_mib();
  CHECK(loaded.inputs.size() == 10);
  CHECK(loaded.labels.size(0) == 10);
  const auto data = std::make_shared<DatasetFile>(chosen.data);
  DataMemory memory(64, 1);
  const auto ids = calibration_ids(load_labels(*data, Split::train), 100, 30);
  const auto batches = batches_of(open_samples(data, "image", Split::train, memory).all(), ids);
  REQUIRE(loaded.calibration.size() == batches.size());
  std::size_t next = 0;
  loaded.calibration.visit([&](const torch::Tensor& batch) { CHECK(torch::equal(batch, batches.at(next++))); });
  CHECK(next == batches.size());
  if (rise_mib) CHECK(*rise_mib < 1.6 * 110 * testing::kPictureMib);
}

TEST_CASE("Data other than a supernet was trained on are refused without a mend that cannot work", "[commands]") {
  const testing::TemporaryFolder folder;
  EvaluationOptions chosen = evaluation_of(folder, {4, 6, 0});
  BackboneSpace vectors = find_space("maxout");
  vectors.in_features = 150;
  save_supernet(chosen.weights, Supernet(vectors, 4, Seed{1}), {"image", ""});
  CHECK_THROWS_WITH(load_evaluation(chosen, {}, false),
                    Catch::Contains("samples of shape 3x224x224") &&
                        Catch::Contains("was trained on those of 150; give data as it was trained on"));
  chosen.modality = "image";
  CHECK_THROWS_WITH(load_evaluation(chosen, {}, false), Catch::Contains("was trained on those of 150"));
}

TEST_CASE("An evaluation with views sees what a search of that seed sees", "[commands]") {
  const testing::TemporaryFolder folder;
  EvaluationOptions chosen = evaluation_of(folder, {4, 6, 0});
  chosen.limit = 5;
  chosen.views = {3, 1.5, 7};
  const auto loaded = load_evaluation(chosen, {}, false);
  const auto data = std::make_shared<DatasetFile>(chosen.data);
  DataMemory memory(0, 1);
  const auto plain = open_samples(data, "image", Split::val, memory, 5).all();
  CHECK(torch::equal(loaded.inputs.all(), split_views(loaded.supernet.space(), plain, Split::val, {3, 1.5, 7}).all()));
  CHECK(torch::equal(loaded.inputs.range(0, 5), plain));
  CHECK_FALSE(torch::equal(loaded.inputs.range(5, 5), plain));
  CHECK(torch::equal(loaded.labels, load_labels(*data, Split::val).narrow(0, 0, 5).repeat({3})));
}

TEST_CASE("Weights that do not say their modality are of the only one that fits", "[commands]") {
  const testing::TemporaryFolder folder;
  const auto& space = find_space("avmnist-audio");
  save_supernet(folder / "w.h5", Supernet(space, 2, Seed{1}), {"", "imported"});
  DatasetContent content;
  content.info = {.classes = 2, .class_names = {}, .provenance = "", .modalities = {}};
  for (auto& labels : content.class_labels) labels = {0, 1};
  const auto add = [&](const std::string& name, const std::vector<std::size_t>& shape) {
    content.info.modalities.push_back({.name = name, .type = ElementType::float32, .sample_shape = shape});
    for (auto& split : content.samples[name]) split.floats.assign(2 * element_count(shape), 0.5F);
  };
  add("face", {1, 28, 28});
  add("voice", {1, 20, 20});
  EvaluationOptions chosen;
  chosen.weights = folder / "w.h5";
  chosen.data = folder / "data.h5";
  write_dataset(chosen.data, content);
  CHECK(load_evaluation(chosen, {}, false).modality == "voice");
  add("whisper", {1, 20, 20});
  write_dataset(chosen.data, content);
  CHECK_THROWS_WITH(load_evaluation(chosen, {}, false),
                    Catch::Contains("more than one") && Catch::Contains("--modality: voice, whisper"));
  chosen.modality = "whisper";
  CHECK(load_evaluation(chosen, {}, false).modality == "whisper");
}

TEST_CASE("An evaluation whose predictions are not finite fails and writes no features", "[commands]") {
  const testing::TemporaryFolder folder;
  const EvaluationOptions chosen = evaluation_of(folder, {2, 2, 0});
  const auto supernet = load_supernet(chosen.weights);
  for (const auto& tensor : supernet.parameters()) tensor.fill_(1e20F);  // products of these leave float32
  save_supernet(chosen.weights, supernet, {"image", ""});
  const std::string features = folder / "features.h5";
  CHECK_THROWS_WITH(supernet_eval({"--weights", chosen.weights, "--data", chosen.data, "--genome", "smallest",
                                   "--compute", "cpu", "--recalibrate=false", "--features-out", features}),
                    Catch::Contains(to_text(smallest_genome(supernet.space()))) && Catch::Contains("not finite"));
  CHECK_FALSE(std::filesystem::exists(features));
}

}  // namespace harmonic
