#pragma once

#include <string>
#include <string_view>

namespace harmonic {

/// Every named character reference of HTML 5, words parted by blanks: "amp:26 hellip;2026 fjlig;66+6a".
extern const std::string_view kHtmlEntityTable;

/// Character references as the characters they stand for, by HTML 5's rules: "&mdash;", "&#8212;", "&#x2014;"; a
/// missing semicolon is forgiven where browsers forgive it. What is none stays as it is.
/// @param text, result UTF-8
[[nodiscard]] std::string unescape_html(std::string_view text);
/// The same of references that end with a semicolon alone.
[[nodiscard]] std::string unescape_closed_html(std::string_view text);

/// What Windows-1252 has in place of a control character U+0080 … U+009F; the character itself where it has none.
[[nodiscard]] char32_t of_windows_1252(char32_t control);

/// Appends a character as UTF-8.
void append_utf8(std::string& text, char32_t character);

}  // namespace harmonic
