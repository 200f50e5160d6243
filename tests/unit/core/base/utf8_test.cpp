#include "core/base/utf8.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

namespace harmonic {

TEST_CASE("Text of one byte a letter is told from UTF-8, with its line", "[base]") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("h\u00e4\u00df"));
  CHECK_FALSE(is_utf8("h\xe4\xdf"));
  CHECK_FALSE(is_utf8("cut \xc3"));
  CHECK_NOTHROW(require_utf8("a\nh\u00e4\n", "t.csv"));
  CHECK_THROWS_WITH(require_utf8("a\nh\u00e4\nh\xe4\n", "t.csv"),
                    Catch::Contains("t.csv line 3 is not UTF-8") && Catch::Contains("iconv -f LATIN1"));
}

}  // namespace harmonic
