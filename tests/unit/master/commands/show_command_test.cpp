#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/storage/atomic_file.hpp"
#include "master/commands/commands.hpp"
#include "master/models/graphviz.hpp"
#include "master/models/results.hpp"
#include "master/reproduce/reproduced_table.hpp"
#include "master/run/run_config.hpp"
#include "master/run/run_directory.hpp"
#include "master/run/run_inputs.hpp"
#include "tests/support/captured_stdout.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/tiny_run.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;
using harmonic::testing::captured_stdout;
using harmonic::testing::TemporaryFolder;
using harmonic::testing::tiny_run;

namespace {

/// The files of a run that scored two models, a fusion network and a late fusion.
struct RunFolder {
  RunFolder() {
    const RunInputs inputs(settings);
    Archive archive;
    archive.price_with(inputs.costs.model);
    MultimodalGenome genome;
    for (const auto& space : inputs.spaces) genome.backbones.push_back(smallest_genome(space));
    genome = canonical(genome);
    genome.macro = {1, 2};
    archive.add({CandidateId{7}, 1, genome, 98.5, parse_genotype("1+5:Sum(0,1),SE1(2,0) -> 8")});
    genome.macro = macro_of(LateFusion::maps);
    archive.add({CandidateId{8}, 2, genome, 97.25, parse_genotype("late:maps")});
    const ResultTables tables(inputs.modalities, inputs.pricing->devices(), inputs.samples);
    std::filesystem::create_directories(path);
    replace_file(path + "/candidates.csv", tables.candidates_csv(archive));
    replace_file(path + "/front.csv", tables.front_csv(archive));
    OptionSet options("", "");
    settings.declare(options);
    replace_file(path + "/config.cfg", options.to_ini());
  }
  TemporaryFolder folder;
  SearchSettings settings = tiny_run(folder.path());
  std::string path = settings.run;
};

std::string shown(const Arguments& args) {
  return captured_stdout([&] { CHECK(show_command(args) == ExitCode::done); });
}

nlohmann::json shown_json(Arguments args) {
  args.emplace_back("--json");
  return nlohmann::json::parse(shown(args));
}

}  // namespace

TEST_CASE("A run is shown in ten lines at most", "[master][show]") {
  const RunFolder run;
  const auto text = shown({"--run", run.path});
  CHECK(std::ranges::count(text, '\n') <= 10);
  CHECK_THAT(text, Contains("image (space avmnist-image)") && Contains("models scored: 2, 1 of them late fusions") &&
                       Contains("best: model 7, validation 98.50") && Contains("--model 7"));
  const auto json = shown_json({"--run", run.path});
  CHECK(json.at("models") == 2);
  CHECK(json.at("front").front() == "7");
}

TEST_CASE("A model's parts add up to what its run's CSV says of it", "[master][show]") {
  const RunFolder run;
  const auto id = GENERATE("7", "8");
  const auto json = shown_json({"--run", run.path, "--model", id});
  CHECK(json.at("classes") == 10);
  CHECK(json.at("costs_of") == "tables");
  const RunInputs inputs(run.settings);
  MultimodalGenome genome;
  for (const auto& space : inputs.spaces) genome.backbones.push_back(smallest_genome(space));
  const auto expected = inputs.costs.model(genome, parse_genotype(json.at("genotype").get<std::string>()));
  CHECK(json.at("parameters").get<double>() == expected.size.parameters);
  CHECK(json.at("macs").get<double>() == expected.size.macs);
  CHECK(json.at("costs").at("slow").at("latency_ms").get<double>() == Approx(*expected.devices[0][kLatency]));
  double macs = 0, energy = 0;
  for (const auto& part : json.at("parts")) {
    macs += part.at("macs").get<double>();
    if (part.at("costs").contains("fast")) energy += part.at("costs").at("fast").at("energy_mj").get<double>();
  }
  CHECK(macs == expected.size.macs);
  CHECK(energy == Approx(*expected.devices[1][kEnergy]));
  for (std::size_t m = 0; m < 2; ++m) {
    double layers = 0;
    for (const auto& layer : json.at("backbones").at(m).at("layers")) layers += layer.at("parameters").get<double>();
    CHECK(layers == json.at("parts").at(m).at("parameters").get<double>());
  }
}

