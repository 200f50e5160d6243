#include "master/search/search_plan.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/config/pairs_at_once.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/models/candidates_file.hpp"
#include "master/models/hypervolume_file.hpp"
#include "master/run/journal.hpp"
#include "master/run/model_plan.hpp"
#include "master/search/checkpoint.hpp"
#include "master/search/checkpoint_writer.hpp"
#include "master/search/idle_advice.hpp"
#include "master/search/progress.hpp"
#include "master/search/race.hpp"
#include "master/search/search.hpp"
#include "master/search/steady_search.hpp"

namespace harmonic {
namespace {

/// Finished generations of the run as its hypervolume.csv has them; 0 where that tells none.
int generations_told(const RunPaths& paths) try {
  const auto rows = HypervolumeFile::read(paths.hypervolume()).rows;
  return rows.empty() ? 0 : rows.back().generation;
} catch (const InputError&) {
  return 0;
}

/// A run cannot go back. @param done generations
void check_generations(int asked, int done) {
  if (asked < done)
    throw InputError(fmt::format("generations is {}, but {} generations of this run are done", asked, done),
                     fmt::format("give --generations {} to end it there, or a larger number to go on", done));
}

/// The model that a folder is of; nothing where it is none's.
std::optional<CandidateId> model_of(const std::filesystem::path& folder) {
  CandidateId id;
  const std::string name = folder.filename().string();
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id.value);
  return error == std::errc{} && end == name.data() + name.size() ? std::optional(id) : std::nullopt;
}

/// One whose search was under way when an earlier job ended may have kept its weights: its number is not given again.
std::uint64_t next_free_model(const std::filesystem::path& models) {
  std::uint64_t next = 1;
  std::error_code ignored;
  for (const auto& folder : std::filesystem::directory_iterator(models, ignored))
    if (const auto id = model_of(folder.path())) next = std::max(next, id->value + 1);
  return next;
}

std::unique_ptr<Evolution> make_evolution(const SearchSettings& settings, const RunInputs& inputs,
                                          const RunPaths& paths, RunRecipe::Start start) {
  const Seed seed{settings.seed};
  const int at_once = pairs_in_a_pass(settings.fusion), repeats = settings.fusion.retrain_repeats;
  const bool from_checkpoint = settings.resume && start == RunRecipe::Start::checkpoint;
  auto state =
      from_checkpoint ? load_checkpoint(paths.checkpoint(), inputs.hash, inputs.spaces, inputs.answers) : std::nullopt;
  const auto evolution = settings.evolution_in_force();
  if (settings.resume)
    check_generations(evolution.generations, std::max(generations_told(paths), state ? state->generation : 0));
  if (state) log::info("resumed after generation {}", state->generation);
  auto from = std::move(state).value_or(SearchState{});
  if (evolution.schedule == Schedule::steady) {
    if (settings.resume) from.next_candidate = std::max(from.next_candidate, next_free_model(paths.models()));
    return std::make_unique<SteadySearch>(evolution, seed, inputs.spaces, inputs.costs, std::move(from), repeats);
  }
  return std::make_unique<Search>(evolution, seed, inputs.spaces, inputs.costs, std::move(from), at_once, repeats);
}

/// Removes the folders of scored models, but for those to keep. @param kept by id
void prune_models(const std::filesystem::path& models, const Archive& archive, const std::vector<CandidateId>& kept) {
  std::error_code ignored;
  for (const auto& folder : std::filesystem::directory_iterator(models, ignored)) {  // the front's before, and the new
    const auto id = model_of(folder.path());
    if (id && archive.models().contains(*id) && !std::ranges::binary_search(kept, *id))
      std::filesystem::remove_all(folder.path(), ignored);
  }
}

/// The search and its files: a checkpoint and tables every generation.
class SearchPlan final : public ModelPlan {
 public:
  SearchPlan(const SearchSettings& settings, const RunInputs& inputs, const RunPaths& paths, RunRecipe::Start start)
      : ModelPlan(settings, inputs),
        keep_all_models_(settings.keep_models == KeepModels::all),
        reads_test_(settings.protocol == Protocol::published),
        search_(make_evolution(settings, inputs, paths, start)),
        checkpoints_(paths.checkpoint(), inputs.hash, inputs.spaces.size()),
        settings_(settings.evolution_in_force()),
        pieces_at_once_(pairs_in_a_pass(settings.fusion)),
        progress_(settings_) {}

  void recall(const Journal& journal) override {
    if (!search_->follows_journal()) return;
    journal.for_each([this](const FinishedWork& known) { search_->recall(known.work, known.outcome, known.seconds); });
  }
  [[nodiscard]] std::string advice(int workers) const override {
    return search_->is_alone() ? "" : idle_advice(settings_, pieces_at_once_, workers);
  }

