#include <cmath>
#include <cstdint>
#include <iostream>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/storage/json_text.hpp"
#include "master/commands/commands.hpp"
#include "master/commands/operands.hpp"
#include "master/run/run_folder.hpp"
#include "master/select/selection.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kKnee =
    "the knee, the least sum over the objectives, each scaled to 0 (the best of them) to 1 (the worst): minimum "
    "Manhattan distance, Chiu, Yen and Juan 2016";

OptionText<Bound> bound_text(bool is_upper) {
  return {[is_upper](const std::string& text) { return parse_bound(text, is_upper); },
          [](const Bound& bound) { return fmt::format("{}={}", bound.column, shortest(bound.limit)); }};
}

/// A cell as scripts want it: a number where it is one, null where it is empty.
nlohmann::ordered_json json_cell(const CsvTable& table, std::size_t row, std::size_t column) {
  if (trim(table.cell(row, column)).empty()) return {};
  try {
    constexpr double kWhole = 1e15;  // beyond it a double tells no single numbers
    const double value = table.number(row, column);
    if (value == std::round(value) && std::abs(value) < kWhole) return static_cast<std::int64_t>(value);
    return value;
  } catch (const InputError&) {
    return table.cell(row, column);
  }
}

nlohmann::ordered_json to_json(const std::string& run, const CsvTable& front, const SelectionWish& wish,
                               const Selection& selection) {
  nlohmann::ordered_json json = {{"model", selection.model}, {"run", run}};
  for (std::size_t c = 0; c < front.header().size(); ++c)
    json["columns"][front.header()[c]] = json_cell(front, selection.row, c);
  json["chosen_by"] = wish.best.empty() ? "knee" : wish.best;
  json["front"] = front.rows();
  json["allowed"] = nlohmann::ordered_json::array();
  for (const auto row : selection.allowed) json["allowed"].push_back(front.cell(row, front.column("id")));
  json["objectives"] = selection.objectives;
  for (const auto& column : selection.given_up)
    json["given_up"][column.column] = {
        {"value", column.value}, {"best", column.best}, {"model", column.best_model}, {"loss", column.loss}};
  return json;
}

/// Sizes are whole numbers of many digits.
std::string value_text(double value) {
  return std::abs(value) < 1e5 ? fmt::format("{:.6g}", value) : fmt::format("{:.0f}", value);
}

/// What was chosen, of how many, and why.
std::string to_text(const std::string& run, const CsvTable& front, const SelectionWish& wish,
                    const Selection& selection) {
  std::vector<std::string> bounds;
  for (const auto& bound : wish.bounds) bounds.push_back(bound.text());
  const auto of = bounds.empty() ? fmt::format("the {} models of its front", front.rows())
                                 : fmt::format("the {} of {} models of its front with {}", selection.allowed.size(),
                                               front.rows(), join(bounds, " and "));
  std::string text = fmt::format(
      "model {} of {}: {}\n", selection.model, run,
      wish.best.empty() ? fmt::format("of {} {}", of, kKnee) : fmt::format("the best {} of {}", wish.best, of));
  for (std::size_t c = 0; c < front.header().size(); ++c)
    if (const auto& name = front.header()[c]; name == "genotype" || name.starts_with("genome."))
      text += fmt::format("{}: {}\n", name, front.cell(selection.row, c));
  std::vector<std::vector<std::string>> rows = {{"column", "this model", "best", "of model", "given up", "%"}};
  for (const auto& [column, is_objective, value, best, best_model, loss] : selection.given_up)
    rows.push_back({column + (is_objective ? " *" : ""), value_text(value), value_text(best), best_model,
                    value_text(loss), best == 0 ? "-" : fmt::format("{:.1f}", 100 * loss / std::abs(best))});
  return text + aligned_table(rows) + "*: an objective of the run; best: of its whole front\n";
}

}  // namespace

ExitCode select_command(const Arguments& args) {
  Arguments rest = args;
  const auto words = take_operands(rest, {"json"});
  std::string folder;
  std::vector<Bound> most, least;
  SelectionWish wish;
  bool json = false;
  OptionSet options("harmonic select RUN",
                    "Chooses the model of a run's front that is wanted: the best in a column, or the front's knee, "
                    "within bounds of any columns of front.csv. Its id is what is printed; why, and what was given up "
                    "for it, is told beside it, on the standard error.");
  options.add("run", folder, "run directory of a search or a reproduction, where it is no word of its own");
  options.add("max", most, "what a column may be at most: COLUMN=VALUE, such as latency_ms.tx2=9", bound_text(true));
  options.add("min", least, "what a column must be at least: COLUMN=VALUE, such as metric_val=95", bound_text(false));
  options.add("best", wish.best,
              fmt::format("column that is to be as good as can be: a metric the highest, any other the lowest, but for "
                          "COLUMN:max and COLUMN:min; when empty {}",
                          kKnee));
  options.add("json", json, "print one JSON object, with what was given up in it");
  if (options.parse(rest) == OptionSet::Parsed::help_printed) return ExitCode::done;
  folder = one_run(folder, words, "harmonic select");
  wish.bounds = std::move(most);
  wish.bounds.insert(wish.bounds.end(), least.begin(), least.end());
  const auto front = read_front(run_in(folder));
  const auto selection = select_model(front, wish);
  if (wish.best.starts_with(kTestMetric))
    log::warning("the test split chooses: what it says of the chosen model is no longer what new data will");
  if (json) {
    std::cout << json_text(to_json(folder, front, wish, selection)) << '\n';
  } else {
    std::cerr << to_text(folder, front, wish, selection);
    std::cout << selection.model << '\n';
  }
  return ExitCode::done;
}

}  // namespace harmonic
