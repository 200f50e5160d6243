#include "master/reproduce/reproduced_table.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "master/reproduce/published_sums.hpp"
#include "master/reproduce/reproduced_page.hpp"
#include "master/reproduce/reproduced_text.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using namespace testing;
using Catch::Contains;

ReproducedCell metric_cell(std::map<int, Measurement> values, double published = 92.88) {
  return {.row = 1, .quantity = "metric", .unit = "%", .published = published, .values = std::move(values)};
}

ReproducedCell cost_cell(std::map<int, Measurement> values, double published = 8.96) {
  return {.row = 1,
          .quantity = "latency",
          .device = "tx2",
          .unit = "ms",
          .published = published,
          .values = std::move(values)};
}

Verdict judged(const ReproducedCell& cell, std::optional<DataOrigin> data = DataOrigin::published) {
  return judge(cell, data);
}

/// Two rows, three seeds of the first.
ReproducedTable small_table() {
  return {"avmnist",
          "honest",
          DataOrigin::published,
          {metric_cell({{1, {92.5, Interval{90, 94.5}}}, {2, {93.5, Interval{91, 95}}}, {3, {94, Interval{92, 96}}}}),
           cost_cell({{1, {8.5}}, {2, {9}}, {3, {8.75}}}),
           {.row = 1,
            .quantity = "operators",
            .published = 2,
            .values = {{1, {2, {}, "Sum, ConcatFC"}}, {2, {1, {}, "Sum"}}, {3, {2, {}, "Sum x2"}}}},
           {.row = 3, .quantity = "metric.image", .unit = "%", .published = 82.66, .values = {{0, {83.125}}}},
           {.row = 3,
            .quantity = "sum.latency",
            .device = "tx2",
            .unit = "ms",
            .published = 9.11,
            .values = {{0, {9.1174}}},
            .note = "the published cost exactly, with ConcatFC, CatConvMish"}}};
}

TEST_CASE("A metric is judged by the published number's place in its joint interval", "[master][reproduce]") {
  CHECK(judged(metric_cell({})) == Verdict::no_data);
  CHECK(judged(metric_cell({{1, {92.8765}}})) == Verdict::reproduced);
  CHECK(judged(metric_cell({{1, {93.5}}})) == Verdict::better);
  CHECK(judged(metric_cell({{1, {92.5}}})) == Verdict::differs);
  CHECK(judged(metric_cell({{1, {93.5, Interval{92, 95}}}})) == Verdict::within);
  CHECK(judged(metric_cell({{1, {95.5, Interval{93, 97}}}})) == Verdict::better);
  CHECK(judged(metric_cell({{1, {90, Interval{88, 92}}}})) == Verdict::differs);
  // 3 points above; 2 points of each source of noise together are 2.8, 2.5 of each 3.5.
  const auto of_both = [](double points) {
    const double step = points / 12.706204736432095 * 1.4142135623730951;  // t(0.975, 1), of two seeds
    return metric_cell(
        {{1, {95.88 - step / 1.4142135623730951, Interval{95.88 - points - step / 1.4142135623730951, 99}}},
         {2, {95.88 + step / 1.4142135623730951, Interval{95.88 - points + step / 1.4142135623730951, 99}}}});
  };
  REQUIRE(of_both(2).measured().half_width.value() == Approx(2).epsilon(1e-6));
  CHECK(judged(of_both(2)) == Verdict::better);
  CHECK(judged(of_both(2.5)) == Verdict::within);
}

TEST_CASE("Metrics of other data than the table's are not judged", "[master][reproduce]") {
  const auto cell = metric_cell({{1, {92.88}}});
  CHECK(judged(cell, DataOrigin::stand_in) == Verdict::stand_in);
  CHECK(judged(cell, DataOrigin::other) == Verdict::other_data);
  CHECK(judged(cost_cell({{1, {8.961}}}), DataOrigin::stand_in) == Verdict::reproduced);
}

TEST_CASE("A cost is reproduced where it is the published one, cut to two decimals", "[master][reproduce]") {
  CHECK(judged(cost_cell({{1, {8.96999}}})) == Verdict::reproduced);
  CHECK(judged(cost_cell({{1, {8.9}}})) == Verdict::better);
  CHECK(judged(cost_cell({{1, {8.97}}})) == Verdict::differs);
  CHECK(judged(cost_cell({{1, {8}}, {2, {9.5}}, {3, {10}}})) == Verdict::within);
  auto other = cost_cell({{1, {8.96}}});
  other.other_device = true;
  CHECK(judged(other) == Verdict::no_data);
  auto sum = cost_cell({{0, {8.9}}});
  sum.quantity = "sum.latency";
  CHECK(judged(sum) == Verdict::differs);
  sum.values[0] = {8.9611};
  CHECK(judged(sum) == Verdict::reproduced);
}

