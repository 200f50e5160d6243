#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  const auto last = text.find_last_not_of(" \t\r\n");
  return std::string(text.substr(first, last - first + 1));
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find_first_of("\r\n")));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  for (std::size_t start = 0;;) {
    const auto end = text.find(separator, start);
    parts.push_back(trim(text.substr(start, end == std::string_view::npos ? end : end - start)));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string shell_line(const std::vector<std::string>& words) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  std::vector<std::string> quoted;
  for (const auto& word : words) {
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
      quoted.push_back(word);
      continue;
    }
    std::string text = "'";
    for (const char letter : word) letter == '\'' ? text.append("'\\''") : text.append(1, letter);
    quoted.push_back(text + "'");
  }
  return join(quoted, " ");
}

std::string resuming_line(const std::vector<std::string>& program, const std::vector<std::string>& command,
                          const std::vector<std::string>& words) {
  std::vector<std::string> all = program;
  all.insert(all.end(), command.begin(), command.end());
  all.insert(all.end(), words.begin(), words.end());
  if (std::ranges::find(words, "--resume") == words.end()) all.emplace_back("--resume");
  return shell_line(all);
}

namespace {

/// The digits of a number without what only people need: blanks around it, a plus sign.
std::string_view bare(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(" \t") - first + 1);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

/// Nothing when the text is no finite number to its end.
std::optional<double> real_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::string without(std::string_view text, std::string_view letters) {
  std::string rest(text);
  std::erase_if(rest, [&](char letter) { return letters.find(letter) != std::string_view::npos; });
  return rest;
}

bool is_grouped(std::string_view text, char separator) {
  const auto groups = split(text, separator);
  return groups.size() > 1 && !groups[0].empty() && groups[0].size() <= 3 && groups[0] != "0" &&
         std::all_of(groups.begin() + 1, groups.end(), [](const auto& group) { return group.size() == 3; });
}

/// What is meant by a number that is written otherwise; nothing when that is anyone's guess.
std::optional<double> meant_by(std::string_view text) {
  if (text.ends_with('%')) {
    const auto percent = real_of(bare(text.substr(0, text.size() - 1)));
    return percent ? std::optional(*percent / 100) : std::nullopt;
  }
  for (const char separator : {',', ' ', '\''})
    if (is_grouped(text, separator))
      if (const auto value = real_of(without(text, std::string_view(&separator, 1)))) return value;
  if (std::ranges::count(text, ',') != 1) return std::nullopt;
  std::string point(text);
  std::ranges::replace(point, ',', '.');
  return real_of(point);
}

}  // namespace

long parse_integer(std::string_view text, std::string_view what) {
  const std::string digits = without(bare(text), "_");
  long value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole_text = !digits.empty() && end == digits.data() + digits.size();
  if (whole_text && error == std::errc{}) return value;
  if (whole_text && error == std::errc::result_out_of_range) {
    const bool low = digits.starts_with('-');
    const long limit = low ? std::numeric_limits<long>::min() : std::numeric_limits<long>::max();
    throw InputError(fmt::format("{} is {}, which is too {}", what, text, low ? "small" : "large"),
                     fmt::format("the {} number is {}", low ? "smallest" : "largest", limit));
  }
  constexpr double kExact = 9007199254740992;  // 2^53: so far every whole number is a double
  const auto is_whole = [](const auto& number) {
    return number && *number == std::trunc(*number) && std::abs(*number) < kExact;
  };
  if (const auto real = real_of(digits); is_whole(real)) return static_cast<long>(*real);
  const auto meant = meant_by(bare(text));
  throw InputError(fmt::format("{} is '{}', not a whole number", what, text),
                   is_whole(meant) ? fmt::format("write {}", static_cast<long>(*meant)) : "give digits only");
}

int parse_int(std::string_view text, std::string_view what) {
  const long value = parse_integer(text, what);
  if (!std::in_range<int>(value))
    throw InputError(fmt::format("{} is {}, which is too {}", what, value, value < 0 ? "small" : "large"),
                     fmt::format("give a {} number", value < 0 ? "larger" : "smaller"));
  return static_cast<int>(value);
}

double parse_real(std::string_view text, std::string_view what) {
  if (const auto value = real_of(bare(text))) return *value;
  const auto meant = meant_by(bare(text));
  throw InputError(fmt::format("{} is '{}', not a number", what, text),
                   meant ? fmt::format("write {}", shortest(*meant)) : "give a decimal number such as 0.5");
}

