#include "master/models/archive.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/rng.hpp"
#include "core/hardware/device_model.hpp"
#include "core/pareto/hypervolume.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "master/models/candidates_file.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using namespace testing;

/// A model whose costs are its number of cells and of nodes: many are equal in some objective, or in all.
ScoredModel some_model(std::uint64_t id, int generation = 1) {
  RandomStream random(Seed{4}, "archive", id);
  ScoredModel model{CandidateId{id}, generation};
  model.genome.backbones = {smallest_genome(find_space("avmnist-image"))};
  model.genome.macro = {1 + static_cast<int>(random.below(6)), 1 + static_cast<int>(random.below(6))};
  model.genotype = fake_genotype(model.genome);
  model.metric_val = 90 + static_cast<double>(random.below(8));
  return model;
}

ModelCosts cells_and_nodes(const MultimodalGenome& genome, const Genotype&) {
  return {{}, {static_cast<double>(genome.macro.cells), static_cast<double>(genome.macro.nodes)}};
}

std::vector<CandidateId> front_by_definition(const Archive& archive) {
  std::vector<CandidateId> front;
  for (const auto& [id, model] : archive.models())
    if (std::ranges::none_of(archive.models(), [&, &m = model](const auto& other) {
          return dominates(other.second.objectives, m.objectives);
        }))
      front.push_back(id);
  return front;
}

/// One device whose table holds all that the spaces ask for.
DeviceSet one_device(const TemporaryFolder& folder) {
  model_table(device_profile("edge-gpu"), {.spaces = {find_space("avmnist-image")}, .head_classes = {10}}, "2024-01-01")
      .save(folder / "gpu.json");
  return {{{"gpu", {(folder / "gpu.json").string()}}}, Aggregate::mean, {find_space("avmnist-image")}, {10}};
}

Archive priced(const DeviceSet& devices) {
  Archive archive;
  archive.price_with([pricing = ModelPricing(devices, {}, device_objectives())](
                         const auto& genome, const auto& genotype) { return pricing.model(genome, genotype); });
  return archive;
}

TEST_CASE("The front that an archive keeps is that of all its models, in whatever order they came",
          "[master][archive]") {
  Archive archive;
  archive.price_with(cells_and_nodes);
  for (std::uint64_t i = 0; i < 200; ++i) {
    archive.add(some_model(1 + (i * 77) % 200));
    REQUIRE(archive.front() == front_by_definition(archive));
  }
  CHECK(archive.front().size() < 100);
  std::vector<Objectives> points;
  for (const auto& [id, model] : archive.models()) points.push_back(model.objectives);
  CHECK(archive.hypervolume({100, 10, 10}) == Approx(hypervolume(points, {100, 10, 10})));
}

TEST_CASE("Prices that come after the models give the same front", "[master][archive]") {
  Archive early, late;
  early.price_with(cells_and_nodes);
  for (std::uint64_t id = 1; id <= 50; ++id) {
    early.add(some_model(id));
    late.add(some_model(id));
  }
  CHECK(late.front().empty());
  late.price_with(cells_and_nodes);
  CHECK(late.front() == early.front());
}

TEST_CASE("A model that is scored anew takes the place of the one before", "[master][archive]") {
  Archive archive;
  archive.price_with(cells_and_nodes);
  for (std::uint64_t id = 1; id <= 50; ++id) archive.add(some_model(id));
  auto worse = archive.models().at(archive.front().front());
  worse.metric_val = 1;
  archive.add(worse);
  CHECK(archive.models().size() == 50);
  CHECK(archive.front() == front_by_definition(archive));
}

TEST_CASE("An archive counts the models that were searched for, whatever takes their place", "[master][archive]") {
  Archive archive;
  auto late = some_model(2);
  late.genotype = Genotype{{}, {}, LateFusion::sum};
  for (const auto& model : {some_model(1), late, some_model(3)}) archive.add(model);
  CHECK(archive.searched() == 2);
  archive.add(some_model(2));
  CHECK(archive.searched() == 3);
  archive.add(late);
  archive.add(some_model(1));
  CHECK(archive.searched() == 2);
}

