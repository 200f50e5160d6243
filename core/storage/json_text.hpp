#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace harmonic {

/// JSON as the program writes it. Bytes that are no UTF-8 (a path or a name may hold any) become U+FFFD.
/// @param indent blanks a level; negative: everything on one line
template <class Json>
[[nodiscard]] std::string json_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

/// What is not known is null.
template <class T>
[[nodiscard]] nlohmann::ordered_json json_or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

/// The JSON of a file. `what` says in errors what the file is: "table".
/// @throws InputError: unreadable, empty, something else (see foreign_content), not JSON, with the line where it
///   ceases to be, or a key twice in an object with different values
[[nodiscard]] nlohmann::json read_json(const std::filesystem::path& path, std::string_view what);

}  // namespace harmonic
