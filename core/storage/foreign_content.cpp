#include "core/storage/foreign_content.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kWebPageMend =
    "the download asked something first, or failed: open its address in a browser, or download with the site's tool";
constexpr std::string_view kUnpack = "unpack it and give what is inside";
constexpr std::string_view kConvert = "convert it, or give another file";

struct Kind {
  std::string_view magic;  ///< lower case where letters are text
  std::string_view words;
  std::string_view mend;
  std::size_t at = 0;
};

/// Of texts: looked for in lower case, behind blanks and a byte order mark.
constexpr std::array kTexts = {
    Kind{"<!doctype html", "a web page", kWebPageMend},
    Kind{"<html", "a web page", kWebPageMend},
    Kind{"<head", "a web page", kWebPageMend},
    Kind{"<?xml", "an XML page (servers send one in place of a file that they refuse)", kWebPageMend},
    Kind{"<error", "an error page of a server", kWebPageMend},
    Kind{"version https://git-lfs.github.com/spec/", "a Git LFS pointer",
         "fetch the file itself: git lfs pull, in the clone that it comes from"}};

constexpr std::array kBinaries = {Kind{"\x1f\x8b", "a gzip file", "unpack it first: gunzip"},
                                  Kind{"BZh", "a bzip2 file", "unpack it first: bunzip2"},
                                  Kind{std::string_view("\xfd"
                                                        "7zXZ\0",
                                                        6),
                                       "an xz file", "unpack it first: unxz"},
                                  Kind{"\x28\xb5\x2f\xfd", "a Zstandard file", "unpack it first: unzstd"},
                                  Kind{"7z\xbc\xaf\x27\x1c", "a 7z archive", kUnpack},
                                  Kind{"Rar!\x1a\x07", "a RAR archive", kUnpack},
                                  Kind{"PK\x03\x04", "a zip archive", kUnpack},
                                  Kind{"ustar", "a tar archive", kUnpack, 257},
                                  Kind{"\x89HDF\r\n\x1a\n", "an HDF5 file", kConvert},
                                  Kind{"\x93NUMPY", "a NumPy array", kConvert},
                                  Kind{"\x89PNG\r\n\x1a\n", "a PNG picture", kConvert},
                                  Kind{"\xff\xd8\xff", "a JPEG picture", kConvert},
                                  Kind{"WEBP", "a WebP picture", kConvert, 8},
                                  Kind{"ftyp", "an MPEG-4 or HEIF file", kConvert, 4},
                                  Kind{"%PDF-", "a PDF document", kConvert}};

bool is_blank(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

const Kind* kind_of(std::string_view beginning) {
  for (const auto& kind : kBinaries)
    if (beginning.size() >= kind.at && beginning.substr(kind.at).starts_with(kind.magic)) return &kind;
  std::string text(beginning.substr(0, kForeignBytes));
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  text.erase(text.begin(), std::ranges::find_if_not(text, is_blank));
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto found = std::ranges::find_if(kTexts, [&](const Kind& kind) { return text.starts_with(kind.magic); });
  return found == kTexts.end() ? nullptr : &*found;
}

}  // namespace

std::optional<ForeignContent> foreign_content(const std::filesystem::path& path, std::string_view beginning,
                                              std::string_view wanted) {
  const Kind* kind = kind_of(beginning);
  if (kind == nullptr) return std::nullopt;
  return ForeignContent{fmt::format("{} is {}, not {}", path.string(), kind->words, wanted), kind->mend};
}

void refuse_foreign(const std::filesystem::path& path, std::string_view beginning, std::string_view wanted) {
  if (const auto foreign = foreign_content(path, beginning, wanted)) throw InputError(foreign->problem, foreign->mend);
}

std::string beginning_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string beginning(kForeignBytes, '\0');
  in.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  beginning.resize(static_cast<std::size_t>(in.gcount()));
  return beginning;
}

}  // namespace harmonic
