#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/choices.hpp"

namespace harmonic {

/// How harmful a meme is: the first of its labels; the others, its targets, are not read.
enum class HarmLevel { none, some, much };
inline const Choices<HarmLevel> kHarmLevels = {
    {"not harmful", HarmLevel::none}, {"somewhat harmful", HarmLevel::some}, {"very harmful", HarmLevel::much}};

struct Meme {
  std::string id;     ///< "memes_44"
  std::string image;  ///< name of its picture: "memes_44.png"
  HarmLevel level = HarmLevel::none;
  std::string text;  ///< UTF-8, as it was read off the picture
};

/// Annotations of Harm-P and Harm-C, a JSON object a line: id, image, labels (a list, the level first), text. Lines end
/// with LF or CRLF; empty ones and other keys are passed over.
/// @param blank what an empty level counts as; none: it is refused, like every other word
/// @throws InputError naming file and line
[[nodiscard]] std::vector<Meme> read_memes(const std::filesystem::path& path, std::optional<HarmLevel> blank = {});

}  // namespace harmonic
