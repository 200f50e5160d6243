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
    const auto& dictionary = reader.next();
    REQUIRE(dictionary.kind == Kind::dictionary);
    REQUIRE(dictionary.items.size() == 2);
    CHECK(dictionary.items[0]->text == "a");
    const auto* list = dictionary.items[1];
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

TEST_CASE("Whatever Python pickles is read, in any protocol", "[storage][pickle]") {
  // pickle.dumps([frozenset({1}), bytearray(b"ab"), 1 + 2j, 2**70, -3, True, "x", 0.5, collections.Counter(a=2),
  //               datetime.date(2023, 7, 1)], protocol)
  const std::vector<std::string> pickles = {
      "(lp0\nc__builtin__\nfrozenset\np1\n((lp2\nI1\natp3\nRp4\nac__builtin__\nbytearray\np5\n(c_codecs\nencode\np6\n(Vab\np7\nVlatin1\np8\ntp9\nRp10\ntp11\nRp12\nac__builtin__\ncomplex\np13\n(F1.0\nF2.0\ntp14\nRp15\naL1180591620717411303424L\naI-3\naI01\naVx\np16\naF0.5\naccollections\nCounter\np17\n((dp18\nVa\np19\nI2\nstp20\nRp21\nacdatetime\ndate\np22\n(g6\n(V\x07\xe7\x07\x01\np23\ng8\ntp24\nRp25\ntp26\nRp27\na."s,
      "]q\x00(c__builtin__\nfrozenset\nq\x01(]q\x02K\x01"
      "atq\x03Rq\x04"
      "c__builtin__\nbytearray\nq\x05(c_codecs\nencode\nq\x06(X\x02\x00\x00\x00"
      "abq\x07X\x06\x00\x00\x00latin1q\x08tq\x09Rq\ntq\x0bRq\x0c"
      "c__builtin__\ncomplex\nq\x0d(G\x3f\xf0\x00\x00\x00\x00\x00\x00G@"
      "\x00\x00\x00\x00\x00\x00\x00tq\x0eRq\x0fL1180591620717411303424L\nJ\xfd\xff\xff\xffI01\nX\x01\x00\x00\x00xq\x10G"
      "\x3f\xe0\x00\x00\x00\x00\x00\x00"
      "ccollections\nCounter\nq\x11(}q\x12X\x01\x00\x00\x00"
      "aq\x13K\x02stq\x14Rq\x15"
      "cdatetime\ndate\nq\x16(h\x06(X\x05\x00\x00\x00\x07\xc3\xa7\x07\x01q\x17h\x08tq\x18Rq\x19tq\x1aRq\x1b"
      "e."s,
      "\x80\x02]q\x00(c__builtin__\nfrozenset\nq\x01]q\x02K\x01"
      "a\x85q\x03Rq\x04"
      "c__builtin__\nbytearray\nq\x05"
      "c_codecs\nencode\nq\x06X\x02\x00\x00\x00"
      "abq\x07X\x06\x00\x00\x00latin1q\x08\x86q\x09Rq\n\x85q\x0bRq\x0c"
      "c__builtin__\ncomplex\nq\x0dG\x3f\xf0\x00\x00\x00\x00\x00\x00G@"
      "\x00\x00\x00\x00\x00\x00\x00\x86q\x0eRq\x0f\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00@"
      "J\xfd\xff\xff\xff\x88X\x01\x00\x00\x00xq\x10G\x3f\xe0\x00\x00\x00\x00\x00\x00"
      "ccollections\nCounter\nq\x11}q\x12X\x01\x00\x00\x00"
      "aq\x13K\x02s\x85q\x14Rq\x15"
      "cdatetime\ndate\nq\x16h\x06X\x05\x00\x00\x00\x07\xc3\xa7\x07\x01q\x17h\x08\x86q\x18Rq\x19\x85q\x1aRq\x1b"
      "e."s,
      "\x80\x03]q\x00(cbuiltins\nfrozenset\nq\x01]q\x02K\x01"
      "a\x85q\x03Rq\x04"
      "cbuiltins\nbytearray\nq\x05"
      "C\x02"
      "abq\x06\x85q\x07Rq\x08"
      "cbuiltins\ncomplex\nq\x09G\x3f\xf0\x00\x00\x00\x00\x00\x00G@"
      "\x00\x00\x00\x00\x00\x00\x00\x86q\nRq\x0b\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00@"
      "J\xfd\xff\xff\xff\x88X\x01\x00\x00\x00xq\x0cG\x3f\xe0\x00\x00\x00\x00\x00\x00"
      "ccollections\nCounter\nq\x0d}q\x0eX\x01\x00\x00\x00"
      "aq\x0fK\x02s\x85q\x10Rq\x11"
      "cdatetime\ndate\nq\x12"
      "C\x04\x07\xe7\x07\x01q\x13\x85q\x14Rq\x15"
      "e."s,
      "\x80\x04\x95\xb4\x00\x00\x00\x00\x00\x00\x00]\x94((K\x01\x91\x94\x8c\x08"
      "builtins\x94\x8c\x09"
      "bytearray\x94\x93\x94"
      "C\x02"
      "ab\x94\x85\x94R\x94h\x02\x8c\x07"
      "complex\x94\x93\x94G\x3f\xf0\x00\x00\x00\x00\x00\x00G@"
      "\x00\x00\x00\x00\x00\x00\x00\x86\x94R\x94\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00@"
      "J\xfd\xff\xff\xff\x88\x8c\x01x\x94G\x3f\xe0\x00\x00\x00\x00\x00\x00\x8c\x0b"
      "collections\x94\x8c\x07"
      "Counter\x94\x93\x94}\x94\x8c\x01"
      "a\x94K\x02s\x85\x94R\x94\x8c\x08"
      "datetime\x94\x8c\x04"
      "date\x94\x93\x94"
      "C\x04\x07\xe7\x07\x01\x94\x85\x94R\x94"
      "e."s,
      "\x80\x05\x95\xa7\x00\x00\x00\x00\x00\x00\x00]\x94((K\x01\x91\x94\x96\x02\x00\x00\x00\x00\x00\x00\x00"
      "ab\x94\x8c\x08"
      "builtins\x94\x8c\x07"
      "complex\x94\x93\x94G\x3f\xf0\x00\x00\x00\x00\x00\x00G@"
      "\x00\x00\x00\x00\x00\x00\x00\x86\x94R\x94\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00@"
      "J\xfd\xff\xff\xff\x88\x8c\x01x\x94G\x3f\xe0\x00\x00\x00\x00\x00\x00\x8c\x0b"
      "collections\x94\x8c\x07"
      "Counter\x94\x93\x94}\x94\x8c\x01"
      "a\x94K\x02s\x85\x94R\x94\x8c\x08"
      "datetime\x94\x8c\x04"
      "date\x94\x93\x94"
      "C\x04\x07\xe7\x07\x01\x94\x85\x94R\x94"
      "e."s};
  for (const auto& pickle : pickles) {
    PickleReader reader(pickle);
    const auto& all = reader.next();
    CHECK(reader.rest().empty());
    REQUIRE(all.kind == Kind::list);
    REQUIRE(all.items.size() == 10);
    CHECK(all.items[4]->integer == -3);
    CHECK(all.items[5]->kind == Kind::boolean);
    CHECK(all.items[6]->text == "x");
    CHECK(all.items[9]->kind == Kind::call);
  }
}

