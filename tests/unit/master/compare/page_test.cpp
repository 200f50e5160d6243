// The page of a comparison in a real browser, without a network.
#include <fstream>
#include <iostream>
#include <map>

#include <catch2/catch.hpp>

#include "core/base/text.hpp"
#include "master/compare/comparison_page.hpp"
#include "tests/support/hand_run.hpp"
#include "tests/support/process.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

/// Uses the page as a reader does, and leaves what it saw at the end of the document: "name=value" a line.
constexpr std::string_view kReader = R"js(
const seen = [];
const see = (name, value) => seen.push(name + '=' + String(value).replaceAll('\n', ' '));
addEventListener('error', event => see('error', event.message));
const told = () => document.getElementById('told').textContent;
const plots = [...document.querySelectorAll('svg.plot')];
see('marks', plots.map(plot => plot.querySelectorAll('.mark').length).join(' '));
const at = () => document.activeElement.dataset.name;
const press = key => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
plots[0].querySelector('.mark[tabindex="0"]').focus();
see('tab', at());
for (const key of ['ArrowRight', 'ArrowDown', 'Home', 'ArrowUp', 'End']) { press(key); see(key, at()); }
see('told', told());
see('chosen', document.querySelectorAll('.mark.chosen').length);
press('Escape');
see('hint', told());
plots[2].querySelectorAll('.mark.given')[0].dispatchEvent(new MouseEvent('click', {bubbles: true}));
see('clicked', told());
const button = document.querySelectorAll('.legend button')[1];
button.click();
see('hidden', document.querySelectorAll('svg.plot .mark.off').length);
see('pressed', button.getAttribute('aria-pressed'));
button.click();
see('shown', document.querySelectorAll('svg.plot .off').length);
const output = document.createElement('pre');
output.textContent = 'SEEN\n' + seen.join('\n') + '\nEND';
document.body.append(output);
)js";

std::map<std::string, std::string> seen_in(const std::string& document) {
  std::map<std::string, std::string> seen;
  const auto start = document.rfind("SEEN\n"), end = document.rfind("\nEND");
  REQUIRE(start != std::string::npos);
  REQUIRE(end != std::string::npos);
  for (const auto& line : split(std::string_view(document).substr(start, end - start), '\n'))
    if (const auto at = line.find('='); at != std::string::npos) seen[line.substr(0, at)] = line.substr(at + 1);
  return seen;
}

}  // namespace

TEST_CASE("A reader walks through the marks by keys, clicks one, and hides a run", "[compare]") {
  if (run({"/bin/sh", "-c", "command -v chromium"}).exit_code != 0) {
    std::cout << "SKIPPED: no chromium here (Debian: chromium)\n";
    return;
  }
  const TemporaryFolder folder;
  HandRun hand;
  hand.front = {{1, 95, 94, {4}, {4}}, {2, 90, 91, {2}, {2}}};
  hand.write(folder / "a");
  hand.front = {{7, 94, 95, {3}, {4}}, {8, 80, 82, {1}, {2}}};
  hand.write(folder / "b");
  auto html = comparison_html(compare_runs(open_runs({{folder / "a", folder / "b"}, "avmnist", {}, {}, {}})));
  html.insert(html.rfind("</body>"), "<script>" + std::string(kReader) + "</script>");
  std::ofstream(folder / "c.html") << html;
  const auto browsed =
      run({"timeout", "120", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
           "--user-data-dir=" + (folder / "profile").string(), "--dump-dom", "file://" + (folder / "c.html").string()});
  INFO(browsed.err);
  REQUIRE(browsed.exit_code == 0);
  CHECK(browsed.err.find("CONSOLE") == std::string::npos);  // where Chromium tells the page's errors
  auto seen = seen_in(browsed.out);
  CHECK_FALSE(seen.contains("error"));
  CHECK(seen["marks"] == "4 4 7 7");
  CHECK(seen["tab"] == "A 2");
  CHECK(seen["ArrowRight"] == "A 1");
  CHECK(seen["ArrowDown"] == "B 7");  // the nearest by latency
  CHECK(seen["Home"] == "B 8");
  CHECK(seen["ArrowUp"] == "A 2");
  CHECK(seen["End"] == "A 1");
  CHECK_THAT(seen["told"], Catch::Contains("model 1") && Catch::Contains("validation 95.00 %"));
  CHECK(seen["chosen"] == "4");  // the same model in every plot
  CHECK_THAT(seen["hint"], Catch::Contains("arrow keys"));
  CHECK_THAT(seen["clicked"], Catch::Contains("published row 1 of avmnist"));
  CHECK(seen["hidden"] == "8");
  CHECK(seen["pressed"] == "false");
  CHECK(seen["shown"] == "0");
}