namespace {

/// Seconds of a unit of time; nothing when the word is none.
std::optional<double> seconds_of(const std::string& unit) {
  static const std::map<std::string, double> units = {
      {"s", 1},      {"sec", 1},     {"secs", 1},     {"second", 1},   {"seconds", 1}, {"m", 60},
      {"min", 60},   {"mins", 60},   {"minute", 60},  {"minutes", 60}, {"h", 3600},    {"hr", 3600},
      {"hrs", 3600}, {"hour", 3600}, {"hours", 3600}, {"d", 86400},    {"day", 86400}, {"days", 86400}};
  const auto found = units.find(unit);
  return found == units.end() ? std::nullopt : std::optional(found->second);
}

/// "1:30:00"; nothing when the text is no such.
std::optional<double> seconds_on_clock(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() != 3) return std::nullopt;
  double seconds = 0;
  for (const auto& part : parts) {
    if (part.empty() || part.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    seconds = 60 * seconds + real_of(part).value_or(0);
  }
  return seconds;
}

}  // namespace

double parse_seconds(std::string_view text, std::string_view what) {
  if (const auto seconds = real_of(bare(text))) return *seconds;
  if (const auto seconds = seconds_on_clock(bare(text))) return *seconds;
  const auto refused = [&] {
    return InputError(fmt::format("{} is '{}', not a time", what, text),
                      "write it as 90s, 20m, 1h30m or 2d, or as 1:30:00");
  };
  double seconds = 0;
  std::string_view rest = bare(text);
  if (rest.empty()) throw refused();
  while (!rest.empty()) {
    const auto number = rest.substr(0, rest.find_first_not_of("0123456789."));
    rest.remove_prefix(number.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    std::string unit;
    while (!rest.empty() && std::isalpha(static_cast<unsigned char>(rest.front())) != 0) {
      unit += rest.front();
      rest.remove_prefix(1);
    }
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    const auto value = real_of(number), length = seconds_of(lower_case(unit));
    if (!value || !length) throw refused();
    seconds += *value * *length;
  }
  return seconds;
}

namespace {

/// What people call things that have another name here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kOtherWords = {{{"gpu", "cuda"},
                                                                                        {"nvidia", "cuda"},
                                                                                        {"dev", "val"},
                                                                                        {"validation", "val"},
                                                                                        {"training", "train"},
                                                                                        {"speed", "latency"},
                                                                                        {"time", "latency"},
                                                                                        {"power", "energy"},
                                                                                        {"params", "parameters"},
                                                                                        {"flops", "macs"}}};

}  // namespace

std::string nearest(std::string_view name, std::span<const std::string> known) {
  const auto other = std::ranges::find(kOtherWords, name, &std::pair<std::string_view, std::string_view>::first);
  if (other != kOtherWords.end())
    if (const auto meant = std::ranges::find(known, other->second); meant != known.end()) return *meant;
  std::string best;
  std::pair<bool, std::size_t> best_distance;  // whoever cuts a name short means one that goes on so
  for (const auto& candidate : known) {
    std::vector<std::size_t> row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= name.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j <= candidate.size(); ++j) {
        const std::size_t substitute = diagonal + (name[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
      }
    }
    const std::pair distance(!candidate.starts_with(name), row.back());
    if (best.empty() || distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string shortest(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return error == std::errc{} ? std::string(buffer, end) : fmt::format("{}", value);
}

std::string aligned_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> width;
  for (const auto& row : rows) {
    width.resize(std::max(width.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], row[c].size());
  }
  const auto is_number = [](const std::string& cell) {
    return !cell.empty() && cell.find_first_not_of("0123456789.+-e%") == std::string::npos;
  };
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const bool right = rows.size() > 1 && c < rows[1].size() && is_number(rows[1][c]);
      line += right ? fmt::format("{:>{}}", row[c], width[c]) : fmt::format("{:<{}}", row[c], width[c]);
      if (c + 1 < row.size()) line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

std::string human_duration(double seconds) {
  const auto total = static_cast<long>(std::llround(std::max(seconds, 0.0)));
  if (total < 60) return fmt::format("{}s", total);
  if (total < 3600) return fmt::format("{}m{:02}s", total / 60, total % 60);
  return fmt::format("{}h{:02}m", total / 3600, total % 3600 / 60);
}

}  // namespace harmonic
