#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace harmonic {

inline constexpr int kClipTokens = 49408;        ///< ids there are
inline constexpr int kClipStart = 49406;         ///< "<|startoftext|>"
inline constexpr int kClipEnd = 49407;           ///< "<|endoftext|>"
inline constexpr std::size_t kClipContext = 77;  ///< ids of a text, start and end included

/// CLIP's byte-pair encoding: text as ids below kClipTokens, lower case alone.
class ClipTokens {
 public:
  /// @param vocabulary bpe_simple_vocab_16e6.txt.gz, or the same unpacked
  /// @throws InputError when it is something else, or cut short
  explicit ClipTokens(const std::filesystem::path& vocabulary);

  /// All tokens of a text (UTF-8, cleaned by clip_text first), without start and end.
  [[nodiscard]] std::vector<int> encode(std::string_view text) const;

 private:
  void append_piece(std::vector<int>& tokens, std::string_view piece) const;

  /// Which two neighbours become which token; the lower the token, the sooner.
  std::unordered_map<std::uint64_t, int> merges_;
  std::vector<int> of_byte_;  ///< id of each byte inside a piece; the last of a piece: kPieceEnd more
};

/// As the published network reads them: start, the first 75 tokens at most, end, then zeros. @return kClipContext
/// values
[[nodiscard]] std::vector<float> clip_context(const std::vector<int>& tokens);

}  // namespace harmonic
