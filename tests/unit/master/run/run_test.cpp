#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/base/log.hpp"
#include "core/data/training_mark.hpp"
#include "core/hardware/model_pricing.hpp"
#include "core/pareto/hypervolume.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/hdf5_file.hpp"
#include "core/work/run_hash.hpp"
#include "master/commands/commands.hpp"
#include "master/models/graphviz.hpp"
#include "master/models/hypervolume_file.hpp"
#include "master/report/report.hpp"
#include "master/report/run_results.hpp"
#include "master/reproduce/reproduce_plan.hpp"
#include "master/run/run_inputs.hpp"
#include "master/run/timeline.hpp"
#include "master/search/search_plan.hpp"
#include "proto/event_records.hpp"
#include "tests/support/captured_stdout.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/journal_bytes.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/tiny_run.hpp"
#include "worker/loop/worker_loop.hpp"

namespace harmonic {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

using namespace testing;

/// Takes stdout while it lives.
class Captured {
 public:
  Captured() : before_(std::cout.rdbuf(text_.rdbuf())) {}
  ~Captured() { std::cout.rdbuf(before_); }
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* before_;
};

/// Counts what it computes, over all evaluators of a test.
struct Counts {
  std::atomic<int> work = 0;
  std::atomic<int> tests = 0;
};
class CountingEvaluator final : public FakeEvaluator {
 public:
  explicit CountingEvaluator(Counts& counts) : counts_(counts) {}
  [[nodiscard]] Outcome evaluate(const Work& work, const WorkHooks& hooks) override {
    ++counts_.work;
    counts_.tests += std::holds_alternative<TestModel>(work) ? 1 : 0;
    return FakeEvaluator::evaluate(work, hooks);
  }

 private:
  Counts& counts_;
};

/// Finds fault with the user's input before any work is done.
class RefusingEvaluator final : public Evaluator {
 public:
  [[nodiscard]] Outcome evaluate(const Work&, const WorkHooks&) override {
    throw InputError("no such processor", "give another");
  }
};

/// Everything in a folder, by name: what files hold, "/" for folders.
std::map<std::string, std::string> content_of(const std::filesystem::path& folder) {
  std::map<std::string, std::string> content;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    content[entry.path().string()] = entry.is_directory() ? "/" : read_file(entry.path());
  return content;
}

/// A world of one: master and worker in this process. Stops after `stop_after` pieces of work.
struct Solo {
  Counts counts;
  ExitCode code = ExitCode::failed;
  std::string output;
  using Maker = std::function<std::unique_ptr<Evaluator>(Counts&)>;
  Maker make = [](Counts& c) { return std::make_unique<CountingEvaluator>(c); };
  WorkerLoopOptions options = {};

  /// `hooks` of the program that the run looks at.
  explicit Solo(const SearchSettings& settings, int stop_after = 1'000'000, const RunHooks& hooks = {}) {
    run(
        settings, [&](auto& box, const auto& h) { return run_search(settings, box, h); }, stop_after, hooks);
  }
  explicit Solo(const ReproduceSettings& settings, int stop_after = 1'000'000) {
    run(settings.run, [&](auto& box, const auto& h) { return run_reproduction(settings, box, h); }, stop_after, {});
  }
  Solo(const SearchSettings& settings, WorkerLoopOptions worker) : options(std::move(worker)) {
    run(settings, [&](auto& box, const auto& h) { return run_search(settings, box, h); }, 1'000'000, {});
  }
  Solo(const SearchSettings& settings, Maker maker, int stop_after = 1'000'000) : make(std::move(maker)) {
    run(settings, [&](auto& box, const auto& h) { return run_search(settings, box, h); }, stop_after, {});
  }

