#include "worker/models/model_file.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <torch/types.h>

#include "core/storage/atomic_file.hpp"
#include "core/storage/hdf5_file.hpp"
#include "proto/event_records.hpp"
#include "tests/support/damage.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/models/training_curves.hpp"

using namespace harmonic;

namespace {

ModelFile some_model() {
  ModelFile model;
  model.modalities = {"image", "audio"};
  model.spaces = {"avmnist-image", "avmnist-audio"};
  model.genome = {{smallest_genome(find_space("avmnist-image")), largest_genome(find_space("avmnist-audio"))}, {2, 3}};
  model.genotype = parse_genotype("0+4:Sum(0,1) | 1+5:SE1(1,0) -> 8,9");
  model.classes = 10;
  model.fusion = {{"head.weight", torch::randn({3, 4})}, {"bn.num_batches_tracked", torch::tensor(std::int64_t{7})}};
  model.backbones = {{{"first_conv.conv.weight", torch::randn({2, 1, 3, 3})}},
                     {{"classifier.bias", torch::randn({10})}}};
  return model;
}

}  // namespace

TEST_CASE("A kept model has its genome, genotype and every tensor", "[worker][models]") {
  const testing::TemporaryFolder run;
  const auto model = some_model();
  const auto folder = model_folder(run.path(), CandidateId{12});
  save_model(folder, model);

  const auto json = nlohmann::json::parse(read_file(folder / "model.json"));
  CHECK(json.at("genotype") == to_text(model.genotype));
  CHECK(json.at("cells") == 2);
  CHECK(json.at("nodes") == 1);  // of the network; more may have been searched
  CHECK(json.at("modalities").at(1).at("genome") == to_text(model.genome.backbones[1]));
  const auto loaded = load_fusion_weights(folder);
  REQUIRE(loaded.size() == 2);
  CHECK(torch::equal(loaded.at("head.weight"), model.fusion.at("head.weight")));
  CHECK(loaded.at("bn.num_batches_tracked").item<std::int64_t>() == 7);
  CHECK_FALSE(std::filesystem::exists(folder / "curves.csv"));  // it was trained by no epochs
  const Hdf5File file(folder / "weights.h5", Hdf5File::Mode::read);
  CHECK(file.shape("/backbone/image/first_conv.conv.weight") == std::vector<std::size_t>{2, 1, 3, 3});
}

TEST_CASE("A kept model has the curves of its search and its training, side by side", "[worker][models]") {
  const testing::TemporaryFolder run;
  auto model = some_model();
  const std::vector<FusionEpoch> search = {{0.1, 2}, {0.05, 1}}, retraining = {{0.01, 3, 4.5, 80.0}};
  model.curves = {training_curves("search", search), training_curves("retraining", retraining)};
  const auto folder = model_folder(run.path(), CandidateId{12});
  save_model(folder, model);
  CHECK(read_file(folder / "curves.csv") ==
        "epoch,search/learning_rate,search/loss_train,retraining/learning_rate,retraining/loss_train,"
        "retraining/loss_val,retraining/metric_val\n"
        "1,0.1,2,0.01,3,4.5,80\n"
        "2,0.05,1,,,,\n");

  const auto events = curves_folder(run.path(), CandidateId{12});
  save_curves(events, model.curves);
  const auto written = read_file(events / event_file_name(1));
  CHECK(written == event_file(model.curves));
  save_curves(events, {model.curves[0]});  // of a late worker
  CHECK(read_file(events / event_file_name(1)) == written);
  save_curves(curves_folder(run.path(), CandidateId{13}), {});
  CHECK_FALSE(std::filesystem::exists(curves_folder(run.path(), CandidateId{13})));
}

TEST_CASE("A model that is not there is named", "[worker][models]") {
  const testing::TemporaryFolder run;
  CHECK_THROWS_WITH(load_fusion_weights(model_folder(run.path(), CandidateId{3})), Catch::Contains("weights.h5"));
}

TEST_CASE("A kept model is whole with every weight of it, of which a searched one has none of fusion",
          "[worker][models]") {
  const testing::TemporaryFolder run;
  auto model = some_model();
  save_model(model_folder(run.path(), CandidateId{12}), model);
  CHECK(has_whole_model(run.path(), CandidateId{12}));
  model.fusion.clear();  // the published protocol retrains nothing
  save_model(model_folder(run.path(), CandidateId{13}), model);
  CHECK(has_whole_model(run.path(), CandidateId{13}));
  CHECK_FALSE(has_whole_model(run.path(), CandidateId{14}));

  std::filesystem::resize_file(model_folder(run.path(), CandidateId{12}) / "weights.h5", 600);
  CHECK_FALSE(has_whole_model(run.path(), CandidateId{12}));
  CHECK(std::filesystem::exists(run / "models/12.damaged/model.json"));
}

TEST_CASE("A late worker does not overwrite a model, and leaves nothing beside it", "[worker][models]") {
  const testing::TemporaryFolder run;
  const auto folder = model_folder(run.path(), CandidateId{12});
  auto model = some_model();
  model.metric_val = 90;
  save_model(folder, model);
  const auto weights = read_file(folder / "weights.h5");
  model.metric_val = 80;
  model.fusion["head.weight"] += 1;
  save_model(folder, model);
  CHECK(nlohmann::json::parse(read_file(folder / "model.json")).at("metric_val") == 90);
  CHECK(read_file(folder / "weights.h5") == weights);
  CHECK(std::distance(std::filesystem::directory_iterator(run / "models"), {}) == 1);
}

TEST_CASE("Weights of a model with a byte changed are refused by name, or are the same", "[worker][models]") {
  const testing::TemporaryFolder run;
  const auto folder = model_folder(run.path(), CandidateId{12});
  auto model = some_model();
  model.fusion["head.weight"] = torch::randn({64, 64});
  save_model(folder, model);
  const auto same = [&] {
    const auto loaded = load_fusion_weights(folder);
    REQUIRE(loaded.size() == model.fusion.size());
    for (const auto& [name, tensor] : loaded) REQUIRE(torch::equal(tensor, model.fusion.at(name)));
  };
  const auto by_name = [](const std::string& text) { REQUIRE_THAT(text, Catch::Contains("weights.h5")); };
  CHECK(testing::refusals_of_a_byte_changed(folder / "weights.h5", 300, same, by_name) > 100);
}
