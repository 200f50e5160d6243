#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// One `key = value` line.
struct IniEntry {
  std::string key, value;
  int line = 0;  ///< in the file, from 1
};

/// `[name]` and what stands below it, in the file's order; a repeated key is an entry each time.
struct IniSection {
  std::string name;
  std::vector<IniEntry> entries;
  int line = 0;  ///< where it first stands

  [[nodiscard]] std::vector<std::string> values(std::string_view key) const;
};

/// The sections of an INI file, in the order in which they first stand there; a section that stands there twice is one.
using IniFile = std::vector<IniSection>;

/// Reads lines `[section]` and `key = value`. Blanks around names and values do not count. A comment begins with # or ;
/// at the start of a line or after a blank: runs/#3/image.h5 has none. A value in double quotes is taken as it stands
/// between them. A byte order mark and line ends of Windows are no part of the text.
/// @param name of the file, for messages
/// @throws InputError naming the line: one that is neither, a key before any section, a quote that is not closed, a
///   byte order mark that is not UTF-8's or not at the start
[[nodiscard]] IniFile parse_ini(std::string_view text, const std::string& name);

/// "key = value", as parse_ini reads it back: in quotes where it would be read as something else.
/// @throws InputError for a value of several lines
[[nodiscard]] std::string ini_line(std::string_view key, std::string_view value);
/// A text of any length as lines of comment.
[[nodiscard]] std::string ini_comment(std::string_view text);

}  // namespace harmonic
