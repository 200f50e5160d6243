#include "core/data/clip_text.hpp"

#include <stdexcept>

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "core/data/html_entities.hpp"

namespace harmonic {
namespace {

constexpr int kMostRounds = 8;  ///< of mending: references inside references, which nobody nests so deep

icu::UnicodeString decoded(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int>(text.size())));
}

std::string encoded(const icu::UnicodeString& text) {
  std::string utf8;
  text.toUTF8String(utf8);
  return utf8;
}

const icu::Normalizer2& normalizer(const icu::Normalizer2* (*instance)(UErrorCode&)) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* found = instance(status);
  if (U_FAILURE(status)) throw std::runtime_error("ICU has no data for normalization");
  return *found;
}

icu::UnicodeString normalized(const icu::Normalizer2& form, const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  return form.normalize(text, status);
}

bool is_dropped(UChar32 c) {
  return c <= 0x08 || c == 0x0b || (c >= 0x0e && c <= 0x1f) || c == 0x7f || (c >= 0x206a && c <= 0x206f) ||
         c == 0xfeff || (c >= 0xfff9 && c <= 0xfffc);
}

/// Latin ligatures, and forms as wide as Chinese characters or half of it, have plain equivalents.
bool has_plain_form(UChar32 c) {
  return c == 0x0132 || c == 0x0133 || c == 0x0149 || (c >= 0x01c4 && c <= 0x01cc) || (c >= 0x01f1 && c <= 0x01f3) ||
         (c >= 0xfb00 && c <= 0xfb06) || c == 0x3000 || (c >= 0xff01 && c <= 0xffef);
}

icu::UnicodeString mended_characters(const icu::UnicodeString& text) {
  static const auto& compatible = normalizer(icu::Normalizer2::getNFKCInstance);
  icu::UnicodeString mended;
  for (int at = 0; at < text.length(); at = text.moveIndex32(at, 1)) {
    const auto c = static_cast<UChar32>(of_windows_1252(static_cast<char32_t>(text.char32At(at))));
    if (is_dropped(c)) continue;
    if (c == 0x02bc || (c >= 0x2018 && c <= 0x201b)) {
      mended.append('\'');
    } else if (c >= 0x201c && c <= 0x201f) {
      mended.append('"');
    } else if (has_plain_form(c)) {
      mended.append(normalized(compatible, icu::UnicodeString(c)));
    } else {
      mended.append(c);
    }
  }
  return mended;
}

/// References that are closed; none from the first line on that holds a '<', where they may be meant as they are.
std::string resolved_before_markup(const std::string& text) {
  const std::size_t markup = text.find('<');
  if (markup == std::string::npos) return unescape_closed_html(text);
  const std::size_t line = text.rfind('\n', markup);
  const std::size_t end = line == std::string::npos ? 0 : line + 1;
  return unescape_closed_html(std::string_view(text).substr(0, end)) + text.substr(end);
}

std::string mended(std::string text) {
  static const auto& composed = normalizer(icu::Normalizer2::getNFCInstance);
  for (int round = 0; round < kMostRounds; ++round) {
    std::string better = encoded(normalized(composed, mended_characters(decoded(resolved_before_markup(text)))));
    if (better == text) break;
    text = std::move(better);
  }
  return text;
}

icu::UnicodeString with_single_blanks(const icu::UnicodeString& text) {
  icu::UnicodeString single;
  bool is_owed = false;
  for (int at = 0; at < text.length(); at = text.moveIndex32(at, 1)) {
    const UChar32 c = text.char32At(at);
    if (u_isUWhiteSpace(c) != 0) {
      is_owed = !single.isEmpty();
      continue;
    }
    if (is_owed) single.append(' ');
    is_owed = false;
    single.append(c);
  }
  return single;
}

}  // namespace

std::string clip_text(std::string_view text) {
  const std::string resolved = unescape_html(unescape_html(mended(std::string(text))));
  return encoded(with_single_blanks(decoded(resolved)).toLower(icu::Locale::getRoot()));
}

}  // namespace harmonic
