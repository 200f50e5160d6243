#include "master/report/settings_section.hpp"

#include <vector>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "master/report/page.hpp"

namespace harmonic {

std::string settings_section(const RunResults& results) {
  std::string html = "<h2 id=\"settings\">Settings</h2>\n";
  for (const auto& section : results.settings) {
    std::vector<std::vector<Cell>> rows;
    for (const auto& [key, value, line] : section.entries)
      rows.push_back({{escape_html(key)}, {fmt::format("<code>{}</code>", escape_html(value))}});
    html += fmt::format("<details{}><summary>{}</summary>{}</details>\n",
                        section.name == "run" || section.name == "hardware" ? " open" : "", escape_html(section.name),
                        table_html({{"setting"}, {"value"}}, rows));
  }
  return html;
}

}  // namespace harmonic