TEST_CASE("A count is the published one or differs; what has no published number is not judged",
          "[master][reproduce]") {
  ReproducedCell cells{.row = 1, .quantity = "cells", .published = 2, .values = {{1, {2}}, {2, {2}}}};
  CHECK(judged(cells) == Verdict::reproduced);
  cells.values = {{1, {1}}};
  CHECK(judged(cells) == Verdict::differs);
  cells.published = std::nullopt;
  CHECK(judged(cells) == Verdict::none);
  CHECK_THAT(verdict_rule(), Contains("within the interval") && Contains("no data"));
}

TEST_CASE("A reproduced table is read back as it was written", "[master][reproduce]") {
  const TemporaryFolder folder;
  write_reproduced(folder.path(), small_table());
  const auto read = read_reproduced(folder / "reproduced.csv");
  CHECK(reproduced_csv(read) == reproduced_csv(small_table()));
  REQUIRE(read.cells.size() == 5);
  CHECK(read.cells[0].values == small_table().cells[0].values);
  CHECK(read.cells[2].values.at(2).words == "Sum");
  CHECK(read.cells[2].remarks() == "seed 1: Sum, ConcatFC; seed 2: Sum; seed 3: Sum x2");
  const auto csv = CsvTable::read(folder / "reproduced.csv");
  const auto cell = [&](const char* column) { return csv.cell(0, csv.column(column)); };
  CHECK(cell("verdict") == "within the interval");
  CHECK(cell("test_low") == "91");
  CHECK(csv.number(0, csv.column("interval_low")) < 91);
  CHECK(csv.cell(4, csv.column("note")) == "the published cost exactly, with ConcatFC, CatConvMish");
}

TEST_CASE("Where the page cannot be written there is no table that counts as finished", "[master][reproduce]") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "reproduced.html" / "in the way");
  CHECK_THROWS_AS(write_reproduced(folder.path(), small_table()), RunError);
  CHECK(!std::filesystem::exists(folder / "reproduced.csv"));
}

TEST_CASE("Runs of other rows and seeds join to the table of one run with all", "[master][reproduce]") {
  const auto whole = small_table();
  std::vector<ReproducedTable> parts;
  for (int seed = 3; seed >= 1; --seed) {
    auto part = whole;
    part.cells.resize(3);
    for (auto& cell : part.cells) std::erase_if(cell.values, [&](const auto& entry) { return entry.first != seed; });
    parts.push_back(part);
  }
  auto third = whole;
  third.cells.erase(third.cells.begin(), third.cells.begin() + 3);
  parts.insert(parts.begin(), third);
  CHECK(reproduced_csv(join_reproduced(parts, {"a", "b", "c", "d"})) == reproduced_csv(whole));
  // The same run twice is itself.
  CHECK(reproduced_csv(join_reproduced({whole, whole}, {"a", "b"})) == reproduced_csv(whole));
  auto other = whole;
  other.cells[0].values[1].value = 91;
  CHECK_THROWS_WITH(join_reproduced({whole, other}, {"a", "b"}),
                    Contains("b differs") && Contains("row 1, metric, seed 1") && Contains("91"));
  other = whole;
  other.protocol = "published";
  CHECK_THROWS_WITH(join_reproduced({whole, other}, {"a", "b"}), Contains("b has protocol 'published'"));
}

TEST_CASE("Text and page tell every number with its verdict, and what the verdicts mean", "[master][reproduce]") {
  const auto text = reproduced_text(small_table());
  CHECK_THAT(text, Contains("92.88") && Contains("within the interval") && Contains("latency ms tx2") &&
                       Contains("row 3: the published cost exactly, with ConcatFC, CatConvMish") &&
                       Contains("operators found: seed 1: Sum, ConcatFC") && Contains("verdict: reproduced:") &&
                       Contains("91.00-95.17"));
  const auto page = reproduced_html(small_table());
  CHECK_THAT(page, Contains("<h2>Row 1</h2>") && Contains("<h2>Row 3</h2>") && Contains("K=5,5,0,0;E=3,6,0,0") &&
                       Contains("verdict within") && !Contains("http://") && !Contains("https://"));
  const auto json = reproduced_json(small_table(), RunPaths{"there"});
  REQUIRE(json.at("cells").size() == 5);
  CHECK(json.at("cells")[0].at("verdict") == "within the interval");
  CHECK(json.at("cells")[0].at("seeds") == 3);
  CHECK(json.at("cells")[3].at("ci95").is_null());
  CHECK(json.at("page") == "there/reproduced.html");
}

TEST_CASE("Published costs are judged on the published device alone", "[master][reproduce]") {
  LookUpTable lut;
  lut.set_provenance({"an edge GPU", "modelled", "", "", ""});
  const auto& table = find_published_table("avmnist");
  const auto cells = published_sums(table, table.row(1), "gpu", lut);
  REQUIRE(cells.size() == 2);
  for (const auto& cell : cells) {
    CHECK(judge(cell, {}) == Verdict::no_data);
    CHECK_THAT(cell.note, Contains("another device"));
  }
  // A table of the device that lacks rows says which.
  lut.set_provenance({"Jetson TX2", "measured", "", "", ""});
  CHECK_THAT(published_sums(table, table.row(1), "mine", lut)[0].note, Contains("no fusion operator"));
}

}  // namespace
}  // namespace harmonic
