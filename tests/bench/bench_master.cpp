// What the master itself takes for a generation of 128 fusion searches, with few and with many models in the archive.
// The worker is a fake in the same process, whose answers are there at once; all else is the real run and its files.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <set>

#include <unistd.h>

#include "core/base/log.hpp"
#include "core/space/variation.hpp"
#include "core/work/run_hash.hpp"
#include "master/run/run_inputs.hpp"
#include "master/search/checkpoint.hpp"
#include "master/search/search_plan.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/tiny_run.hpp"
#include "worker/loop/worker_loop.hpp"

namespace harmonic {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kPairs = 128;              // fusion searches a generation
constexpr std::size_t kBackbones = 500;  // a modality, of some thousands
constexpr int kGenerations = 5;          // measured, after the one that the archive stands for

/// Notes when each generation's last fusion search is asked for.
class TimedEvaluator final : public testing::FakeEvaluator {
 public:
  explicit TimedEvaluator(std::vector<Clock::time_point>& ends) : ends_(ends) {}
  [[nodiscard]] Outcome evaluate(const Work& work, const WorkHooks& hooks) override {
    if (const auto* search = std::get_if<SearchFusion>(&work)) {
      fused_ += search->candidates.size();
      if (fused_ % kPairs == 0) ends_.push_back(Clock::now());
    }
    return FakeEvaluator::evaluate(work, hooks);
  }

 private:
  std::vector<Clock::time_point>& ends_;
  std::size_t fused_ = 0;
};

std::vector<Clock::time_point> run(const SearchSettings& settings) {
  std::vector<Clock::time_point> ends;
  testing::MemoryNetwork network(1);
  auto box = network.box(Rank{0});
  WorkerLoop worker(box, make_hello(Rank{0}, [&] { return run_fingerprint(settings); }),
                    [&] { return std::make_unique<TimedEvaluator>(ends); });
  RunHooks hooks;
  hooks.idle = [&] { worker.poll(); };
  std::cout.setstate(std::ios::failbit);  // the front's table
  (void)run_search(settings, box, hooks);
  std::cout.clear();
  return ends;
}

/// A search that has scored `models` after its first generation, of `kBackbones` backbones a modality: however many
/// models there are, as much is left to be found, and a generation after it has the same work.
SearchState crowded(const std::vector<BackboneSpace>& spaces, std::size_t models, int population) {
  SearchState state;
  state.generation = 1;
  state.next_task = 1'000'000;
  state.next_candidate = models + 1;
  RandomStream random(Seed{9}, "bench");
  std::vector<std::vector<BackboneGenome>> backbones(spaces.size());
  for (std::size_t m = 0; m < spaces.size(); ++m) {
    std::set<BackboneGenome> distinct;
    while (distinct.size() < kBackbones) distinct.insert(canonical(random_genome(spaces[m], random)));
    backbones[m].assign(distinct.begin(), distinct.end());
    for (const auto& genome : backbones[m]) state.memo.add(static_cast<int>(m), genome, testing::fake_metric(genome));
    state.survivors.emplace_back(backbones[m].begin(), backbones[m].begin() + population / 4);
  }
  for (std::size_t i = 0; i < models; ++i) {
    ScoredModel model{CandidateId{i + 1}, 1};
    for (const auto& of_modality : backbones) model.genome.backbones.push_back(of_modality[random.below(kBackbones)]);
    model.genome.macro = {1 + static_cast<int>(random.below(3)), 1 + static_cast<int>(random.below(3))};
    model.metric_val = testing::fake_metric(model.genome);
    model.retrained = {model.metric_val};
    model.genotype = testing::fake_genotype(model.genome);
    model.architecture.assign(40, 0.5F);
    if (i < kPairs / 2) state.parents.push_back(model.id);
    state.archive.add(std::move(model));
  }
  return state;
}

/// Seconds of the fastest generation.
double generation_s(const std::filesystem::path& folder, std::size_t models) {
  auto settings = testing::tiny_run(folder);
  settings.evolution.population = 4 * kPairs;
  settings.evolution.generations = 1;
  (void)run(settings);
  settings.resume = true;
  settings.evolution.generations = 1 + kGenerations;
  {
    const RunInputs inputs(settings);
    save_checkpoint(std::filesystem::path(settings.run) / "checkpoint.h5",
                    crowded(inputs.spaces, models, settings.evolution.population), inputs.hash, inputs.spaces.size());
  }
  const auto ends = run(settings);
  double fastest = std::numeric_limits<double>::infinity();
  for (std::size_t g = 1; g < ends.size(); ++g)
    fastest = std::min(fastest, std::chrono::duration<double>(ends[g] - ends[g - 1]).count());
  return fastest;
}

}  // namespace
}  // namespace harmonic

int main() {
  using namespace harmonic;
  log::set_level(log::Level::error);
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("bench_master.{}", ::getpid());
  double few_s = 0;
  for (const std::size_t models : {1'000, 10'000, 100'000}) {
    std::filesystem::create_directories(folder);
    const double seconds = generation_s(folder, models);
    std::filesystem::remove_all(folder);
    if (few_s == 0) few_s = seconds;
    std::cout << fmt::format("{:>7} models in the archive: {:.3f} s a generation of {}, {:.2f} times that with 1000\n",
                             models, seconds, kPairs, seconds / few_s);
  }
}
