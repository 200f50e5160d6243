#include "core/data/meme_annotations.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/foreign_content.hpp"
#include "core/storage/json_text.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kForm =
    R"(a line is {"id":"memes_1","image":"memes_1.png","labels":["somewhat harmful"],"text":"…"})";

/// One line of a file, with its place for messages.
class Line {
 public:
  Line(const std::filesystem::path& path, std::size_t number, std::string_view text)
      : place_(fmt::format("{}, line {}", path.string(), number)),
        json_(nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false)) {
    if (json_.is_discarded()) throw InputError(fmt::format("{}: not JSON", place_), kForm);
    if (!json_.is_object()) throw InputError(fmt::format("{}: no JSON object", place_), kForm);
  }

  [[nodiscard]] std::string text(const char* key) const {
    const auto value = json_.find(key);
    if (value == json_.end() || !value->is_string())
      throw InputError(fmt::format("{}: no text under '{}'", place_, key), kForm);
    return value->get<std::string>();
  }

  [[nodiscard]] HarmLevel level(std::optional<HarmLevel> blank) const {
    const auto labels = json_.find("labels");
    if (labels == json_.end() || !labels->is_array() || (!labels->empty() && !labels->front().is_string()))
      throw InputError(fmt::format("{}: no list of texts under 'labels'", place_), kForm);
    const std::string word = labels->empty() ? "" : trim(labels->front().get<std::string>());
    if (!word.empty()) return value_of(kHarmLevels, word, place_ + ": the first label");
    if (!blank)
      throw InputError(fmt::format("{}: its level is empty", place_),
                       "mend the line, or count it as the published loader does: --blank-label \"very harmful\"");
    return *blank;
  }

 private:
  std::string place_;
  nlohmann::json json_;
};

}  // namespace

std::vector<Meme> read_memes(const std::filesystem::path& path, std::optional<HarmLevel> blank) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  const std::string file = read_file(path);
  refuse_foreign(path, file, "lines of JSON");
  require_utf8(file, path.string());
  std::string_view rest = file;
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  std::vector<Meme> memes;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string text = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (text.empty()) continue;
    const Line line(path, number, text);
    memes.push_back({line.text("id"), line.text("image"), line.level(blank), line.text("text")});
  }
  if (memes.empty()) throw InputError(fmt::format("{} holds no meme", path.string()), kForm);
  return memes;
}

}  // namespace harmonic
