#include "master/compare/comparison_tables.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/json_text.hpp"

namespace harmonic {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kNone = "-";

std::string fixed_or_none(const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : kNone;
}

std::string with_error(const std::optional<double>& percent, const std::optional<double>& error) {
  return fixed_or_none(percent, 2) + (percent && error ? fmt::format(" +/- {:.2f}", *error) : "");
}

/// A model of the joint front.
struct JointModel {
  std::size_t run = 0;
  const ReportedModel* model = nullptr;
};

std::vector<JointModel> joint_front(const Comparison& comparison) {
  std::vector<JointModel> joint;
  for (std::size_t r = 0; r < comparison.runs.size(); ++r)
    for (std::size_t m = 0; m < comparison.runs[r].dominated_by.size(); ++m)
      if (comparison.runs[r].dominated_by[m].empty()) joint.push_back({r, &comparison.of.runs[r].results.front[m]});
  std::ranges::stable_sort(joint, std::ranges::greater{},
                           [](const JointModel& joined) { return joined.model->metric_val; });
  return joint;
}

/// "3 of row 1"
std::string answer_text(const std::optional<PublishedComparison::Headline>& headline, const char* form) {
  if (!headline) return kNone;
  return fmt::format(fmt::runtime(form), headline->answer.value) +
         fmt::format(" (model {}, row {})", headline->answer.model, headline->row);
}

std::string answer_text(const std::optional<BestAnswer>& answer, const char* form) {
  return answer ? fmt::format(fmt::runtime(form), answer->value) + fmt::format(" (model {})", answer->model) : kNone;
}

constexpr const char* kGain = "{:+.2f}";
constexpr const char* kTimes = "{:.2f}x";

std::vector<std::string> published_header(std::vector<std::string> first) {
  first.insert(first.end(), {"metric gained", "latency saved", "energy saved"});
  return first;
}

std::string joined_or_none(const std::vector<std::string>& parts) {
  return parts.empty() ? kNone : join(parts, " ");
}

std::vector<std::string> texts_of(const std::vector<int>& numbers) {
  std::vector<std::string> texts;
  for (const int number : numbers) texts.push_back(std::to_string(number));
  return texts;
}

Json answer_json(const std::optional<BestAnswer>& answer) {
  return answer ? Json{{"value", answer->value}, {"model", answer->model}} : Json();
}

Json value_json(const std::optional<PublishedComparison::Headline>& headline) {
  return headline ? Json(headline->answer.value) : Json();
}

Json rows_json(const PublishedComparison& published) {
  auto rows = Json::array();
  for (const auto& row : published.rows)
    rows.push_back({{"row", row.row},
                    {"dominating", row.dominating},
                    {"metric_gain", answer_json(row.metric_gain)},
                    {"latency_ratio", answer_json(row.savings[kLatency])},
                    {"energy_ratio", answer_json(row.savings[kEnergy])}});
  return rows;
}

Json run_json(const ComparedRun& run, const RunComparison& result) {
  Json json = {{"run", run.path},
               {"letter", run.letter},
               {"state", run.state},
               {"seed", run.seed},
               {"models", run.results.front.size()},
               {"on_joint_front", result.on_joint_front()},
               {"hypervolume", result.hypervolume},
               {"best_metric_val", result.best_val},
               {"best_metric_test", json_or_null(result.best_test)}};
  const auto& published = result.published;
  json["dominated_rows"] = published && published->has_test ? Json(published->dominated_rows()) : Json();
  json["metric_gain"] = published ? value_json(published->metric_gain()) : Json();
  json["latency_ratio"] = published ? value_json(published->saving(kLatency)) : Json();
  json["energy_ratio"] = published ? value_json(published->saving(kEnergy)) : Json();
  if (published) json["rows"] = rows_json(*published);
  return json;
}

std::string device_columns_text(const Comparison& comparison, std::size_t quantity, const std::string& device) {
  const auto& single = comparison.of.devices.size() == 1;
  return fmt::format("{}{}{}", single ? "" : device, single ? "" : " ", kQuantities[quantity].unit);
}

}  // namespace

TextTable runs_table(const Comparison& comparison) {
  TextTable rows = {{"run", "folder", "seed", "state", "models", "on the joint front", "hypervolume", "% of the best",
                     "best val %", "best test %"}};
  double most = 0;
  for (const auto& run : comparison.runs) most = std::max(most, run.hypervolume);
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const auto& run = comparison.of.runs[r];
    const auto& result = comparison.runs[r];
    rows.push_back({run.letter, run.path, run.seed.empty() ? kNone : run.seed, run.state.empty() ? kNone : run.state,
                    std::to_string(run.results.front.size()), std::to_string(result.on_joint_front()),
                    fmt::format("{:.6g}", result.hypervolume),
                    most > 0 ? fmt::format("{:.2f}", 100 * result.hypervolume / most) : kNone,
                    fmt::format("{:.2f}", result.best_val), fixed_or_none(result.best_test, 2)});
  }
  return rows;
}

