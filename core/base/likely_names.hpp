#pragma once

#include <string>
#include <vector>

namespace harmonic {

/// The known names that have another as one of their parts between dashes, as weight-lr and arch-lr have lr, or are
/// such a part of it; none where they are too many to list.
[[nodiscard]] std::vector<std::string> names_alike(const std::string& name, const std::vector<std::string>& known);

/// What is likely meant by a name that is not known: names_alike(), or else the nearest one.
/// @return "weight-lr or arch-lr"; empty when none is known
[[nodiscard]] std::string likely_names(const std::string& name, const std::vector<std::string>& known);

}  // namespace harmonic
