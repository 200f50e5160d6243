#include "core/data/clip_tokens.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/data/clip_text.hpp"
#include "core/data/html_entities.hpp"
#include "core/data/token_bag.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;

constexpr auto kVocabulary = "datasets/clip/bpe_simple_vocab_16e6.txt.gz";

}  // namespace

TEST_CASE("Texts are mended, resolved, with single blanks and in lower case before they are split", "[data]") {
  CHECK(clip_text(" LEADING AND\t\u00a0TRAILING \n") == "leading and trailing");
  CHECK(clip_text("&amp;lt;3 &mdash; \u2018a\u2019 \u201cb\u201d") == "<3 \u2014 'a' \"b\"");
  CHECK(clip_text("\uff21\uff22\uff11 o\ufb03ce cafe\u0301") == "ab1 office caf\u00e9");
  CHECK(clip_text("a\x07\ufeff"
                  "b \u0093c\u0094") == "ab \"c\"");
  CHECK(clip_text("\u0130 \u039f\u03a3") == "i\u0307 \u03bf\u03c2");
  CHECK(clip_text("").empty());
}

TEST_CASE("Character references are resolved by HTML 5's rules", "[data]") {
  CHECK(unescape_html("AT&T &lt 2 &notit; &NotEqualTilde;") == "AT&T < 2 \u00acit; \u2242\u0338");
  CHECK(unescape_html("&#8212;&#x2014&#128;&#0;&#xD800;&#1114112;&#99999999999;") ==
        "\u2014\u2014\u20ac\ufffd\ufffd\ufffd\ufffd");
  CHECK(unescape_html("& &; &# &#x; &nosuch; &#1;") == "& &; &# &#x; &nosuch; ");
  CHECK(unescape_closed_html("&lt 2 &lt; &notit;") == "&lt 2 < &notit;");
}

TEST_CASE("A vocabulary that is a folder, or not there, is called so", "[data]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(ClipTokens(folder.path()), Contains("it is a folder") && Contains("bpe_simple_vocab_16e6.txt.gz"));
  CHECK_THROWS_WITH(ClipTokens(folder / "none"), Contains("there is no such file"));
}

TEST_CASE("CLIP's tokens are those of the published tokeniser", "[data][shared]") {
  const auto path = testing::shared_data(kVocabulary);
  if (!path) return;
  const ClipTokens tokens(*path);
  const auto strings = read_json(HARMONIC_FIXTURES "/clip_strings.json", "fixture");
  REQUIRE(strings.size() == 200);
  for (const auto& row : strings) {
    const auto text = row["text"].get<std::string>();
    INFO(text);
    CHECK(tokens.encode(text) == row["ids"].get<std::vector<int>>());
  }
}

TEST_CASE("A context has start, at most 75 tokens, the end, and zeros", "[data]") {
  const auto some = clip_context({5, 6});
  REQUIRE(some.size() == 77);
  CHECK(std::vector(some.begin(), some.begin() + 5) == std::vector<float>{49406, 5, 6, 49407, 0});
  const auto full = clip_context(std::vector<int>(300, 7));
  CHECK(full[75] == 7);
  CHECK(full[76] == 49407);
  CHECK(clip_context({})[1] == 49407);
}

TEST_CASE("What is not CLIP's vocabulary is refused by name", "[data]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(ClipTokens(folder / "none.gz"), Contains("none.gz") && Contains("no such file"));
  std::ofstream(folder / "page.gz") << "<!DOCTYPE html>\n<html>\n";
  CHECK_THROWS_WITH(ClipTokens(folder / "page.gz"), Contains("page.gz") && Contains("is a web page"));
  std::ofstream(folder / "short.txt") << "#version\ni n\nt h\n";
  CHECK_THROWS_WITH(ClipTokens(folder / "short.txt"), Contains("ends after 2 of 48894"));
}

TEST_CASE("CLIP's vocabulary that is cut or damaged behind what is used of it is refused", "[data][shared]") {
  const auto path = testing::shared_data(kVocabulary);
  if (!path) return;
  const TemporaryFolder folder;
  const std::string whole = read_file(*path);
  replace_file(folder / "cut.gz", whole.substr(0, whole.size() - 6));  // in the checksum at the end
  CHECK_THROWS_WITH(ClipTokens(folder / "cut.gz"), Contains("cut.gz") && Contains("cut short or damaged"));
  std::string damaged = whole;
  damaged[damaged.size() - 7] ^= 1;  // of the checksum
  replace_file(folder / "damaged.gz", damaged);
  CHECK_THROWS_WITH(ClipTokens(folder / "damaged.gz"), Contains("damaged.gz") && Contains("cut short or damaged"));
}

TEST_CASE("A bag of tokens weighs rare tokens more, and does not hear those that train lacks", "[data]") {
  const TokenBag bag({{1, 2}, {1, 3}, {1, 4, 4}});
  const auto square = [](const std::vector<float>& values) {
    double sum = 0;
    for (const float value : values) sum += static_cast<double>(value) * value;
    return sum;
  };
  CHECK(square(bag({1, 2})) == Approx(1));
  CHECK(square(bag({99})) == 0);
  CHECK(bag({1, 99}) == bag({1}));
  const auto only_rare = bag({2});
  const auto at = std::ranges::find_if(only_rare, [](float value) { return value != 0; }) - only_rare.begin();
  CHECK(std::abs(bag({1, 2})[static_cast<std::size_t>(at)]) > 0.75);
}

}  // namespace harmonic
