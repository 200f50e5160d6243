#include "core/storage/foreign_content.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kWebPageMend =
    "the download asked something first, or failed: open its address in a browser, or download with the site's tool";
constexpr std::string_view kUnpack = "unpack it and give what is inside";
constexpr std::string_view kConvert = "convert it, or give another file";
constexpr std::string_view kSaveUtf8 =
    "save it as UTF-8 (spreadsheets: CSV UTF-8; else: iconv -f UTF-16 -t UTF-8 FILE > OTHER)";

constexpr std::string_view kOffice = "a spreadsheet, or another office document";
constexpr std::string_view kSaveCsv = "save the sheet as CSV UTF-8 in the program that it comes from";

constexpr std::size_t kZipName = 30;  ///< where a zip archive has the name of its first member

struct ForeignKind {
  std::string_view magic;  ///< lower case where letters are text
  std::string_view words;
  std::string_view mend;
  std::size_t at = 0;
};

/// Of texts: looked for in lower case, behind blanks and a byte order mark.
constexpr std::array kTexts = {
    ForeignKind{"<!doctype html", "a web page", kWebPageMend},
    ForeignKind{"<html", "a web page", kWebPageMend},
    ForeignKind{"<head", "a web page", kWebPageMend},
    ForeignKind{"<?xml", "an XML page (servers send one in place of a file that they refuse)", kWebPageMend},
    ForeignKind{"<error", "an error page of a server", kWebPageMend},
    ForeignKind{"version https://git-lfs.github.com/spec/", "a Git LFS pointer",
                "fetch the file itself: git lfs pull, in the clone that it comes from"}};

constexpr std::array kBinaries = {
    ForeignKind{"\x1f\x8b", "a gzip file", "unpack it first: gunzip"},
    ForeignKind{"BZh", "a bzip2 file", "unpack it first: bunzip2"},
    ForeignKind{std::string_view("\xfd"
                                 "7zXZ\0",
                                 6),
                "an xz file", "unpack it first: unxz"},
    ForeignKind{"\x28\xb5\x2f\xfd", "a Zstandard file", "unpack it first: unzstd"},
    ForeignKind{"7z\xbc\xaf\x27\x1c", "a 7z archive", kUnpack}, ForeignKind{"Rar!\x1a\x07", "a RAR archive", kUnpack},
    // Zip archives whose first member is one of an office document (xlsx, ods).
    ForeignKind{"[Content_Types].xml", kOffice, kSaveCsv, kZipName},
    ForeignKind{"_rels/.rels", kOffice, kSaveCsv, kZipName}, ForeignKind{"docProps/", kOffice, kSaveCsv, kZipName},
    ForeignKind{"xl/workbook", kOffice, kSaveCsv, kZipName},
    ForeignKind{"mimetypeapplication/vnd.", kOffice, kSaveCsv, kZipName},
    ForeignKind{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", kOffice, kSaveCsv},
    ForeignKind{"PK\x03\x04", "a zip archive", kUnpack}, ForeignKind{"ustar", "a tar archive", kUnpack, 257},
    ForeignKind{"\x89HDF\r\n\x1a\n", "an HDF5 file", kConvert}, ForeignKind{"\x93NUMPY", "a NumPy array", kConvert},
    ForeignKind{"\x89PNG\r\n\x1a\n", "a PNG picture", kConvert},
    ForeignKind{"\xff\xd8\xff", "a JPEG picture", kConvert}, ForeignKind{"WEBP", "a WebP picture", kConvert, 8},
    ForeignKind{"GIF8", "a GIF picture", kConvert},
    ForeignKind{std::string_view("II*\0", 4), "a TIFF picture", kConvert},
    ForeignKind{std::string_view("MM\0*", 4), "a TIFF picture", kConvert}, ForeignKind{"ID3", "an MP3 sound", kConvert},
    ForeignKind{"\xff\xfb", "an MP3 sound", kConvert}, ForeignKind{"ftyp", "an MPEG-4 or HEIF file", kConvert, 4},
    ForeignKind{"%PDF-", "a PDF document", kConvert}};

constexpr ForeignKind kUtf16 = {"", "a text in UTF-16", kSaveUtf8};

/// Text in letters of two bytes: with the mark that says so, or ASCII's alone, where every other byte is 0.
bool is_utf16(std::string_view beginning) {
  if (beginning.starts_with("\xff\xfe") || beginning.starts_with("\xfe\xff")) return true;
  const auto is_letter = [](unsigned char c) { return std::isprint(c) != 0 || std::isspace(c) != 0; };
  const std::size_t looked_at = std::min<std::size_t>(beginning.size() / 2 * 2, 32);
  for (const std::size_t low : {0U, 1U}) {  // where the letter is in its two bytes
    bool all = looked_at >= 4;
    for (std::size_t i = 0; i < looked_at && all; i += 2)
      all = is_letter(static_cast<unsigned char>(beginning[i + low])) && beginning[i + 1 - low] == 0;
    if (all) return true;
  }
  return false;
}

bool is_blank(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

const ForeignKind* kind_of(std::string_view beginning) {
  for (const auto& kind : kBinaries)
    if (beginning.size() >= kind.at && beginning.substr(kind.at).starts_with(kind.magic)) return &kind;
  if (is_utf16(beginning)) return &kUtf16;
  std::string text(beginning.substr(0, kForeignBytes));
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  text.erase(text.begin(), std::ranges::find_if_not(text, is_blank));
  text = lower_case(std::move(text));
  const auto found =
      std::ranges::find_if(kTexts, [&](const ForeignKind& kind) { return text.starts_with(kind.magic); });
  return found == kTexts.end() ? nullptr : &*found;
}

}  // namespace

std::optional<ForeignContent> foreign_content(const std::filesystem::path& path, std::string_view beginning,
                                              std::string_view wanted) {
  const ForeignKind* kind = kind_of(beginning);
  if (kind == nullptr) return std::nullopt;
  return ForeignContent{fmt::format("{} is {}, not {}", path.string(), kind->words, wanted), kind->mend};
}

void refuse_foreign(const std::filesystem::path& path, std::string_view beginning, std::string_view wanted) {
  if (const auto foreign = foreign_content(path, beginning, wanted)) throw InputError(foreign->problem, foreign->mend);
}

std::string beginning_of(const std::filesystem::path& path, std::size_t bytes) {
  std::ifstream in(path, std::ios::binary);
  std::string beginning(bytes, '\0');
  in.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  beginning.resize(static_cast<std::size_t>(in.gcount()));
  return beginning;
}

}  // namespace harmonic
