// The page of a comparison in a real browser, without a network.
#include <catch2/catch.hpp>

#include "master/compare/comparison_page.hpp"
#include "tests/support/browser.hpp"
#include "tests/support/hand_run.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

/// Uses the page as a reader does.
constexpr std::string_view kReader = R"js(
const told = () => document.getElementById('told').textContent;
const plots = [...document.querySelectorAll('svg.plot')];
see('marks', plots.map(plot => plot.querySelectorAll('.mark').length).join(' '));
const at = () => document.activeElement.dataset.name;
plots[0].querySelector('.mark[tabindex="0"]').focus();
see('tab', at());
for (const key of ['ArrowRight', 'ArrowDown', 'Home', 'ArrowUp', 'End']) { press(key); see(key, at()); }
see('told', told());
see('chosen', document.querySelectorAll('.mark.chosen').length);
press('Escape');
see('hint', told());
click(plots[2].querySelectorAll('.mark.given')[0]);
see('clicked', told());
const button = document.querySelectorAll('.legend button')[1];
button.click();
see('hidden', document.querySelectorAll('svg.plot .mark.off').length);
see('pressed', button.getAttribute('aria-pressed'));
button.click();
see('shown', document.querySelectorAll('svg.plot .off').length);
)js";

}  // namespace

TEST_CASE("A reader walks through the marks by keys, clicks one, and hides a run", "[compare]") {
  const TemporaryFolder folder;
  HandRun hand;
  hand.front = {{1, 95, 94, {4}, {4}}, {2, 90, 91, {2}, {2}}};
  hand.write(folder / "a");
  hand.front = {{7, 94, 95, {3}, {4}}, {8, 80, 82, {1}, {2}}};
  hand.write(folder / "b");
  const auto html = comparison_html(compare_runs(open_runs({{folder / "a", folder / "b"}, "avmnist", {}, {}, {}})));
  const auto browsed = browse(html, kReader);
  if (!browsed) return;
  auto seen = *browsed;
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
