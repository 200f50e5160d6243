#include "master/search/checkpoint.hpp"

#include <algorithm>
#include <fstream>
#include <functional>

#include <catch2/catch.hpp>

#include "core/base/log.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/search/checkpoint_writer.hpp"
#include "tests/support/damage.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using namespace testing;
constexpr std::uint64_t kSettings = 0xfedcba9876543210;  // does not fit a signed number

std::vector<BackboneSpace> spaces() {
  return {find_space("harmp-image"), find_space("maxout")};
}

/// The state after some generations in which some work failed.
SearchState some_state(int generations, PairChoice choose = PairChoice::evolution) {
  EvolutionSettings settings;
  settings.choose = choose;
  settings.population = 8;
  settings.generations = generations;
  Search search(settings, Seed{3}, spaces(),
                {[](int, const BackboneGenome& genome) { return fake_costs(genome); }, fake_model_costs}, 1, 3);
  int n = 0;
  for (auto tasks = search.ask(); !tasks.empty(); tasks = search.ask())
    for (const auto& task : tasks) {
      const bool fails = ++n % 4 == 0 && to_text(std::get_if<EvaluateBackbones>(&task.work) != nullptr
                                                     ? std::get<EvaluateBackbones>(task.work).genomes.front()
                                                     : BackboneGenome{{1}, {1}, {1}}) != "fixed";
      search.tell({task.id, Rank{1}, 1.0 / n, fails ? Outcome(Failure{"no"}) : fake_outcome(task.work)});
    }
  return search.boundary();
}

TEST_CASE("A checkpoint gives back the whole state", "[master][checkpoint]") {
  const TemporaryFolder folder;
  for (const auto& state : {SearchState{0, 1, 1, {{}, {}}, {}, {}, {}}, some_state(3)}) {
    save_checkpoint(folder / "checkpoint.h5", state, kSettings, 2);
    const auto loaded = load_checkpoint(folder / "checkpoint.h5", kSettings, spaces());
    REQUIRE(loaded.has_value());
    CHECK(*loaded == state);
  }
  CHECK_FALSE(some_state(3).archive.failed().empty());
}

TEST_CASE(
    "Of checkpoints that are written beside the run's work the last one lies there in the end, behind it the one "
    "before",
    "[master][checkpoint]") {
  const TemporaryFolder folder;
  const auto path = folder / "checkpoint.h5";
  CheckpointWriter writer(path, kSettings, 2);
  for (const int generations : {1, 2, 3}) writer.write(some_state(generations));
  writer.finish();
  CHECK(load_checkpoint(path, kSettings, spaces()) == some_state(3));
  CHECK(load_checkpoint(previous_version(path), kSettings, spaces()) == some_state(2));
}

TEST_CASE("A checkpoint that cannot be written beside the run's work is told with the next one, or at the end",
          "[master][checkpoint]") {
  const TemporaryFolder folder;
  CheckpointWriter writer(folder / "absent" / "checkpoint.h5", kSettings, 2);
  writer.write(some_state(1));
  if (GENERATE(true, false))
    CHECK_THROWS_WITH(writer.write(some_state(2)), Catch::Contains("checkpoint.h5"));
  else
    CHECK_THROWS_WITH(writer.finish(), Catch::Contains("checkpoint.h5"));
  CHECK_NOTHROW(writer.finish());  // it is told once
}

TEST_CASE("A checkpoint keeps a test metric that came with the model", "[master][checkpoint]") {
  const TemporaryFolder folder;
  auto state = some_state(2);
  const auto id = state.archive.models().begin()->first;
  state.archive.set_metric_test(id, 87.5);
  save_checkpoint(folder / "checkpoint.h5", state, kSettings, 2);
  CHECK(load_checkpoint(folder / "checkpoint.h5", kSettings, spaces()) == state);
}

