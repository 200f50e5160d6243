#include "master/reproduce/reproduced_text.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/storage/json_text.hpp"

namespace harmonic {
namespace {

/// Counts whole, their means and what varies about them not.
std::string number_text(const ReproducedCell& cell, double value) {
  constexpr double kSize = 1000;  // from here on it is a size
  if (!cell.unit.empty()) return fmt::format("{:.2f}", cell.is_cost() ? as_published(value) : value);
  return fmt::format("{:.{}f}", value, value >= kSize || value == std::floor(value) ? 0 : 1);
}

std::string metric_of(const ReproducedTable& table) {
  return table.table == kSupernetsTable ? "top-1 accuracy or weighted F1" : find_published_table(table.table).metric;
}

std::string data_text(DataOrigin data) {
  switch (data) {
    case DataOrigin::published:
      return "the published set, as far as the file tells";
    case DataOrigin::stand_in:
      return "a stand-in (harmonic data synth)";
    case DataOrigin::other:
      break;
  }
  return "not the published set, as far as the file tells";
}

nlohmann::ordered_json interval_json(const std::optional<Interval>& interval) {
  return interval ? nlohmann::ordered_json{interval->low, interval->high} : nlohmann::ordered_json();
}

}  // namespace

CellText cell_text(const ReproducedTable& table, const ReproducedCell& cell) {
  const auto measured = cell.measured();
  const auto test = cell.test();
  const std::string unknown = "-";
  const std::string verdict = word_of(kVerdicts, table.verdict(cell));
  std::vector<std::string> words = {cell.quantity};
  for (const auto& more : {cell.unit, cell.device})
    if (!more.empty()) words.push_back(more);
  return {join(words, " "),
          cell.published ? number_text(cell, *cell.published) + (cell.other_device ? " (TX2)" : "") : unknown,
          measured.count > 0 ? number_text(cell, measured.mean) : unknown,
          measured.half_width ? (cell.unit.empty() ? number_text(cell, *measured.half_width)
                                                   : fmt::format("{:.2f}", *measured.half_width))
                              : unknown,
          test ? fmt::format("{:.2f}-{:.2f}", test->low, test->high) : unknown,
          verdict.empty() ? unknown : verdict};
}

std::string reproduced_title(const ReproducedTable& table) {
  std::string text = fmt::format("table {}", table.table);
  if (!table.protocol.empty()) text += fmt::format(", protocol {}", table.protocol);
  if (table.data) text += fmt::format("; data: {}; {} on its test split", data_text(*table.data), metric_of(table));
  if (table.table != kSupernetsTable) text += fmt::format("; published costs are of a {}", kPublishedDevice);
  return text;
}

std::vector<std::string> row_remarks(const ReproducedTable& table, int row) {
  std::vector<std::string> remarks;
  for (const auto& cell : table.cells) {
    if (cell.row != row) continue;
    const bool counted = !cell.values.empty() && cell.note.empty();
    auto remark = cell.remarks();
    if (remark.empty()) continue;
    if (counted) remark = fmt::format("{} found: {}", cell.quantity, remark);
    if (std::ranges::find(remarks, remark) == remarks.end()) remarks.push_back(std::move(remark));
  }
  return remarks;
}

std::vector<VerdictCount> verdict_counts(const ReproducedTable& table) {
  std::vector<VerdictCount> counts;
  for (const auto& [word, verdict] : kVerdicts) {
    const auto count =
        std::ranges::count_if(table.cells, [&, of = verdict](const auto& cell) { return table.verdict(cell) == of; });
    if (count > 0 && verdict != Verdict::none) counts.push_back({verdict, word, count});
  }
  return counts;
}

std::string legend_text(const ReproducedTable& table) {
  const bool supernets = table.table == kSupernetsTable;
  std::string text;
  if (supernets) {
    text += "quantity: metric.<modality>: of the largest sub-network alone\n";
  } else {
    if (table.data)
      text +=
          "quantity: metric.<modality>: of that backbone alone; metric: of the multimodal model; "
          "metric.late-<kind>: of late fusion of the same backbones; then what the found models cost on each "
          "device, their fusion and their sizes\n";
    text +=
        "sum.<quantity>: of the rows of the device's table, of the backbones and of so many fusion operators, that "
        "comes to the published cost, or nearest to it\n";
  }
  if (table.data)
    text +=
        "measured: the mean over the seeds; +/-: half its 95 % interval; test set: the 95 % interval that its size "
        "gives; -: not known, or measured once\n";
  text += verdict_rule() + "\n";
  if (std::ranges::any_of(table.cells, &ReproducedCell::other_device))
    text += fmt::format(
        "(TX2): published of a {}; the device beside it is another, as far as its name and its table tell: the two do "
        "not compare\n",
        kPublishedDevice);
  return text;
}

std::string reproduced_text(const ReproducedTable& table) {
  std::vector<std::vector<std::string>> rows = {
      {"row", "quantity", "published", "measured", "+/-", "test set", "verdict"}};
  for (const auto& cell : table.cells) {
    const auto text = cell_text(table, cell);
    rows.push_back(
        {std::to_string(cell.row), text.quantity, text.published, text.measured, text.seeds, text.test, text.verdict});
  }
  std::string remarks;
  std::set<int> seen;
  for (const auto& cell : table.cells)
    if (seen.insert(cell.row).second)
      for (const auto& remark : row_remarks(table, cell.row)) remarks += fmt::format("row {}: {}\n", cell.row, remark);
  std::vector<std::string> counts;
  for (const auto& [verdict, word, count] : verdict_counts(table)) counts.push_back(fmt::format("{} {}", count, word));
  return fmt::format("{}\n\n{}{}{}\n{}in all: {}\n", reproduced_title(table), aligned_table(rows),
                     remarks.empty() ? "" : "\n", remarks, legend_text(table), join(counts, ", "));
}

nlohmann::ordered_json reproduced_json(const ReproducedTable& table, const RunPaths& paths) {
  using Json = nlohmann::ordered_json;
  Json json = {{"table", table.table},
               {"protocol", table.protocol.empty() ? Json() : Json(table.protocol)},
               {"data", table.data ? Json(word_of(kDataOrigins, *table.data)) : Json()},
               {"cells", Json::array()}};
  for (const auto& cell : table.cells) {
    const auto measured = cell.measured();
    const auto verdict = word_of(kVerdicts, table.verdict(cell));
    json["cells"].push_back({{"row", cell.row},
                             {"quantity", cell.quantity},
                             {"device", cell.device.empty() ? Json() : Json(cell.device)},
                             {"unit", cell.unit},
                             {"published", json_or_null(cell.published)},
                             {"measured", measured.count > 0 ? Json(measured.mean) : Json()},
                             {"seeds", measured.count},
                             {"ci95", json_or_null(measured.half_width)},
                             {"test_interval", interval_json(cell.test())},
                             {"interval", interval_json(cell.interval())},
                             {"verdict", verdict.empty() ? Json() : Json(verdict)},
                             {"note", cell.remarks()}});
  }
  json["reproduced"] = paths.reproduced().string();
  json["page"] = paths.reproduced_page().string();
  return json;
}

}  // namespace harmonic
