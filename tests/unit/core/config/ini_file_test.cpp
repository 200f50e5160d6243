#include "core/config/ini_file.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

IniFile read(std::string_view text) {
  return parse_ini(text, "a.cfg");
}

}  // namespace

TEST_CASE("Keys belong to the section above them, and repeat in the file's order", "[config]") {
  const auto file = read("[run]\nseed = 1\n\n[fusion]\n operators=Sum\noperators =  SE1 \n[run]\nthreads = 2\n");
  REQUIRE(file.size() == 2);
  CHECK(file[0].name == "run");
  REQUIRE(file[0].entries.size() == 2);
  CHECK(file[0].entries[1].key == "threads");
  CHECK(file[0].entries[1].line == 8);
  CHECK(file[1].values("operators") == std::vector<std::string>{"Sum", "SE1"});
}

TEST_CASE("A comment begins at the start of a line or after a blank, never inside a path", "[config]") {
  const auto file = read("# one\n[run]  # two\n  # three\nseed = 1 # four\nout = runs/#3/a#b.h5\nnone = # five\n");
  REQUIRE(file.size() == 1);
  CHECK(file[0].values("seed") == std::vector<std::string>{"1"});
  CHECK(file[0].values("out") == std::vector<std::string>{"runs/#3/a#b.h5"});
  CHECK(file[0].values("none") == std::vector<std::string>{""});
}

TEST_CASE("A comment begins with a semicolon, too, and may stand behind a value in quotes", "[config]") {
  const auto file =
      read("; one\n[run]\nseed = 64 ; two\nK = 5;E = 3;D = 2\nout = \"a ; b\"  # three\nin = \"c\" ; \"four\"\n");
  REQUIRE(file.size() == 1);
  CHECK(file[0].values("seed") == std::vector<std::string>{"64"});
  CHECK(file[0].values("K") == std::vector<std::string>{"5;E = 3;D = 2"});
  CHECK(file[0].values("out") == std::vector<std::string>{"a ; b"});
  CHECK(read("[run]\nout = \"a # b\" # see \"x\"\n")[0].entries[0].value == "a # b");
  CHECK_THROWS_WITH(read("[run]\nout = \"a\" b\n"), Catch::Contains("closing quote"));
}

TEST_CASE("A byte order mark and line ends of Windows are no part of a config file", "[config]") {
  const auto file = read("\xEF\xBB\xBF[run]\r\nseed = 1\r\n");
  REQUIRE(file.size() == 1);
  CHECK(file[0].values("seed") == std::vector<std::string>{"1"});
}

TEST_CASE("A byte order mark that does not belong there is called by its name", "[config]") {
  CHECK_THROWS_WITH(read("[run]\nseed = 1\n\xEF\xBB\xBF[fusion]\n"),
                    Catch::Contains("line 3") && Catch::Contains("byte order mark (BOM)"));
  CHECK_THROWS_WITH(read(std::string_view("\xFF\xFE[\0r\0", 6)),
                    Catch::Contains("byte order mark (BOM) of UTF-16") && Catch::Contains("save it as UTF-8"));
}

TEST_CASE("What cannot be read is named with its line", "[config]") {
  CHECK_THROWS_WITH(read("\nseed = 1\n"), Catch::Contains("a.cfg, line 2") && Catch::Contains("'seed'") &&
                                              Catch::Contains("before any section"));
  CHECK_THROWS_WITH(read("[run]\nseed\n"), Catch::Contains("line 2") && Catch::Contains("'seed'"));
  CHECK_THROWS_WITH(read("[run]\n= 3\n"), Catch::Contains("line 2"));
  CHECK_THROWS_WITH(read("[run\n"), Catch::Contains("line 1") && Catch::Contains("'[run'"));
  CHECK_THROWS_WITH(read("[]\n"), Catch::Contains("line 1"));
  CHECK_THROWS_WITH(read("[run]\nout = \"a\n"), Catch::Contains("line 2") && Catch::Contains("closing quote"));
}

TEST_CASE("Every value of one line is read back as it was written", "[config]") {
  for (const std::string value :
       {"", "a", "a b", " a ", "a #b", "#a", "a#b", "\"a\"", "\"", "a \"b\" # c", "a ; b", "x=y,z"}) {
    INFO(value);
    CHECK(read("[run]\n" + ini_line("key", value)).at(0).values("key") == std::vector<std::string>{value});
  }
  CHECK_THROWS_AS(ini_line("key", "a\nb"), InputError);
}

TEST_CASE("A long comment is broken between words", "[config]") {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "word ";
  const auto comment = ini_comment(text);
  CHECK(std::ranges::count(comment, '\n') == 3);
  CHECK(read(comment).empty());
}

}  // namespace harmonic
