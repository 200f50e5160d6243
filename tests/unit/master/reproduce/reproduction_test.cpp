#include "master/reproduce/reproduction.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/config/known_keys.hpp"
#include "core/hardware/model_pricing.hpp"
#include "core/storage/csv.hpp"
#include "master/reproduce/reproduce_settings.hpp"
#include "master/reproduce/reproduced_text.hpp"
#include "master/reproduce/reproduction_cells.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/tiny_run.hpp"

namespace harmonic {
namespace {

using namespace testing;

std::vector<ReproducedRow> avmnist_rows(const std::vector<int>& numbers) {
  std::vector<ReproducedRow> rows;
  for (const int number : numbers) {
    const auto& row = find_published_table("avmnist").row(number);
    rows.push_back({row, {row.backbones, row.macro}, row.unimodal_metric});
  }
  return rows;
}

/// Answers everything, the last asked first.
void answer(Reproduction& reproduction, const std::function<Outcome(const Work&)>& outcome = fake_outcome) {
  for (auto tasks = reproduction.ask(); !tasks.empty(); tasks = reproduction.ask())
    for (auto task = tasks.rbegin(); task != tasks.rend(); ++task)
      reproduction.tell({task->id, Rank{1}, 1, outcome(task->work)});
}

/// Of AV-MNIST, as an honest run on the published data tells it.
ReproducedTable table_of(const Reproduction& reproduction, const DeviceSet& devices) {
  return {"avmnist", "honest", DataOrigin::published,
          reproduction_cells(reproduction, find_published_table("avmnist"), {450, LabelKind::classification},
                             {"image", "audio"}, devices)};
}

int count_tests(const std::vector<Task>& tasks) {
  return static_cast<int>(
      std::ranges::count_if(tasks, [](const Task& t) { return std::holds_alternative<TestModel>(t.work); }));
}

TEST_CASE("A reproduction asks for every backbone once, every seed's search, and then test once a model",
          "[master][reproduce]") {
  Reproduction reproduction(avmnist_rows({1, 3}), 3, true);
  const auto first = reproduction.ask();
  int backbones = 0;
  std::set<CandidateId> models;
  std::set<std::pair<MultimodalGenome, int>> searches;
  for (const auto& task : first) {
    if (const auto* work = std::get_if<EvaluateBackbones>(&task.work)) {
      ++backbones;
      CHECK(work->split == Split::test);
    }
    if (const auto* work = std::get_if<SearchFusion>(&task.work)) {
      REQUIRE(work->candidates.size() == 1);
      models.insert(work->candidates[0].candidate);
      searches.emplace(work->candidates[0].genome, work->candidates[0].trial);
    }
  }
  // Rows 1 and 3 differ in their images; their audio genomes differ in inactive genes alone.
  CHECK(backbones == 3);
  CHECK(models == std::set<CandidateId>{CandidateId{101}, CandidateId{102}, CandidateId{103}, CandidateId{301},
                                        CandidateId{302}, CandidateId{303}});
  CHECK(searches.size() == 6);
  CHECK(count_tests(first) == 0);
  for (const auto& task : first) reproduction.tell({task.id, Rank{1}, 1, fake_outcome(task.work)});
  const auto second = reproduction.ask();
  CHECK(count_tests(second) == 6);
  CHECK(second.size() == 6);
}

TEST_CASE("Late fusion of every row is asked for once, tested, and stands beside what was found",
          "[master][reproduce]") {
  const auto rows = avmnist_rows({1, 3});
  const TemporaryFolder folder;
  const DeviceSet devices(tiny_run(folder.path()).devices, Aggregate::mean,
                          {find_space("avmnist-image"), find_space("avmnist-audio")}, {10, 10});
  Reproduction reproduction(rows, Reproduction::kMostSeeds, true, 1, {}, /*retrainings=*/2, /*late_fusion=*/true);
  answer(reproduction, [](const Work& work) -> Outcome {
    const auto* test = std::get_if<TestModel>(&work);
    if (test != nullptr && test->genotype.late != LateFusion::none)
      return TestScore{80.0 + static_cast<double>(test->genotype.late)};
    return fake_outcome(work);
  });
  CHECK(reproduction.archive().models().size() == 2 * (Reproduction::kMostSeeds + kLateFusions.size()));
  for (const auto& row : reproduction.rows())
    CHECK(reproduction.models(row).size() == static_cast<std::size_t>(Reproduction::kMostSeeds));
  const auto table = CsvTable::parse(reproduced_csv(table_of(reproduction, devices)), "csv");
  std::map<std::string, double> late;
  for (std::size_t r = 0; r < table.rows(); ++r)
    if (table.cell(r, table.column("row")) == "3" && table.cell(r, table.column("quantity")).starts_with("metric.late"))
      late[table.cell(r, table.column("quantity"))] = table.number(r, table.column("measured"));
  CHECK(late ==
        std::map<std::string, double>{{"metric.late-sum", 81}, {"metric.late-logits", 82}, {"metric.late-maps", 83}});
}

TEST_CASE("Every reproduced model is retrained as often, and its metric is the mean, in whatever order answers come",
          "[master][reproduce]") {
  Reproduction forward(avmnist_rows({1, 3}), 2, true, 1, {}, 3), backward(avmnist_rows({1, 3}), 2, true, 1, {}, 3);
  std::set<std::pair<std::uint64_t, int>> asked;
  for (auto tasks = forward.ask(); !tasks.empty(); tasks = forward.ask())
    for (const auto& task : tasks) {
      if (const auto* work = std::get_if<RetrainModel>(&task.work)) {
        CHECK(work->trial == static_cast<int>(work->candidate.value % 100) - 1);
        asked.emplace(work->candidate.value, work->repeat);
      }
      forward.tell({task.id, Rank{1}, 1, fake_outcome(task.work)});
    }
  answer(backward);
  CHECK(asked.size() == 4 * 2);
  CHECK(forward.archive() == backward.archive());
  for (const auto& [id, model] : forward.archive().models()) {
    REQUIRE(model.retrained.size() == 3);
    CHECK(model.metric_val == Approx((model.retrained[0] + model.retrained[1] + model.retrained[2]) / 3));
    CHECK(model.seconds == 3);
  }
}

TEST_CASE("Where the search itself reports test, nothing else reads it", "[master][reproduce]") {
  Reproduction reproduction(avmnist_rows({1}), 2, false, 1, {}, 3);
  answer(reproduction, [](const Work& work) {
    CHECK_FALSE((std::holds_alternative<TestModel>(work) || std::holds_alternative<RetrainModel>(work)));
    auto outcome = fake_outcome(work);
    if (auto* found = std::get_if<FusionScores>(&outcome)) found->scores.at(0).metric_test = 75;
    return outcome;
  });
  for (const auto& [seed, model] : reproduction.models(reproduction.rows()[0]))
    CHECK(reproduction.metric(*model) == 75);
}

TEST_CASE("Seeds of a row travel together, never those of two rows, and find what they would alone",
          "[master][reproduce]") {
  Reproduction alone(avmnist_rows({1, 3}), 3, true), together(avmnist_rows({1, 3}), 3, true, 2);
  std::vector<std::vector<std::uint64_t>> pieces;
  for (const auto& task : together.ask()) {
    const auto* work = std::get_if<SearchFusion>(&task.work);
    if (work == nullptr) continue;
    pieces.emplace_back();
    for (const auto& candidate : work->candidates) pieces.back().push_back(candidate.candidate.value);
  }
  CHECK(pieces == std::vector<std::vector<std::uint64_t>>{{101, 102}, {103}, {301, 302}, {303}});
  answer(alone);
  answer(together);
  REQUIRE(together.archive().models().size() == 6);
  for (const auto& [id, model] : together.archive().models()) {
    CHECK(model.metric_val == alone.archive().models().at(id).metric_val);
    CHECK(model.genotype == alone.archive().models().at(id).genotype);
    CHECK(model.seconds == (id.value % 100 == 3 ? 1.0 : 0.5));  // a task takes one second
  }
}

TEST_CASE("A search is known by its number: apart from those before it, it is the same", "[master][reproduce]") {
  Reproduction whole(avmnist_rows({1}), 3, true), third(avmnist_rows({1}), 1, true, 1, {}, 1, false, /*first_seed=*/3);
  answer(whole);
  std::vector<FusionCandidate> asked;
  answer(third, [&](const Work& work) {
    if (const auto* search = std::get_if<SearchFusion>(&work)) asked = search->candidates;
    return fake_outcome(work);
  });
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].candidate == CandidateId{103});
  CHECK(asked[0].trial == 2);
  const auto found = third.models(third.rows()[0]);
  REQUIRE(found.size() == 1);
  CHECK(found[0].first == 3);
  CHECK(*found[0].second == *whole.models(whole.rows()[0])[2].second);
}

