#include <iostream>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "master/commands/lut_actions.hpp"

namespace harmonic {

void add_costs(nlohmann::ordered_json& object, const Cost& cost) {
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    object[std::string(kQuantities[q].column)] =
        cost[q] && cost.is_supported() ? nlohmann::ordered_json(*cost[q]) : nlohmann::ordered_json();
  if (!cost.is_supported()) object["unsupported"] = true;
}

std::vector<std::string> cost_header(const std::string& first) {
  std::vector<std::string> cells = {first};
  for (const auto& quantity : kQuantities) cells.emplace_back(quantity.unit);
  return cells;
}

std::vector<std::string> cost_row(const std::string& key, const Cost& cost) {
  std::vector<std::string> cells = {key};
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    cells.push_back(!cost.is_supported() ? "unsupported" : cost[q] ? fmt::format("{:.5f}", *cost[q]) : "-");
  return cells;
}

LookUpTable load_tables(const std::vector<std::string>& files) {
  return LookUpTable::load({files.begin(), files.end()});
}

bool needs_no_networks(const Arguments& args) {
  return args.empty() || (args[0] != "profile" && args[0] != "kit" && args[0] != "validate");
}

ExitCode lut_command(const Arguments& args) {
  const std::vector<std::string> verbs = {"profile", "kit", "import", "model", "show", "cost", "validate"};
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    std::cout << "Look-up tables: what every layer costs on a device, in ms and mJ.\n\n"
                 "  harmonic lut profile   measure a table on the machine at hand\n"
                 "  harmonic lut kit       small models to measure on a device that cannot run this program\n"
                 "  harmonic lut import    join published or own tables, or a measured kit, into one\n"
                 "  harmonic lut model     fill a table from an analytic device model\n"
                 "  harmonic lut show      a table's rows and provenance\n"
                 "  harmonic lut cost      what a network costs, part by part\n"
                 "  harmonic lut validate  a table's sums beside whole networks; rows that are suspect\n\n"
                 "Each takes --help.\n";
    if (args.empty()) throw InputError("harmonic lut needs a word of what to do", join(verbs, ", "));
    return ExitCode::done;
  }
  const Arguments rest(args.begin() + 1, args.end());
  if (args[0] == "import") return lut_import(rest);
  if (args[0] == "model") return lut_model(rest);
  if (args[0] == "show") return lut_show(rest);
  if (args[0] == "cost") return lut_cost(rest);
  throw InputError(fmt::format("harmonic lut cannot '{}'", args[0]),
                   fmt::format("did you mean {}? It can {}", nearest(args[0], verbs), join(verbs, ", ")));
}

}  // namespace harmonic
