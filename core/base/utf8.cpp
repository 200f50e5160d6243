#include "core/base/utf8.hpp"

#include <algorithm>
#include <cstddef>

#include <unicode/utf8.h>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

/// Where the first character starts that is none of UTF-8; the text's length where all are.
std::size_t valid_length(std::string_view text) {
  const auto length = static_cast<std::ptrdiff_t>(text.size());
  std::ptrdiff_t next = 0;
  while (next < length) {
    const auto start = next;
    UChar32 character = 0;
    U8_NEXT(text.data(), next, length, character);
    if (character < 0) return static_cast<std::size_t>(start);
  }
  return text.size();
}

}  // namespace

bool is_utf8(std::string_view text) {
  return valid_length(text) == text.size();
}

void require_utf8(std::string_view text, std::string_view name) {
  const auto valid = valid_length(text);
  if (valid == text.size()) return;
  throw InputError(
      fmt::format("{} line {} is not UTF-8 (Latin-1?)", name, 1 + std::ranges::count(text.substr(0, valid), '\n')),
      "save it as UTF-8 (spreadsheets: CSV UTF-8; else: iconv -f LATIN1 -t UTF-8 FILE > OTHER)");
}

}  // namespace harmonic
