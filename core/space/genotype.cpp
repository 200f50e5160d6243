#include "core/space/genotype.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kLate = "late:";

[[noreturn]] void unreadable(std::string_view part) {
  throw InputError(fmt::format("cannot read '{}' in a genotype", part),
                   "write it as 1+4:Sum(1,0) | 5+7:ConcatFC(0,1),SE1(2,0) -> 8,9, or as late:sum");
}

std::pair<int, int> parse_pair(const std::string& text, char separator) {
  const auto parts = split(text, separator);
  if (parts.size() != 2) unreadable(text);
  return {parse_int(parts[0], "a state of a genotype"), parse_int(parts[1], "a state of a genotype")};
}

/// The name of an operator: what the text of a genotype can hold, so that it reads back as it was.
std::string operator_name(std::string name) {
  const auto is_letter = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
  if (name.empty() || !std::ranges::all_of(name, is_letter)) unreadable(name);
  return name;
}

int state_of(const nlohmann::json& value) {
  const bool fits = value.is_number_unsigned()
                        ? std::in_range<int>(value.get<std::uint64_t>())
                        : value.is_number_integer() && std::in_range<int>(value.get<std::int64_t>());
  if (!fits) unreadable(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return value.get<int>();
}

FusionCell parse_cell(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) unreadable(text);
  FusionCell cell;
  std::tie(cell.first, cell.second) = parse_pair(text.substr(0, colon), '+');
  std::string rest = text.substr(colon + 1);
  while (!rest.empty()) {
    const auto open = rest.find('(');
    const auto close = rest.find(')');
    if (open == std::string::npos || close == std::string::npos || close < open) unreadable(text);
    FusionStep step;
    step.op = operator_name(trim(rest.substr(0, open)));
    std::tie(step.first, step.second) = parse_pair(rest.substr(open + 1, close - open - 1), ',');
    cell.steps.push_back(std::move(step));
    rest = trim(rest.substr(close + 1));
    if (!rest.empty() && rest.front() != ',') unreadable(text);
    if (!rest.empty()) rest = trim(rest.substr(1));
  }
  return cell;
}

}  // namespace

std::string to_text(const Genotype& genotype) {
  if (genotype.late != LateFusion::none) return std::string(kLate) + word_of(kLateFusions, genotype.late);
  std::vector<std::string> cells;
  cells.reserve(genotype.cells.size());
  for (const auto& cell : genotype.cells) {
    std::vector<std::string> steps;
    steps.reserve(cell.steps.size());
    for (const auto& step : cell.steps) steps.push_back(fmt::format("{}({},{})", step.op, step.first, step.second));
    cells.push_back(fmt::format("{}+{}:{}", cell.first, cell.second, fmt::join(steps, ",")));
  }
  return fmt::format("{} -> {}", fmt::join(cells, " | "), fmt::join(genotype.concat, ","));
}

Genotype parse_genotype(std::string_view text) {
  if (text.starts_with(kLate)) return {{}, {}, value_of(kLateFusions, text.substr(kLate.size()), "a late fusion")};
  const auto arrow = text.find("->");
  if (arrow == std::string_view::npos) unreadable(text);
  Genotype genotype;
  for (const auto& cell : split(text.substr(0, arrow), '|')) genotype.cells.push_back(parse_cell(cell));
  for (const auto& state : split(text.substr(arrow + 2), ','))
    genotype.concat.push_back(parse_int(state, "a state of a genotype"));
  return genotype;
}

Genotype genotype_from_json(std::string_view json) {
  try {
    const auto root = nlohmann::json::parse(json);
    Genotype genotype;
    const auto& edges = root.at("edges");
    const auto& steps = root.at("steps");
    for (std::size_t c = 0; c < steps.size(); ++c) {
      FusionCell cell;
      cell.first = state_of(edges.at(2 * c).at(1));
      cell.second = state_of(edges.at(2 * c + 1).at(1));
      const auto& inner = steps[c].at("inner_edges");
      const auto& names = steps[c].at("inner_steps");
      for (std::size_t s = 0; s < names.size(); ++s)
        cell.steps.push_back({operator_name(names[s].get<std::string>()), state_of(inner.at(2 * s).at(1)),
                              state_of(inner.at(2 * s + 1).at(1))});
      genotype.cells.push_back(std::move(cell));
    }
    for (const auto& state : root.at("concat")) genotype.concat.push_back(state_of(state));
    return genotype;
  } catch (const nlohmann::json::exception& e) {
    throw InputError(fmt::format("cannot read a genotype from JSON: {}", e.what()), "give edges, steps and concat");
  }
}

MacroArchitecture macro_of(const Genotype& genotype) {
  MacroArchitecture macro{static_cast<int>(genotype.cells.size()), 0};
  for (const auto& cell : genotype.cells) macro.nodes = std::max(macro.nodes, static_cast<int>(cell.steps.size()));
  return macro;
}

std::vector<std::string> operators_of(const Genotype& genotype) {
  std::vector<std::string> names;
  for (const auto& cell : genotype.cells)
    for (const auto& step : cell.steps) names.push_back(step.op);
  return names;
}

}  // namespace harmonic
