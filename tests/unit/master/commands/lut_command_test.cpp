#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/data/dataset_file.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "core/hardware/lut.hpp"
#include "core/hardware/missing_rows.hpp"
#include "core/hardware/model_size.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/commands/commands.hpp"
#include "tests/support/captured_stdout.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;
using harmonic::testing::captured_stdout;
using harmonic::testing::shared_data;
using harmonic::testing::TemporaryFolder;

namespace {

std::string run(const Arguments& args) {
  return captured_stdout([&] { CHECK(lut_command(args) == ExitCode::done); });
}

}  // namespace

TEST_CASE("lut cost prints total and parts as JSON", "[master][lut]") {
  const TemporaryFolder folder;
  const std::string table = folder / "t.json";
  run({"model", "--device-profile", "edge-cpu", "--out", table, "--date", "2026-01-02"});
  const auto json = nlohmann::json::parse(run({"cost", "--lut", table, "--space", "avmnist-image", "--genome",
                                               "smallest", "--fusion", "LinearGLU,Sum", "--json"}));
  REQUIRE(json["parts"].size() == 9);
  double latency = 0, energy = 0;
  for (const auto& part : json["parts"]) {
    latency += part["latency_ms"].get<double>();
    energy += part["energy_mj"].get<double>();
  }
  CHECK(json["latency_ms"].get<double>() == Approx(latency));
  CHECK(json["energy_mj"].get<double>() == Approx(energy));
  const auto& space = find_space("avmnist-image");
  ModelSize size = backbone_size(space, smallest_genome(space), 10);
  for (const auto* op : {"LinearGLU", "Sum"}) size += size_of(fusion_kernels(op, 192, 16));
  CHECK(json["parameters"].get<double>() == size.parameters);
  CHECK(json["macs"].get<double>() == size.macs);
  CHECK(json["parts"][8]["key"] == "Sum-input:1_192_16-N:1-C:192-L:16");
}

TEST_CASE("A table for a config file has the fusion operators of its search", "[master][lut]") {
  const TemporaryFolder folder;
  const std::string table = folder / "t.json", config = folder / "c.cfg";
  std::ofstream(config) << "[fusion]\nchannels = 32\nside = 3\nepochs = 2\n[evolution]\npopulation = 4\n";
  const auto modelled = [&](const Arguments& more) {
    Arguments args = {"model", "--device-profile", "edge-cpu", "--config", config, "--out", table};
    args.insert(args.end(), more.begin(), more.end());
    run(args);
    return LookUpTable::load({table});
  };
  CHECK(modelled({"--channels", "64"}).contains(fusion_key("Sum", 64, 9)));
  const auto rows = modelled({});
  CHECK(rows.contains(fusion_key("Sum", 32, 9)));
  CHECK_FALSE(rows.contains(fusion_key("Sum", 192, 16)));
  const auto costs = nlohmann::json::parse(run({"cost", "--lut", table, "--config", config, "--space", "avmnist-image",
                                                "--genome", "smallest", "--fusion", "Sum", "--json"}));
  CHECK(costs["parts"].back()["key"] == fusion_key("Sum", 32, 9));
  std::ofstream(config) << "[fusion]\nchanels = 32\n";
  CHECK_THROWS_WITH(lut_command({"model", "--device-profile", "edge-cpu", "--config", config, "--out", table}),
                    Contains("c.cfg, line 2") && Contains("did you mean channels?"));
}

TEST_CASE("lut cost sums the backbones of several modalities", "[master][lut]") {
  const TemporaryFolder folder;
  const std::string table = folder / "t.json";
  run({"model", "--device-profile", "edge-gpu", "--out", table});
  const auto cost = [&](const Arguments& more) {
    Arguments args = {"cost", "--lut", table, "--json"};
    args.insert(args.end(), more.begin(), more.end());
    return nlohmann::json::parse(run(args))["latency_ms"].get<double>();
  };
  const double image = cost({"--space", "mmimdb-image", "--genome", "largest", "--classes", "23"});
  const double text = cost({"--space", "maxout", "--genome", "fixed"});
  CHECK(cost({"--space", "mmimdb-image", "--genome", "largest", "--space", "maxout", "--genome", "fixed", "--classes",
              "23"}) == Approx(image + text));
  CHECK(cost({"--space", "mmimdb-image", "--genome", "largest", "--classes", "23", "--head-classes", "1000"}) > image);
  CHECK_THROWS_AS(lut_command({"cost", "--lut", table, "--space", "maxout"}), InputError);
}

