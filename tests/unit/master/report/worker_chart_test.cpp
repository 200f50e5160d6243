#include "master/report/worker_chart.hpp"

#include <regex>

#include <catch2/catch.hpp>

#include "master/report/energy_use.hpp"
#include "master/report/workers_section.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;

namespace {

using Kind = TimelineKind;

/// Two jobs of 100 s, an hour apart; rank 2 is lost in the first, and comes back in the second.
const std::vector<TimelineRow> kRows = {{1000, 1000, Kind::job, Rank{0}, "", ""},
                                        {1000, 1040, Kind::search, Rank{1}, "n1", "fusion search of model 1"},
                                        {1060, 1060, Kind::lost, Rank{2}, "n2", "has been silent <30 s>"},
                                        {1010, 1060, Kind::retry, Rank{2}, "n2", "fusion search of model 2"},
                                        {1050, 1100, Kind::search, Rank{1}, "n1", "fusion search of model 2"},
                                        {1100, 1100, Kind::generation, Rank{0}, "", "1"},
                                        {4600, 4600, Kind::job, Rank{0}, "", ""},
                                        {4610, 4690, Kind::test, Rank{2}, "n3", "test of model 1"},
                                        {4650, 4700, Kind::failed, Rank{1}, "n1", "test of model 2"}};

std::size_t count_of(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return static_cast<std::size_t>(std::distance(std::sregex_iterator(text.begin(), text.end(), regex), {}));
}

}  // namespace

TEST_CASE("A run's time goes on where its last job ended", "[report]") {
  const RunClock clock(kRows);
  CHECK(clock(1000) == 0);
  CHECK(clock(1040) == 40);
  CHECK(clock(3000) == 100);
  CHECK(clock(4600) == 100);
  CHECK(clock(4690) == 190);
  CHECK(clock.total_s() == 200);
  CHECK(clock.resumed_s() == std::vector<double>{100});
  CHECK(RunClock({}).total_s() == 0);
}

TEST_CASE("What a worker did with its time is told from the timeline", "[report]") {
  const auto workers = worker_times(kRows, RunClock(kRows));
  REQUIRE(workers.size() == 2);
  CHECK(workers[0].rank == Rank{1});
  CHECK(workers[0].done == 2);
  CHECK(workers[0].failed == 1);
  CHECK(workers[0].busy_s == 140);
  CHECK(workers[0].lost_s == 0);
  CHECK(workers[1].host == "n3");
  CHECK(workers[1].done == 1);
  CHECK(workers[1].failed == 1);
  CHECK(workers[1].lost_s == 40);  // to the end of its job
}

TEST_CASE("The chart has a lane a worker, a bar a piece of work, and a line where a job went on", "[report]") {
  const auto svg = worker_chart(kRows, RunClock(kRows));
  CHECK(count_of(svg, "<rect class=\"work search\"") == 2);
  CHECK(count_of(svg, "<rect class=\"work failed\"") == 2);
  CHECK(count_of(svg, "<rect class=\"work test\"") == 1);
  CHECK(count_of(svg, "<rect class=\"work lost\"") == 1);
  CHECK(count_of(svg, "class=\"resumed\"") == 1);
  CHECK_THAT(svg, Contains("rank 1 on n1: fusion search of model 1, ") && Contains("has been silent &lt;30 s&gt;"));
}

TEST_CASE("A long run of many workers still fits into the page", "[report]") {
  std::vector<TimelineRow> rows = {{0, 0, Kind::job, Rank{0}, "", ""}};
  for (int i = 0; i < 60'000; ++i)
    rows.push_back({i * 1.0, i + 150.0, i % 5 == 0 ? Kind::backbones : Kind::search, Rank{1 + i % 200}, "node",
                    "fusion search of model " + std::to_string(i)});
  const auto svg = worker_chart(rows, RunClock(rows));
  CHECK(svg.size() < 1'000'000);
  CHECK_THAT(svg, Contains("pieces of work: fusion searches"));
}

TEST_CASE("The section tells the time of every kind of work, and that energy is not measured", "[report]") {
  RunResults results;
  CHECK(workers_section(results).empty());
  results.timeline = kRows;
  CHECK_THAT(workers_section(results), Contains("fusion searches") && Contains("not measured") &&
                                           Contains("gone on with once,") && Contains("1m30s"));
}

TEST_CASE("Energy is told by kind of work and by worker, where a meter counted it", "[report]") {
  RunResults results;
  results.timeline = kRows;
  results.timeline[1].energy = {3.6e6, 0.36e6};  // searches of rank 1
  results.timeline[4].energy = {1.8e6, 0};
  const auto energies = worker_energies(results.timeline);
  REQUIRE(energies.size() == 1);
  CHECK(energies[0].rank == Rank{1});
  CHECK(energies[0].host == "n1");
  CHECK(energies[0].work_j == std::map<Kind, double>{{Kind::search, 5.4e6}});
  CHECK(energies[0].total_j() == Approx(5.76e6));
  const auto html = workers_section(results);
  CHECK_THAT(html, Contains("1.5 kWh") && Contains("0.1 kWh") && Contains("1.6 kWh"));
  CHECK_THAT(html, Contains("the meters of 1 of 2 workers") && Contains("not measured"));  // rank 2's
}
