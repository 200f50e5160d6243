#include "core/storage/json_text.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/foreign_content.hpp"

namespace harmonic {

namespace {

/// Watches what is parsed for a key that an object has twice, with different values.
class KeyWatch {
 public:
  using Event = nlohmann::json::parse_event_t;

  /// As nlohmann::json's parser calls it: the depth is that of the object or array around what was parsed.
  bool operator()(int at, Event event, nlohmann::json& parsed) {
    const auto depth = static_cast<std::size_t>(at);
    if (levels_.size() < depth + 2) levels_.resize(depth + 2);
    if (event == Event::object_start || event == Event::array_start) {
      levels_[depth + 1] = {};
    } else if (event == Event::key) {
      levels_[depth].key = parsed.get<std::string>();
    } else if (auto& [key, values] = levels_[depth]; key) {
      const auto [there, is_new] = values.emplace(*key, parsed);
      if (!is_new && there->second != parsed) twice = *key;
      key.reset();
    }
    return true;
  }

  std::optional<std::string> twice;  ///< the last such key

 private:
  struct Level {
    std::optional<std::string> key;  ///< whose value comes next
    std::map<std::string, nlohmann::json> values;
  };
  std::vector<Level> levels_;
};

/// The line of `text` that holds byte `at`: its number, from 1, and how it begins.
std::pair<std::size_t, std::string> line_at(std::string_view text, std::size_t at) {
  constexpr std::size_t kMostShown = 40;
  const auto before = text.substr(0, at);
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {1 + static_cast<std::size_t>(std::ranges::count(before, '\n')),
          trim(first_line(text.substr(start)).substr(0, kMostShown))};
}

}  // namespace

nlohmann::json read_json(const std::filesystem::path& path, std::string_view what) {
  const std::string text = read_file(path);
  if (trim(text).empty())
    throw InputError(fmt::format("{} {} is empty", what, path.string()), "give another file, or write it anew");
  refuse_foreign(path, text, "JSON");
  require_utf8(text, path.string());
  try {
    KeyWatch watch;
    auto json = nlohmann::json::parse(text, std::ref(watch));
    if (watch.twice)
      throw InputError(
          fmt::format("{} {} has key '{}' twice, with different values", what, path.string(), *watch.twice),
          "remove the wrong one");
    return json;
  } catch (const nlohmann::json::parse_error& e) {
    const auto [line, words] = line_at(text, e.byte == 0 ? 0 : e.byte - 1);
    throw InputError(fmt::format("{} {} is not JSON: line {} ({})", what, path.string(), line,
                                 words.empty() ? "an end that comes too early" : words),
                     "mend it there, or write it anew as JSON");
  } catch (const nlohmann::json::out_of_range&) {
    throw InputError(fmt::format("{} {} holds a number beyond what a double can be", what, path.string()),
                     "mend that number");
  }
}

}  // namespace harmonic
