// The report in a real browser, without a network.
#include <fstream>
#include <set>

#include <catch2/catch.hpp>

#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/report/report.hpp"
#include "tests/support/browser.hpp"
#include "tests/support/hand_run.hpp"
#include "tests/support/large_run.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using namespace harmonic::testing;
using Catch::Matchers::Contains;

namespace {

/// Looks, walks by keys, clicks, chooses columns.
constexpr std::string_view kReader = R"js(
const byId = id => document.getElementById(id);
const dialog = byId('shown');
const counts = [...document.querySelectorAll('.plots svg.plot')].map(plot => plot.querySelectorAll('[data-model]').length);
see('marks', counts.filter(count => count > 0).join(' '));
see('parallel', byId('parallel').querySelectorAll('.over').length);
see('wide', document.documentElement.scrollWidth <= innerWidth);
const cards = [...document.querySelectorAll('.card, .tile')];
see('overflowing', cards.filter(card => card.scrollWidth > card.clientWidth + 1 && !card.classList.contains('scroll')).length);
see('asked', dialog.open ? byId('shown-name').textContent : 'nothing');
if (dialog.open) { see('picture', dialog.querySelectorAll('img.picture').length); see('row', dialog.querySelector('dl').textContent); }
dialog.close();
const at = () => document.activeElement.dataset.model;
document.querySelector('.plots svg.plot .strong[tabindex="0"]').focus();
see('tab', at());
for (const key of ['ArrowRight', 'ArrowDown', 'ArrowUp', 'Home', 'End']) { press(key); see(key, at()); }
see('told', byId('told').textContent);
press('Enter');
see('entered', dialog.open && byId('shown-name').textContent);
dialog.close();
click(document.querySelector('.plots svg.plot .faint'));
see('clicked', dialog.open && byId('shown-name').textContent);
see('dominated', dialog.querySelector('.note').textContent);
dialog.close();
byId('across').value = byId('across').options.length - 1;
byId('across').dispatchEvent(new Event('change'));
see('across', [...byId('explored').querySelectorAll('text')].map(text => text.textContent).includes(byId('across').selectedOptions[0].textContent));
click(document.querySelector('td a[href="#model-1"]'));
see('linked', dialog.open && byId('shown-name').textContent);
)js";

HandRun small_run() {
  HandRun run;
  run.front = {{1, 95, 94, {4}, {4}}, {2, 90, 91, {2}, {2}}};
  run.dominated = {{3, 89, {}, {5}, {5}}, {4, 80, {}, {4.2}, {6}}, {5, 85, {}, {3}, {3}}};
  return run;
}

/// With a picture of its first model.
std::string report_of(const HandRun& run, const std::filesystem::path& folder) {
  run.write(folder);
  std::filesystem::create_directories(folder / "models" / "1");
  std::ofstream(folder / "models" / "1" / "architecture.svg")
      << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1000\" height=\"300\"><rect width=\"100%\" "
         "height=\"100%\"/></svg>";
  return read_file(write_report(folder));
}

}  // namespace

TEST_CASE("A reader of a report walks through the marks, opens models and chooses columns", "[report]") {
  const TemporaryFolder folder;
  const auto html = report_of(small_run(), folder / "run");
  for (const int width : {400, 1400}) {
    INFO(width);
    auto browsed = browse(html, kReader, width, "#model-1");
    if (!browsed) return;
    auto& seen = *browsed;
    CHECK(seen["marks"] == "5 5 5");  // latency, energy, any two columns: a mark a model
    CHECK(seen["parallel"] == "2");
    CHECK(seen["wide"] == "true");
    CHECK(seen["overflowing"] == "0");
    CHECK(seen["asked"] == "Model 1, on the front");
    CHECK(seen["picture"] == "1");
    CHECK_THAT(seen["row"], Contains("latency on tx2 (ms)4") && Contains("K=5,3,0,0;E=3,3,0,0;D=2"));
    CHECK(seen["tab"] == "2");  // the fastest
    CHECK(seen["ArrowRight"] == "1");
    CHECK(seen["ArrowDown"] == "4");  // the nearest by latency
    CHECK(seen["ArrowUp"] == "1");
    CHECK(seen["Home"] == "2");
    CHECK(seen["End"] == "1");
    CHECK_THAT(seen["told"], Contains("model 1, on the front") && Contains("validation metric (%): 95"));
    CHECK(seen["entered"] == "Model 1, on the front");
    CHECK(seen["clicked"] == "Model 5");
    CHECK_THAT(seen["dominated"], Contains("harmonic show --model 5"));
    CHECK(seen["across"] == "true");
    CHECK(seen["linked"] == "Model 1, on the front");
  }
}

TEST_CASE("Hostile names run nothing in a reader's browser", "[report]") {
  const TemporaryFolder folder;
  auto run = small_run();
  const std::string hostile = "</script><img src=x onerror=\"document.title='taken'\">' onload='alert(1)";
  run.devices = {hostile};
  run.front[0].genotype = hostile;
  const auto html = report_of(run, folder / "run");
  auto browsed = browse(html,
                        "see('title', document.title); see('images', document.querySelectorAll('img[src=x]').length);"
                        "see('device', document.querySelector('.plot-title').textContent);");
  if (!browsed) return;
  CHECK(browsed->at("title") == "Harmonic search: run");
  CHECK(browsed->at("images") == "0");
  CHECK_THAT(browsed->at("device"), Contains("&lt;/script&gt;&lt;img src=x onerror="));  // a text, as what was seen is
}

TEST_CASE("A page of a search that goes on says so, and one that is old waits no longer", "[report]") {
  const TemporaryFolder folder;
  report_of(small_run(), folder / "run");
  auto html = read_file(write_report(folder / "run", /*goes_on=*/true));
  const std::string_view reader = "see('banner', document.getElementById('goes-on').textContent);";
  auto browsed = browse(html, reader);
  if (!browsed) return;
  CHECK_THAT(browsed->at("banner"), Contains("The search goes on") && !Contains("ten minutes ago"));
  const auto at = html.find("data-written=\"") + 14;
  html.replace(at, html.find('"', at) - at, "1000");
  CHECK_THAT(browse(html, reader)->at("banner"), Contains("more than ten minutes ago"));
}

TEST_CASE("A page of 20,000 models has a mark for each that it says it draws", "[report]") {
  const TemporaryFolder folder;
  const auto html = report_of(large_run(20'000), folder / "run");
  const auto browsed = browse(html, R"js(
see('ready', performance.now().toFixed(0));
see('marks', [...document.querySelectorAll('.plots svg.plot')].map(plot => plot.querySelectorAll('[data-model]').length).join(' '));
)js");
  if (!browsed) return;
  INFO("ready after " << browsed->at("ready") << " ms");
  std::set<std::string> counts;
  for (const auto& count : split(browsed->at("marks"), ' ')) counts.insert(count);
  counts.erase("0");  // curves
  REQUIRE(counts.size() == 1);
  CHECK(std::stoi(*counts.begin()) >= 120 + 1988);
  CHECK(std::stoi(*counts.begin()) < 120 + 1988 + 40);
}