TEST_CASE("A pickled object that was given keys and values is a dictionary", "[storage][pickle]") {
  // {"a": 1} as collections.OrderedDict by Python 2, which passes pairs, and as a collections.defaultdict
  for (const auto& text : {"\x80\x02"
                           "ccollections\nOrderedDict\n](U\x01"
                           "aK\x01\x86"
                           "e\x85R."s,
                           "\x80\x02"
                           "ccollections\ndefaultdict\nc__builtin__\nlist\n\x85RU\x01"
                           "aK\x01s."s}) {
    PickleReader reader(text);
    const auto& dictionary = reader.next();
    REQUIRE(dictionary.kind == Kind::dictionary);
    REQUIRE(dictionary.items.size() == 2);
    CHECK(dictionary.items[0]->text == "a");
    CHECK(dictionary.items[1]->integer == 1);
  }
  std::string repeated =
      "](](U\x01"
      "aK\x01\x86"s;  // one list of pairs, in many dictionaries
  for (int i = 0; i < 200; ++i)
    repeated +=
        "U\x01"
        "aK\x01\x86"s;
  repeated += "eq\x00"s;
  for (int i = 0; i < 200; ++i) repeated += "ccollections\nOrderedDict\nh\x00\x85R"s;
  repeated += "e."s;
  PickleReader reader(repeated);
  CHECK_THROWS_WITH(reader.next(), Catch::Contains("without end"));
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
