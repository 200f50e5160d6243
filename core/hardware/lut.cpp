#include "core/hardware/lut.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "core/hardware/network_part.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"

namespace harmonic {
namespace {

using nlohmann::json;

constexpr std::string_view kFormat = "harmonic-lut";
constexpr int kVersion = 1;
constexpr const char* kUnsupported = "unsupported";  ///< field of a row that the device cannot run

/// One file's content on its way into a table.
struct FileContent {
  std::map<std::string, Cost> rows;
  LutProvenance provenance;
};

std::string text_field(const json& object, const char* field) {
  const auto it = object.find(field);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

/// {"latency_ms": ms, "energy_mj": mJ}
std::string row_form(std::string_view Quantity::*field) {
  std::vector<std::string> fields;
  for (const auto& quantity : kQuantities) fields.push_back(fmt::format("\"{}\": {}", quantity.*field, quantity.unit));
  return fmt::format("{{{}}}", fmt::join(fields, ", "));
}

/// {"latency": "ms", "energy": "mJ"}
std::string units_text() {
  std::vector<std::string> units;
  for (const auto& quantity : kQuantities) units.push_back(fmt::format("\"{}\": \"{}\"", quantity.name, quantity.unit));
  return fmt::format("{{{}}}", fmt::join(units, ", "));
}

/// A cost: a number, or a number written as a string. `where` names file, key and field.
double read_number(const json& value, const std::string& where) {
  double number = 0;
  if (value.is_number()) {
    number = value.get<double>();
  } else if (value.is_string()) {
    number = parse_real(trim(value.get<std::string>()), where);
  } else {
    throw InputError(fmt::format("{} is {}, not a number", where, json_text(value)),
                     "write a number, or leave the row out");
  }
  if (!(number >= 0 && number <= LookUpTable::kHighestCost))
    throw InputError(fmt::format("{} is {}", where, number),
                     fmt::format("a cost is between 0 and {:g}: mend or remove the row", LookUpTable::kHighestCost));
  return number;
}

/// Reads one row, whose fields the quantities name; but for the first they may be missing or null.
Cost read_row(const json& row, std::string_view Quantity::*field, const std::string& where) {
  if (const auto it = row.is_object() ? row.find(kUnsupported) : row.end(); row.is_object() && it != row.end()) {
    if (!it->is_boolean() || !it->get<bool>() || row.size() != 1)
      throw InputError(
          fmt::format("{} says {}", where, json_text(row)),
          fmt::format("write a row that the device cannot run as {{\"{}\": true}}, without costs; any other "
                      "as {}",
                      kUnsupported, row_form(field)));
    return Cost::unsupported();
  }
  Cost cost{};
  for (std::size_t q = 0; q < kQuantities.size(); ++q) {
    const std::string name(kQuantities[q].*field);
    const auto it = row.is_object() ? row.find(name) : row.end();
    const bool given = row.is_object() && it != row.end() && (q == 0 || !it->is_null());
    if (q == 0 && !given)
      throw InputError(fmt::format("{} has no {}", where, name), fmt::format("write the row as {}", row_form(field)));
    cost[q] = given ? std::optional(read_number(*it, fmt::format("{}, {}", where, name))) : std::nullopt;
  }
  return cost;
}

/// A quantity without a unit is one that the table does not know: tables stay good when a quantity is added.
/// @param entries of the document
void check_units(const json& document, const json& entries, const std::string& file) {
  const json units = document.value("units", json::object());
  const auto refuse = [&](const std::string& what) {
    throw InputError(fmt::format("table {} {}", file, what),
                     fmt::format("convert it and write \"units\": {}", units_text()));
  };
  for (const auto& quantity : kQuantities) {
    const std::string name(quantity.name), column(quantity.column);
    const auto unit = units.is_object() ? units.find(name) : units.end();
    if (units.is_object() && unit != units.end()) {
      if (*unit != json(quantity.unit)) refuse(fmt::format("gives {} in {}", name, json_text(*unit)));
      continue;
    }
    for (const auto& [key, row] : entries.items())
      if (row.is_object() && row.contains(column))
        refuse(fmt::format("gives {} in no unit, but key '{}' has {}", name, key, column));
  }
}

FileContent read_own_form(const json& document, const std::string& file) {
  const json version = document.value("version", json());
  if (!version.is_number_integer() || version.get<int>() != kVersion)
    throw InputError(
        fmt::format("table {} has version {}, this program reads version {}", file, json_text(version), kVersion),
        "write the table anew, or use the program that wrote it");
  const auto entries = document.find("entries");
  if (entries == document.end() || !entries->is_object())
    throw InputError(fmt::format("table {} has no entries", file), "give it \"entries\": {key: {\"latency_ms\": …}}");
  check_units(document, *entries, file);
  FileContent content;
  const json provenance = document.value("provenance", json::object());
  content.provenance = {text_field(provenance, "device"), text_field(provenance, "origin"),
                        text_field(provenance, "date"), text_field(provenance, "tool"),
                        text_field(provenance, "settings")};
  for (const auto& [key, row] : entries->items())
    content.rows[key] = read_row(row, &Quantity::column, fmt::format("table {}, key '{}'", file, key));
  return content;
}

FileContent read_published_form(const json& document, const std::string& file) {
  FileContent content;
  content.provenance.origin = "imported";
  content.provenance.settings = fmt::format("published form: {}", std::filesystem::path(file).filename().string());
  for (const auto& [key, row] : document.items())
    content.rows[key] = read_row(row, &Quantity::published, fmt::format("table {}, key '{}'", file, key));
  return content;
}

FileContent read_table(const std::filesystem::path& path) {
  const std::string file = path.string();
  const json document = read_json(path, "table");
  if (!document.is_object() || document.empty())
    throw InputError(fmt::format("table {} holds no rows", file), "give a JSON object of key -> cost");
  return text_field(document, "format") == kFormat ? read_own_form(document, file)
                                                   : read_published_form(document, file);
}

/// Adds another file's word to a field, once.
void append(std::string& field, const std::string& more) {
  if (more.empty() || field.find(more) != std::string::npos) return;
  if (!field.empty()) field += "; ";
  field += more;
}

}  // namespace

std::string tool_name() {
  return fmt::format("harmonic {}", program_version());
}

LookUpTable LookUpTable::load(const std::vector<std::filesystem::path>& paths) {
  if (paths.empty()) throw InputError("no look-up table is given", "name its file");
  LookUpTable table;
  for (const auto& path : paths) {
    const FileContent content = read_table(path);
    for (const auto& [key, cost] : content.rows) {
      const auto [it, fresh] = table.rows_.emplace(key, cost);
      if (!fresh && it->second != cost)
        throw InputError(fmt::format("tables {} and {} disagree on key '{}'", table.name_, path.string(), key),
                         "give tables of one device, or remove the row from one of them");
    }
    if (!table.name_.empty()) table.name_ += '+';
    table.name_ += path.string();
    append(table.provenance_.device, content.provenance.device);
    append(table.provenance_.origin, content.provenance.origin);
    append(table.provenance_.date, content.provenance.date);
    append(table.provenance_.tool, content.provenance.tool);
    append(table.provenance_.settings, content.provenance.settings);
  }
  return table;
}

const Cost& LookUpTable::at(const std::string& key) const {
  if (const auto it = rows_.find(key); it != rows_.end()) return it->second;
  const auto tables = name_.empty() ? std::vector<std::string>{"TABLE.json"} : split(name_, '+');
  throw lacks(key, fmt::format("measure it and add it with: harmonic lut import --in {} --device \"{}\" --set "
                               "\"{}=ms,mJ\" --out more.json",
                               join(tables, " --in "), provenance_.device.empty() ? "NAME" : provenance_.device, key));
}

InputError LookUpTable::lacks(const std::string& key, std::string_view mend) const {
  std::vector<std::string> alike;  // a row of another kind tells nothing
  for (const auto& [k, cost] : rows_)
    if (key_kind(k) == key_kind(key)) alike.push_back(k);
  const std::string like = rows_.empty()   ? std::string("the table is empty")
                           : alike.empty() ? fmt::format("it has no row of {}", key_kind(key))
                                           : fmt::format("nearest '{}'", nearest(key, alike));
  return {fmt::format("no key '{}' in table {} (cost unknown): {}", key, name_.empty() ? "in memory" : name_, like),
          mend};
}

bool LookUpTable::has(std::size_t quantity) const {
  return std::ranges::all_of(rows_, [&](const auto& row) { return row.second[quantity].has_value(); });
}

void LookUpTable::save(const std::filesystem::path& path) const {
  // One row a line, so that a table reads, and compares, line by line.
  const nlohmann::ordered_json provenance = {{"device", provenance_.device},
                                             {"origin", provenance_.origin},
                                             {"date", provenance_.date},
                                             {"tool", provenance_.tool},
                                             {"settings", provenance_.settings}};
  std::string text = fmt::format("{{\n  \"format\": \"{}\",\n  \"version\": {},\n", kFormat, kVersion);
  text += "  \"provenance\": {\n";
  for (auto it = provenance.begin(); it != provenance.end(); ++it)
    text += fmt::format("    {}: {}{}\n", json_text(json(it.key())), json_text(it.value()),
                        std::next(it) == provenance.end() ? "" : ",");
  text += fmt::format("  }},\n  \"units\": {},\n  \"entries\": {{", units_text());
  std::string_view separator = "\n";
  for (const auto& [key, cost] : rows_) {
    std::vector<std::string> fields;
    for (std::size_t q = 0; q < kQuantities.size() && cost.is_supported(); ++q)
      if (cost[q]) fields.push_back(fmt::format("\"{}\": {}", kQuantities[q].column, shortest(*cost[q])));
    if (!cost.is_supported()) fields.push_back(fmt::format("\"{}\": true", kUnsupported));
    text += fmt::format("{}    {}: {{{}}}", separator, json_text(json(key)), fmt::join(fields, ", "));
    separator = ",\n";
  }
  text += "\n  }\n}\n";
  replace_file(path, text);
}

}  // namespace harmonic
