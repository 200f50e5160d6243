#include "core/data/clip_tokens.hpp"

#include <algorithm>
#include <memory>

#include <unicode/uchar.h>
#include <unicode/utf8.h>
#include <zlib.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/data/clip_text.hpp"
#include "core/data/html_entities.hpp"
#include "core/storage/foreign_content.hpp"

namespace harmonic {
namespace {

constexpr int kBytes = 256;
constexpr int kPieceEnd = kBytes;  ///< from a byte's token to that of the same byte at the end of a piece
constexpr int kMerges = 48894;
constexpr std::string_view kEndMark = "</w>";
constexpr std::size_t kLongestLine = 1024;

static_assert(2 * kBytes + kMerges == kClipStart);

std::uint64_t key_of(int left, int right) {
  return static_cast<std::uint64_t>(left) << 32U | static_cast<std::uint32_t>(right);
}

/// A character of Latin-1 that can be seen: it stands for itself in the vocabulary.
bool is_visible(int byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

/// Bytes in the order of their tokens: first those that can be seen, then the others.
std::vector<int> ordered_bytes() {
  std::vector<int> order;
  for (const bool visible : {true, false})
    for (int byte = 0; byte < kBytes; ++byte)
      if (is_visible(byte) == visible) order.push_back(byte);
  return order;
}

/// Symbols of one byte as the vocabulary writes them; those that cannot be seen are characters from U+0100 on.
std::unordered_map<std::string, int> alphabet(const std::vector<int>& order) {
  std::unordered_map<std::string, int> symbols;
  char32_t spare = 0x100;
  for (int token = 0; token < kBytes; ++token) {
    const int byte = order[static_cast<std::size_t>(token)];
    std::string symbol;
    append_utf8(symbol, is_visible(byte) ? static_cast<char32_t>(byte) : spare++);
    symbols.emplace(symbol, token);
    symbols.emplace(symbol + std::string(kEndMark), token + kPieceEnd);
  }
  return symbols;
}

/// Lines of a file, which may be packed.
class Lines {
 public:
  explicit Lines(const std::filesystem::path& path) : file_(gzopen(path.c_str(), "rb"), gzclose) {}

  [[nodiscard]] bool is_open() const { return file_ != nullptr; }
  /// Whether what is left can be read to the file's end: where it is packed, that is checked, too. Nothing is left
  /// then.
  [[nodiscard]] bool ends_well() {
    int read = 0;
    do read = gzread(file_.get(), buffer_.data(), static_cast<unsigned>(buffer_.size()));
    while (read > 0);
    return read == 0 && gzclose(file_.release()) == Z_OK;
  }
  /// Nothing at the end, or where the file is damaged.
  [[nodiscard]] bool next(std::string& line) {
    if (gzgets(file_.get(), buffer_.data(), static_cast<int>(buffer_.size())) == nullptr) return false;
    line = buffer_.data();
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    return true;
  }

 private:
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
  std::vector<char> buffer_ = std::vector<char>(kLongestLine);
};

enum class Kind { blank, letter, number, other };

Kind kind_of(UChar32 c) {
  if (u_isUWhiteSpace(c) != 0) return Kind::blank;
  const auto category = U_MASK(u_charType(c));
  if ((category & U_GC_L_MASK) != 0) return Kind::letter;
  return (category & U_GC_N_MASK) != 0 ? Kind::number : Kind::other;
}

/// The character at `at` and where the next one starts.
struct Character {
  UChar32 value = 0;
  std::size_t end = 0;
};

Character character_at(std::string_view text, std::size_t at) {
  auto i = static_cast<std::int32_t>(at);
  UChar32 c = 0;
  U8_NEXT(text.data(), i, static_cast<std::int32_t>(text.size()), c);
  return {c, static_cast<std::size_t>(i)};
}

/// Where the piece ends that starts with `text`, which starts with no blank.
std::size_t piece_end(std::string_view text) {
  for (const std::string_view suffix : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'\u017f"})  // a long s is an s
    if (text.starts_with(suffix)) return suffix.size();
  const Character first = character_at(text, 0);
  const Kind kind = kind_of(first.value);
  std::size_t end = first.end;
  if (kind == Kind::number) return end;
  while (end < text.size()) {
    const Character next = character_at(text, end);
    if (kind_of(next.value) != kind) break;
    end = next.end;
  }
  return end;
}

}  // namespace

ClipTokens::ClipTokens(const std::filesystem::path& vocabulary) : of_byte_(kBytes) {
  const auto order = ordered_bytes();
  for (int token = 0; token < kBytes; ++token)
    of_byte_[static_cast<std::size_t>(order[static_cast<std::size_t>(token)])] = token;
  auto symbols = alphabet(order);
  const auto refuse = [&](const std::string& problem) {
    throw InputError(fmt::format("{} is not CLIP's vocabulary: {}", vocabulary.string(), problem),
                     "give bpe_simple_vocab_16e6.txt.gz of github.com/openai/CLIP");
  };
  std::error_code error;
  if (std::filesystem::is_directory(vocabulary, error)) refuse("it is a folder");
  if (!std::filesystem::is_regular_file(vocabulary, error)) refuse("there is no such file");
  constexpr std::string_view kGzip = "\x1f\x8b";
  if (const auto beginning = beginning_of(vocabulary); !beginning.starts_with(kGzip))
    refuse_foreign(vocabulary, beginning, "CLIP's vocabulary");
  Lines lines(vocabulary);
  if (!lines.is_open()) refuse("it cannot be read");
  std::string line;
  if (!lines.next(line)) refuse("it is empty or damaged");
  for (int merge = 0; merge < kMerges; ++merge) {
    if (!lines.next(line)) refuse(fmt::format("it ends after {} of {} merges", merge, kMerges));
    const std::size_t blank = line.find(' ');
    const auto left = symbols.find(line.substr(0, blank));
    const auto right = blank == std::string::npos ? symbols.end() : symbols.find(line.substr(blank + 1));
    if (left == symbols.end() || right == symbols.end())
      refuse(fmt::format("line {} is no pair of symbols known by then", merge + 2));
    const int token = 2 * kBytes + merge;
    merges_.emplace(key_of(left->second, right->second), token);
    symbols.insert_or_assign(left->first + right->first, token);
  }
  if (!lines.ends_well()) refuse("it is cut short or damaged behind its merges");
}

void ClipTokens::append_piece(std::vector<int>& tokens, std::string_view piece) const {
  std::vector<int> symbols;
  for (const char byte : piece) symbols.push_back(of_byte_[static_cast<std::uint8_t>(byte)]);
  symbols.back() += kPieceEnd;
  while (true) {
    std::uint64_t best = 0;
    int best_token = kClipTokens;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto merge = merges_.find(key_of(symbols[i], symbols[i + 1]));
      if (merge != merges_.end() && merge->second < best_token) {
        best = merge->first;
        best_token = merge->second;
      }
    }
    if (best_token == kClipTokens) break;
    std::vector<int> merged;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      const bool is_pair = i + 1 < symbols.size() && key_of(symbols[i], symbols[i + 1]) == best;
      merged.push_back(is_pair ? best_token : symbols[i]);
      if (is_pair) ++i;
    }
    symbols = std::move(merged);
  }
  tokens.insert(tokens.end(), symbols.begin(), symbols.end());
}

std::vector<int> ClipTokens::encode(std::string_view text) const {
  const std::string clean = clip_text(text);
  std::vector<int> tokens;
  for (std::string_view rest = clean; !rest.empty();) {
    if (rest.front() == ' ') {
      rest.remove_prefix(1);
      continue;
    }
    bool is_special = false;
    for (const auto& [word, token] :
         {std::pair<std::string_view, int>{"<|startoftext|>", kClipStart}, {"<|endoftext|>", kClipEnd}}) {
      if (!rest.starts_with(word)) continue;
      tokens.push_back(token);
      rest.remove_prefix(word.size());
      is_special = true;
    }
    if (is_special) continue;
    const std::size_t end = piece_end(rest);
    append_piece(tokens, rest.substr(0, end));
    rest.remove_prefix(end);
  }
  return tokens;
}

std::vector<float> clip_context(const std::vector<int>& tokens) {
  std::vector<float> context(kClipContext, 0.0F);
  const std::size_t kept = std::min(tokens.size(), kClipContext - 2);
  context[0] = kClipStart;
  for (std::size_t i = 0; i < kept; ++i) context[i + 1] = static_cast<float>(tokens[i]);
  context[kept + 1] = kClipEnd;
  return context;
}

}  // namespace harmonic