  [[nodiscard]] std::vector<Task> ask() override {
    auto tasks = search_->ask();
    progress_.batch(*search_, tasks);
    return tasks;
  }
  [[nodiscard]] std::vector<Task> ask_more(int free) override {
    auto tasks = search_->ask_more(free);
    progress_.more(*search_, tasks);
    return tasks;
  }
  void tell(const Task& task, const Result& result) override {
    search_->tell(result);
    changed_ |= std::holds_alternative<RetrainModel>(task.work) || std::holds_alternative<TestModel>(task.work);
    progress_.told(task, result);
  }

  [[nodiscard]] int generation() const override { return search_->generations_finished(); }
  [[nodiscard]] std::optional<GenerationFigures> figures() const override {
    return generation() > 0 ? std::optional(figures_) : std::nullopt;
  }
  void save(const RunPaths& paths, Moment moment) override {
    if (generation() != saved_generation_ && generation() > 0) {
      figures_ = {hypervolume(), archive().best_metric(), archive().front().size(), archive().models().size()};
      progress_.generation_done(*search_, figures_.hypervolume, hypervolume_axes().text());
      save_hypervolume(paths, generation(), figures_.hypervolume);
    }
    saved_generation_ = generation();
    if (generation() != checkpoint_.generation && (moment == Moment::end || checkpoint_is_due())) {
      checkpoints_.finish();  // of two states only one is held
      checkpoints_.write(search_->boundary());
      checkpoint_ = {generation(), archive().models().size()};
    }
    if (moment == Moment::end) checkpoints_.finish();
    candidates_.save(paths.candidates(), archive(), tables(), reads_test_, moment == Moment::end,
                     std::exchange(changed_, false));
    replace_file(paths.front(), tables().front_csv(archive()));
  }
  void tidy(const RunPaths& paths) override {
    if (!keep_all_models_) {
      // What another retraining may put on the front is tested then.
      const bool over = search_->phase() == Evolution::Phase::over;
      const auto& kept = over ? archive().front() : contenders(archive());
      for (const auto& folder : {paths.models(), paths.tensorboard() / "models"}) prune_models(folder, archive(), kept);
    }
    ModelPlan::tidy(paths);
  }

  [[nodiscard]] ProgressLine progress(const WorkerCount& workers) const override {
    return progress_.line(*search_, workers);
  }
  [[nodiscard]] std::string how_far() const override {
    return fmt::format("in generation {} with {} models scored", search_->generation(), archive().models().size());
  }
  [[nodiscard]] std::string text() const override {
    return tables().front_table(archive()) + '\n' + limits_text() + hypervolume_text() +
           (search_->is_alone() ? "" : "operators: cell by cell; late:sum, late:logits, late:maps are late fusion; ") +
           "harmonic show --run DIR --model ID draws a model\n";
  }

 protected:
  [[nodiscard]] const Archive& archive() const override { return search_->archive(); }

 private:
  /// What there is to say where no model keeps within the run's limits.
  [[nodiscard]] std::string limits_text() const {
    const auto& front = archive().front();
    if (front.empty() || archive().models().at(front.front()).costs.violation == 0) return {};
    return fmt::format("no model has {}: these are beyond that by least\n", inputs().pricing->limits().text());
  }
  /// A checkpoint holds all models, so it is written when half of them are new: over a whole run that costs each
  /// model the same, however many there are. What is younger a resumed run has from the journal.
  [[nodiscard]] bool checkpoint_is_due() const {
    const auto models = archive().models().size();
    return 2 * (models - checkpoint_.models) >= models;
  }

  bool keep_all_models_;
  bool reads_test_;  ///< of every candidate: the published protocol does
  std::unique_ptr<Evolution> search_;
  CheckpointWriter checkpoints_;
  EvolutionSettings settings_;
  int pieces_at_once_;
  Progress progress_;
  CandidatesFile candidates_;
  bool changed_ = true;  ///< models that candidates.csv has already may be other since
  int saved_generation_ = -1;
  GenerationFigures figures_;  ///< of that generation
  struct {
    int generation = -1;
    std::size_t models = 0;
  } checkpoint_;  ///< the last one that was begun
};

}  // namespace

std::unique_ptr<RunPlan> make_search_plan(const SearchSettings& settings, const RunInputs& inputs,
                                          const RunPaths& paths, RunRecipe::Start start) {
  return std::make_unique<SearchPlan>(settings, inputs, paths, start);
}

ExitCode run_search(const SearchSettings& settings, Mailbox& mailbox, const RunHooks& hooks) {
  const RunRecipe recipe{"search", run_config(settings), [&] { return RunInputs(settings, hooks); },
                         [&](const auto& inputs, const auto& paths, RunRecipe::Start start) {
                           return make_search_plan(settings, inputs, paths, start);
                         }};
  return lead_run(settings, recipe, mailbox, hooks);
}

}  // namespace harmonic
