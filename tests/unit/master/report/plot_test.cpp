#include "master/report/plot.hpp"

#include <algorithm>
#include <regex>
#include <set>

#include <catch2/catch.hpp>

#include "master/report/plot_frame.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;

namespace {

std::size_t count(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return static_cast<std::size_t>(std::distance(std::sregex_iterator(text.begin(), text.end(), regex), {}));
}

}  // namespace

TEST_CASE("Ticks are round numbers within the range", "[report]") {
  CHECK_THAT(nice_ticks(0.3, 5.2, 5), Catch::Approx(std::vector<double>{1, 2, 3, 4, 5}));
  CHECK_THAT(nice_ticks(0, 1, 5), Catch::Approx(std::vector<double>{0, 0.2, 0.4, 0.6, 0.8, 1}));
  CHECK_THAT(nice_ticks(96.2, 99.1, 3), Catch::Approx(std::vector<double>{97, 98, 99}));
  CHECK_THAT(nice_ticks(-12, 31, 4), Catch::Approx(std::vector<double>{0, 20}));
  CHECK_THAT(nice_ticks(0.00012, 0.00031, 4), Catch::Approx(std::vector<double>{0.00015, 0.0002, 0.00025, 0.0003}));
}

TEST_CASE("Text inside a page cannot become markup", "[report]") {
  CHECK(escape_html("<a & \"b\" 'c'>") == "&lt;a &amp; &quot;b&quot; &#39;c&#39;&gt;");
  const auto svg = to_svg(ScatterPlot{"<script>", "x", "y", {}, {{1, 2, "a < b"}}});
  CHECK_THAT(svg, !Contains("<script>") && Contains("a &lt; b"));
}

TEST_CASE("Every point is drawn once, with its tooltip", "[report]") {
  const ScatterPlot plot{"t", "x", "y", {{1, 90, "a"}, {2, 95, "b"}, {3, 93, "c"}}, {{1, 90, "d"}, {2, 95, "e"}}};
  const auto svg = to_svg(plot);
  CHECK(count(svg, "class=\"faint\"") == 3);
  CHECK(count(svg, "class=\"strong\"") == 2);
  CHECK(count(svg, "<title>[a-e]</title>") == 5);
  CHECK(count(svg, "class=\"stair\"") == 1);
}

TEST_CASE("The staircase goes through the points that are best in the plane alone", "[report]") {
  const auto steps = [](const std::vector<PlotPoint>& front) {
    const auto svg = to_svg(ScatterPlot{"t", "x", "y", {}, front});
    std::smatch path;
    REQUIRE(std::regex_search(svg, path, std::regex("class=\"stair\" d=\"([^\"]*)\"")));
    return count(path[1].str(), "V");
  };
  CHECK(steps({{1, 90, ""}, {2, 95, ""}, {3, 97, ""}}) == 3);
  CHECK(steps({{1, 90, ""}, {2, 89, ""}, {3, 97, ""}}) == 2);
  CHECK(steps({{1, 90, ""}, {1, 95, ""}, {3, 95, ""}}) == 1);
}

TEST_CASE("A model that failed does not flatten the plot: it is marked at the edge", "[report]") {
  ScatterPlot plot{"t", "x", "y", {}, {{1, 98, "front"}}};
  for (int i = 0; i < 20; ++i) plot.faint.push_back({2.0 + i, 97 + 0.05 * i, "usual"});
  plot.faint.push_back({5, 11, "failed"});
  const auto svg = to_svg(plot);
  CHECK(count(svg, "<path class=\"faint\"[^>]*><title>failed</title>") == 1);
  CHECK(count(svg, "<circle class=\"faint\"[^>]*><title>usual</title>") == 20);
}

TEST_CASE("A single point, or points all alike, can be drawn", "[report]") {
  CHECK_THAT(to_svg(ScatterPlot{"t", "x", "y", {}, {{3, 50, ""}}}), !Contains("nan") && !Contains("inf"));
  CHECK_THAT(to_svg(ScatterPlot{"t", "x", "y", {{0, 0, ""}, {0, 0, ""}}, {}}), !Contains("nan") && !Contains("inf"));
  CHECK_THAT(to_svg(LinePlot{"t", "x", "y", {{1, 5, ""}}}), !Contains("nan") && !Contains("inf"));
}

TEST_CASE("Fronts over one another differ by shape, dashes and letter, not by colour alone", "[report]") {
  OverlayPlot plot{"t", "x", "y", {}};
  for (int s = 0; s < 10; ++s)
    plot.series.push_back({"S" + std::to_string(s), {{1.0 + s, 90, "a"}, {2.0 + s, 95, "b"}}});
  plot.series.push_back({"rows", {{4, 93, "given", "7"}}, /*given=*/true});
  const auto svg = to_svg(plot);
  CHECK(count(svg, "class=\"mark [^\"]*\" data-series") == 21);
  CHECK(count(svg, "class=\"over [^\"]*\"") == 10);  // what is given has no line
  CHECK(count(svg, "class=\"end\"") == 10);
  std::set<std::string> looks;
  const std::regex look("class=\"mark ([^\"]*)\" data-series=\"[0-9]+\"[^>]*><title>a</title><path d=\"([^\"]*)\"");
  for (auto it = std::sregex_iterator(svg.begin(), svg.end(), look); it != std::sregex_iterator(); ++it)
    looks.insert((*it)[2].str() + ((*it)[1].str().ends_with("hollow") ? " hollow" : ""));
  CHECK(looks.size() == 10);
  CHECK_THAT(svg, Contains(">7</text>"));
}

TEST_CASE("Names of fronts that end together stand above one another", "[report]") {
  OverlayPlot plot{"t", "x", "y", {}};
  for (const char* name : {"A", "B", "C"}) plot.series.push_back({name, {{1, 90, ""}, {2, 95, ""}}});
  const auto svg = to_svg(plot);
  const std::regex place("class=\"end\"[^>]* y=\"([-0-9.]+)\"");
  std::vector<double> places;
  for (auto it = std::sregex_iterator(svg.begin(), svg.end(), place); it != std::sregex_iterator(); ++it)
    places.push_back(std::stod((*it)[1].str()));
  std::ranges::sort(places);
  REQUIRE(places.size() == 3);
  CHECK(places[1] - places[0] >= 12);
  CHECK(places[2] - places[1] >= 12);
  CHECK(places[0] > 30);  // below the title
}
