#include "tests/support/browser.hpp"

#include <fstream>
#include <iostream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/base/text.hpp"
#include "tests/support/process.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic::testing {
namespace {

/// What the reader saw stands at the end of the document then: "name=value" a line.
constexpr std::string_view kBefore = R"js(
const seen = [];
const see = (name, value) => seen.push(name + '=' + String(value).replaceAll('\n', ' '));
addEventListener('error', event => see('error', event.message));
const press = key => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
const click = node => node.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
)js";
constexpr std::string_view kAfter = R"js(
const output = document.createElement('pre');
output.textContent = 'SEEN\n' + seen.join('\n') + '\nEND';
document.body.append(output);
)js";

Seen seen_in(const std::string& document) {
  Seen seen;
  const auto start = document.rfind("SEEN\n"), end = document.rfind("\nEND");
  REQUIRE(start != std::string::npos);
  REQUIRE(end != std::string::npos);
  for (const auto& line : split(std::string_view(document).substr(start, end - start), '\n'))
    if (const auto at = line.find('='); at != std::string::npos) seen[line.substr(0, at)] = line.substr(at + 1);
  return seen;
}

}  // namespace

std::optional<Seen> browse(std::string html, std::string_view reader, int width, const std::string& fragment) {
  if (run({"/bin/sh", "-c", "command -v chromium"}).exit_code != 0) {
    std::cout << "SKIPPED: no chromium here (Debian: chromium)\n";
    return std::nullopt;
  }
  const TemporaryFolder folder;
  html.insert(html.rfind("</body>"), fmt::format("<script>(() => {{{}{}{}}})();</script>", kBefore, reader, kAfter));
  std::ofstream(folder / "page.html") << html;
  const auto browsed =
      run({"timeout", "120", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
           fmt::format("--window-size={},900", width), "--user-data-dir=" + (folder / "profile").string(), "--dump-dom",
           "file://" + (folder / "page.html").string() + fragment});
  INFO(browsed.err);
  REQUIRE(browsed.exit_code == 0);
  CHECK(browsed.err.find("CONSOLE") == std::string::npos);  // where Chromium tells the page's errors
  auto seen = seen_in(browsed.out);
  CHECK_FALSE(seen.contains("error"));
  return seen;
}

}  // namespace harmonic::testing
