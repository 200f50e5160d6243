#include "core/storage/curves.hpp"

#include <chrono>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/storage/csv.hpp"

namespace harmonic {
namespace {

std::vector<std::string> columns_of(const Curves& curves, const std::set<std::string>& left_out) {
  std::vector<std::string> columns = {curves.axis};
  for (const auto& name : curves.names)
    if (!left_out.contains(name)) columns.push_back(name);
  return columns;
}

}  // namespace

double wall_time_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string Curves::csv(const std::set<std::string>& left_out) const {
  std::string text = csv_row(columns_of(*this, left_out));
  for (const auto& row : rows) {
    std::vector<std::string> cells = {std::to_string(row.step)};
    for (std::size_t c = 0; c < names.size(); ++c)
      if (!left_out.contains(names[c])) cells.push_back(row.values[c] ? shortest(*row.values[c]) : "");
    text += csv_row(cells);
  }
  return text;
}

void Curves::read(const std::filesystem::path& path, const std::set<std::string>& left_out) {
  const auto table = CsvTable::read(path);
  if (table.header() != columns_of(*this, left_out))
    throw InputError(
        fmt::format("{} has other columns than {}", path.string(), join(columns_of(*this, left_out), ", ")),
        "move it away");
  std::vector<CurveRow> found;
  for (std::size_t r = 0; r < table.rows(); ++r) {
    CurveRow row{static_cast<std::int64_t>(table.number(r, 0)), {}};
    std::size_t column = 1;
    for (const auto& name : names)
      row.values.push_back(left_out.contains(name) ? std::nullopt : table.optional_number(r, column++));
    found.push_back(std::move(row));
  }
  rows = std::move(found);
}

Curves side_by_side(const std::vector<Curves>& tables) {
  Curves joined{tables.front().axis, {}, {}};
  std::map<std::int64_t, CurveRow> rows;
  for (const auto& table : tables) {
    for (const auto& row : table.rows) {
      auto& values = rows[row.step].values;
      values.resize(joined.names.size());
      values.insert(values.end(), row.values.begin(), row.values.end());
    }
    joined.names.insert(joined.names.end(), table.names.begin(), table.names.end());
  }
  for (auto& [step, row] : rows) {
    row.values.resize(joined.names.size());
    joined.rows.push_back({step, std::move(row.values)});
  }
  return joined;
}

}  // namespace harmonic