TEST_CASE("A fusion network is drawn with its cells, operators and edges, in ASCII", "[master][show]") {
  const RunFolder run;
  const auto text = shown({"--run", run.path, "--model", "7"});
  CHECK_THAT(text, Contains("1 cell with 2 operators") &&
                       Contains("#2 = Sum(x, y); #3 = SE1(#2, x); layer norm(#3 + x)") &&
                       Contains("--> state 8 (cell 1)") && Contains("state 5 (audio, ") &&
                       Contains("stage 1 block 2") && Contains("cell 1: SE1") && Contains("A genotype lists cells"));
  CHECK(std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; }));
  CHECK_THAT(shown({"--run", run.path, "--model", "8"}), Contains("late:maps, no cells") && Contains("join, linear"));
}

TEST_CASE("A model is drawn into the files that are asked for", "[master][show]") {
  const RunFolder run;
  const auto svg = run.path + "/model.svg", dot = run.path + "/model.dot";
  (void)shown({"--run", run.path, "--model", "8", "--dot", dot});
  CHECK_THAT(read_file(dot), Catch::StartsWith("digraph") && Contains("late:maps"));
  CHECK_THROWS_WITH(show_command({"--run", run.path, "--svg", svg}), Contains("--model"));
  CHECK_THROWS_WITH(show_command({"--run", run.path, "--model", "7", "--dot", run.path + "/none/model.dot"}),
                    Contains("none"));
  if (has_graphviz()) {
    for (int time = 0; time < 2; ++time) (void)shown({"--run", run.path, "--model", "7", "--svg", svg});
    CHECK_THAT(read_file(svg), Contains("<title>model 7</title>") && Contains("C1_S2"));
  } else {
    CHECK_THROWS_WITH(show_command({"--run", run.path, "--model", "7", "--svg", svg}), Contains("libgraphviz-dev"));
  }
}

TEST_CASE("A picture replaces a model's picture alone, and none that the run keeps", "[master][show]") {
  const RunFolder run;
  const auto dot = run.path + "/model.dot";
  for (int time = 0; time < 2; ++time) (void)shown({"--run", run.path, "--model", "8", "--dot", dot});
  for (const std::string option : {"--svg", "--dot"}) {
    const auto front = run.path + "/front.csv", before = read_file(front);
    CHECK_THROWS_WITH(show_command({"--run", run.path, "--model", "8", option, front}),
                      Contains(option) && Contains("is not a picture of a model"));
    CHECK(read_file(front) == before);
  }
  CHECK_THROWS_WITH(show_command({"--run", run.path, "--model", "8", "--svg", dot}), Contains("is not a picture"));
  const auto kept = std::filesystem::path(run.path) / "models" / "7" / "architecture.dot";
  std::filesystem::create_directories(kept.parent_path());
  std::filesystem::rename(dot, kept);
  CHECK_THROWS_WITH(show_command({"--run", run.path, "--model", "8", "--dot", kept}), Contains("would be lost"));
}

TEST_CASE("Without the run's tables a model is shown with the costs of the CSV", "[master][show]") {
  const RunFolder run;
  const auto before = shown_json({"--run", run.path, "--model", "7"}).at("costs");
  SECTION("when they are gone") {
    std::filesystem::remove(run.folder / "slow.json");
  }
  SECTION("when they say otherwise") {
    harmonic::testing::write_tiny_table(run.folder / "slow.json", 11);
  }
  const auto json = shown_json({"--run", run.path, "--model", "7"});
  CHECK(json.at("costs_of") == "candidates.csv");
  CHECK(json.at("costs").at("slow").at("latency_ms").get<double>() ==
        Approx(before.at("slow").at("latency_ms").get<double>()));
  CHECK_THAT(shown({"--run", run.path, "--model", "7"}), Contains("costs are those of the run's CSV"));
}