 private:
  void run(const SearchSettings& settings, const std::function<ExitCode(Mailbox&, const RunHooks&)>& lead,
           int stop_after, RunHooks hooks) {
    log::set_level(log::Level::error);
    MemoryNetwork network(1);
    auto box = network.box(Rank{0});
    WorkerLoop worker(
        box, make_hello(Rank{0}, [&] { return run_fingerprint(settings); }),
        [this, maker = make] { return maker(counts); }, options);
    hooks.idle = [&] { worker.poll(); };
    hooks.stop = [&] { return counts.work >= stop_after; };
    const Captured captured;
    code = lead(box, hooks);
    output = captured.text();
    worker.poll();
    CHECK(worker.finished());
    CHECK_FALSE(worker.rank_lost());
    log::set_level(log::Level::info);
  }
};

std::string without_seconds(const std::filesystem::path& csv) {
  const auto table = CsvTable::read(csv);
  std::string text;
  for (std::size_t r = 0; r < table.rows(); ++r)
    for (std::size_t c = 0; c < table.header().size(); ++c)
      if (table.header()[c] != "seconds") text += table.cell(r, c) + "\n";
  return text;
}

/// Curves over the generations, but for what no two runs share: utilisation, the last column.
std::string curves_of(const std::filesystem::path& run) {
  const auto table = CsvTable::read(run / "tensorboard" / "search" / "curves.csv");
  CHECK(table.header() == std::vector<std::string>{"generation", "metric_val", "front", "utilisation"});
  std::string text;
  for (std::size_t r = 0; r < table.rows(); ++r)
    text += fmt::format("{}: {} {}\n", table.cell(r, 0), table.cell(r, 1), table.cell(r, 2));
  return text;
}

std::ptrdiff_t event_files(const std::filesystem::path& run) {
  return std::ranges::count_if(
      std::filesystem::directory_iterator(run / "tensorboard" / "search"),
      [](const auto& entry) { return entry.path().filename().string().starts_with("events.out.tfevents."); });
}

template <class Settings>
std::string error_of(const Settings& settings) {
  try {
    settings.check();  // as a command does
    const Solo run(settings);
  } catch (const InputError& e) {
    log::set_level(log::Level::info);
    return e.what();
  }
  return "";
}
std::string error_of(const SearchSettings& settings, const RunHooks& hooks) {
  try {
    const Solo run(settings, 1'000'000, hooks);
  } catch (const InputError& e) {
    log::set_level(log::Level::info);
    return e.what();
  }
  return "";
}

TEST_CASE("A run leaves its results: settings, journal, checkpoint, candidates, front", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  const Solo run(settings);
  CHECK(run.code == ExitCode::done);
  const std::filesystem::path dir = settings.run;
  for (const char* name : {"config.cfg", "journal", "checkpoint.h5", "candidates.csv", "front.csv", "log.txt",
                           "inputs.json", "status.json"})
    CHECK(std::filesystem::exists(dir / name));
  const auto candidates = CsvTable::read(dir / "candidates.csv");
  const auto front = CsvTable::read(dir / "front.csv");
  CHECK(candidates.header() == std::vector<std::string>{"id",
                                                        "generation",
                                                        "metric_val",
                                                        "metric_val_se",
                                                        "predicted",
                                                        "metric_test",
                                                        "metric_test_se",
                                                        "latency_ms.slow",
                                                        "latency_ms.fast",
                                                        "energy_mj.slow",
                                                        "energy_mj.fast",
                                                        "latency",
                                                        "energy",
                                                        "parameters",
                                                        "macs",
                                                        "genome.image",
                                                        "genome.audio",
                                                        "cells",
                                                        "nodes",
                                                        "genotype",
                                                        "retrainings",
                                                        "metric_val_first",
                                                        "seconds"});
  CHECK(candidates.header() == front.header());
  CHECK(candidates.rows() == 11);  // ceil(0.25 * 12) pairs, 3 generations
  CHECK(front.rows() == static_cast<std::size_t>(run.counts.tests.load()));
  const ModelSizing sizing{{find_space("avmnist-image"), find_space("avmnist-audio")}, {4, 4}, 10, 192, 16, true};
  const auto test = front.column("metric_test");
  for (std::size_t r = 0; r < front.rows(); ++r) CHECK(front.optional_number(r, test).has_value());
  for (std::size_t r = 0; r < candidates.rows(); ++r) {
    CHECK(candidates.number(r, candidates.column("id")) == r + 1);
    CHECK(candidates.cell(r, test).empty());
    MultimodalGenome genome;
    for (const auto& space : sizing.spaces) {
      const std::string modality = space.name.substr(space.name.find('-') + 1);
      genome.backbones.push_back(parse_genome(candidates.cell(r, candidates.column("genome." + modality)), space));
    }
    const auto size = sizing(genome, parse_genotype(candidates.cell(r, candidates.column("genotype"))));
    CHECK(candidates.number(r, candidates.column("parameters")) == size.parameters);
    CHECK(candidates.number(r, candidates.column("macs")) == size.macs);
    // The slow device's table is ten times the fast one's.
    CHECK(candidates.number(r, candidates.column("latency_ms.slow")) ==
          Approx(10 * candidates.number(r, candidates.column("latency_ms.fast"))));
  }
}

TEST_CASE("A search may minimise other objectives, and its front is theirs", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  OptionSet options("", "");
  settings.declare(options);
  REQUIRE(options.parse({"--data", settings.data, "--run", settings.run, "--objective", "macs"}) ==
          OptionSet::Parsed::ready);
  CHECK(Solo(settings).code == ExitCode::done);
  const std::filesystem::path dir = settings.run;
  const auto candidates = CsvTable::read(dir / "candidates.csv");
  const auto front = CsvTable::read(dir / "front.csv");
  std::vector<Objectives> points;
  for (std::size_t r = 0; r < candidates.rows(); ++r)
    points.push_back(
        {-candidates.number(r, candidates.column("metric_val")), candidates.number(r, candidates.column("macs"))});
  std::vector<std::string> best;
  for (std::size_t r = 0; r < candidates.rows(); ++r)
    if (std::ranges::none_of(points, [&](const auto& p) { return dominates(p, points[r]); }))
      best.push_back(candidates.cell(r, 0));
  REQUIRE(front.rows() == best.size());
  for (std::size_t r = 0; r < best.size(); ++r) CHECK(front.cell(r, 0) == best[r]);
  const auto report = read_file(write_report(dir));
  CHECK_THAT(report, Catch::Contains("metric_val 0, macs ") && Catch::Contains("M MACs of the whole model"));

  settings.resume = true;
  settings.objectives = device_objectives();
  CHECK_THROWS_WITH(Solo(settings), Catch::Contains("objective"));
}

TEST_CASE("A run that was stopped anywhere and resumed is the run that was not", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.evolution.choose = GENERATE(PairChoice::evolution, PairChoice::model);
  const Solo whole(settings);
  const std::filesystem::path dir = settings.run;
  for (const int after : {1, 5, whole.counts.work / 2, whole.counts.work - 1}) {
    auto other = settings;
    other.run = folder / fmt::format("stopped after {}", after);
    const Solo stopped(other, after);
    CHECK(stopped.code == ExitCode::stopped);
    other.resume = true;
    const Solo resumed(other);
    CHECK(resumed.code == ExitCode::done);
    CHECK(stopped.counts.work + resumed.counts.work <= whole.counts.work + 1);  // one was at work when it stopped
    const std::filesystem::path other_dir = other.run;
    CHECK(read_file(other_dir / "front.csv") == read_file(dir / "front.csv"));
    CHECK(without_seconds(other_dir / "candidates.csv") == without_seconds(dir / "candidates.csv"));
    CHECK(curves_of(other_dir) == curves_of(dir));
    CHECK(event_files(other_dir) <= 2);  // one a job that ended a generation
  }
}

TEST_CASE("Every generation of a search has its place in the curves, with what workers were used for",
          "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  const std::filesystem::path dir = settings.run;
  const Solo run(settings);
  const auto curves = CsvTable::read(dir / "tensorboard" / "search" / "curves.csv");
  REQUIRE(curves.rows() == 3);
  const auto front = CsvTable::read(dir / "front.csv");
  CHECK(curves.number(2, curves.column("front")) == static_cast<double>(front.rows()));
  double best = 0;
  for (std::size_t r = 0; r < front.rows(); ++r) best = std::max(best, front.number(r, front.column("metric_val")));
  CHECK(curves.number(2, curves.column("metric_val")) == best);
  // TensorBoard is told what hypervolume.csv has, too.
  const auto hypervolumes = HypervolumeFile::read(dir / "hypervolume.csv");
  const auto events = read_file(dir / "tensorboard" / "search" / event_file_name(1));
  for (const auto& row : hypervolumes.rows) {
    const auto value = static_cast<float>(row.hypervolume);
    CHECK_THAT(events, Catch::Contains(std::string(reinterpret_cast<const char*>(&value), sizeof value)));
  }

  settings.resume = true;
  settings.evolution.generations = 2;
  CHECK_FALSE(error_of(settings).empty());  // refused
  settings.evolution.generations = 3;
  CHECK(Solo(settings).counts.work == 0);
  std::filesystem::remove(dir / "checkpoint.h5");  // the journal tells all generations again
  std::filesystem::remove(dir / "checkpoint.h5.previous");
  CHECK(Solo(settings).counts.work == 0);
  CHECK(CsvTable::read(dir / "tensorboard" / "search" / "curves.csv").rows() == 3);
  CHECK(read_file(dir / "tensorboard" / "search" / event_file_name(1)) == events);
  CHECK(event_files(dir) == 1);
}

TEST_CASE("A run of several pairs at once does less, larger work for the same front, stopped and resumed or not",
          "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.evolution.pairs = 7;
  settings.evolution.macro.p_other = 0.1;
  const Solo alone(settings);
  const auto front = read_file(std::filesystem::path(settings.run) / "front.csv");
  settings.fusion.pairs_at_once = 3;
  settings.run = folder / "together";
  const Solo whole(settings);
  CHECK(whole.counts.work < alone.counts.work);
  CHECK(read_file(std::filesystem::path(settings.run) / "front.csv") == front);
  for (const int after : {5, whole.counts.work / 2, whole.counts.work - 1}) {
    auto other = settings;
    other.run = folder / fmt::format("stopped after {}", after);
    CHECK(Solo(other, after).code == ExitCode::stopped);
    other.resume = true;
    CHECK(Solo(other).code == ExitCode::done);
    CHECK(read_file(std::filesystem::path(other.run) / "front.csv") == front);
  }
}

TEST_CASE("Without its checkpoint, or with a torn journal, a run resumes all the same", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  const Solo whole(settings);
  const std::filesystem::path dir = settings.run;
  const auto front = read_file(dir / "front.csv");
  settings.resume = true;

  const auto without_checkpoint = [&] {
    for (const char* name : {"checkpoint.h5", "checkpoint.h5.previous"}) std::filesystem::remove(dir / name);
  };
  without_checkpoint();
  const Solo from_journal(settings);
  CHECK(from_journal.counts.work == 0);
  CHECK(read_file(dir / "front.csv") == front);

  std::filesystem::resize_file(dir / "journal", std::filesystem::file_size(dir / "journal") / 2);
  without_checkpoint();
  const Solo torn(settings);
  CHECK(torn.counts.work > 0);
  CHECK(torn.counts.work < whole.counts.work);
  CHECK(read_file(dir / "front.csv") == front);
}

/// Notes what the checkpoint is whenever a model is asked for.
class CheckpointWatch final : public FakeEvaluator {
 public:
  CheckpointWatch(std::filesystem::path checkpoint, std::set<std::string>& seen)
      : checkpoint_(std::move(checkpoint)), seen_(seen) {}
  [[nodiscard]] Outcome evaluate(const Work& work, const WorkHooks& hooks) override {
    if (std::holds_alternative<SearchFusion>(work) && std::filesystem::exists(checkpoint_))
      seen_.insert(read_file(checkpoint_));
    return FakeEvaluator::evaluate(work, hooks);
  }

