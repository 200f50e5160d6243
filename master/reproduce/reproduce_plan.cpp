#include "master/reproduce/reproduce_plan.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/hash.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/pairs_at_once.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/work/expected_cost.hpp"
#include "master/reproduce/reproduced_page.hpp"
#include "master/reproduce/reproduced_text.hpp"
#include "master/reproduce/reproduction.hpp"
#include "master/reproduce/reproduction_cells.hpp"
#include "master/reproduce/supernet_plan.hpp"
#include "master/run/model_plan.hpp"

namespace harmonic {
namespace {

/// Rows are as they were published, within a search's limits or not.
SearchSettings without_limits(SearchSettings settings) {
  settings.bounds.clear();
  return settings;
}

/// Everything that can be wrong with the input, before the run directory is made.
RunInputs checked_inputs(const ReproduceSettings& settings, const RunHooks& hooks) {
  const DatasetFile data(settings.run.data);
  if (settings.of_supernets()) {
    (void)settings.supernet_rows(data.info());
    RunInputs inputs(without_limits(settings.run), hooks);
    inputs.hash = hash64(fmt::format("reproduce {}", settings.table), inputs.hash);
    return inputs;
  }
  const auto& table = find_published_table(settings.table);
  const auto kind = [](LabelKind labels) { return labels == LabelKind::multilabel ? "any of" : "one of"; };
  if (data.info().labels != table.labels || data.info().classes != table.classes)
    throw InputError(
        fmt::format("{} labels samples with {} {} classes, table {} is about {} {}", settings.run.data,
                    kind(data.info().labels), data.info().classes, table.name, kind(table.labels), table.classes),
        "give the table's data set, or the data's table");
  RunInputs inputs(without_limits(settings.run), hooks);
  inputs.hash = hash64("reproduce " + table.name, inputs.hash);  // no search's run, nor another table's
  return inputs;
}

std::vector<ReproducedRow> rows_of(const ReproduceSettings& settings) {
  const auto of_table = settings.table_modalities();
  std::vector<ReproducedRow> rows;
  for (const auto& published : settings.published_rows()) {
    ReproducedRow row{published, {{}, published.macro}, {}};
    for (const std::size_t m : of_table) {
      row.genome.backbones.push_back(published.backbones[m]);
      row.unimodal.push_back(published.unimodal_metric[m]);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

bool is_honest(const ReproduceSettings& settings) {
  return settings.run.protocol == Protocol::honest;
}

class ReproducePlan final : public ModelPlan {
 public:
  ReproducePlan(const ReproduceSettings& settings, const RunInputs& inputs)
      : ModelPlan(settings.run, inputs),
        settings_(settings),
        table_(find_published_table(settings.table)),
        data_(DatasetFile(settings.run.data).info()),
        reproduction_(rows_of(settings), settings.seeds, is_honest(settings), pairs_in_a_pass(settings.run.fusion),
                      inputs.costs.model, settings.run.fusion.retrain_repeats,
                      settings.run.evolution_in_force().late_fusion, settings.first_seed) {}

  [[nodiscard]] std::vector<Task> ask() override {
    auto tasks = reproduction_.ask();
    batch_ = {};
    for (const auto& task : tasks) batch_.cost += expected_cost(task.work);
    batch_.size = tasks.size();
    return tasks;
  }
  void tell(const Task& task, const Result& result) override {
    reproduction_.tell(result);
    ++batch_.done;
    batch_.cost_done += expected_cost(task.work);
    batch_.seconds += result.seconds;
    if (const auto* search = std::get_if<SearchFusion>(&task.work)) say(*search, result);
  }

  [[nodiscard]] int generation() const override { return 0; }
  void save(const RunPaths& paths, Moment) override {
    replace_file(paths.candidates(), tables().candidates_csv(archive(), /*with_test=*/true));
    replace_file(paths.front(), tables().front_csv(archive()));
    if (!archive().models().empty()) save_hypervolume(paths, /*generation=*/1, hypervolume());
    write_reproduced(paths.folder, reproduced());
  }

  [[nodiscard]] ProgressLine progress(const WorkerCount& workers) const override {
    auto text = fmt::format("table {}  models {}/{}  pieces of work {}/{}  workers busy {}/{}", settings_.table,
                            found(), wanted(), batch_.done, batch_.size, workers.busy, workers.here);
    if (batch_.cost_done == 0) return {std::move(text)};
    return {std::move(text),
            batch_.seconds / batch_.cost_done * (batch_.cost - batch_.cost_done) / std::max(1, workers.here)};
  }
  [[nodiscard]] std::string how_far() const override {
    return fmt::format("with {} of {} models found", found(), wanted());
  }
  [[nodiscard]] std::string text() const override {
    return fmt::format("{}\n{}table: {}\n", reproduced_text(reproduced()), hypervolume_text(),
                       RunPaths{settings_.run.run}.reproduced_page().string());
  }
  [[nodiscard]] nlohmann::ordered_json json() const override {
    auto json = ModelPlan::json();
    json.update(reproduced_json(reproduced(), RunPaths{settings_.run.run}));
    return json;
  }

 protected:
  [[nodiscard]] const Archive& archive() const override { return reproduction_.archive(); }

 private:
  [[nodiscard]] std::size_t wanted() const {
    return reproduction_.rows().size() * static_cast<std::size_t>(settings_.seeds);
  }
  [[nodiscard]] std::size_t found() const {
    std::size_t sum = 0;
    for (const auto& row : reproduction_.rows()) sum += reproduction_.models(row).size();
    return sum;
  }
  [[nodiscard]] ReproducedTable reproduced() const {
    return {table_.name, word_of(kProtocols, settings_.run.protocol), data_origin(data_, table_),
            reproduction_cells(reproduction_, table_, {inputs().samples.test, table_.labels}, inputs().modalities,
                               inputs().pricing->devices())};
  }
  void say(const SearchFusion& work, const Result& result) const {
    const auto* found = std::get_if<FusionScores>(&result.outcome);
    if (found == nullptr || is_late_fusion(work)) return;
    for (std::size_t i = 0; i < work.candidates.size(); ++i) {
      const auto id = work.candidates[i].candidate.value;
      const auto& score = found->scores.at(i);
      log::info("model {} (row {}, seed {}): {:.2f} % on the {} split, {}", id, id / 100, id % 100,
                score.metric_test.value_or(score.metric_val), is_honest(settings_) ? "validation" : "test",
                human_duration(result.seconds / static_cast<double>(work.candidates.size())));
    }
  }

  ReproduceSettings settings_;
  const PublishedTable& table_;
  DatasetInfo data_;
  Reproduction reproduction_;
  struct {
    std::size_t size = 0, done = 0;
    double cost = 0, cost_done = 0, seconds = 0;
  } batch_;
};

}  // namespace

ExitCode run_reproduction(const ReproduceSettings& settings, Mailbox& mailbox, const RunHooks& hooks) {
  const RunRecipe recipe{"reproduce", run_config(settings), [&] { return checked_inputs(settings, hooks); },
                         [&](const auto& inputs, const auto&, RunRecipe::Start) -> std::unique_ptr<RunPlan> {
                           if (settings.of_supernets()) return make_supernet_plan(settings, inputs);
                           return std::make_unique<ReproducePlan>(settings, inputs);
                         }};
  RunHooks own = hooks;
  // Of backbones alone there is no front to report.
  if (settings.of_supernets())
    own.report = [](const auto& run, bool /*goes_on*/) { return RunPaths{run}.reproduced_page(); };
  return lead_run(settings.run, recipe, mailbox, own);
}

}  // namespace harmonic
