#include "master/sweep/sweep.hpp"

#include <atomic>
#include <fstream>
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/base/log.hpp"
#include "core/pareto/fronts.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "master/sweep/row_checksums.hpp"
#include "master/sweep/sweep_table.hpp"
#include "tests/support/captured_stdout.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/tiny_run.hpp"
#include "worker/loop/worker_loop.hpp"

namespace harmonic {
namespace {

using namespace testing;

/// 36 networks, in groups of 12.
BackboneSpace small_space() {
  BackboneSpace space = find_space("avmnist-image");
  space.expands = {3};
  space.depths = {2, 3};
  return space;
}

SweepSubject subject(const std::string& samples = "20") {
  return {small_space(), 10, "fakes", {{"weights", "made up"}, {"samples", samples}}};
}

/// Cannot score `broken`; counts what it is asked.
class SweepEvaluator final : public FakeEvaluator {
 public:
  SweepEvaluator(std::set<BackboneGenome> broken, std::atomic<int>& asked)
      : broken_(std::move(broken)), asked_(asked) {}
  [[nodiscard]] Outcome evaluate(const Work& work, const WorkHooks& hooks) override {
    for (const auto& genome : std::get<EvaluateBackbones>(work).genomes) {
      ++asked_;
      if (broken_.contains(genome)) throw CandidateError("predicts values that are not finite");
    }
    return FakeEvaluator::evaluate(work, hooks);
  }

 private:
  std::set<BackboneGenome> broken_;
  std::atomic<int>& asked_;
};

/// A sweep over workers of this process.
struct Sweeping {
  TemporaryFolder folder;
  SweepOptions options;
  SweepSubject measured = subject();
  std::set<BackboneGenome> broken;
  EvaluatorFactory make = [this] { return std::make_unique<SweepEvaluator>(broken, asked); };
  std::atomic<int> asked = 0;
  std::function<void()> before_idle = [] {};
  std::function<bool()> stop = [] { return false; };
  std::set<int> silent;  ///< workers that are never heard after their hello
  bool abandoned = false;

  Sweeping() {
    write_tiny_table(folder / "a.json", 10);
    write_tiny_table(folder / "b.json", 1);
    options.out = folder / "out.csv";
    options.all = true;
    for (const std::string name : {"a", "b"}) options.devices.push_back({name, {folder / (name + ".json")}});
  }

  [[nodiscard]] std::string csv() const { return read_file(options.out); }

