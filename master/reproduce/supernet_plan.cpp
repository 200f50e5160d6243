#include "master/reproduce/supernet_plan.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/data/dataset_file.hpp"
#include "core/space/genome.hpp"
#include "master/dispatch/task_board.hpp"
#include "master/reproduce/reproduced_page.hpp"
#include "master/reproduce/reproduced_text.hpp"
#include "master/reproduce/reproduction_cells.hpp"

namespace harmonic {
namespace {

class SupernetPlan final : public RunPlan {
 public:
  SupernetPlan(const ReproduceSettings& settings, const RunInputs& inputs)
      : settings_(settings),
        inputs_(inputs),
        data_(DatasetFile(settings.run.data).info()),
        rows_(settings.supernet_rows(data_)) {
    for (const auto& row : rows_) {
      const auto modality = settings_.modality_of(row).value();
      board_.add(
          EvaluateBackbones{static_cast<int>(modality), {largest_genome(inputs_.spaces[modality])}, Split::test});
    }
  }

  [[nodiscard]] std::vector<Task> ask() override {
    if (board_.empty() && metrics_.empty())
      throw RunError(fmt::format("no supernet could be measured; the last failure: {}", board_.last_failure()));
    return board_.tasks();
  }
  void tell(const Task&, const Result& result) override {
    const auto work = board_.take(result);
    const auto* scores = std::get_if<BackboneScores>(&result.outcome);
    if (work && scores != nullptr)
      metrics_[static_cast<std::size_t>(std::get<EvaluateBackbones>(*work).modality)] = scores->metric.front();
  }

  [[nodiscard]] int generation() const override { return 0; }
  void save(const RunPaths& paths, Moment) override { write_reproduced(paths.folder, reproduced()); }

  [[nodiscard]] ProgressLine progress(const WorkerCount& workers) const override {
    return {fmt::format("table {}  {}  workers busy {}/{}", kSupernetsTable, done_text(), workers.busy, workers.here)};
  }
  [[nodiscard]] std::string how_far() const override { return fmt::format("with {}", done_text()); }
  [[nodiscard]] std::string text() const override { return reproduced_text(reproduced()); }
  [[nodiscard]] nlohmann::ordered_json json() const override {
    nlohmann::ordered_json json = {{"front", nlohmann::ordered_json::array()}, {"hypervolume", nullptr}};
    json.update(reproduced_json(reproduced(), RunPaths{settings_.run.run}));
    return json;
  }

 private:
  [[nodiscard]] std::string done_text() const {
    return fmt::format("{} of {} supernets measured", metrics_.size(), rows_.size());
  }
  [[nodiscard]] ReproducedTable reproduced() const {
    ReproducedTable table{std::string(kSupernetsTable),
                          word_of(kProtocols, settings_.run.protocol),
                          data_origin(data_, find_published_table(rows_.front().table)),
                          {}};
    for (const auto& row : rows_) {
      const auto modality = settings_.modality_of(row).value();
      ReproducedCell cell{.row = row.row,
                          .quantity = fmt::format("{}.{}", kMetric, inputs_.modalities[modality]),
                          .unit = "%",
                          .published = row.metric};
      if (const auto metric = metrics_.find(modality); metric != metrics_.end())
        cell.values[0] = test_measurement(metric->second, {inputs_.samples.test, data_.labels});
      table.cells.push_back(std::move(cell));
    }
    return table;
  }

  const ReproduceSettings& settings_;
  const RunInputs& inputs_;
  DatasetInfo data_;
  std::vector<PublishedSupernet> rows_;  ///< of one data set
  TaskBoard board_;
  std::map<std::size_t, double> metrics_;  ///< by modality, percent
};

}  // namespace

std::unique_ptr<RunPlan> make_supernet_plan(const ReproduceSettings& settings, const RunInputs& inputs) {
  return std::make_unique<SupernetPlan>(settings, inputs);
}

}  // namespace harmonic