TextTable coverage_table(const Comparison& comparison) {
  TextTable rows = {{"covers %"}};
  for (const auto& run : comparison.of.runs) rows[0].push_back("of " + run.letter);
  for (std::size_t a = 0; a < comparison.runs.size(); ++a) {
    rows.push_back({comparison.of.runs[a].letter});
    for (std::size_t b = 0; b < comparison.runs.size(); ++b)
      rows.back().push_back(a == b ? kNone : fmt::format("{:.0f}", 100 * comparison.coverage[a][b]));
  }
  return rows;
}

TextTable joint_front_table(const Comparison& comparison) {
  TextTable rows = {{"run", "model", "val %", "test %"}};
  for (const auto& device : comparison.of.devices)
    for (std::size_t q = 0; q < kQuantities.size(); ++q) rows[0].push_back(device_columns_text(comparison, q, device));
  for (const auto& size : kSizeMeasures) rows[0].emplace_back(size.in_millions);
  rows[0].emplace_back("fusion");
  for (const auto& [run, model] : joint_front(comparison)) {
    const auto& of_run = comparison.of.runs[run];
    std::vector<std::string> row = {of_run.letter, model->id, with_error(model->metric_val, model->metric_val_se),
                                    with_error(model->metric_test, model->metric_test_se)};
    for (const auto& device : comparison.of.devices)
      for (std::size_t q = 0; q < kQuantities.size(); ++q)
        row.push_back(fixed_or_none(model->costs[q][device_place(of_run.results, device)], 3));
    for (const auto& size : model->sizes) row.push_back(size ? fmt::format("{:.2f}", *size / 1e6) : kNone);
    row.push_back(model->genotype);
    rows.push_back(std::move(row));
  }
  return rows;
}

TextTable seeds_table(const Comparison& comparison) {
  TextTable rows = {{"runs", "quantity", "mean", "+/-", "lowest", "highest"}};
  for (const auto& group : comparison.seeds) {
    std::vector<std::string> letters;
    for (const std::size_t r : group.runs) letters.push_back(comparison.of.runs[r].letter);
    for (const auto& [quantity, values] : group.spreads)
      rows.push_back({join(letters, " "), quantity, fmt::format("{:.6g}", values.mean),
                      values.half_width ? fmt::format("{:.3g}", *values.half_width) : kNone,
                      fmt::format("{:.6g}", values.lowest), fmt::format("{:.6g}", values.highest)});
  }
  return rows;
}

TextTable headline_table(const Comparison& comparison) {
  TextTable rows = {published_header({"run", "dominates rows"})};
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const auto& published = comparison.runs[r].published.value();
    rows.push_back({comparison.of.runs[r].letter, joined_or_none(texts_of(published.dominated_rows())),
                    answer_text(published.metric_gain(), kGain), answer_text(published.saving(kLatency), kTimes),
                    answer_text(published.saving(kEnergy), kTimes)});
  }
  return rows;
}

TextTable published_table(const Comparison& comparison) {
  const auto& table = *comparison.of.published.value().table;
  TextTable rows = {published_header({"row", "published %", "ms", "mJ", "run", "dominating models"})};
  for (std::size_t place = 0; place < table.rows.size(); ++place)
    for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
      const auto& published = table.rows[place];
      const auto& row = comparison.runs[r].published.value().rows[place];
      rows.push_back({std::to_string(published.row), fmt::format("{:.2f}", published.metric),
                      fmt::format("{:.2f}", published.latency_ms), fmt::format("{:.2f}", published.energy_mj),
                      comparison.of.runs[r].letter, joined_or_none(row.dominating), answer_text(row.metric_gain, kGain),
                      answer_text(row.savings[kLatency], kTimes), answer_text(row.savings[kEnergy], kTimes)});
    }
  return rows;
}

std::string axes_text(const Comparison& comparison) {
  return fmt::format(
      "Fronts are compared in {}, metrics maximised, the others minimised. Hypervolume: the volume between a front and "
      "one reference for all ({}): {}.",
      join(comparison.of.axes.columns, ", "), comparison.of.reference_origin, comparison.of.axes.text());
}

std::string coverage_text() {
  return "Set coverage: the share of the front in the column of whose models the front in the row has one that is "
         "nowhere worse; the two of a pair need not add up to 100 %.";
}

std::string published_text(const Comparison& comparison) {
  const auto& [table, device] = comparison.of.published.value();
  return fmt::format(
      "Published rows of {}: {} on the test split, latency and energy of a {} beside those on {}, cut to two decimals "
      "as "
      "they are. A row is dominated by a model that is nowhere worse in the three and somewhere better. Metric gained: "
      "points above a row's at no more latency; latency, energy saved: how many times less at no less metric. A run's "
      "are the best over the rows (\"up to\"), and the model is chosen by test for it, so they are a little "
      "optimistic.",
      table->name, table->metric, kPublishedDevice, device);
}

