#include "core/config/ini_file.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kCommentWidth = 118;  ///< characters of a comment's line

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// Where a comment begins, or the end.
std::size_t comment_of(std::string_view line) {
  for (std::size_t at = 0; at < line.size(); ++at)
    if ((line[at] == '#' || line[at] == ';') && (at == 0 || is_blank(line[at - 1]))) return at;
  return line.size();
}

/// What stands between the first quote and the next one that nothing but a comment follows, in which quotes are pairs:
/// `"a "b" # c"` is one value. Nothing when there is none.
std::optional<std::string> unquoted(const std::string& text) {
  for (auto close = text.find('"', 1); close != std::string::npos; close = text.find('"', close + 1)) {
    const std::string rest = text.substr(close + 1);
    if (trim(rest.substr(0, comment_of(rest))).empty() && std::ranges::count(rest, '"') % 2 == 0)
      return text.substr(1, close - 1);
  }
  return std::nullopt;
}

/// @param line where it stands, if it is new
IniSection& section_of(IniFile& file, const std::string& name, int line) {
  const auto found = std::ranges::find(file, name, &IniSection::name);
  return found != file.end() ? *found : file.emplace_back(IniSection{name, {}, line});
}

}  // namespace

std::vector<std::string> IniSection::values(std::string_view key) const {
  std::vector<std::string> found;
  for (const auto& entry : entries)
    if (entry.key == key) found.push_back(entry.value);
  return found;
}

IniFile parse_ini(std::string_view text, const std::string& name) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    throw InputError(fmt::format("{} begins with the byte order mark (BOM) of UTF-16", name), "save it as UTF-8");
  IniFile file;
  std::string section;
  int number = 0;
  for (const auto& line : split(text, '\n')) {
    ++number;
    const auto refused = [&](const std::string& what, const std::string& mend) {
      return InputError(fmt::format("{}, line {}: {}", name, number, what), mend);
    };
    if (line.starts_with(kByteOrderMark))  // of a second file that was put behind the first
      throw refused("it begins with a byte order mark (BOM), which may only stand at the start of a file", "remove it");
    const std::string content = trim(std::string_view(line).substr(0, comment_of(line)));
    if (content.empty()) continue;
    if (content.front() == '[') {
      section = content.back() == ']' ? trim(std::string_view(content).substr(1, content.size() - 2)) : "";
      if (section.empty()) throw refused(fmt::format("'{}' names no section", content), "write it as [section]");
      section_of(file, section, number);
      continue;
    }
    const auto equals = content.find('=');
    const std::string key = trim(std::string_view(content).substr(0, std::min(equals, content.size())));
    if (equals == std::string::npos || key.empty())
      throw refused(fmt::format("'{}' is neither a section nor a key with its value", content),
                    "write [section] and key = value lines");
    if (section.empty())
      throw refused(fmt::format("key '{}' stands before any section", key), "put it below the [section] it belongs to");
    std::string value = trim(std::string_view(content).substr(equals + 1));
    if (value.starts_with('"')) {
      // Whatever stands between the quotes, a # or a ; too.
      const auto whole = unquoted(trim(std::string_view(line).substr(line.find('=') + 1)));
      if (!whole) throw refused(fmt::format("the value of '{}' has no closing quote at its end", key), "close it");
      value = *whole;
    }
    section_of(file, section, number).entries.push_back({key, std::move(value), number});
  }
  return file;
}

std::string ini_line(std::string_view key, std::string_view value) {
  if (value.find_first_of("\r\n") != std::string_view::npos)
    throw InputError(fmt::format("{} has a value of several lines", key), "give it in one");
  const bool plain = trim(value) == value && comment_of(value) == value.size() && !value.starts_with('"');
  if (value.empty()) return fmt::format("{} =\n", key);
  return fmt::format("{} = {}\n", key, plain ? std::string(value) : fmt::format("\"{}\"", value));
}

std::string ini_comment(std::string_view text) {
  std::string out = "#";
  std::size_t width = out.size();
  for (const auto& word : split(trim(text), ' ')) {
    if (width > 1 && width + 1 + word.size() > kCommentWidth) {
      out.append("\n#");
      width = 1;
    }
    out.append(1, ' ').append(word);
    width += 1 + word.size();
  }
  return out.append(1, '\n');
}

}  // namespace harmonic