TEST_CASE("lut cost takes the classifier of the data set that the space was made for", "[master][lut]") {
  const TemporaryFolder folder;
  const std::string table = folder / "t.json";
  run({"model", "--device-profile", "edge-gpu", "--out", table});
  const auto head = [&](const Arguments& more) {
    Arguments args = {"cost", "--lut", table, "--json", "--genome", "smallest"};
    args.insert(args.end(), more.begin(), more.end());
    return nlohmann::json::parse(run(args))["parts"].back()["key"].get<std::string>();
  };
  CHECK(head({"--space", "harmp-image"}) == "LinearLayer-input:160-in_ch:160-out_ch:3");
  CHECK(head({"--space", "avmnist-image"}) == "LinearLayer-input:80-in_ch:80-out_ch:10");
  CHECK(head({"--space", "mmimdb-image"}) == "LinearLayer-input:1536-in_ch:1536-out_ch:23");
  CHECK(head({"--space", "harmp-image", "--classes", "10"}) == "LinearLayer-input:160-in_ch:160-out_ch:10");
  CHECK_THROWS_WITH(lut_command({"cost", "--lut", table, "--space", "harmp-image", "--genome", "smallest", "--space",
                                 "avmnist-image", "--genome", "smallest"}),
                    Contains("of 3 and of 10 classes") && Contains("--classes"));
}

TEST_CASE("lut model fits a model to a table, tells how far off it is, and fills what the table lacks",
          "[master][lut]") {
  const TemporaryFolder folder;
  const std::string measured = folder / "measured.json", whole = folder / "whole.json", more = folder / "more.json",
                    again = folder / "again.json";
  run({"model", "--device-profile", "edge-gpu", "--space", "avmnist-image", "--out", measured});
  const auto fit =
      nlohmann::json::parse(run({"model", "--fit", measured, "--out", whole, "--date", "2026-01-02", "--json"}));
  CHECK(fit["errors"].back()["kind"] == "all");
  CHECK(fit["errors"].back()["latency"]["predicted_percent"].get<double>() < 15);
  const auto filled = LookUpTable::load({whole});
  CHECK(filled.provenance().settings.find("fitted to measured.json; mean error, cross-validated: ") !=
        std::string::npos);
  run({"model", "--fit", measured, "--missing-only", "--out", more});
  const auto joined = LookUpTable::load({measured, more});
  CHECK(joined.rows().size() == filled.rows().size());
  CHECK_THROWS_WITH(
      lut_command({"model", "--fit", measured, "--space", "avmnist-image", "--missing-only", "--out", again}),
      Contains("lacks no row"));
  // The parameters in its provenance are all that it takes to make the table again.
  run({"model", "--parameters", fit["parameters"].get<std::string>(), "--out", again});
  CHECK(LookUpTable::load({again}).rows() == filled.rows());
}