TEST_CASE("Retrainings move models' metrics to their means, and the front with them", "[master][archive]") {
  RandomStream random(Seed{6}, "retrainings");
  Archive archive, rebuilt;
  archive.price_with(cells_and_nodes);
  for (std::uint64_t id = 1; id <= 60; ++id) {
    auto model = some_model(id);
    model.retrained = {model.metric_val};
    archive.add(std::move(model));
  }
  for (int round = 0; round < 30; ++round) {
    std::vector<Retraining> retrainings;
    for (int n = 0; n < 4; ++n) {
      const auto id = n < 2 ? archive.front()[random.below(archive.front().size())] : CandidateId{1 + random.below(60)};
      retrainings.push_back({id, 88 + 10 * random.uniform(), 2});
    }
    archive.add_retrainings(retrainings);
    REQUIRE(archive.front() == front_by_definition(archive));
    double best = 0;
    for (const auto& [id, model] : archive.models()) best = std::max(best, model.metric_val);
    REQUIRE(archive.best_metric() == best);
  }
  rebuilt.price_with(cells_and_nodes);
  for (const auto& [id, model] : archive.models()) rebuilt.add(model);
  CHECK(rebuilt.front() == archive.front());
  const auto before = archive.models().at(CandidateId{1});
  archive.add_retrainings(std::vector<Retraining>{{CandidateId{1}, 1, 2}, {CandidateId{1}, 3, 4}});
  const auto& after = archive.models().at(CandidateId{1});
  CHECK(after.retrained.size() == before.retrained.size() + 2);
  CHECK(after.retrained.back() == 3);
  CHECK(after.seconds == before.seconds + 6);
  CHECK(after.objectives[0] == 100 - after.metric_val);
}

TEST_CASE("The tables count the cells and nodes that a model has, not those that were searched", "[master][archive]") {
  const TemporaryFolder folder;
  const auto devices = one_device(folder);
  auto model = some_model(1);
  model.genome.macro = {2, 4};
  model.genotype = parse_genotype("0+2:Sum(0,1) | 1+4:SE1(0,1),Sum(2,0) -> 4,5");
  Archive archive = priced(devices);
  archive.add(model);
  std::ofstream(folder / "candidates.csv") << ResultTables({"image"}, devices, {100, 100}).candidates_csv(archive);
  const auto table = CsvTable::read(folder / "candidates.csv");
  CHECK(table.cell(0, table.column("cells")) == "2");
  CHECK(table.cell(0, table.column("nodes")) == "2");
}

TEST_CASE("A file of candidates that is appended to is the one written whole", "[master][archive]") {
  const TemporaryFolder folder;
  const auto devices = one_device(folder);
  const ResultTables tables({"image"}, devices, {100, 100});
  Archive archive = priced(devices);
  CandidatesFile file;
  const auto path = folder / "candidates.csv";
  const auto check = [&] {
    file.save(path, archive, tables, false, false);
    CHECK(read_file(path) == tables.candidates_csv(archive));
  };
  check();
  for (const std::uint64_t id : {2, 3, 5}) archive.add(some_model(id));
  check();
  for (const std::uint64_t id : {7, 9}) archive.add(some_model(id, 2));
  check();
  check();
  archive.add(some_model(4));  // before what the file holds
  archive.add(some_model(10, 3));
  check();
  std::ofstream(path, std::ios::app) << "somebody else's\n";
  check();
  std::filesystem::remove(path);
  check();
  CandidatesFile resumed;  // another process, on the file as it lies
  archive.add(some_model(11, 4));
  resumed.save(path, archive, tables, false, false);
  CHECK(read_file(path) == tables.candidates_csv(archive));
}

/// An archive of 20 models, and the file of them, which is not there yet.
struct TwentyModels {
  TemporaryFolder folder;
  DeviceSet devices = one_device(folder);
  ResultTables tables{{"image"}, devices, {100, 100}};
  Archive archive = priced(devices);
  CandidatesFile file;
  std::filesystem::path path = folder / "candidates.csv";

  TwentyModels() {
    for (std::uint64_t id = 1; id <= 20; ++id) archive.add(some_model(id));
  }
  void save(bool whole, bool changed = true) { file.save(path, archive, tables, false, whole, changed); }
};

TEST_CASE("What a file of candidates holds is written again when a quarter of it is new, and at the end",
          "[master][archive]") {
  TwentyModels kept;
  kept.save(false);
  std::string marked = read_file(kept.path);
  marked[0] = 'X';  // of the same length: nobody looks at it again
  std::ofstream(kept.path, std::ios::binary) << marked;
  kept.archive.add(some_model(21));
  kept.save(false);
  CHECK(read_file(kept.path).starts_with(marked));
}

TEST_CASE("Models that are scored after others with higher ids are appended, too, and in their place at the end",
          "[master][archive]") {
  TwentyModels kept;
  kept.archive.add(some_model(23));
  const auto save = [&](bool whole) { kept.save(whole, /*changed=*/false); };
  save(false);
  const std::string before = read_file(kept.path);
  for (const std::uint64_t id : {22, 24}) kept.archive.add(some_model(id));
  save(false);
  CHECK(read_file(kept.path) ==
        before + kept.tables.candidate_rows(kept.archive, {CandidateId{22}, CandidateId{24}}, false));
  kept.archive.add(some_model(21));
  save(true);
  CHECK(read_file(kept.path) == kept.tables.candidates_csv(kept.archive));
}

}  // namespace
}  // namespace harmonic