 private:
  std::filesystem::path checkpoint_;
  std::set<std::string>& seen_;
};

TEST_CASE("The more models there are the less often a checkpoint is written; the journal tells the rest",
          "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.evolution.population = 4;
  settings.evolution.pairs = 1;
  settings.evolution.generations = 60;
  const std::filesystem::path dir = settings.run;
  std::set<std::string> checkpoints;
  const Solo whole(settings,
                   [&](Counts&) { return std::make_unique<CheckpointWatch>(dir / "checkpoint.h5", checkpoints); });
  REQUIRE(CsvTable::read(dir / "candidates.csv").rows() > 50);
  CHECK(checkpoints.size() > 4);
  CHECK(checkpoints.size() < 20);
  const auto front = read_file(dir / "front.csv");
  std::filesystem::copy_file(dir / "checkpoint.h5.previous", dir / "checkpoint.h5",
                             std::filesystem::copy_options::overwrite_existing);
  settings.resume = true;
  CHECK(Solo(settings).counts.work == 0);
  CHECK(read_file(dir / "front.csv") == front);
}

/// Finds networks of one input more than the run has.
class OtherInputsEvaluator final : public FakeEvaluator {
 public:
  [[nodiscard]] Outcome evaluate(const Work& work, const WorkHooks& hooks) override {
    auto outcome = FakeEvaluator::evaluate(work, hooks);
    if (auto* found = std::get_if<FusionScores>(&outcome))
      for (auto& score : found->scores)
        for (auto& state : score.genotype.concat) ++state;
    return outcome;
  }
};

TEST_CASE("A worker that finds a network of other inputs than the run's is of no use, and nothing of it is kept",
          "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  const Solo::Maker others = [](Counts&) { return std::make_unique<OtherInputsEvaluator>(); };
  CHECK_THROWS_WITH(Solo(settings, others), Catch::Contains("a genotype of 9 inputs"));
  settings.resume = true;
  const Solo resumed(settings);
  auto quiet = tiny_run(folder.path());
  quiet.run = (folder.path() / "quiet").string();
  const Solo whole(quiet);
  CHECK(without_seconds(std::filesystem::path(settings.run) / "front.csv") ==
        without_seconds(std::filesystem::path(quiet.run) / "front.csv"));
}

/// Some models diverge, always the same ones, and one that is sound meets trouble of the node while there is any.
class UnluckyEvaluator final : public FakeEvaluator {
 public:
  UnluckyEvaluator(Counts& counts, bool trouble) : counts_(counts), trouble_(trouble) {}
  [[nodiscard]] Outcome evaluate(const Work& work, const WorkHooks& hooks) override {
    ++counts_.work;
    counts_.tests += std::holds_alternative<TestModel>(work) ? 1 : 0;
    if (const auto* search = std::get_if<SearchFusion>(&work)) {
      for (const auto& candidate : search->candidates) {
        const auto id = candidate.candidate.value;
        if (id % 2 == 1 && id > 1) return Failure{"the loss is not finite", FailureKind::candidate};
        if (id == 4 && trouble_) return Failure{"no space left on device"};
      }
    }
    return FakeEvaluator::evaluate(work, hooks);
  }