TEST_CASE("lut import joins tables, adds rows by hand and records where all came from", "[master][lut]") {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.json") << R"({"a": {"lat": "1", "enrg": "2"}})";
  std::ofstream(folder / "b.json") << R"({"b": {"lat": 3, "enrg": 4}})";
  const std::string out = folder / "t.json";
  run({"import", "--in", folder / "a.json", "--in", folder / "b.json", "--device", "my board", "--out", out, "--set",
       "Maxout-input:300=1.09,1.40", "--set", "c=5", "--date", "2026-01-02"});
  const auto table = LookUpTable::load({out});
  CHECK(table.rows().size() == 4);
  CHECK(table.at("Maxout-input:300").energy_mj() == 1.4);
  CHECK_FALSE(table.at("c").energy_mj().has_value());
  CHECK(table.provenance().device == "my board");
  CHECK(table.provenance().origin == "imported");
  CHECK(table.provenance().date == "2026-01-02");
  CHECK_THAT(table.provenance().settings, Contains("a.json") && Contains("b.json") && Contains("set by hand: c"));

  const auto shown = nlohmann::json::parse(run({"show", out, "--json"}));
  CHECK(shown["entries"]["b"]["energy_mj"] == 4);
  CHECK(shown["entries"]["c"]["energy_mj"].is_null());
  CHECK_THAT(run({"show", out}), Contains("my board") && Contains("Maxout-input:300"));

  const std::string bad = GENERATE("c", "=1,2", "c=", "c=1,2,3", "c=x", "c=-1,2", "c=1,-2");
  CHECK_THROWS_AS(lut_command({"import", "--in", out, "--device", "d", "--out", out, "--set", bad}), InputError);
}

TEST_CASE("lut model takes every parameter from the command line", "[master][lut]") {
  const TemporaryFolder folder;
  const std::string slow = folder / "slow.json", base = folder / "base.json";
  run({"model", "--device-profile", "edge-cpu", "--out", base, "--space", "avmnist-image"});
  run({"model", "--device-profile", "edge-cpu", "--out", slow, "--space", "avmnist-image", "--overhead-ms", "1",
       "--static-power-w", "3", "--device", "slow board"});
  const std::string key = "Sum-input:1_192_16-N:1-C:192-L:16";
  const auto table = LookUpTable::load({slow});
  CHECK(table.at(key).latency_ms() > 1);
  CHECK(LookUpTable::load({base}).at(key).latency_ms() < 1);
  CHECK(table.provenance().device == "slow board");
  CHECK_THAT(table.provenance().settings, Contains("overhead-ms=1 ") && Contains("static-power-w=3"));
  CHECK_THROWS_AS(lut_command({"model", "--device-profile", "edge-cpu", "--out", slow, "--peak-gflops", "0"}),
                  InputError);
  CHECK_THROWS_AS(lut_command({"model", "--device-profile", "edge-cpu", "--out", slow, "--classes", "0"}), InputError);
}

TEST_CASE("lut model covers the spaces of its config and what data ask for", "[master][lut]") {
  const TemporaryFolder folder;
  std::ofstream(folder / "own.cfg") << "[space.small]\nresolution = 12\n";
  DatasetContent content;
  content.info.classes = 7;
  content.info.modalities = {{.name = "text", .sample_shape = {40}, .mean = {}, .std = {}}};
  content.class_labels[0] = {6};
  content.samples["text"][0].floats.resize(40);
  write_dataset(folder / "d.h5", content);
  run({"model", "--device-profile", "edge-cpu", "--out", folder / "t.json", "--config", folder / "own.cfg", "--data",
       folder / "d.h5"});
  const auto table = LookUpTable::load({folder / "t.json"});
  BackboneSpace small;
  small.name = "small";
  small.resolution = 12;
  small.stages = {{24, 2, Activation::relu, false}};
  for (const int classes : {7, 10}) CHECK_NOTHROW(check_table(table, {.spaces = {small}, .head_classes = classes}));
  for (const int length : {40, 300})
    CHECK(table.contains(fmt::format("Maxout-input:{}-hidden:128-blocks:2-factor:2-pool:4", length)));
}

TEST_CASE("lut says in JSON what it wrote, whatever the name of the file", "[master][lut]") {
  const TemporaryFolder folder;
  const std::string table = folder / "t\xE9.json";  // no UTF-8
  const auto made = nlohmann::json::parse(
      run({"model", "--device-profile", "edge-cpu", "--space", "avmnist-image", "--out", table, "--json"}));
  CHECK(made.at("rows") == LookUpTable::load({table}).rows().size());
  const auto imported =
      nlohmann::json::parse(run({"import", "--in", table, "--device", "b\xE9", "--out", folder / "u.json", "--json"}));
  CHECK(imported.at("rows") == made.at("rows"));
  CHECK(imported.at("device") == "b\xEF\xBF\xBD");
  CHECK(nlohmann::json::parse(run({"show", table, "--json"})).at("entries").size() == made.at("rows"));
}

