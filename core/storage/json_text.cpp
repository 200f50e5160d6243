#include "core/storage/json_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {

nlohmann::json read_json(const std::filesystem::path& path, std::string_view what) {
  const std::string text = read_file(path);
  if (trim(text).empty())
    throw InputError(fmt::format("{} {} is empty", what, path.string()), "give another file, or write it anew");
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& e) {
    const std::string_view read = std::string_view(text).substr(0, e.byte);
    throw InputError(fmt::format("{} {} is not JSON from line {} on", what, path.string(),
                                 1 + std::ranges::count(read.substr(0, read.empty() ? 0 : read.size() - 1), '\n')),
                     "mend it there, or write it anew");
  } catch (const nlohmann::json::out_of_range&) {
    throw InputError(fmt::format("{} {} holds a number beyond what a double can be", what, path.string()),
                     "mend that number");
  }
}

}  // namespace harmonic
