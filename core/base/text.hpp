#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// "a, b ,c" -> {"a","b","c"}; blanks around the parts are cut, empty parts kept; an empty text gives no part.
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);
[[nodiscard]] std::string trim(std::string_view text);
/// Without its line end. LibTorch's errors go on with a stack trace, of which people want the first line alone.
[[nodiscard]] std::string first_line(std::string_view text);

/// The whole text as a number. @throws InputError naming `what` when it is not one, or one that is too large.
[[nodiscard]] long parse_integer(std::string_view text, std::string_view what);
[[nodiscard]] int parse_int(std::string_view text, std::string_view what);
[[nodiscard]] double parse_real(std::string_view text, std::string_view what);

/// The known name nearest to `name` (Levenshtein), for "did you mean …?"; empty when `known` is empty.
[[nodiscard]] std::string nearest(std::string_view name, std::span<const std::string> known);

/// Shortest decimal text that reads back as the same double; for CSV and JSON, the same bytes on every run.
[[nodiscard]] std::string shortest(double value);

/// Multi-line table with aligned columns for people; the first row is the header. Numbers are aligned right.
[[nodiscard]] std::string aligned_table(const std::vector<std::vector<std::string>>& rows);

/// 75.3 -> "1m15s", 4000 -> "1h07m".
[[nodiscard]] std::string human_duration(double seconds);

}  // namespace harmonic
