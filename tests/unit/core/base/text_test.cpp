#include "core/base/text.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

using namespace harmonic;

TEST_CASE("Splitting keeps empty parts and cuts blanks", "[base][text]") {
  CHECK(split("a, b ,,c", ',') == std::vector<std::string>{"a", "b", "", "c"});
  CHECK(split("", ',').empty());
  CHECK(split(",", ',') == std::vector<std::string>{"", ""});
}

TEST_CASE("A number must be the whole text", "[base][text]") {
  CHECK(parse_integer("-12", "x") == -12);
  CHECK(parse_real("1e-3", "x") == 1e-3);
  for (const auto* bad : {"", "1x", "x1", "1 2", "99999999999999999999"})
    CHECK_THROWS_AS(parse_integer(bad, "x"), InputError);
  CHECK_THROWS_WITH(parse_integer("99999999999999999999", "x"),
                    Catch::Contains("too large") && Catch::Contains("the largest number is 9223372036854775807"));
  CHECK(parse_int("-2147483648", "x") == -2147483648);
  CHECK_THROWS_WITH(parse_int("4294967299", "x"), Catch::Contains("x is 4294967299, which is too large"));
  for (const auto* bad : {"", "1.2.3", "nan", "inf", "1e999"}) CHECK_THROWS_AS(parse_real(bad, "x"), InputError);
}

TEST_CASE("Numbers are read as people write them, or the error shows how this program does", "[base][text]") {
  for (const auto* thousand : {"1000", " 1000 ", "+1000", "1e3", "1_000", "1000.0"})
    CHECK(parse_integer(thousand, "x") == 1000);
  for (const auto* half : {"0.5", ".5", " +0.5", "5E-1"}) CHECK(parse_real(half, "x") == 0.5);
  for (const auto* thousand : {"1,000", "1 000", "1'000"})
    CHECK_THROWS_WITH(parse_integer(thousand, "x"),
                      Catch::Contains("not a whole number") && Catch::Contains("write 1000"));
  for (const auto* half : {"0,5", "50%", "50 %"})
    CHECK_THROWS_WITH(parse_real(half, "x"), Catch::Contains("write 0.5"));
  CHECK_THROWS_WITH(parse_integer("2.5", "x"), Catch::Contains("not a whole number"));
  CHECK_THROWS_WITH(parse_real("half", "x"), Catch::Contains("such as 0.5"));
  CHECK_THROWS_WITH(parse_int("-4294967299", "x"), Catch::Contains("too small"));
}

TEST_CASE("A time is read in the units that people give it", "[base][text]") {
  const std::vector<std::pair<std::string, double>> times = {
      {"90", 90},     {"90s", 90},     {"90 s", 90},         {"20min", 1200},    {"1h", 3600},      {"1 Hour", 3600},
      {"1.5h", 5400}, {"1h30m", 5400}, {"1 h 30 min", 5400}, {"2 days", 172800}, {"1:30:00", 5400}, {"1e3", 1000}};
  for (const auto& [text, seconds] : times) {
    INFO(text);
    CHECK(parse_seconds(text, "x") == seconds);
  }
  for (const auto* wrong : {"", "soon", "h", "1h30", "3 fortnights", "1:30", "-3h", "1,5h"})
    CHECK_THROWS_WITH(parse_seconds(wrong, "x"), Catch::Contains("x is '") && Catch::Contains("1h30m"));
}

TEST_CASE("Words of a command are quoted where a shell would read them otherwise", "[base][text]") {
  CHECK(shell_line({"harmonic", "search", "--run", "runs/a b", "--device", "gpu=t.json,2", "it's", ""}) ==
        R"(harmonic search --run 'runs/a b' --device gpu=t.json,2 'it'\''s' '')");
}

TEST_CASE("A misspelt name finds its neighbour", "[base][text]") {
  const std::vector<std::string> known = {"population", "generations", "mutation"};
  CHECK(nearest("populaton", known) == "population");
  CHECK(nearest("mutations", known) == "mutation");
  CHECK(nearest("x", {}).empty());
}

TEST_CASE("A name cut short is one that begins so, however long, before any shorter one", "[base][text]") {
  const std::vector<std::string> known = {"run", "key", "population", "generations", "length", "model", "modality"};
  CHECK(nearest("popul", known) == "population");
  CHECK(nearest("gen", known) == "generations");
  CHECK(nearest("len", known) == "length");
  CHECK(nearest("mod", known) == "model");
  CHECK(nearest("keys", known) == "key");
}

TEST_CASE("What has another name here is found by that, where it is known", "[base][text]") {
  CHECK(nearest("gpu", std::vector<std::string>{"auto", "cpu", "cuda"}) == "cuda");
  CHECK(nearest("gpu", std::vector<std::string>{"auto", "cpu"}) == "cpu");
}

TEST_CASE("The shortest text of a number reads back as the same number", "[base][text]") {
  for (const double value : {0.1, 1.0 / 3.0, 1e300, -2.5, 3.96408, 0.0})
    CHECK(parse_real(shortest(value), "x") == value);
}

TEST_CASE("A table aligns words left and numbers right", "[base][text]") {
  CHECK(aligned_table({{"name", "ms"}, {"a", "10.5"}, {"longer", "2"}}) ==
        "name      ms\na       10.5\nlonger     2\n");
}

TEST_CASE("Durations are short and rounded", "[base][text]") {
  CHECK(human_duration(3.4) == "3s");
  CHECK(human_duration(75.3) == "1m15s");
  CHECK(human_duration(4020) == "1h07m");
}