TEST_CASE("A metric that does not tell its own interval comes with it", "[master][reproduce]") {
  Reproduction reproduction(avmnist_rows({1}), 1, true);
  answer(reproduction, [](const Work& work) -> Outcome {
    return std::holds_alternative<TestModel>(work) ? TestScore{60, Interval{58, 63}} : fake_outcome(work);
  });
  const auto* model = reproduction.models(reproduction.rows()[0])[0].second;
  REQUIRE(reproduction.test_interval(*model));
  const TestSplit films{7799, LabelKind::multilabel};
  CHECK(test_measurement(60, films, reproduction.test_interval(*model)).test == Interval{58, 63});
  CHECK_FALSE(test_measurement(60, films).test);
}

TEST_CASE("Seeds that fail together are tried alone", "[master][reproduce]") {
  Reproduction reproduction(avmnist_rows({1}), 3, true, 3);
  bool group_failed = false;
  for (auto tasks = reproduction.ask(); !tasks.empty(); tasks = reproduction.ask())
    for (const auto& task : tasks) {
      const auto* work = std::get_if<SearchFusion>(&task.work);
      const bool fails = work != nullptr && work->candidates.size() > 1;
      group_failed |= fails;
      reproduction.tell({task.id, Rank{1}, 1, fails ? Outcome(Failure{"no memory"}) : fake_outcome(task.work)});
    }
  CHECK(group_failed);
  CHECK(reproduction.archive().models().size() == 3);
}

