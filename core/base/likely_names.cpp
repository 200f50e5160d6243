#include "core/base/likely_names.hpp"

#include <algorithm>
#include <utility>

#include "core/base/text.hpp"

namespace harmonic {

std::vector<std::string> names_alike(const std::string& name, const std::vector<std::string>& known) {
  constexpr std::size_t kMost = 4;
  // "width" is meant for widths, not for first-width.
  if (const auto near = nearest(name, known); near.starts_with(name) && near.size() < name.size() + 3) return {};
  const auto is_part = [](const std::string& word, const std::string& whole) {
    const auto parts = split(whole, '-');
    return parts.size() > 1 && std::ranges::find(parts, word) != parts.end();
  };
  std::vector<std::string> found;
  for (const auto& other : known)
    if (is_part(name, other) || is_part(other, name)) found.push_back(other);
  if (found.size() > kMost) found.clear();
  return found;
}

std::string likely_names(const std::string& name, const std::vector<std::string>& known) {
  auto names = names_alike(name, known);
  if (names.empty()) return nearest(name, known);
  const std::string last = std::move(names.back());
  names.pop_back();
  return names.empty() ? last : join(names, ", ") + " or " + last;
}

}  // namespace harmonic