  ExitCode run(int workers = 1) {
    struct Quiet {
      Quiet() { log::set_level(log::Level::error); }
      ~Quiet() { log::set_level(log::Level::info); }
    } const quiet;
    MemoryNetwork network(workers + 1);
    auto master = network.box(Rank{0});
    std::vector<MemoryNetwork::Box> boxes;
    for (int w = 1; w <= workers; ++w) boxes.push_back(network.box(Rank{w}));
    std::vector<std::unique_ptr<WorkerLoop>> loops;
    for (auto& box : boxes)
      loops.push_back(std::make_unique<WorkerLoop>(box, make_hello(box.rank(), [] { return std::uint64_t{7}; }), make));
    RunHooks hooks;
    hooks.idle = [&] {
      before_idle();
      for (std::size_t w = 0; w < loops.size(); ++w)
        if (!silent.contains(static_cast<int>(w) + 1)) loops[w]->poll();
    };
    hooks.stop = stop;
    hooks.abandon = [&] { abandoned = true; };
    const SweepSource source{{}, [] { return std::uint64_t{7}; }, [this] { return measured; }};
    auto code = ExitCode::failed;
    output = captured_stdout([&] { code = run_sweep(options, source, master, hooks); });
    return code;
  }
  std::string output;
};

/// The CSV of a sweep that nothing happened to.
std::string quiet_csv() {
  Sweeping quiet;
  REQUIRE(quiet.run() == ExitCode::done);
  return quiet.csv();
}

}  // namespace

TEST_CASE("A sweep scores and prices every network, in order, and marks the front", "[sweep]") {
  Sweeping sweep;
  sweep.options.json = true;
  REQUIRE(sweep.run() == ExitCode::done);
  const auto table = CsvTable::read(sweep.options.out);
  CHECK(table.header() == std::vector<std::string>{"genome", "metric", "latency_ms.a", "latency_ms.b", "energy_mj.a",
                                                   "energy_mj.b", "parameters", "macs", "front"});
  const auto genomes = all_genomes(small_space());
  REQUIRE(table.rows() == genomes.size());
  std::vector<Objectives> points;
  for (std::size_t row = 0; row < genomes.size(); ++row) {
    CHECK(table.cell(row, 0) == to_text(genomes[row]));
    CHECK(table.number(row, 1) == fake_metric(genomes[row]));
    points.push_back({-table.number(row, 1)});
    for (std::size_t c = 2; c < 6; ++c) points.back().push_back(table.number(row, c));
  }
  for (std::size_t row = 0; row < points.size(); ++row) {
    const bool dominated = std::ranges::any_of(points, [&](const auto& p) { return dominates(p, points[row]); });
    CHECK(table.cell(row, table.column("front")) == (dominated ? "0" : "1"));
    CHECK(table.number(row, table.column("macs")) == backbone_size(small_space(), genomes[row], 10).macs);
  }
  const auto summary = nlohmann::json::parse(sweep.output);
  CHECK(summary.at("networks") == 36);
  CHECK(summary.at("measured") == 36);
  CHECK(summary.at("failed") == 0);
  CHECK(std::filesystem::exists(sweep.options.conditions_file()));
}

TEST_CASE("A sweep's file is the same on several workers, and when one of them is lost", "[sweep]") {
  const auto quiet = quiet_csv();
  Sweeping several;
  CHECK(several.run(3) == ExitCode::done);
  CHECK(several.csv() == quiet);
  CHECK_FALSE(several.abandoned);

  Sweeping bereft;
  bereft.options.lease_s = 2;  // long for a worker that lives, on a machine with other work and under sanitizers
  bereft.silent = {2};
  CHECK(bereft.run(2) == ExitCode::done);
  CHECK(bereft.csv() == quiet);
  CHECK(bereft.abandoned);  // MPI cannot be finalised
}

TEST_CASE("A sweep that is stopped keeps its rows, and goes on from there to the same file", "[sweep]") {
  const auto quiet = quiet_csv();
  Sweeping sweep;
  sweep.stop = [&] { return std::filesystem::exists(sweep.options.out); };
  REQUIRE(sweep.run() == ExitCode::stopped);
  const auto left = sweep.csv();
  CHECK(CsvTable::read(sweep.options.out).rows() == 12);
  sweep.stop = [] { return false; };
  sweep.options.resume = true;
  sweep.options.json = true;

  SECTION("as it was left") {
    REQUIRE(sweep.run() == ExitCode::done);
    CHECK(nlohmann::json::parse(sweep.output).at("measured") == 24);
  }
  SECTION("its last row cut off, as by a kill") {
    std::ofstream(sweep.options.out) << left.substr(0, left.size() - 3);
    REQUIRE(sweep.run() == ExitCode::done);
    CHECK(nlohmann::json::parse(sweep.output).at("measured") == 25);
  }
  CHECK(sweep.csv() == quiet);
}

TEST_CASE("Rows of a sweep that are no longer as they were measured are measured again, and named", "[sweep]") {
  Sweeping sweep;
  REQUIRE(sweep.run() == ExitCode::done);
  const auto whole = sweep.csv();
  sweep.options.resume = true;
  sweep.options.json = true;
  const auto resumed = [&](const std::string& csv) {
    std::ofstream(sweep.options.out) << csv;
    log::open_file(sweep.folder / "log.txt");
    REQUIRE(sweep.run() == ExitCode::done);
    log::close_file();
    CHECK(sweep.csv() == whole);
    return nlohmann::json::parse(sweep.output).at("measured").get<int>();
  };
  const auto line = whole.find('\n', whole.find('\n') + 1) + 1, metric = whole.find("\",", line) + 2;
  auto other = whole;
  other[metric] = other[metric] == '9' ? '8' : '9';  // a digit
  CHECK(resumed(other) == 1);
  CHECK_THAT(read_file(sweep.folder / "log.txt"),
             Catch::Contains("out.csv: line 3 is not as") && Catch::Contains("out.csv.checksums"));
  CHECK(resumed(whole.substr(0, line) + "\"" + whole.substr(line)) == 1);
  CHECK(resumed("x" + whole) == 36);  // its header
  CHECK(resumed(whole) == 0);

  std::filesystem::remove(checksums_file(sweep.options.out));
  CHECK(resumed(whole) == 0);
  CHECK_THAT(read_file(sweep.folder / "log.txt"), Catch::Contains("out.csv has no out.csv.checksums beside it"));
  CHECK(std::filesystem::exists(checksums_file(sweep.options.out)));  // from now on
}

TEST_CASE("A network that cannot be scored has no row, and costs its group nothing else", "[sweep]") {
  const auto quiet = quiet_csv();
  const auto genomes = all_genomes(small_space());
  Sweeping sweep;
  sweep.options.json = true;
  sweep.broken = {genomes[5]};
  CHECK(sweep.run() == ExitCode::failed);
  const auto summary = nlohmann::json::parse(sweep.output);
  CHECK(summary.at("measured") == 35);
  CHECK(summary.at("failed") == 1);
  CHECK(CsvTable::read(sweep.options.out).rows() == 35);
  CHECK(sweep.csv().find(to_text(genomes[5])) == std::string::npos);

  sweep.broken.clear();  // mended: that one alone is tried
  sweep.asked = 0;
  sweep.options.resume = true;
  CHECK(sweep.run() == ExitCode::done);
  CHECK(sweep.asked == 1);
  CHECK(sweep.csv() == quiet);
}

TEST_CASE("A sweep that can score nothing at all says why, and writes nothing", "[sweep]") {
  Sweeping sweep;
  const auto genomes = all_genomes(small_space());
  sweep.broken = {genomes.begin(), genomes.end()};
  CHECK_THROWS_WITH(sweep.run(), Catch::Contains("none of 36") && Catch::Contains("not finite"));
  CHECK_FALSE(std::filesystem::exists(sweep.options.out));
}

TEST_CASE("A sweep that finds its file unwritable ends", "[sweep]") {
  Sweeping sweep;
  std::filesystem::create_directory(sweep.folder / "there");
  sweep.options.out = sweep.folder / "there" / "out.csv";
  sweep.before_idle = [&] {
    if (std::filesystem::exists(sweep.options.out))
      std::filesystem::rename(sweep.folder / "there", sweep.folder / "gone");
  };
  CHECK_THROWS_AS(sweep.run(2), RunError);
  CHECK(CsvTable::read(sweep.folder / "gone" / "out.csv").rows() >= 12);
}

TEST_CASE("A sweep that is refused touches no file", "[sweep]") {
  Sweeping sweep;
  SECTION("every worker finds fault with the input") {
    sweep.make = []() -> std::unique_ptr<Evaluator> { throw InputError("no such split", "name another"); };
    CHECK_THROWS_AS(sweep.run(2), InputError);
    CHECK_FALSE(std::filesystem::exists(sweep.options.out));
    CHECK_FALSE(std::filesystem::exists(sweep.options.conditions_file()));
  }
  SECTION("there is a result already, or one of other conditions") {
    REQUIRE(sweep.run() == ExitCode::done);
    const auto before = sweep.csv();
    CHECK_THROWS_WITH(sweep.run(), Catch::Contains("exists already"));
    sweep.options.resume = true;
    sweep.measured = subject("21");
    CHECK_THROWS_WITH(sweep.run(), Catch::Contains("samples (20 there, 21 given)"));
    CHECK(sweep.csv() == before);
    std::filesystem::remove(sweep.options.conditions_file());
    CHECK_THROWS_WITH(sweep.run(), Catch::Contains("out.csv.conditions"));
    CHECK(sweep.csv() == before);
  }
  SECTION("its rows, or what they depend on, are damaged") {
    REQUIRE(sweep.run() == ExitCode::done);
    const auto whole = sweep.csv();
    sweep.options.resume = true;
    std::filesystem::remove(checksums_file(sweep.options.out));  // as sweeps made before have none
    const auto refused = [&](const std::string& csv, const std::string& what) {
      std::ofstream(sweep.options.out) << csv;
      CHECK_THROWS_WITH(sweep.run(), Catch::Contains("out.csv line 3: ") && Catch::Contains(what));
      CHECK(sweep.csv() == csv);
    };
    const auto line = whole.find('\n', whole.find('\n') + 1) + 1, metric = whole.find("\",", line) + 2;
    refused(whole.substr(0, metric) + "1" + whole.substr(metric), "not between 0 and 100");
    refused(whole.substr(0, metric) + "-" + whole.substr(metric), "not between 0 and 100");
    refused(whole.substr(0, line + 1) + "X" + whole.substr(line + 1), "mend the line");
    std::ofstream(sweep.options.out) << whole;
    for (const auto* damaged : {"", "{\"weights\": ", "{\"weights\": 5}"}) {
      replace_file(sweep.options.conditions_file(), damaged);
      CHECK_THROWS_WITH(sweep.run(),
                        Catch::Contains("out.csv.conditions is damaged") && Catch::Contains("remove both"));
      CHECK(sweep.csv() == whole);
    }
  }
  SECTION("a table lacks a row") {
    LookUpTable().save(sweep.folder / "a.json");
    CHECK_THROWS_AS(sweep.run(), InputError);
    CHECK_FALSE(std::filesystem::exists(sweep.options.out));
  }
}

TEST_CASE("A sweep says which device's table lacks a cost", "[sweep]") {
  Sweeping sweep;
  auto without = LookUpTable::load({sweep.folder / "b.json"});
  auto rows = without.rows();
  for (auto& [key, cost] : rows) without.set(key, {cost.latency_ms(), std::nullopt});
  without.save(sweep.folder / "b.json");
  log::open_file(sweep.folder / "log.txt");
  CHECK(sweep.run() == ExitCode::done);
  log::close_file();
  CHECK_THAT(read_file(sweep.folder / "log.txt"), Catch::Contains("the table of device b has no energy in some rows"));
}

TEST_CASE("A list of genomes keeps its order and its doubles, and what is known stays behind it", "[sweep]") {
  const TemporaryFolder folder;
  const auto genomes = all_genomes(small_space());
  SweepTable table(
      folder / "s.csv", {genomes[4], genomes[2], genomes[4]}, {{genomes[7], 50.0}, {genomes[2], 60.0}},
      [](const BackboneGenome&) { return ModelSize{.parameters = 7, .macs = 8}; }, std::nullopt);
  CHECK(table.open() == std::vector{genomes[4]});
  const double percent = 60.0;
  table.append({&genomes[4], 1}, {&percent, 1});
  CHECK(table.best() == std::pair(genomes[4], 60.0));
  CHECK(table.finish() == 3);  // as the rows say
  const auto row = [](const BackboneGenome& genome, const std::string& rest) {
    return fmt::format("\"{}\",{}\n", to_text(genome), rest);
  };
  CHECK(read_file(folder / "s.csv") == "genome,metric,parameters,macs,front\n" + row(genomes[4], "60,7,8,1") +
                                           row(genomes[2], "60,7,8,1") + row(genomes[4], "60,7,8,1") +
                                           row(genomes[7], "50,7,8,0"));
  CHECK(read_sweep(folder / "s.csv", small_space()).size() == 4);
}

}  // namespace harmonic