TEST_CASE("A search that failed is left out of its row; without any the reproduction says why", "[master][reproduce]") {
  Reproduction reproduction(avmnist_rows({1, 2}), 2, true);
  answer(reproduction, [](const Work& work) -> Outcome {
    const auto* search = std::get_if<SearchFusion>(&work);
    return search != nullptr && search->candidates[0].candidate == CandidateId{102} ? Failure{"no memory"}
                                                                                    : fake_outcome(work);
  });
  CHECK(reproduction.models(reproduction.rows()[0]).size() == 1);
  CHECK(reproduction.models(reproduction.rows()[1]).size() == 2);
  Reproduction hopeless(avmnist_rows({1}), 2, true);
  const auto fail = [](const Work&) -> Outcome { return Failure{"no memory"}; };
  CHECK_THROWS_WITH(answer(hopeless, fail), Catch::Contains("no memory"));
}

TEST_CASE("Published stands beside measured: means over seeds with their interval, costs on every device",
          "[master][reproduce]") {
  const TemporaryFolder folder;
  const auto settings = tiny_run(folder.path());
  const DeviceSet devices(settings.devices, Aggregate::mean, {find_space("avmnist-image"), find_space("avmnist-audio")},
                          {10, 10});
  const ModelPricing pricing(devices, {{find_space("avmnist-image"), find_space("avmnist-audio")}, {4, 4}, 10},
                             device_objectives());
  Reproduction reproduction(avmnist_rows({1}), 3, true, 1,
                            [&](const auto& genome, const auto& genotype) { return pricing.model(genome, genotype); });
  const auto before = table_of(reproduction, devices).cells;
  CHECK(std::ranges::all_of(before, [](const auto& cell) { return cell.values.empty(); }));
  answer(reproduction, [](const Work& work) -> Outcome {
    const auto* test = std::get_if<TestModel>(&work);
    if (test != nullptr) return TestScore{90.0 + static_cast<double>(test->candidate.value - 100)};
    return fake_outcome(work);
  });
  const auto reproduced = table_of(reproduction, devices);
  const auto table = CsvTable::parse(reproduced_csv(reproduced), "reproduced.csv");
  REQUIRE(table.rows() == 12);  // two backbones, the whole, two devices with two costs, three of fusion, two sizes
  const auto cell = [&](std::size_t row, const char* column) { return table.cell(row, table.column(column)); };
  CHECK(cell(0, "quantity") == "metric.image");
  CHECK(cell(0, "published") == "79.77");
  CHECK(table.number(0, table.column("measured")) == Approx(fake_metric(reproduction.rows()[0].genome.backbones[0])));
  CHECK(cell(0, "ci95").empty());
  CHECK(cell(2, "quantity") == "metric");
  CHECK(cell(2, "published") == "92.88");
  CHECK(table.number(2, table.column("measured")) == Approx(92));
  CHECK(table.number(2, table.column("ci95")) == Approx(2.484138).epsilon(1e-6));
  CHECK(table.number(2, table.column("lowest")) == Approx(91));
  CHECK(cell(2, "seeds") == "3");
  // Wilson's interval of 91, 92 and 93 % of 450 samples, their ends' means.
  CHECK(table.number(2, table.column("test_low")) == Approx(89.13).epsilon(1e-4));
  CHECK(table.number(2, table.column("test_high")) == Approx(94.16).epsilon(1e-4));
  CHECK(table.number(2, table.column("interval_low")) < table.number(2, table.column("test_low")));
  CHECK(cell(2, "verdict") == "within the interval");
  CHECK(cell(2, "values").starts_with("1=91:"));
  CHECK(cell(3, "quantity") == "latency");
  CHECK(cell(3, "device") == "slow");
  CHECK(table.number(3, table.column("measured")) == Approx(10 * table.number(5, table.column("measured"))));
  CHECK(cell(6, "unit") == "mJ");
  CHECK(cell(7, "quantity") == "cells");
  CHECK(cell(7, "verdict") == "reproduced");
  CHECK(cell(9, "quantity") == "operators");
  CHECK(cell(9, "published") == "2");
  CHECK_THAT(cell(9, "note"), Catch::StartsWith("seed 1: "));
  CHECK(cell(11, "quantity") == "macs");
  CHECK(cell(11, "published").empty());
  CHECK(cell(11, "verdict").empty());
  CHECK(table.number(11, table.column("measured")) > 1e6);
  CHECK(cell(2, "published_device").empty());
  CHECK(cell(3, "published_device") == "Jetson TX2");
  CHECK(cell(3, "verdict") == "no data");
  CHECK_THAT(reproduced_text(reproduced), Catch::Contains("92.88") && Catch::Contains("latency ms slow") &&
                                              Catch::Contains("quantity: metric.") && Catch::Contains("8.96 (TX2)"));
  // On the published device itself there is nothing to say.
  auto specs = settings.devices;
  specs[0].name = "TX2-0", specs[1].name = "tx2";
  auto provenance = LookUpTable::load({folder / "slow.json"}).provenance();
  provenance.device = "Jetson TX2, MAXN";
  for (const char* file : {"slow.json", "fast.json"}) {
    auto of_device = LookUpTable::load({folder / file});
    of_device.set_provenance(provenance);
    of_device.save(folder / file);
  }
  const DeviceSet published(specs, Aggregate::mean, {find_space("avmnist-image"), find_space("avmnist-audio")},
                            {10, 10});
  const auto on_device = table_of(reproduction, published);
  CHECK_THAT(reproduced_text(on_device), !Catch::Contains("(TX2)"));
  CHECK(std::ranges::count_if(on_device.cells, [](const auto& c) { return c.quantity.starts_with(kSum); }) == 4);
}

