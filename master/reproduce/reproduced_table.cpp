#include "master/reproduce/reproduced_table.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/storage/csv.hpp"

namespace harmonic {
namespace {

std::string cell_of(const std::optional<double>& value) {
  return value ? shortest(*value) : std::string();
}

/// "1=99.5:98.4:99.9; 2=2 (ConcatFC, Sum)"; the value alone where it is of no seed.
std::string values_text(const std::map<int, Measurement>& values) {
  std::vector<std::string> texts;
  for (const auto& [seed, measurement] : values) {
    std::string text = seed > 0 ? fmt::format("{}=", seed) : std::string();
    text += shortest(measurement.value);
    if (measurement.test)
      text += fmt::format(":{}:{}", shortest(measurement.test->low), shortest(measurement.test->high));
    if (!measurement.words.empty()) text += fmt::format(" ({})", measurement.words);
    texts.push_back(std::move(text));
  }
  return join(texts, "; ");
}

std::map<int, Measurement> parse_values(const std::string& text, const std::string& where) {
  std::map<int, Measurement> values;
  for (std::string part : split(text, ';')) {
    Measurement measurement;
    if (const auto words = part.find(" ("); words != std::string::npos && part.ends_with(')')) {
      measurement.words = part.substr(words + 2, part.size() - words - 3);
      part.resize(words);
    }
    const auto equals = part.find('=');
    const int seed = equals == std::string::npos ? 0 : parse_int(part.substr(0, equals), where);
    const auto numbers = split(part.substr(equals == std::string::npos ? 0 : equals + 1), ':');
    if (numbers.size() != 1 && numbers.size() != 3)
      throw InputError(fmt::format("{} holds '{}'", where, part), "reproduce again: the file was changed");
    measurement.value = parse_real(numbers[0], where);
    if (numbers.size() == 3) measurement.test = Interval{parse_real(numbers[1], where), parse_real(numbers[2], where)};
    values[seed] = std::move(measurement);
  }
  return values;
}

bool has_words(const ReproducedCell& cell) {
  return std::ranges::any_of(cell.values, [](const auto& entry) { return !entry.second.words.empty(); });
}

bool same_place(const ReproducedCell& a, const ReproducedCell& b) {
  return a.row == b.row && a.quantity == b.quantity && a.device == b.device;
}

/// @throws InputError when they measured the same otherwise
void add_values(ReproducedCell& cell, const ReproducedCell& more, const std::string& name) {
  if (cell.published != more.published || cell.other_device != more.other_device)
    throw InputError(fmt::format("{} has another published {} in row {}", name, cell.quantity, cell.row),
                     "join runs of one version of this program");
  for (const auto& [seed, measurement] : more.values) {
    const auto [there, is_new] = cell.values.emplace(seed, measurement);
    if (!is_new && there->second != measurement)
      throw InputError(fmt::format("{} differs from the runs before it: row {}, {}{}: {} against {}", name, cell.row,
                                   cell.quantity, seed > 0 ? fmt::format(", seed {}", seed) : std::string(),
                                   shortest(measurement.value), shortest(there->second.value)),
                       "join runs of the same settings, seed, weights and data");
  }
  if (cell.note.empty()) cell.note = more.note;
}

}  // namespace

std::string reproduced_csv(const ReproducedTable& table) {
  std::string text = csv_row({"table",        "row",           "protocol",         "quantity", "device",
                              "unit",         "published",     "measured",         "ci95",     "lowest",
                              "highest",      "seeds",         "published_device", "test_low", "test_high",
                              "interval_low", "interval_high", "verdict",          "data",     "values",
                              "note"});
  for (const auto& cell : table.cells) {
    const auto measured = cell.measured();
    const auto known = [&](double value) { return measured.count > 0 ? shortest(value) : std::string(); };
    const auto test = cell.test(), joint = cell.interval();
    const auto low = [](const auto& interval) { return interval ? shortest(interval->low) : std::string(); };
    const auto high = [](const auto& interval) { return interval ? shortest(interval->high) : std::string(); };
    text += csv_row({table.table,
                     std::to_string(cell.row),
                     table.protocol,
                     cell.quantity,
                     cell.device,
                     cell.unit,
                     cell_of(cell.published),
                     known(measured.mean),
                     cell_of(measured.half_width),
                     known(measured.lowest),
                     known(measured.highest),
                     std::to_string(measured.count),
                     cell.published && !cell.device.empty() ? std::string(kPublishedDevice) : std::string(),
                     low(test),
                     high(test),
                     low(joint),
                     high(joint),
                     word_of(kVerdicts, table.verdict(cell)),
                     table.data ? word_of(kDataOrigins, *table.data) : std::string(),
                     values_text(cell.values),
                     cell.remarks()});
  }
  return text;
}

ReproducedTable read_reproduced(const std::filesystem::path& path) {
  const auto csv = CsvTable::read(path);
  ReproducedTable table;
  for (std::size_t r = 0; r < csv.rows(); ++r) {
    const auto text = [&](const char* column) { return csv.cell(r, csv.column(column)); };
    const auto where = [&](const char* column) {
      return fmt::format("{}, line {}, column {}", csv.name(), csv.line(r), column);
    };
    table.table = text("table");
    table.protocol = text("protocol");
    if (const auto data = text("data"); !data.empty()) table.data = value_of(kDataOrigins, data, where("data"));
    ReproducedCell cell{parse_int(text("row"), where("row")),
                        text("quantity"),
                        text("device"),
                        text("unit"),
                        csv.optional_number(r, csv.column("published")),
                        false,
                        parse_values(text("values"), where("values")),
                        {}};
    if (!has_words(cell)) cell.note = text("note");
    // Nothing else says so of a cost that was measured.
    cell.other_device = cell.is_cost() && !cell.values.empty() &&
                        value_of(kVerdicts, text("verdict"), where("verdict")) == Verdict::no_data;
    table.cells.push_back(std::move(cell));
  }
  if (table.cells.empty())
    throw InputError(fmt::format("{} holds no row", path.string()), "wait until the run has ended, or go on with it");
  return table;
}

ReproducedTable join_reproduced(const std::vector<ReproducedTable>& tables, const std::vector<std::string>& names) {
  ReproducedTable joined = tables.front();
  for (std::size_t t = 1; t < tables.size(); ++t) {
    const auto& more = tables[t];
    for (const auto& [what, first, other] :
         {std::tuple("table", joined.table, more.table), std::tuple("protocol", joined.protocol, more.protocol),
          std::tuple("data set", joined.data ? word_of(kDataOrigins, *joined.data) : std::string("none"),
                     more.data ? word_of(kDataOrigins, *more.data) : std::string("none"))})
      if (first != other)
        throw InputError(fmt::format("{} has {} '{}', {} has '{}'", names[t], what, other, names[0], first),
                         "join runs of the same");
    for (const auto& cell : more.cells) {
      const auto there = std::ranges::find_if(joined.cells, [&](const auto& own) { return same_place(own, cell); });
      if (there == joined.cells.end()) {
        joined.cells.push_back(cell);
      } else {
        add_values(*there, cell, names[t]);
      }
    }
  }
  std::ranges::stable_sort(joined.cells, {}, &ReproducedCell::row);
  return joined;
}

}  // namespace harmonic