 private:
  Counts& counts_;
  bool trouble_;
};

TEST_CASE("A candidate's own failure is known to the journal at once, a node's when its generation is over",
          "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.evolution.pairs = 4;
  settings.evolution.generations = 2;
  const Solo::Maker with_trouble = [](Counts& c) { return std::make_unique<UnluckyEvaluator>(c, true); };
  const Solo::Maker without = [](Counts& c) { return std::make_unique<UnluckyEvaluator>(c, false); };
  const auto files = [&](const SearchSettings& run) {
    const std::filesystem::path dir = run.run;
    return std::pair(without_seconds(dir / "front.csv"), without_seconds(dir / "candidates.csv"));
  };
  const Solo whole(settings, with_trouble);
  const auto expected = files(settings);

  SECTION("rebuilt from the journal alone it is the run that was never cut off") {
    for (const char* name : {"checkpoint.h5", "checkpoint.h5.previous"})
      std::filesystem::remove(std::filesystem::path(settings.run) / name);
    settings.resume = true;
    const Solo rebuilt(settings, without);
    CHECK(rebuilt.counts.work == 0);
    CHECK(files(settings) == expected);
  }
  SECTION("cut off in the same generation it tries no candidate again") {
    settings.run = folder / "cut";
    const Solo cut(settings, with_trouble, whole.counts.work - whole.counts.tests - 1);  // the second is not over
    settings.resume = true;
    const Solo resumed(settings, without);
    CHECK(cut.counts.work + resumed.counts.work <= whole.counts.work + 1);  // one was at work when it was cut
    CHECK(files(settings) == expected);
  }
}

TEST_CASE("Of pairs that fail together only the one that fails alone, too, has failed", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.evolution.pairs = 4;
  settings.evolution.generations = 1;
  settings.evolution.macro.p_other = 0;
  settings.evolution.macro.usual = {1, 1};
  settings.fusion.pairs_at_once = 4;
  const Solo run(settings, [](Counts& c) { return std::make_unique<UnluckyEvaluator>(c, false); });
  const std::filesystem::path dir = settings.run;
  CHECK(CsvTable::read(dir / "candidates.csv").rows() == 3);
  const auto failures = CsvTable::read(dir / "failures.csv");
  REQUIRE(failures.rows() == 2);
  const auto cell = [&](std::size_t row, const char* column) { return failures.cell(row, failures.column(column)); };
  CHECK(cell(0, "kind") == "retry");
  CHECK(cell(0, "work") == "fusion search of models 1, 2, 3 and 4");
  CHECK(cell(1, "kind") == "candidate");
  CHECK(cell(1, "work") == "fusion search of model 3");
  CHECK(nlohmann::json::parse(read_file(dir / "status.json")).at("failed") == 1);
}

TEST_CASE("A finished run resumed does no work again; resumed for longer it goes on", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.evolution.generations = 2;
  const Solo brief(settings);
  settings.resume = true;
  CHECK(Solo(settings).counts.work == 0);
  settings.evolution.generations = 4;
  const Solo continued(settings);
  CHECK(continued.counts.work > 0);
  const auto front = read_file(std::filesystem::path(settings.run) / "front.csv");
  settings.resume = false;
  settings.run = folder / "at once";
  const Solo longer(settings);
  CHECK(read_file(std::filesystem::path(settings.run) / "front.csv") == front);
}

TEST_CASE("Fewer generations than are done are refused, with how many those are, and nothing is changed",
          "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.evolution.generations = 2;
  { const Solo run(settings); }
  settings.resume = true;
  settings.evolution.generations = 1;
  SECTION("with its checkpoint") {}
  SECTION("without") {
    for (const char* name : {"checkpoint.h5", "checkpoint.h5.previous"})
      std::filesystem::remove(std::filesystem::path(settings.run) / name);
  }
  const auto found = content_of(settings.run);
  CHECK_THAT(error_of(settings), Catch::Contains("generations is 1, but 2 generations of this run are done") &&
                                     Catch::Contains("--generations 2"));
  CHECK(content_of(settings.run) == found);
  settings.evolution.generations = 2;
  CHECK(Solo(settings).counts.work == 0);
}

TEST_CASE("A time limit stops a run with what it has", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.time_limit_s = 1e-6;
  CHECK(Solo(settings).code == ExitCode::stopped);
}

TEST_CASE("JSON output is one object with the front, its hypervolume and the report", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.json = true;
  const Solo run(settings);
  const auto json = nlohmann::json::parse(run.output);
  CHECK(json.at("front").size() == static_cast<std::size_t>(run.counts.tests.load()));
  CHECK(json.contains("report"));
  // The hypervolume is that of the front on disk.
  const RunInputs inputs(settings);
  const auto front = CsvTable::read(std::filesystem::path(settings.run) / "front.csv");
  std::vector<Objectives> points;
  for (std::size_t r = 0; r < front.rows(); ++r)
    points.push_back({100 - front.number(r, front.column("metric_val")), front.number(r, front.column("latency")),
                      front.number(r, front.column("energy"))});
  CHECK(json.at("hypervolume").get<double>() == Approx(hypervolume(points, inputs.reference)));
}

TEST_CASE("Log, CSV, JSON and pareto tell one hypervolume, with its reference", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.json = true;
  settings.aggregate = GENERATE(Aggregate::mean, Aggregate::each);
  settings.objectives = {Objective(kLatency), Objective(&ModelSize::macs)};
  const Solo run(settings);
  const auto json = nlohmann::json::parse(run.output);
  const std::filesystem::path dir = settings.run;
  const auto file = HypervolumeFile::read(dir / "hypervolume.csv");
  REQUIRE(file.rows.size() == 3);
  CHECK(file.rows.back().hypervolume == json.at("hypervolume").get<double>());
  for (std::size_t c = 0; c < file.axes.columns.size(); ++c)
    CHECK(json.at("reference").at(file.axes.columns[c]).get<double>() == file.axes.reference[c]);
  CHECK_THAT(read_file(dir / "log.txt"), Catch::Contains(fmt::format("hypervolume {:.6g} (reference: {})",
                                                                     file.rows.back().hypervolume, file.axes.text())));
  for (const char* csv : {"front.csv", "candidates.csv"}) {
    const auto sorted = nlohmann::json::parse(harmonic::testing::captured_stdout([&] {
      CHECK(pareto_command({"--in", dir / csv, "--json"}) == ExitCode::done);
    }));
    CHECK(sorted.at("hypervolume").get<double>() == Approx(file.rows.back().hypervolume));
    CHECK(sorted.at("columns") == nlohmann::json(file.axes.columns));
  }
}

TEST_CASE("A run directory in use, used, or of other settings is refused in words", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  { const Solo run(settings); }
  CHECK(error_of(settings).find("--resume") != std::string::npos);
  settings.resume = true;
  settings.seed = 99;
  settings.evolution.population = 16;
  const auto text = error_of(settings);
  CHECK(text.find("seed (1 in the run, 99 given)") != std::string::npos);
  CHECK(text.find("population (12 in the run, 16 given)") != std::string::npos);
  settings = tiny_run(folder.path());
  settings.resume = true;
  settings.lease_s = 20;  // changes no result
  CHECK(error_of(settings).empty());
  settings.threads = 2;  // changes the order of sums
  CHECK(error_of(settings).find("threads (1 in the run, 2 given)") != std::string::npos);
  settings.threads = 1;
  std::ofstream(folder / "weights.h5") << "other weights";
  CHECK_THAT(error_of(settings), Catch::Contains("weights.h5 (weights of image)") &&
                                     Catch::Contains("weights.h5 (weights of audio)") && !Catch::Contains("table"));
  std::ofstream(folder / "weights.h5") << "stands for weights";
  write_tiny_table(folder / "fast.json", 2);
  CHECK_THAT(error_of(settings), Catch::Contains("fast.json (table of fast)") && !Catch::Contains("weights"));
  write_tiny_table(folder / "fast.json", 1);
  write_tiny_data(settings.data, 10, 8);
  CHECK_THAT(error_of(settings),
             Catch::Contains("data.h5 (data)") && !Catch::Contains("table") && !Catch::Contains("test data"));
  write_tiny_data(settings.data, 10, 7, 8);
  CHECK_THAT(error_of(settings), Catch::Contains("data.h5 (test data)") && !Catch::Contains("(data)"));

  settings.resume = false;
  settings.run = folder / "mine";
  std::filesystem::create_directories(settings.run);
  std::ofstream(std::filesystem::path(settings.run) / "thesis.tex") << "precious";
  CHECK(error_of(settings).find("not empty") != std::string::npos);
}

TEST_CASE("A resumed run finds its files wherever they lie now: their contents are its settings", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  { const Solo run(settings); }
  std::filesystem::create_directories(folder / "scratch");
  const auto move = [&](std::string& path) {
    const auto there = folder / "scratch" / std::filesystem::path(path).filename();
    if (!std::filesystem::exists(there)) std::filesystem::rename(path, there);
    path = there;
  };
  move(settings.data);
  for (auto& modality : settings.modalities) move(modality.weights);
  for (auto& device : settings.devices) move(device.tables.front());
  settings.resume = true;
  CHECK(error_of(settings).empty());
  // What is no path is a setting still.
  settings.devices.back().weight = 2;
  CHECK_THAT(error_of(settings), Catch::Contains("device (slow=* fast=* in the run, slow=* fast=*,2 given)"));
}

std::string changed(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("A damaged config.cfg or inputs.json blocks no run: the journal knows which it is", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  { const Solo run(settings); }
  const std::filesystem::path dir = settings.run;
  const auto config = read_file(dir / "config.cfg"), inputs = read_file(dir / "inputs.json");
  settings.resume = true;
  const auto damages = std::vector<std::pair<std::string, std::string>>{
      {"config.cfg", ""},
      {"config.cfg", config.substr(0, config.find("seed =") + 3)},
      {"config.cfg", "seed = 1\n"},
      {"config.cfg", "[run]\nseed = many\n"},
      {"config.cfg", config.substr(0, config.find("\nseed =") + 1)},  // at a line's end
      {"config.cfg", changed(config, "\nseed = 1", "\nseed = 3")},    // to what could be
      {"inputs.json", changed(inputs, "\"data\": \"", "\"data\": \"0")},
      {"inputs.json", ""},
      {"inputs.json", inputs.substr(0, inputs.size() / 2)},
      {"inputs.json", "no JSON\n"},
      {"inputs.json", "{\"data\": 5}\n"}};
  for (const auto& [file, text] : damages) {
    INFO(file << ": " << text.substr(0, 40));
    replace_file(dir / file, text);
    CHECK(error_of(settings).empty());
    CHECK(read_file(dir / "config.cfg") == config);
    CHECK(read_file(dir / "inputs.json") == inputs);
    replace_file(dir / file, text);
    auto other = settings;
    other.seed = 2;
    CHECK_THAT(error_of(other),
               Catch::Contains(file == "config.cfg" ? "other settings" : "seed (1 in the run, 2 given)"));
    CHECK(read_file(dir / file) == text);
    replace_file(dir / file, file == "config.cfg" ? config : inputs);
  }
}

TEST_CASE("A run that another version's journal belongs to is refused for that, not for settings it never had",
          "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  { const Solo run(settings); }
  const std::filesystem::path dir = settings.run;
  std::ofstream(dir / "journal", std::ios::binary) << framed_before_4(JournalHeader{3, 1, "0.9"}) << "its records";
  const auto config = read_file(dir / "config.cfg");
  const auto key = config.find("pairs-at-once");
  REQUIRE(key != std::string::npos);
  std::ofstream(dir / "config.cfg") << config.substr(0, key) << config.substr(config.find('\n', key) + 1);
  settings.resume = true;
  const auto before = content_of(folder.path());
  CHECK_THAT(error_of(settings),
             Catch::Contains(fmt::format("has version 3, this program knows {}", JournalHeader::kVersion)) &&
                 Catch::Contains("the program that began the run"));
  CHECK(content_of(folder.path()) == before);
}

TEST_CASE("A refused search leaves its folder as it was", "[master][run]") {
  const TemporaryFolder folder;
  const auto good = tiny_run(folder.path());
  const std::filesystem::path dir = good.run;
  const auto refused = [&](const SearchSettings& settings, RunHooks hooks = {}) {
    const auto before = content_of(folder.path());
    CHECK_FALSE(error_of(settings, hooks).empty());
    CHECK(content_of(folder.path()) == before);
  };
  RunHooks faulty;
  faulty.check = [] { throw InputError("weights of another space", "give others"); };
  const auto by_a_worker = [&](const SearchSettings& settings) {
    const auto before = content_of(folder.path());
    CHECK_THROWS_AS(
        Solo(settings, [](Counts&) -> std::unique_ptr<Evaluator> { return std::make_unique<RefusingEvaluator>(); }),
        InputError);
    log::set_level(log::Level::info);
    CHECK(content_of(folder.path()) == before);
  };

  SECTION("that was not there") {
    auto settings = good;
    settings.run = folder / "a/b/run";
    settings.devices = {{"slow", {"absent.json"}}};
    refused(settings);
    settings = good;
    settings.run = folder / "a/b/run/";
    refused(settings, faulty);
    by_a_worker(settings);
    std::filesystem::create_directory(dir);
    by_a_worker(good);
  }
  SECTION("of a stranger") {
    std::filesystem::create_directory(dir);
    for (const char* name : {"front.csv", "journal", "config.cfg"}) {
      std::ofstream(dir / name) << "precious";
      for (const bool resume : {false, true}) {
        auto settings = good;
        settings.resume = resume;
        refused(settings);
      }
      refused(good);
      std::filesystem::remove(dir / name);
    }
    std::ofstream(dir / "journal") << "precious";
    std::ofstream(dir / "config.cfg") << "";
    auto settings = good;
    settings.resume = true;
    refused(settings);
  }
  SECTION("that is a file") {
    std::ofstream(dir) << "precious";
    refused(good);
  }
  SECTION("of a run whose journal and checkpoint are damaged") {
    { const Solo run(good); }
    auto bytes = read_file(dir / "journal");
    bytes[bytes.size() / 4 * 3] ^= 0x20;
    std::ofstream(dir / "journal", std::ios::binary) << bytes;
    std::filesystem::resize_file(dir / "checkpoint.h5", 1000);
    std::filesystem::remove(dir / "checkpoint.h5.previous");
    auto settings = good;
    settings.resume = true;
    by_a_worker(settings);
    refused(settings, faulty);
    settings.seed = 9;
    refused(settings);
  }
  SECTION("of another run, done or not begun") {
    auto settings = good;
    const bool begun = GENERATE(true, false);
    if (!begun) settings.time_limit_s = 1e-6;
    { const Solo run(settings); }
    settings.time_limit_s = kNoLimit;
    settings.evolution.generations = 4;  // so that there is work left
    settings.keep_models = KeepModels::all;
    settings.resume = true;
    by_a_worker(settings);
    refused(settings, faulty);
    settings.seed = 9;
    refused(settings);
  }
}

TEST_CASE("A run that was refused before any work leaves its directory fit for another try", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.time_limit_s = 1e-6;
  CHECK(Solo(settings).code == ExitCode::stopped);
  settings.seed = 5;
  settings.time_limit_s = kNoLimit;
  CHECK(Solo(settings).code == ExitCode::done);
}

TEST_CASE("A folder in which a run was killed before it had a journal begins a run, resumed or not", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  const std::filesystem::path dir = settings.run;
  settings.resume = GENERATE(false, true);
  std::filesystem::create_directory(dir);
  std::ofstream(dir / "lock") << "";
  SECTION("while it wrote one") {
    std::ofstream(temporary_beside(dir / "journal")) << "half a";
  }
  SECTION("over another one without work, which it had begun to clear") {
    std::ofstream(dir / "log.txt") << "harmonic: stopped\n";
    std::ofstream(temporary_beside(dir / "config.cfg")) << "[run]";
  }
  CHECK(Solo(settings).code == ExitCode::done);
  CHECK_FALSE(CsvTable::read(dir / "front.csv").rows() == 0);
}

TEST_CASE("What lies in a folder that no run has locked is a stranger's, whatever it is called", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  const std::filesystem::path dir = settings.run;
  settings.resume = GENERATE(false, true);
  std::filesystem::create_directory(dir);
  std::ofstream(dir / "log.txt") << "precious";
  CHECK_THAT(error_of(settings), Catch::Contains("is not empty and holds no run"));
  CHECK(read_file(dir / "log.txt") == "precious");
}

nlohmann::json status_of(const SearchSettings& settings) {
  return nlohmann::json::parse(read_file(std::filesystem::path(settings.run) / "status.json"));
}

/// Works for a while, then finds fault with the input, or fails for good.
class FailingEvaluator final : public FakeEvaluator {
 public:
  FailingEvaluator(Counts& counts, int after, FailureKind kind) : counts_(counts), after_(after), kind_(kind) {}
  [[nodiscard]] Outcome evaluate(const Work& work, const WorkHooks& hooks) override {
    if (++counts_.work <= after_) return FakeEvaluator::evaluate(work, hooks);
    return Failure{"no such processor", kind_};
  }

 private:
  Counts& counts_;
  int after_;
  FailureKind kind_;
};

TEST_CASE("However a run ends, status.json says so", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  SECTION("finished") {
    const Solo run(settings);
    const auto status = status_of(settings);
    CHECK(status.at("state") == "finished");
    CHECK(status.at("exit_code") == 0);
    CHECK(status.at("generation") == 3);
    CHECK(status.at("done") == run.counts.work.load());
    CHECK(status.at("failed") == 0);
    CHECK(status.at("lost_workers") == 0);
  }
  SECTION("stopped, and resumed") {
    { const Solo run(settings, 5); }
    CHECK(status_of(settings).at("state") == "stopped");
    CHECK(status_of(settings).at("exit_code") == 3);
    const int before = status_of(settings).at("done");
    CHECK(before > 0);
    settings.resume = true;
    const Solo run(settings);
    CHECK(status_of(settings).at("state") == "finished");
    CHECK(status_of(settings).at("done") == before + run.counts.work.load());  // of the run, not of this job
  }
  SECTION("failed at run time") {
    const auto fails = [](Counts& counts) -> std::unique_ptr<Evaluator> {
      return std::make_unique<FailingEvaluator>(counts, 0, FailureKind::candidate);
    };
    CHECK_THROWS_AS(Solo(settings, fails), RunError);
    CHECK(status_of(settings).at("state") == "failed");
    CHECK(status_of(settings).at("exit_code") == 1);
    CHECK(status_of(settings).at("failed") > 0);
    const auto failures = CsvTable::read(std::filesystem::path(settings.run) / "failures.csv");
    std::map<std::string, int> kinds;
    for (std::size_t row = 0; row < failures.rows(); ++row) ++kinds[failures.cell(row, failures.column("kind"))];
    CHECK(kinds.size() == 2);
    CHECK(kinds["candidate"] == status_of(settings).at("failed"));
    CHECK(kinds["retry"] > 0);  // backbones that failed together are tried alone
    CHECK(failures.cell(0, failures.column("reason")) == "no such processor");
    CHECK_THAT(failures.cell(0, failures.column("genome")), Catch::Contains("K="));
    CHECK_THAT(read_file(std::filesystem::path(settings.run) / "log.txt"),
               Catch::Contains("failed for good (rank 0") && Catch::Contains("no such processor; K="));
  }
  SECTION("refused after some work") {
    const auto refuses = [](Counts& counts) -> std::unique_ptr<Evaluator> {
      return std::make_unique<FailingEvaluator>(counts, 3, FailureKind::input);
    };
    CHECK_THROWS_AS(Solo(settings, refuses), InputError);
    CHECK(status_of(settings).at("state") == "failed");
    CHECK(status_of(settings).at("exit_code") == 2);
  }
  log::set_level(log::Level::info);
}

TEST_CASE("A disk that fills up ends the run; with room made it is the run that never had the trouble",
          "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.fusion.pairs_at_once = GENERATE(1, 3);
  const std::filesystem::path dir = settings.run;
  const Solo quiet(settings);
  const auto expected = std::pair(without_seconds(dir / "front.csv"), without_seconds(dir / "candidates.csv"));
  for (int after = 0; after < quiet.counts.work; after += 3) {
    settings.run = folder / fmt::format("full{}", after);
    settings.resume = false;
    const auto full = [after](Counts& counts) -> std::unique_ptr<Evaluator> {
      return std::make_unique<FailingEvaluator>(counts, after, FailureKind::worker);
    };
    CHECK_THROWS_WITH(Solo(settings, full), Catch::Contains("no such processor") && Catch::Contains("--resume"));
    CHECK(status_of(settings).at("exit_code") == 1);
    CHECK(status_of(settings).at("failed") == 0);
    settings.resume = true;
    const Solo resumed(settings);
    CHECK(resumed.code == ExitCode::done);
    CHECK(resumed.counts.work == quiet.counts.work - after);
    const std::filesystem::path run = settings.run;
    CHECK(std::pair(without_seconds(run / "front.csv"), without_seconds(run / "candidates.csv")) == expected);
  }
  log::set_level(log::Level::info);
}

TEST_CASE("What only some of the work cannot do has failed, as long as other work of its kind goes on",
          "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  settings.evolution.generations = 1;
  settings.evolution.pairs = 4;
  class OneFails final : public FakeEvaluator {
   public:
    explicit OneFails(Counts& counts) : counts_(counts) {}
    [[nodiscard]] Outcome evaluate(const Work& work, const WorkHooks& hooks) override {
      ++counts_.work;
      const auto* search = std::get_if<SearchFusion>(&work);
      if (search != nullptr && search->candidates[0].candidate == CandidateId{4}) return Failure{"out of memory"};
      return FakeEvaluator::evaluate(work, hooks);
    }

   private:
    Counts& counts_;
  };
  const auto one_fails = [](Counts& counts) -> std::unique_ptr<Evaluator> {
    return std::make_unique<OneFails>(counts);
  };
  const Solo run(settings, one_fails);
  CHECK(run.code == ExitCode::done);
  CHECK(CsvTable::read(std::filesystem::path(settings.run) / "candidates.csv").rows() == 3);
  CHECK(status_of(settings).at("failed") == 1);
  settings.resume = true;
  CHECK(Solo(settings).counts.work == 0);  // it stays failed
}

TEST_CASE("A report that cannot be written, or a damaged table of failures, costs no result", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  RunHooks hooks;
  hooks.report = [](const std::filesystem::path&, bool) -> std::filesystem::path {
    throw RunError("the disk is full");
  };
  const Solo run(settings, 1'000'000, hooks);
  CHECK(run.code == ExitCode::done);
  CHECK_THAT(run.output, Catch::Contains("val %"));
  for (const char* damaged : {"", "time,task\n1", "time,task,work,genome,rank,host,kind,reason\n1,2\n"}) {
    std::ofstream(std::filesystem::path(settings.run) / "failures.csv") << damaged;
    CHECK(load_run_results(settings.run).front.size() > 0);
  }
}

TEST_CASE("While it works status.json says that it runs", "[master][run]") {
  const TemporaryFolder folder;
  const auto settings = tiny_run(folder.path());
  std::string state;
  RunHooks hooks;
  hooks.report = [&](const std::filesystem::path& run, bool) {
    state = nlohmann::json::parse(read_file(run / "status.json")).at("state");
    return run / "report.html";
  };
  const Solo run(settings, 1'000'000, hooks);
  CHECK(state == "running");
}

TEST_CASE("A run's timeline has its jobs, its generations and every piece of work, with who did it", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  const Solo stopped(settings, 6);
  settings.resume = true;
  const Solo resumed(settings);
  const auto rows = read_timeline(std::filesystem::path(settings.run) / "timeline.csv");
  const auto count = [&](TimelineKind kind) { return std::ranges::count(rows, kind, &TimelineRow::kind); };
  CHECK(count(TimelineKind::job) == 2);
  CHECK(rows.front().kind == TimelineKind::job);
  CHECK(count(TimelineKind::generation) >= settings.evolution.generations);
  const auto worked = count(TimelineKind::backbones) + count(TimelineKind::search) + count(TimelineKind::retraining) +
                      count(TimelineKind::test);
  CHECK(worked <= stopped.counts.work + resumed.counts.work);  // one may have been at work when it stopped
  CHECK(worked >= stopped.counts.work + resumed.counts.work - 1);
  for (const auto& row : rows) CHECK(row.began_s <= row.ended_s);
  CHECK(std::ranges::is_sorted(rows, {}, &TimelineRow::ended_s));
}

TEST_CASE("A run's timeline has what its worker's meter counted over every piece of work, and nothing without one",
          "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  WorkerLoopOptions options;
  options.device = [] { return std::string("CPU, 1 thread"); };
  options.meter = [] { return std::make_unique<DrawingMeter>(); };
  const bool measured = GENERATE(true, false);
  const Solo run(settings, measured ? options : WorkerLoopOptions{});
  CHECK(run.code == ExitCode::done);
  int pieces = 0;
  for (const auto& row : read_timeline(std::filesystem::path(settings.run) / "timeline.csv")) {
    const bool worked = measured && row.kind != TimelineKind::job && row.kind != TimelineKind::generation;
    CHECK(row.energy == (worked ? std::optional(MeasuredEnergy{1, 1}) : std::nullopt));
    ++pieces;
  }
  CHECK(pieces > settings.evolution.generations);
}

TEST_CASE("Faulty input is named before any work is dealt", "[master][run]") {
  const TemporaryFolder folder;
  const auto good = tiny_run(folder.path());
  auto settings = good;
  settings.modalities[1].name = "sound";
  CHECK(error_of(settings).find("sound") != std::string::npos);
  settings = good;
  settings.modalities[1].space = find_space("avmnist-image");
  CHECK(error_of(settings).find("1x20x20") != std::string::npos);
  settings = good;
  settings.fusion.operators.push_back("SE2");
  const auto text = error_of(settings);
  CHECK(text.find("SE2") != std::string::npos);
  CHECK(text.find("slow.json") != std::string::npos);
  settings = good;
  settings.fusion.multiplier = 20;
  settings.protocol = Protocol::published;  // else as many cells as there are are joined
  CHECK_THAT(error_of(settings), Catch::Contains("multiplier is 20"));
  settings = good;
  settings.fusion.features = {9};
  CHECK_THAT(error_of(settings), Catch::Contains("features is 9 for modality image") &&
                                     Catch::Contains("can offer 4") && Catch::Contains("--features 4,4"));
  settings = good;
  settings.modalities[0].weights = folder / "missing.h5";
  CHECK(error_of(settings).find("missing.h5") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(good.run));
}

TEST_CASE("A supernet of other data than the search's is named in the log, with both", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  testing::write_tiny_data(folder / "other.h5", 10, 9);
  for (std::size_t m = 0; m < 2; ++m) {
    settings.modalities[m].weights = folder / fmt::format("weights{}.h5", m);
    Hdf5File file(settings.modalities[m].weights, Hdf5File::Mode::create);
    const DatasetFile seen(folder / (m == 0 ? "other.h5" : "data.h5"));
    file.set_attribute("/", "provenance",
                       std::string_view("trained by harmonic supernet train on " + training_mark(seen)));
  }
  const auto file = folder / "said.txt";
  log::open_file(file);
  const RunInputs inputs(settings);
  log::close_file();
  const auto said = read_file(file);
  CHECK_THAT(said, Catch::Contains("of modality image was trained on other data") && Catch::Contains("other.h5") &&
                       Catch::Contains("data.h5"));
  CHECK_THAT(said, !Catch::Contains("modality audio"));
}

TEST_CASE("A model whose weights are lost before its test is searched for again", "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  for (const int at_once : {1, 3}) {
    settings.fusion.pairs_at_once = at_once;
    settings.run = folder / fmt::format("quiet{}", at_once);
    settings.resume = false;
    const Solo quiet(settings);
    const auto front = without_seconds(std::filesystem::path(settings.run) / "front.csv");
    settings.run = folder / fmt::format("lost{}", at_once);
    { const Solo before_tests(settings, quiet.counts.work - quiet.counts.tests); }
    std::filesystem::copy(settings.run, folder / fmt::format("whole{}", at_once),
                          std::filesystem::copy_options::recursive);
    settings.resume = true;
    auto other = settings;
    other.run = folder / fmt::format("whole{}", at_once);
    const Solo whole(other);
    RunHooks hooks;
    int lost = 0;
    hooks.has_model = [&](const auto& run, CandidateId) {
      CHECK(run == settings.run);
      return lost++ > 0;
    };
    const Solo resumed(settings, 1'000'000, hooks);
    CHECK(resumed.counts.work == whole.counts.work + 1);
    CHECK(lost == quiet.counts.tests);
    CHECK(without_seconds(std::filesystem::path(settings.run) / "front.csv") == front);
  }
}

/// A journal whose record of the search that found the model is damaged.
std::string without_search_of(CandidateId model, std::string journal) {
  constexpr std::size_t kFrame = 20, kLength = 4;
  for (std::size_t at = 0; at < journal.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
      length |= std::size_t{static_cast<unsigned char>(journal[at + kLength + i])} << 8 * i;
    const auto record = decode_journal_record(std::as_bytes(std::span(journal).subspan(at + kFrame, length)));
    const auto* finished = std::get_if<FinishedWork>(&record.value());
    const auto* search = finished != nullptr ? std::get_if<SearchFusion>(&finished->work) : nullptr;
    if (search != nullptr && search->candidates.front().candidate == model) journal[at + kFrame + length / 2] ^= 1;
    at += kFrame + length;
  }
  return journal;
}

TEST_CASE("A model that has lost its weights, and the journal its search, is come by from the run's beginning",
          "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  const Solo quiet(settings);
  const auto front = without_seconds(std::filesystem::path(settings.run) / "front.csv");
  const auto table = CsvTable::read(std::filesystem::path(settings.run) / "front.csv");
  const CandidateId model{static_cast<std::uint64_t>(table.number(0, table.column("id")))};
  settings.run = folder / "lost";
  { const Solo before_tests(settings, quiet.counts.work - quiet.counts.tests); }
  auto other = settings;
  other.run = folder / "whole";
  other.resume = true;
  std::filesystem::copy(settings.run, other.run, std::filesystem::copy_options::recursive);
  const Solo whole(other);
  const auto journal = std::filesystem::path(settings.run) / "journal";
  replace_file(journal, without_search_of(model, read_file(journal)));
  settings.resume = true;
  RunHooks hooks;
  bool known = false;
  hooks.has_model = [&](const auto&, CandidateId id) { return id != model || std::exchange(known, true); };
  const Solo resumed(settings, 1'000'000, hooks);
  CHECK(resumed.code == ExitCode::done);
  CHECK(resumed.counts.work == whole.counts.work + 1);
  CHECK(without_seconds(std::filesystem::path(settings.run) / "front.csv") == front);
}

TEST_CASE("Only the front's models keep their weights, unless all are wanted", "[master][run]") {
  for (const auto keep : {KeepModels::front, KeepModels::all}) {
    const TemporaryFolder folder;
    auto settings = tiny_run(folder.path());
    settings.keep_models = keep;
    const auto models = std::filesystem::path(settings.run) / "models";
    const auto curves = std::filesystem::path(settings.run) / "tensorboard" / "models";
    for (int id = 1; id <= 11; ++id) std::filesystem::create_directories(folder / "models" / std::to_string(id));
    settings.time_limit_s = 1e-6;
    const Solo none(settings);
    std::filesystem::create_directories(curves.parent_path());
    std::filesystem::copy(folder / "models", curves, std::filesystem::copy_options::recursive);
    std::filesystem::rename(folder / "models", models);
    settings.time_limit_s = kNoLimit;
    settings.resume = true;
    const Solo run(settings);
    for (const auto& kept : {models, curves})
      CHECK(std::distance(std::filesystem::directory_iterator(kept), {}) ==
            (keep == KeepModels::all ? 11 : run.counts.tests.load()));
  }
}

TEST_CASE("The models of the front are drawn beside their weights, also when a run from before is resumed",
          "[master][run]") {
  const TemporaryFolder folder;
  auto settings = tiny_run(folder.path());
  { const Solo run(settings); }
  const auto models = std::filesystem::path(settings.run) / "models";
  CHECK_FALSE(std::filesystem::exists(models));  // without weights there is no folder
  const auto front = CsvTable::read(std::filesystem::path(settings.run) / "front.csv");
  REQUIRE(front.rows() > 1);
  const auto folder_of = [&](std::size_t row) { return models / front.cell(row, front.column("id")); };
  for (std::size_t row = 1; row < front.rows(); ++row) std::filesystem::create_directories(folder_of(row));
  settings.resume = true;
  { const Solo run(settings); }
  CHECK_FALSE(std::filesystem::exists(folder_of(0)));
  for (std::size_t row = 1; row < front.rows(); ++row) {
    CHECK_THAT(read_file(folder_of(row) / "architecture.dot"), Catch::StartsWith("digraph"));
    if (has_graphviz()) CHECK_THAT(read_file(folder_of(row) / "architecture.svg"), Catch::StartsWith("<svg"));
  }
}

ReproduceSettings tiny_reproduction(const std::filesystem::path& folder) {
  ReproduceSettings settings;
  settings.run = tiny_run(folder);
  settings.table = "avmnist";
  settings.rows = {1, 3};
  return settings;
}

TEST_CASE("The models of a reproduction's front are drawn as those of a search", "[master][reproduce]") {
  const TemporaryFolder folder;
  auto settings = tiny_reproduction(folder.path());
  { const Solo run(settings); }
  const auto front = CsvTable::read(std::filesystem::path(settings.run.run) / "front.csv");
  REQUIRE(front.rows() > 0);
  const auto model = std::filesystem::path(settings.run.run) / "models" / front.cell(0, front.column("id"));
  std::filesystem::create_directories(model);
  settings.run.resume = true;
  { const Solo run(settings); }
  CHECK_THAT(read_file(model / "architecture.dot"), Catch::StartsWith("digraph"));
}

TEST_CASE("A reproduction leaves published beside measured, every model's test metric, and the front",
          "[master][reproduce]") {
  const TemporaryFolder folder;
  auto settings = tiny_reproduction(folder.path());
  settings.run.json = true;
  const Solo run(settings);
  CHECK(run.code == ExitCode::done);
  CHECK(run.counts.work == 3 + 6 * (1 + 2 + 1));  // backbones, searches, tests
  CHECK(run.counts.tests == 6);
  const std::filesystem::path dir = settings.run.run;
  CHECK(CsvTable::read(dir / "reproduced.csv").rows() == 2 * 12);
  CHECK(read_file(dir / "reproduced.html").find("<h2>Row 3</h2>") != std::string::npos);
  const auto candidates = CsvTable::read(dir / "candidates.csv");
  REQUIRE(candidates.rows() == 6);
  CHECK(candidates.cell(0, 0) == "101");
  for (std::size_t r = 0; r < 6; ++r)
    CHECK(candidates.optional_number(r, candidates.column("metric_test")).has_value());
  const auto json = nlohmann::json::parse(run.output);
  CHECK(json.at("front").size() == CsvTable::read(dir / "front.csv").rows());
  CHECK(json.at("hypervolume").get<double>() > 0);
  CHECK(json.contains("report"));
}

TEST_CASE("A reproduction stopped anywhere and resumed is the one that was not", "[master][reproduce]") {
  const TemporaryFolder folder;
  const auto settings = tiny_reproduction(folder.path());
  const Solo whole(settings);
  const auto expected = read_file(std::filesystem::path(settings.run.run) / "reproduced.csv");
  for (const int after : {1, 4, whole.counts.work - 1}) {
    auto other = settings;
    other.run.run = folder / fmt::format("stopped after {}", after);
    CHECK(Solo(other, after).code == ExitCode::stopped);
    other.run.resume = true;
    CHECK(Solo(other).code == ExitCode::done);
    CHECK(read_file(std::filesystem::path(other.run.run) / "reproduced.csv") == expected);
  }
}

TEST_CASE("The largest sub-networks of published supernets are measured once, on test, and need no front",
          "[master][reproduce]") {
  const TemporaryFolder folder;
  auto settings = tiny_reproduction(folder.path());
  settings.table = "supernets";
  settings.rows = {};
  const Solo run(settings);
  CHECK(run.code == ExitCode::done);
  CHECK(run.counts.work == 2);
  const std::filesystem::path dir = settings.run.run;
  const auto table = CsvTable::read(dir / "reproduced.csv");
  REQUIRE(table.rows() == 2);
  CHECK(table.cell(0, table.column("quantity")) == "metric.image");
  CHECK(table.cell(1, table.column("published")) == "88.22");
  CHECK(table.cell(1, table.column("verdict")) == "other data");
  CHECK(table.number(0, table.column("measured")) == Approx(fake_metric(largest_genome(find_space("avmnist-image")))));
  CHECK_FALSE(std::filesystem::exists(dir / "front.csv"));
  // Row 2 is in the journal.
  settings.run.resume = true;
  settings.rows = {2};
  CHECK(Solo(settings).counts.work == 0);
  CHECK(CsvTable::read(dir / "reproduced.csv").rows() == 1);
}

TEST_CASE("A finished reproduction goes on with more rows and seeds, and does nothing twice", "[master][reproduce]") {
  const TemporaryFolder folder;
  auto settings = tiny_reproduction(folder.path());
  CHECK(Solo(settings).counts.work == 27);
  settings.run.resume = true;
  settings.seeds = 4;
  settings.rows = {};
  const Solo more(settings);
  CHECK(more.counts.work ==
        2 + (4 + 1 + 1) * (1 + 2 + 1));  // row 2's backbones; its four seeds, and the others' fourth
  CHECK(CsvTable::read(std::filesystem::path(settings.run.run) / "candidates.csv").rows() == 12);
}

TEST_CASE("A reproduction refuses what is not its own: another table's run, a search's run, data of other classes",
          "[master][reproduce]") {
  const TemporaryFolder folder;
  const auto settings = tiny_reproduction(folder.path());
  { const Solo run(settings); }
  auto search = settings.run;
  search.resume = true;
  CHECK(error_of(search).find("table (avmnist in the run") != std::string::npos);
  auto other = settings;
  other.run.resume = true;
  other.run.seed = 2;
  CHECK(error_of(other).find("seed (1 in the run, 2 given)") != std::string::npos);
  other = settings;
  other.run.run = folder / "other";
  other.table = "harmp";
  CHECK(error_of(other).find("harmp-image and maxout") != std::string::npos);
  write_tiny_data(other.run.data, 7);
  other.table = "avmnist";
  CHECK(error_of(other).find("one of 7 classes") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(other.run.run));
}

}  // namespace
}  // namespace harmonic
