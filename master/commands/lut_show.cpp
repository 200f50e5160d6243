#include <algorithm>
#include <iostream>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "master/commands/lut_actions.hpp"

namespace harmonic {

using nlohmann::ordered_json;

ExitCode lut_show(const Arguments& args) {
  std::vector<std::string> files;
  bool json = false;
  OptionSet options("harmonic lut show TABLE.json", "Shows a table's rows and where they came from.");
  options.add("lut", files, "a table; several are shown as one").required();
  options.add("json", json, "print one JSON object");
  // Leading bare words are tables.
  Arguments words;
  const auto first_option = std::ranges::find_if(args, [](const auto& word) { return word.starts_with('-'); });
  for (auto word = args.begin(); word != first_option; ++word) words.insert(words.end(), {"--lut", *word});
  words.insert(words.end(), first_option, args.end());
  if (options.parse(words) == OptionSet::Parsed::help_printed) return ExitCode::done;

  const LookUpTable table = load_tables(files);
  const LutProvenance& from = table.provenance();
  if (json) {
    ordered_json entries = ordered_json::object();
    for (const auto& [key, cost] : table.rows()) add_costs(entries[key], cost);
    std::cout << json_text(ordered_json{{"device", from.device},
                                        {"origin", from.origin},
                                        {"date", from.date},
                                        {"tool", from.tool},
                                        {"settings", from.settings},
                                        {"entries", std::move(entries)}})
              << '\n';
    return ExitCode::done;
  }
  std::cout << fmt::format("device    {}\norigin    {}\ndate      {}\ntool      {}\nsettings  {}\nrows      {}\n\n",
                           from.device, from.origin, from.date, from.tool, from.settings, table.rows().size());
  std::vector<std::vector<std::string>> rows = {cost_header("key")};
  for (const auto& [key, cost] : table.rows()) rows.push_back(cost_row(key, cost));
  std::cout << aligned_table(rows);
  return ExitCode::done;
}

}  // namespace harmonic
