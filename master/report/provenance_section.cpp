#include "master/report/provenance_section.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/base/version.hpp"
#include "master/report/page.hpp"

namespace harmonic {

std::string protocol_text(const RunResults& results) {
  const auto& protocol = results.protocol;
  if (!protocol) return "Protocol: not recorded.";
  const auto sentence = [](Protocol p) -> std::string_view {
    switch (p) {
      case Protocol::published:
        return "as in the published code, the architecture is chosen on the test split and the mixed network is "
               "reported. For comparison with published numbers only.";
      case Protocol::honest:
        break;
    }
    return "weights are trained on the training split, the architecture is chosen on the validation split, the "
           "discrete "
           "network is retrained and reported, and the test split is read once, for the front.";
  };
  return fmt::format("Protocol <b>{}</b>: {}", word_of(kProtocols, *protocol), sentence(*protocol));
}

std::string provenance_section(const RunResults& results) {
  std::vector<std::vector<Cell>> rows;
  const auto add = [&](const std::string& what, const std::string& value) {
    if (!value.empty()) rows.push_back({{escape_html(what)}, {fmt::format("<code>{}</code>", escape_html(value))}});
  };
  add("harmonic that began the run", results.begun_by);
  add("harmonic that wrote this report", std::string(program_version()));
  add("seed", results.setting("run", "seed"));
  for (const auto& [name, value] : results.inputs) {
    const bool is_hash = value.size() == 16 && value.find_first_not_of("0123456789abcdef") == std::string::npos;
    add(name + (is_hash ? ", hash of its content" : ""), value);
  }
  return fmt::format(
      "<h2 id=\"provenance\">Where it comes from</h2>\n<p class=\"note\">What the run read, by what it "
      "holds, not where it lay: harmonic data show tells the same hash of a data set.</p>\n{}",
      table_html({{"what"}, {"value"}}, rows));
}

}  // namespace harmonic