TEST_CASE("lut refuses what it could not write or cannot read in words of its own", "[master][lut]") {
  const TemporaryFolder folder;
  std::ofstream(folder / "empty.json");
  std::ofstream(folder / "a.json") << R"({"a": {"lat": 1, "enrg": 2}})";
  const Arguments model = {"model", "--device-profile", "edge-cpu", "--out", folder.path()};
  CHECK_THROWS_WITH(lut_command(model), Contains("--out") && Contains("folder"));
  CHECK_THROWS_WITH(lut_command({"import", "--in", folder / "a.json", "--device", "d", "--out", folder.path()}),
                    Contains("--out") && Contains("folder"));
  CHECK_THROWS_WITH(lut_command({"show", folder / "empty.json"}), Contains("empty.json is empty"));
  CHECK_THROWS_WITH(
      lut_command({"cost", "--lut", folder / "a.json", "--space", "maxout", "--genome", "fixed", "--fusion", ","}),
      Contains("--fusion") && Contains("without a name"));
}

TEST_CASE("lut names the nearest of its words", "[master][lut]") {
  CHECK_THROWS_WITH(lut_command({"costs"}), Contains("did you mean cost"));
}

TEST_CASE("A published row is reproduced from the command line", "[master][lut][shared]") {
  const auto backbones = shared_data("luts/lut_ofa_mnist_tx2.json");
  const auto fusion = shared_data("luts/lut_fusion_tx2.json");
  if (!backbones || !fusion) return;
  const auto json =
      nlohmann::json::parse(run({"cost", "--lut", *backbones, "--lut", *fusion, "--space", "avmnist-image", "--genome",
                                 "K=5,5,5,7;E=3,6,4,3;D=2", "--space", "avmnist-audio", "--genome",
                                 "K=3,3,7,5;E=3,3,3,6;D=2", "--fusion", "ConcatFC,CatConvMish", "--json"}));
  // Published, cut to two decimals: 9.11 ms, 13.88 mJ.
  CHECK(json["latency_ms"].get<double>() >= 9.11);
  CHECK(json["latency_ms"].get<double>() < 9.12);
  CHECK(json["energy_mj"].get<double>() >= 13.88);
  CHECK(json["energy_mj"].get<double>() < 13.89);
}

TEST_CASE("A table replaces neither what it is made from nor a file of another kind", "[master][lut]") {
  const TemporaryFolder folder;
  const std::string own = folder / "own.cfg", table = folder / "t.json", published = folder / "tx2.json";
  std::ofstream(own) << "[space.small]\nresolution = 12\n";
  std::ofstream(published) << R"({"a": {"lat": "1", "enrg": "2"}})";
  run({"model", "--device-profile", "edge-cpu", "--space", "maxout", "--out", table});
  run({"model", "--device-profile", "edge-gpu", "--space", "maxout", "--out", table});
  const auto refused = [&](const Arguments& args, const std::string& why) {
    const auto before = read_file(args.back());
    CHECK_THROWS_WITH(lut_command(args), Contains("--out") && Contains(why));
    CHECK(read_file(args.back()) == before);
  };
  refused({"model", "--device-profile", "edge-cpu", "--config", own, "--out", own}, "the file of --config");
  refused({"model", "--device-profile", "edge-cpu", "--config=" + own, "--out", own}, "the file of --config");
  refused({"import", "--in", table, "--device", "d", "--out", table}, "the file of --in");
  refused({"import", "--in", table, "--device", "d", "--out", published}, "is not a table of this program");
  refused({"model", "--device-profile", "edge-cpu", "--out", own}, "is not a table of this program");
}
