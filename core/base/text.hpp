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
/// ASCII letters alone.
[[nodiscard]] std::string lower_case(std::string text);
/// Without its line end. LibTorch's errors go on with a stack trace, of which people want the first line alone.
[[nodiscard]] std::string first_line(std::string_view text);

/// Words as a shell reads them back: those that need it in single quotes.
[[nodiscard]] std::string shell_line(const std::vector<std::string>& words);

/// The line that calls a command again with --resume. @param words those that it was called with, but for `program` and
/// the command's name
[[nodiscard]] std::string resuming_line(const std::vector<std::string>& program,
                                        const std::vector<std::string>& command, const std::vector<std::string>& words);

/// The whole text as a number, as people write it: blanks around it, a sign, and of a whole number also 1e3, 64.0 and
/// 1_000. @throws InputError naming `what` when it is not one, with the number as it is to be written where the text
/// lets on which one is meant (0,5; 50 %; 1 000), or one that is too large.
[[nodiscard]] long parse_integer(std::string_view text, std::string_view what);
[[nodiscard]] int parse_int(std::string_view text, std::string_view what);
[[nodiscard]] double parse_real(std::string_view text, std::string_view what);

/// A time in seconds: "90", "90 s", "1.5h", "1hour", "1h30m", "2 days", "1:30:00" (hours first). @throws InputError
/// naming `what` when it is none
[[nodiscard]] double parse_seconds(std::string_view text, std::string_view what);

/// The known name nearest to `name` (Levenshtein), for "did you mean …?"; empty when `known` is empty.
[[nodiscard]] std::string nearest(std::string_view name, std::span<const std::string> known);

/// Shortest decimal text that reads back as the same double; for CSV and JSON, the same bytes on every run.
[[nodiscard]] std::string shortest(double value);

/// Multi-line table with aligned columns for people; the first row is the header. Numbers are aligned right.
[[nodiscard]] std::string aligned_table(const std::vector<std::vector<std::string>>& rows);

/// 75.3 -> "1m15s", 4000 -> "1h07m".
[[nodiscard]] std::string human_duration(double seconds);

}  // namespace harmonic
