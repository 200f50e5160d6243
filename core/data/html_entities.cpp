#include "core/data/html_entities.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <unordered_map>

#include "core/base/text.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kLongestName = 32;
constexpr char32_t kReplacement = 0xfffd;

struct Entity {
  std::string text;          ///< UTF-8
  bool may_be_open = false;  ///< its semicolon may be left out
};

std::unordered_map<std::string_view, Entity> parse_table() {
  std::unordered_map<std::string_view, Entity> all;
  const std::string_view table = kHtmlEntityTable;
  for (std::size_t start = 0; (start = table.find_first_not_of(" \n", start)) != std::string_view::npos;) {
    const std::size_t end = table.find_first_of(" \n", start);
    const std::string_view word = table.substr(start, end - start);
    const std::size_t mark = word.find_first_of(";:");
    Entity entity{.text = {}, .may_be_open = word[mark] == ':'};
    for (const auto& code : split(word.substr(mark + 1), '+')) {
      std::uint32_t character = 0;
      std::from_chars(code.data(), code.data() + code.size(), character, 16);
      append_utf8(entity.text, character);
    }
    all.emplace(word.substr(0, mark), std::move(entity));
    start = end;
  }
  return all;
}

const Entity* find_entity(std::string_view name) {
  static const auto all = parse_table();
  const auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

/// Characters that no document may hold.
bool is_invalid(std::uint32_t code) {
  return (code >= 0x1 && code <= 0x8) || code == 0xb || (code >= 0xe && code <= 0x1f) ||
         (code >= 0x7f && code <= 0x9f) || (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffeU) == 0xfffe;
}

std::string text_of_number(std::uint32_t code) {
  std::string text;
  if (code >= 0x80 && code <= 0x9f) {
    append_utf8(text, of_windows_1252(code));
  } else if (code == 0 || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) {
    append_utf8(text, kReplacement);
  } else if (!is_invalid(code)) {
    append_utf8(text, code);
  }
  return text;
}

/// What a reference at the start of a text stands for, and how long it is.
struct Reference {
  std::string text;
  std::size_t length = 0;
  bool is_closed = false;
};

/// "&#8212;", "&#x2014;"
std::optional<Reference> numbered(std::string_view text) {
  if (text.size() < 3 || text[1] != '#') return std::nullopt;
  const bool is_hex = text[2] == 'x' || text[2] == 'X';
  const std::size_t first = is_hex ? 3 : 2;
  const std::size_t end =
      std::min(text.find_first_not_of(is_hex ? "0123456789abcdefABCDEF" : "0123456789", first), text.size());
  if (end == first) return std::nullopt;
  std::uint32_t code = 0;
  if (std::from_chars(text.data() + first, text.data() + end, code, is_hex ? 16 : 10).ec != std::errc{})
    code = 0xffffffff;  // more than any character's
  const bool is_closed = end < text.size() && text[end] == ';';
  return Reference{text_of_number(code), end + (is_closed ? 1 : 0), is_closed};
}

/// "&mdash;"; of an open one the longest beginning that is a name.
std::optional<Reference> named(std::string_view text) {
  const std::size_t end = std::min(text.find_first_of("\t\n\f <&#;", 1), text.size());
  const std::string_view name = text.substr(1, std::min(end - 1, kLongestName));
  if (name.size() == end - 1 && end < text.size() && text[end] == ';')
    if (const Entity* entity = find_entity(name)) return Reference{entity->text, end + 1, true};
  for (std::size_t length = name.size(); length >= 2; --length)
    if (const Entity* entity = find_entity(name.substr(0, length)); entity != nullptr && entity->may_be_open)
      return Reference{entity->text, length + 1, false};
  return std::nullopt;
}

std::string unescape(std::string_view text, bool closed_only) {
  std::string plain;
  while (!text.empty()) {
    const std::size_t at = std::min(text.find('&'), text.size());
    plain += text.substr(0, at);
    text.remove_prefix(at);
    if (text.empty()) break;
    auto reference = numbered(text);
    if (!reference) reference = named(text);
    if (reference && (reference->is_closed || !closed_only)) {
      plain += reference->text;
      text.remove_prefix(reference->length);
    } else {
      plain += '&';
      text.remove_prefix(1);
    }
  }
  return plain;
}

}  // namespace

std::string unescape_html(std::string_view text) {
  return unescape(text, false);
}

std::string unescape_closed_html(std::string_view text) {
  return unescape(text, true);
}

char32_t of_windows_1252(char32_t control) {
  constexpr std::array<char32_t, 32> kCharacters = {0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                                    0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,   0x017d, 0x8f,
                                                    0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                                    0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178};
  return control >= 0x80 && control <= 0x9f ? kCharacters[control - 0x80] : control;
}

void append_utf8(std::string& text, char32_t character) {
  const auto push = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  const auto tail = [&](int shift) { push(0x80U | ((character >> shift) & 0x3fU)); };
  if (character < 0x80) {
    push(character);
  } else if (character < 0x800) {
    push(0xc0U | (character >> 6U));
    tail(0);
  } else if (character < 0x10000) {
    push(0xe0U | (character >> 12U));
    tail(6);
    tail(0);
  } else {
    push(0xf0U | (character >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace harmonic
