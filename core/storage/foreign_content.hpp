#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace harmonic {

/// Bytes from a file's beginning that refuse_foreign looks at.
inline constexpr std::size_t kForeignBytes = 512;

/// What is in a file in place of what was wanted.
struct ForeignContent {
  std::string problem;    ///< "F is a web page, not an HDF5 file"
  std::string_view mend;  ///< how to get the right one
};

/// What people save by mistake in place of what they wanted: a web page (a download that asked something first), a Git
/// LFS pointer, an archive, a picture of another kind, a text in UTF-16. Known by its first bytes; for readers of
/// something else.
/// @param beginning of the file, kForeignBytes or more where there are so many
/// @param wanted "an HDF5 file"
[[nodiscard]] std::optional<ForeignContent> foreign_content(const std::filesystem::path& path,
                                                            std::string_view beginning, std::string_view wanted);

/// @throws InputError when there is any
void refuse_foreign(const std::filesystem::path& path, std::string_view beginning, std::string_view wanted);

/// The first bytes of a file; fewer where it ends, or cannot be read, which is left to who reads it.
[[nodiscard]] std::string beginning_of(const std::filesystem::path& path, std::size_t bytes = kForeignBytes);

}  // namespace harmonic
