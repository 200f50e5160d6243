#include <utility>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/hardware/kit.hpp"
#include "core/work/table_file.hpp"
#include "master/commands/lut_actions.hpp"

namespace harmonic {
namespace {

/// "KEY=ms,mJ", or "KEY=ms" where no energy is known.
std::pair<std::string, Cost> parse_row(const std::string& text) {
  const auto equals = text.rfind('=');
  const auto values = split(equals == std::string::npos ? "" : std::string_view(text).substr(equals + 1), ',');
  if (equals == 0 || values.empty() || values.size() > kQuantities.size())
    throw InputError(fmt::format("cannot read --set {}", text), "write it as KEY=ms,mJ, or KEY=ms without an energy");
  const std::string key = trim(text.substr(0, equals));
  Cost cost{};
  for (std::size_t q = 0; q < kQuantities.size(); ++q) {
    cost[q].reset();
    if (q < values.size()) cost[q] = parse_real(values[q], fmt::format("{} of '{}'", kQuantities[q].name, key));
    if (const double given = cost[q].value_or(0); given < 0 || given > LookUpTable::kHighestCost)
      throw InputError(fmt::format("--set {}: {} is {}", text, kQuantities[q].name, given),
                       fmt::format("a cost is between 0 and {:g}", LookUpTable::kHighestCost));
  }
  return {key, cost};
}

/// Those of a kit beside those of tables. @throws InputError when they disagree
void add_rows(LookUpTable& table, const LookUpTable& kit) {
  for (const auto& [key, cost] : kit.rows()) {
    if (table.contains(key) && table.at(key) != cost)
      throw InputError(fmt::format("table {} and the kit disagree on key '{}'", table.name(), key),
                       "give measurements of one device, or leave one of them out");
    table.set(key, cost);
  }
  auto provenance = table.provenance();
  provenance.settings += "; " + kit.provenance().settings;
  table.set_provenance(std::move(provenance));
}

}  // namespace

ExitCode lut_import(const Arguments& args) {
  std::vector<std::string> in, set;
  std::string kit, device, out, date = today();
  bool json = false;
  OptionSet options("harmonic lut import",
                    "Joins tables of one device, published or the project's own, or a measured kit, into one.");
  options.add("in", in, "a table to read");
  options.add("kit", kit,
              "manifest.csv of a kit (harmonic lut kit) with what was measured filled in; its row Overhead is "
              "subtracted from all "
              "others");
  options.add("device", device, "the device, in words, for the table's provenance").required();
  options.add("out", out, "table to write; its folder is made where there is none").required();
  options.add("set", set, "a row to add or replace: KEY=ms,mJ, or KEY=ms without an energy",
              {kWholeTexts.parse, kWholeTexts.text, listed_named_values});
  options.add("date", date, "date for the table's provenance, ISO 8601");
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  if (in.empty() && kit.empty())
    throw InputError("harmonic lut import has nothing to read", "give tables by --in, or a measured kit by --kit");
  std::vector<OptionFile> inputs = {{"kit", kit}};
  for (const auto& file : in) inputs.push_back({"in", file});
  const TableFolder folder(out, inputs, args);

  LookUpTable table = in.empty() ? read_kit(kit) : load_tables(in);
  if (!in.empty() && !kit.empty()) add_rows(table, read_kit(kit));
  LutProvenance provenance = table.provenance();
  if (!provenance.device.empty() && provenance.device != device)
    provenance.settings += fmt::format("; device there: {}", provenance.device);
  if (!provenance.origin.empty() && provenance.origin != "imported")
    provenance.settings +=
        fmt::format("; origin there: {}, {}, {}", provenance.origin, provenance.date, provenance.tool);
  for (const auto& text : set) {
    const auto [key, cost] = parse_row(text);
    table.set(key, cost);
    provenance.settings += fmt::format("; set by hand: {}", key);
  }
  table.set_provenance({device, "imported", date, tool_name(), provenance.settings});
  table.save(out);
  report_table(out, table, json);
  return ExitCode::done;
}

}  // namespace harmonic