TEST_CASE("A checkpoint keeps what was predicted of the models that were chosen by it", "[master][checkpoint]") {
  const TemporaryFolder folder;
  const auto state = some_state(2, PairChoice::model);
  CHECK(std::ranges::any_of(state.archive.models(),
                            [](const auto& model) { return model.second.predicted.has_value(); }));
  CHECK(std::ranges::any_of(state.archive.models(), [](const auto& model) { return !model.second.predicted; }));
  save_checkpoint(folder / "checkpoint.h5", state, kSettings, 2);
  CHECK(load_checkpoint(folder / "checkpoint.h5", kSettings, spaces()) == state);
}

/// Damages a file that is whole.
void flip(const std::filesystem::path& path, std::size_t at) {
  auto bytes = read_file(path);
  bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  std::ofstream(path, std::ios::binary) << bytes;
}

struct Quiet {
  Quiet() { log::set_level(log::Level::error); }
  ~Quiet() { log::set_level(log::Level::info); }
};

TEST_CASE("A checkpoint that cannot be used is none", "[master][checkpoint]") {
  const TemporaryFolder folder;
  const auto path = folder / "checkpoint.h5";
  const Quiet quiet;
  CHECK_FALSE(load_checkpoint(path, kSettings, spaces()).has_value());
  save_checkpoint(path, some_state(2), kSettings, 2);
  CHECK_FALSE(load_checkpoint(path, kSettings + 1, spaces()).has_value());
  const auto bytes = read_file(path);
  for (const std::size_t length : {std::size_t{0}, std::size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
    std::ofstream(path, std::ios::binary) << bytes.substr(0, length);
    CHECK_FALSE(load_checkpoint(path, kSettings, spaces()).has_value());
  }
}

TEST_CASE("A checkpoint with any byte changed is not read", "[master][checkpoint]") {
  const TemporaryFolder folder;
  const auto path = folder / "checkpoint.h5";
  const Quiet quiet;
  save_checkpoint(path, some_state(2), kSettings, 2);
  const auto bytes = read_file(path);
  RandomStream random(Seed{8}, "flips");
  for (int i = 0; i < 500; ++i) {
    std::ofstream(path, std::ios::binary) << with_a_byte_changed(bytes, random);
    REQUIRE_FALSE(load_checkpoint(path, kSettings, spaces()).has_value());
  }
}

TEST_CASE("Where a checkpoint is damaged the one before it is used, and a damaged one takes its place never",
          "[master][checkpoint]") {
  const TemporaryFolder folder;
  const auto path = folder / "checkpoint.h5";
  const Quiet quiet;
  save_checkpoint(path, some_state(1), kSettings, 2);
  save_checkpoint(path, some_state(2), kSettings, 2);
  CHECK(load_checkpoint(path, kSettings, spaces()) == some_state(2));
  flip(path, 1000);
  CHECK(load_checkpoint(path, kSettings, spaces()) == some_state(1));
  save_checkpoint(path, some_state(3), kSettings, 2);
  flip(path, 1000);
  CHECK(load_checkpoint(path, kSettings, spaces()) == some_state(1));
  flip(previous_version(path), 1000);
  CHECK_FALSE(load_checkpoint(path, kSettings, spaces()).has_value());
}

TEST_CASE("A checkpoint with a name or an index that is none is not used", "[master][checkpoint]") {
  const TemporaryFolder folder;
  const auto path = folder / "checkpoint.h5";
  const Quiet quiet;
  const auto state = some_state(2);
  const auto refused = [&](const std::function<void(ScoredModel&)>& change) {
    auto wrong = state;
    auto model = wrong.archive.models().begin()->second;
    change(model);
    wrong.archive.add(model);
    save_checkpoint(path, wrong, kSettings, 2);
    CHECK_FALSE(load_checkpoint(path, kSettings, spaces()).has_value());
  };
  refused([](ScoredModel& model) { model.genotype.cells.front().steps.front().op = "Su}"; });
  refused([](ScoredModel& model) { model.genotype.cells.front().first = 99; });
  refused([](ScoredModel& model) { model.metric_val = 1e9; });
  refused([](ScoredModel& model) { model.retrained = {50, -1}; });
  refused([](ScoredModel& model) { model.id = CandidateId{1'000'000}; });
}

}  // namespace
}  // namespace harmonic
