#include "core/storage/csv.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/stored_zip.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;

TEST_CASE("A row quotes the cells that need it, and no other", "[storage][csv]") {
  CHECK(csv_row({"a", "b c", "1.5"}) == "a,b c,1.5\n");
  CHECK(csv_row({"K=3,5;D=2", "say \"x\"", ""}) == "\"K=3,5;D=2\",\"say \"\"x\"\"\",\n");
}

TEST_CASE("What was written as CSV reads back the same", "[storage][csv]") {
  const std::vector<std::vector<std::string>> rows = {
      {"id", "text, with comma", "c"}, {"1", "a \"quoted\" word", "line\nbreak"}, {"", "", ""}, {"4", ",", "\""}};
  std::string text;
  for (const auto& row : rows) text += csv_row(row);
  const auto table = CsvTable::parse(text, "t.csv");
  CHECK(table.header() == rows[0]);
  REQUIRE(table.rows() == rows.size() - 1);
  for (std::size_t r = 0; r < table.rows(); ++r)
    for (std::size_t c = 0; c < 3; ++c) CHECK(table.cell(r, c) == rows[r + 1][c]);

  const auto single = CsvTable::parse(csv_row({"only"}) + csv_row({""}) + csv_row({"x"}), "t.csv");
  REQUIRE(single.rows() == 2);
  CHECK(single.cell(0, 0).empty());
}

TEST_CASE("Windows line ends, a byte order mark, blank lines and a missing last line end are read", "[storage][csv]") {
  const auto table = CsvTable::parse(
      "\xEF\xBB\xBF"
      "a,b\r\n1,2\r\n\r\n3,4",
      "t.csv");
  CHECK(table.header() == std::vector<std::string>{"a", "b"});
  REQUIRE(table.rows() == 2);
  CHECK(table.number(1, 1) == 4);
}

TEST_CASE("Numbers are checked, and named by line and column", "[storage][csv]") {
  const auto table = CsvTable::parse("a,b\n1,\n\n 2.5 ,x\n3,inf\n", "t.csv");
  CHECK(table.number(0, 0) == 1);
  CHECK(table.number(1, 0) == 2.5);
  CHECK_FALSE(table.optional_number(0, 1).has_value());
  CHECK_THROWS_WITH(table.number(1, 1), Contains("t.csv line 4, column 'b'"));
  CHECK_THROWS_WITH(table.optional_number(1, 1), Contains("line 4"));
  CHECK_THROWS_AS(table.number(0, 1), InputError);
  CHECK_THROWS_WITH(table.number(2, 1), Contains("line 5"));
}

TEST_CASE("Lines are counted through quoted line breaks", "[storage][csv]") {
  const auto table = CsvTable::parse("a,b\n\"x\ny\nz\",1\n2,no\n", "t.csv");
  CHECK_THROWS_WITH(table.number(1, 1), Contains("line 5"));
}

TEST_CASE("A malformed CSV is refused with its line", "[storage][csv]") {
  CHECK_THROWS_WITH(CsvTable::parse("a,b\n1,2\n3\n", "t.csv"), Contains("t.csv line 3 has 1 cells, its header 2"));
  CHECK_THROWS_WITH(CsvTable::parse("a,b\n1,2,3\n", "t.csv"), Contains("line 2"));
  CHECK_THROWS_WITH(CsvTable::parse("a,b\n1,\"2\n3,4\n", "t.csv"), Contains("line 2") && Contains("never closed"));
  CHECK_THROWS_WITH(CsvTable::parse("a,b\n\"1\"x,2\n", "t.csv"), Contains("line 2"));
  CHECK_THROWS_WITH(CsvTable::parse("a,a\n", "t.csv"), Contains("two columns 'a'"));
  CHECK_THROWS_WITH(CsvTable::parse("", "t.csv"), Contains("empty"));
  CHECK_THROWS_AS(CsvTable::read("no-such.csv"), InputError);
}

TEST_CASE("A table whose columns are not parted by commas is told so", "[storage][csv]") {
  CHECK_THROWS_WITH(CsvTable::parse("error;latency\n1,5;2\n", "t.csv"),
                    Contains("t.csv line 1: its columns are parted by ';'") && Contains("decimal points"));
  CHECK_THROWS_WITH(CsvTable::parse("error\tlatency\n1\t2\n", "t.csv"), Contains("parted by tabs"));
  CHECK(CsvTable::parse("error\n1\n", "t.csv").rows() == 1);
}

TEST_CASE("A missing column names the nearest", "[storage][csv]") {
  const auto table = CsvTable::parse("metric_val,latency\n", "t.csv");
  CHECK(table.column("latency") == 1);
  CHECK_FALSE(table.find_column("energy").has_value());
  CHECK_THROWS_WITH(table.column("metric_vla"),
                    Contains("did you mean 'metric_val'? Its first line names: metric_val, latency"));
}

TEST_CASE("A spreadsheet and a table that is not UTF-8 are told how to be saved", "[storage][csv]") {
  const testing::TemporaryFolder folder;
  for (const std::string first : {"[Content_Types].xml", "_rels/.rels", "docProps/app.xml", "xl/workbook.xml"}) {
    replace_file(folder / "t.csv", testing::stored_zip({{first, "x"}}));
    CHECK_THROWS_WITH(CsvTable::read(folder / "t.csv"), Contains("a spreadsheet") && Contains("CSV UTF-8"));
  }
  replace_file(folder / "t.csv", testing::stored_zip({{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"}}));
  CHECK_THROWS_WITH(CsvTable::read(folder / "t.csv"), Contains("a spreadsheet"));
  replace_file(folder / "t.csv", testing::stored_zip({{"t.csv", "a,b"}}));
  CHECK_THROWS_WITH(CsvTable::read(folder / "t.csv"), Contains("a zip archive"));
  replace_file(folder / "t.csv", "a,b\nh\xe4,1\n");
  CHECK_THROWS_WITH(CsvTable::read(folder / "t.csv"), Contains("t.csv line 2 is not UTF-8"));
}
