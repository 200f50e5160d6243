#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// The sections of a config file that some command takes, but for those of search spaces.
[[nodiscard]] const std::vector<std::string>& known_sections();

/// The keys that some command takes in one of them; none where that is no such section.
[[nodiscard]] std::vector<std::string> known_keys(std::string_view section);

/// The known names that have another as one of their parts between dashes, as weight-lr and arch-lr have lr, or are
/// such a part of it; none where they are too many to list.
[[nodiscard]] std::vector<std::string> names_alike(const std::string& name, const std::vector<std::string>& known);

/// What is likely meant by a name that is not known: names_alike(), or else the nearest one.
/// @return "weight-lr or arch-lr"; empty when none is known
[[nodiscard]] std::string likely_names(const std::string& name, const std::vector<std::string>& known);

}  // namespace harmonic
