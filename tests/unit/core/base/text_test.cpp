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

TEST_CASE("A misspelt name finds its neighbour", "[base][text]") {
  const std::vector<std::string> known = {"population", "generations", "mutation"};
  CHECK(nearest("populaton", known) == "population");
  CHECK(nearest("mutations", known) == "mutation");
  CHECK(nearest("x", {}).empty());
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
