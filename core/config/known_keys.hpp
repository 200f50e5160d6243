#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// The sections of a config file that some command takes, but for those of search spaces.
[[nodiscard]] const std::vector<std::string>& known_sections();

/// The keys that some command takes in one of them; none where that is no such section.
[[nodiscard]] std::vector<std::string> known_keys(std::string_view section);

}  // namespace harmonic
