#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace harmonic {

/// What a result under way depends on, kept beside it: names and values, e.g. {"lr", "0.004"}. Who goes on with the
/// result must give the same.
using Conditions = std::vector<std::pair<std::string, std::string>>;

/// "lr (0.004 there, 0.002 given)" of every name whose value differs or that one side lacks; the name alone where a
/// value is too long to read.
[[nodiscard]] std::vector<std::string> differences(const Conditions& there, const Conditions& given);

/// As one JSON object of texts. @param indent as json_text's
[[nodiscard]] std::string conditions_text(const Conditions& conditions, int indent = -1);
/// Nothing when the text is empty, cut short or another.
[[nodiscard]] std::optional<Conditions> parse_conditions(const std::string& text);

/// A file of that text. @throws RunError
void write_conditions(const std::filesystem::path& path, const Conditions& conditions);
/// Nothing when the file is empty, cut short or another: only its user knows what that means. @throws InputError when
/// it cannot be read
[[nodiscard]] std::optional<Conditions> read_conditions(const std::filesystem::path& path);

}  // namespace harmonic