TEST_CASE("A model or a run that is not there is refused with those that are", "[master][show]") {
  const RunFolder run;
  CHECK_THROWS_WITH(show_command({"--run", run.path, "--model", "9"}),
                    Contains("no model 9") && Contains("front are 7"));
  CHECK_THROWS_WITH(show_command({"--run", run.path + "x"}), Contains("no folder"));
}

TEST_CASE("A model whose maxout has its length from the data is shown without them", "[master][show]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  const auto maxout = fitted_space(find_space("maxout"), std::vector<std::size_t>{40});
  auto table = LookUpTable::load({folder / "slow.json"});
  table.set(maxout_key(maxout), {1.0, 2.0});
  table.save(folder / "slow.json");
  DatasetContent content;
  content.info.classes = 10;
  content.info.modalities = {{"image", ElementType::uint8, {1, 28, 28}, {0.5F}, {0.5F}},
                             {"text", ElementType::float32, {40}, {0}, {1}}};
  for (std::size_t split = 0; split < 3; ++split) {
    content.class_labels[split] = {0, 9};
    content.samples["image"][split].bytes.resize(2 * 28 * 28);
    content.samples["text"][split].floats.resize(2 * 40);
  }
  write_dataset(folder / "data.h5", content);
  settings.modalities[1] = {"text", find_space("maxout"), folder / "weights.h5"};
  settings.devices.resize(1);
  const RunInputs inputs(settings);
  { RunDirectory(settings.run, false, run_config(settings), inputs).begin(); }
  std::filesystem::remove(folder / "data.h5");
  std::filesystem::create_directories(settings.run);
  Archive archive;
  archive.price_with(inputs.costs.model);
  MultimodalGenome genome{{canonical(smallest_genome(inputs.spaces[0])), smallest_genome(maxout)}, {1, 1}};
  archive.add({CandidateId{3}, 1, genome, 90, parse_genotype("0+4:Sum(0,1) -> 6")});
  const ResultTables tables(inputs.modalities, inputs.pricing->devices(), inputs.samples);
  replace_file(settings.run + "/candidates.csv", tables.candidates_csv(archive));
  replace_file(settings.run + "/front.csv", tables.front_csv(archive));

  const auto json = shown_json({"--run", settings.run, "--model", "3"});
  CHECK(json.at("classes") == 10);
  CHECK(json.at("costs_of") == "tables");
  CHECK(json.at("parameters").get<double>() ==
        inputs.costs.model(genome, parse_genotype("0+4:Sum(0,1) -> 6")).size.parameters);
  CHECK_THAT(shown({"--run", settings.run, "--model", "3"}), Contains("layer 1") && Contains("40"));
}

TEST_CASE("A run of supernets alone is shown as what it measured, and has no models", "[master][show]") {
  const RunFolder run;
  std::filesystem::remove(run.path + "/candidates.csv");
  std::filesystem::remove(run.path + "/front.csv");
  replace_file(run.path + "/config.cfg",
               read_file(run.path + "/config.cfg") + "[reproduce]\ntable = supernets\nrows =\nseeds = 3\n");
  CHECK_THAT(shown({"--run", run.path}),
             Contains("reproduces table supernets, seeds 3") && Contains("nothing is measured yet"));
  ReproducedTable table{"supernets", "honest", {}, {}};
  table.cells.push_back({.row = 1, .quantity = "metric.image", .unit = "%", .published = 88.22});
  replace_file(run.path + "/reproduced.csv", reproduced_csv(table));
  CHECK_THAT(shown({"--run", run.path}), Contains("image (space avmnist-image)") && Contains("88.22"));
  CHECK(shown_json({"--run", run.path}).at("cells").at(0).at("published") == 88.22);
  CHECK_THROWS_WITH(show_command({"--run", run.path, "--model", "1"}),
                    Contains("measured published supernets alone") && Contains("reproduced.html"));
}
