#include "core/storage/pickle.hpp"

#include <catch2/catch.hpp>

namespace harmonic {
namespace {

using namespace std::string_literals;
using Kind = PickleValue::Kind;

}  // namespace

TEST_CASE("Pickles are read one after the other, as Python wrote them", "[storage][pickle]") {
  // pickle.dumps({"a": [1, -2, None, True, (2**40, "x")]}, protocol) with 2 and 4
  const auto two =
      "\x80\x02}q\x00X\x01\x00\x00\x00"
      "aq\x01]q\x02(K\x01J\xfe\xff\xff\xffN\x88\x8a\x06\x00\x00\x00\x00\x00\x01X\x01\x00\x00\x00xq\x03\x86q\x04"
      "es."s;
  const auto four =
      "\x80\x04\x95#\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01"
      "a\x94]\x94(K\x01J\xfe\xff\xff\xffN\x88\x8a\x06\x00\x00\x00\x00\x00\x01\x8c\x01x\x94\x86\x94"
      "es."s;
  const std::string both = two + four + "behind";
  PickleReader reader(both);
  for (int pickle = 0; pickle < 2; ++pickle) {
    const auto* list = reader.next().find("a");
    REQUIRE(list != nullptr);
    REQUIRE(list->kind == Kind::list);
    REQUIRE(list->items.size() == 5);
    CHECK(list->items[0]->integer == 1);
    CHECK(list->items[1]->integer == -2);
    CHECK(list->items[2]->kind == Kind::none);
    CHECK(list->items[3]->kind == Kind::boolean);
    REQUIRE(list->items[4]->items.size() == 2);
    CHECK(list->items[4]->items[0]->integer == std::int64_t{1} << 40);
    CHECK(list->items[4]->items[1]->text == "x");
  }
  CHECK(reader.rest() == "behind");
}

TEST_CASE("A pickled list that holds itself is one", "[storage][pickle]") {
  const auto text = "\x80\x02]q\x00h\x00"s + "a."s;
  PickleReader reader(text);
  const auto& list = reader.next();
  REQUIRE(list.items.size() == 1);
  CHECK(list.items[0] == &list);
}

TEST_CASE("Pickled values may lie in each other as deep as they like", "[storage][pickle]") {
  const auto text = "N" + std::string(1'000'000, '\x85') + ".";
  PickleReader reader(text);
  CHECK(reader.next().kind == Kind::tuple);
}

TEST_CASE("A pickled name is of texts", "[storage][pickle]") {
  auto text = "\x8c\x04"s + "name\x94"s;
  for (char level = 0; level < 40; ++level)  // a name of two names of …
    text += std::string("h") + level + "h" + level + "\x93\x94";
  text += ".";
  PickleReader reader(text);
  CHECK_THROWS_AS(reader.next(), PickleError);
}

}  // namespace harmonic
