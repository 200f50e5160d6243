#include "core/storage/conditions.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kReadable = 40;  ///< characters of a value that is shown

std::optional<std::string> value_of(const Conditions& conditions, const std::string& name) {
  const auto found = std::ranges::find(conditions, name, &Conditions::value_type::first);
  return found == conditions.end() ? std::nullopt : std::optional(found->second);
}

std::string difference(const std::string& name, const std::optional<std::string>& there,
                       const std::optional<std::string>& given) {
  const auto readable = [](const auto& value) { return !value || value->size() <= kReadable; };
  if (!readable(there) || !readable(given)) return name;
  return fmt::format("{} ({} there, {} given)", name, there.value_or("nothing"), given.value_or("nothing"));
}

}  // namespace

std::vector<std::string> differences(const Conditions& there, const Conditions& given) {
  std::vector<std::string> found;
  for (const auto& [name, value] : given)
    if (const auto before = value_of(there, name); before != value) found.push_back(difference(name, before, value));
  for (const auto& [name, value] : there)
    if (!value_of(given, name)) found.push_back(difference(name, value, std::nullopt));
  return found;
}

std::string conditions_text(const Conditions& conditions, int indent) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [name, value] : conditions) json[name] = value;
  return json_text(json, indent);
}

std::optional<Conditions> parse_conditions(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  Conditions conditions;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_string()) return std::nullopt;
    conditions.emplace_back(name, value.get<std::string>());
  }
  return conditions;
}

void write_conditions(const std::filesystem::path& path, const Conditions& conditions) {
  replace_file(path, conditions_text(conditions, 2) + '\n');
}

std::optional<Conditions> read_conditions(const std::filesystem::path& path) {
  return parse_conditions(read_file(path));
}

}  // namespace harmonic