ReproduceSettings settings_of(const std::filesystem::path& folder) {
  ReproduceSettings settings;
  settings.run = tiny_run(folder);
  settings.table = "avmnist";
  return settings;
}

TEST_CASE("Rows are listed one by one and as ranges", "[master][reproduce]") {
  const auto [text, rows] = GENERATE(table<std::string, std::vector<int>>(
      {{"1,3", {1, 3}}, {"1-3", {1, 2, 3}}, {"1-2,4", {1, 2, 4}}, {" 2 - 3 , 1", {2, 3, 1}}, {"2", {2}}}));
  ReproduceSettings settings;
  OptionSet options("harmonic reproduce", "");
  settings.declare(options);
  options.take(parse_ini("[reproduce]\nrows = " + text, "a.cfg"), "a.cfg");
  CHECK(settings.rows == rows);
  for (const char* wrong : {"3-1", "0-2", "-1", "1-", "a", "1,,2", "1-2000000000"})
    CHECK_THROWS_WITH(options.take(parse_ini(fmt::format("[reproduce]\nrows = {}", wrong), "a.cfg"), "a.cfg"),
                      Catch::Contains("option rows"));
}

TEST_CASE("Rows and modalities must be the table's; the order of modalities is the run's", "[master][reproduce]") {
  const TemporaryFolder folder;
  auto settings = settings_of(folder.path());
  CHECK(settings.published_rows().size() == 3);
  settings.rows = {3, 1, 3};
  CHECK(settings.published_rows()[1].row == 3);
  CHECK(settings.published_rows().size() == 2);
  CHECK(settings.table_modalities() == std::vector<std::size_t>{0, 1});
  std::swap(settings.run.modalities[0], settings.run.modalities[1]);
  CHECK(settings.table_modalities() == std::vector<std::size_t>{1, 0});
  settings.rows = {4};
  CHECK_THROWS_WITH(settings.check(), Catch::Contains("row 4"));
  settings.rows = {};
  settings.table = "mmimdb";
  CHECK_THROWS_WITH(settings.check(), Catch::Contains("mmimdb-image and maxout") && Catch::Contains("avmnist-audio") &&
                                          Catch::Contains("configs/mmimdb.cfg"));
  settings.table = "supernets";
  CHECK_NOTHROW(settings.check());
  DatasetInfo digits;
  digits.classes = 10;
  CHECK(settings.supernet_rows(digits).size() == 2);
  settings.rows = {2};
  CHECK(settings.supernet_rows(digits)[0].metric == 88.22);
  CHECK(settings.modality_of(settings.supernet_rows(digits)[0]) == 0);  // modalities are the other way round
  settings.rows = {5};
  CHECK_THROWS_WITH(settings.supernet_rows(digits),
                    Catch::Contains("row 5") && Catch::Contains("harmp-image and 3 classes"));
  settings.rows = {};
  digits.classes = 7;
  CHECK_THROWS_WITH(settings.supernet_rows(digits), Catch::Contains("no row") && Catch::Contains("7 classes"));
  settings.rows = {7};
  CHECK_THROWS_WITH(settings.check(), Catch::Contains("no row 7"));
  settings.rows = {};
  settings.table = "avmnist";
  settings.first_seed = 95;
  CHECK_THROWS_WITH(settings.check(), Catch::Contains("first-seed 95") && Catch::Contains("97"));
  settings.first_seed = 1;
  settings.run.modalities[1] = settings.run.modalities[0];
  settings.run.modalities[1].name = "second";
  CHECK_THROWS_AS(settings.check(), InputError);
}

}  // namespace

TEST_CASE("Commands that pass over the section of a reproduction know its keys", "[master][reproduce]") {
  ReproduceSettings settings;
  OptionSet options("", "");
  settings.declare(options);
  std::set<std::string> names, known;
  for (const auto& [name, values] : options.values()) names.insert(name);
  for (const auto* section : {"run", "hardware", "evolution", "fusion", "reproduce"})
    for (const auto& key : known_keys(section)) known.insert(key);
  CHECK(names == known);
}

}  // namespace harmonic