std::string comparison_text(const Comparison& comparison) {
  std::string text = fmt::format("{}\n{}\n", aligned_table(runs_table(comparison)), axes_text(comparison));
  if (comparison.runs.size() > 1)
    text += fmt::format("\n{}\n{}\n", aligned_table(coverage_table(comparison)), coverage_text());
  text += fmt::format("\nthe joint front: models that none of any run dominates\n{}\n",
                      aligned_table(joint_front_table(comparison)));
  if (!comparison.seeds.empty())
    text += fmt::format("\nruns that differ by their seed alone; +/-: half the mean's 95 % interval\n{}\n",
                        aligned_table(seeds_table(comparison)));
  if (comparison.of.published)
    text += fmt::format("\n{}\n{}\n{}\n", aligned_table(headline_table(comparison)),
                        aligned_table(published_table(comparison)), published_text(comparison));
  for (const auto& note : comparison.of.notes) text += fmt::format("note: {}\n", note);
  return text;
}

std::string comparison_csv(const Comparison& comparison) {
  const auto& devices = comparison.of.devices;
  std::vector<std::string> header = {"run",        "path",          "model",       "dominated_by",
                                     "metric_val", "metric_val_se", "metric_test", "metric_test_se"};
  for (const auto& quantity : kQuantities)
    for (const auto& device : devices) header.push_back(fmt::format("{}.{}", quantity.column, device));
  for (const auto& size : kSizeMeasures) header.emplace_back(size.name);
  header.insert(header.end(), {"cells", "nodes", "genotype"});
  std::string text = csv_row(header);
  const auto number = [](const std::optional<double>& value) { return value ? shortest(*value) : std::string(); };
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const auto& run = comparison.of.runs[r];
    for (std::size_t m = 0; m < run.results.front.size(); ++m) {
      const auto& model = run.results.front[m];
      std::vector<std::string> row = {run.letter,
                                      run.path,
                                      model.id,
                                      join(comparison.runs[r].dominated_by[m], " "),
                                      shortest(model.metric_val),
                                      number(model.metric_val_se),
                                      number(model.metric_test),
                                      number(model.metric_test_se)};
      for (const auto& costs : model.costs)
        for (const auto& device : devices) row.push_back(number(costs[device_place(run.results, device)]));
      for (const auto& size : model.sizes) row.push_back(number(size));
      row.insert(row.end(), {model.cells, model.nodes, model.genotype});
      text += csv_row(row);
    }
  }
  if (!comparison.of.published) return text;
  const auto& [table, of_device] = *comparison.of.published;
  for (const auto& published : table->rows) {
    std::vector<std::string> row = {table->name, "", std::to_string(published.row), "",
                                    "",          "", shortest(published.metric),    ""};
    for (const double cost : {published.latency_ms, published.energy_mj})
      for (const auto& device : devices) row.push_back(device == of_device ? shortest(cost) : "");
    row.resize(row.size() + kSizeMeasures.size());
    row.insert(row.end(),
               {std::to_string(published.macro.cells), std::to_string(published.macro.nodes), std::string()});
    text += csv_row(row);
  }
  return text;
}

Json comparison_json(const Comparison& comparison) {
  Json json = {{"runs", Json::array()}};
  for (std::size_t r = 0; r < comparison.runs.size(); ++r)
    json["runs"].push_back(run_json(comparison.of.runs[r], comparison.runs[r]));
  const auto& [columns, reference] = comparison.of.axes;
  json["columns"] = columns;
  json["reference"] = reference;
  json["reference_of"] = comparison.of.reference_origin;
  json["devices"] = comparison.of.devices;
  json["coverage"] = comparison.coverage;
  json["front"] = Json::array();
  for (const auto& [run, model] : joint_front(comparison))
    json["front"].push_back({{"run", comparison.of.runs[run].letter}, {"model", model->id}});
  json["seeds"] = Json::array();
  for (const auto& group : comparison.seeds) {
    Json of_group = {{"runs", Json::array()}};
    for (const std::size_t r : group.runs) of_group["runs"].push_back(comparison.of.runs[r].letter);
    for (const auto& [quantity, values] : group.spreads)
      of_group[quantity] = {{"mean", values.mean},
                            {"ci95", json_or_null(values.half_width)},
                            {"lowest", values.lowest},
                            {"highest", values.highest}};
    json["seeds"].push_back(std::move(of_group));
  }
  if (const auto& published = comparison.of.published)
    json["published"] = {{"table", published->table->name},
                         {"metric", published->table->metric},
                         {"split", "test"},
                         {"device", published->device},
                         {"published_device", kPublishedDevice}};
  json["notes"] = comparison.of.notes;
  return json;
}

}  // namespace harmonic
