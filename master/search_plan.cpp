#include "master/search_plan.hpp"

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/checkpoint.hpp"
#include "master/progress.hpp"
#include "master/search.hpp"

namespace harmonic {
namespace {

Search make_search(const SearchSettings& settings, const RunInputs& inputs, const RunDirectory& directory) {
  const Seed seed{settings.seed};
  const int at_once = settings.fusion.pairs_at_once;
  auto state = settings.resume ? load_checkpoint(directory.checkpoint(), inputs.hash, inputs.spaces) : std::nullopt;
  if (!state) return {settings.evolution, seed, inputs.spaces, inputs.costs, at_once};
  log::info("resumed after generation {}", state->generation);
  return {settings.evolution, seed, inputs.spaces, inputs.costs, std::move(*state), at_once};
}

/// The search and its files: a checkpoint and tables every generation.
class SearchPlan final : public RunPlan {
 public:
  SearchPlan(const SearchSettings& settings, const RunHooks& hooks)
      : RunPlan("search", settings, RunInputs(settings, hooks), run_config(settings)),
        keep_all_models_(settings.keep_models == KeepModels::all),
        reads_test_(settings.protocol == Protocol::published),
        search_(make_search(settings, inputs(), directory())),
        progress_(settings.evolution) {}

  [[nodiscard]] std::vector<Task> ask() override {
    auto tasks = search_.ask();
    save_generation();
    progress_.batch(search_, tasks);
    return tasks;
  }
  void tell(const Task& task, const Result& result) override {
    search_.tell(result);
    progress_.told(task, result);
  }
  void save() override {
    const auto best = front();
    replace_file(directory().candidates(), tables().candidates_csv(archive(), reads_test_));
    replace_file(directory().front(), tables().front_csv(archive(), best));
    // Not before it is sure that the run is not refused.
    if (!keep_all_models_ && saved_generation_ >= 0) directory().prune_models(archive(), best);
  }

  [[nodiscard]] std::string progress_line(const Dispatcher& dispatcher) const override {
    return progress_.line(search_, dispatcher);
  }
  [[nodiscard]] std::string how_far() const override {
    return fmt::format("in generation {} with {} models scored", search_.generation(), archive().models().size());
  }
  [[nodiscard]] std::string text() const override { return tables().front_table(archive(), front()); }

 protected:
  [[nodiscard]] const Archive& archive() const override { return search_.archive(); }

 private:
  void save_generation() {
    const auto& boundary = search_.boundary();
    if (boundary.generation == saved_generation_) return;
    save_checkpoint(directory().checkpoint(), boundary, hash(), inputs().spaces.size());
    save();
    if (boundary.generation > 0) progress_.generation_done(search_, hypervolume());
    saved_generation_ = boundary.generation;
  }

  bool keep_all_models_;
  bool reads_test_;  ///< of every candidate: the published protocol does
  Search search_;
  Progress progress_;
  int saved_generation_ = -1;
};

}  // namespace

ExitCode run_search(const SearchSettings& settings, Mailbox& mailbox, const RunHooks& hooks) {
  return lead_run(settings, mailbox, hooks, [&] { return std::make_unique<SearchPlan>(settings, hooks); });
}

}  // namespace harmonic
