#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace harmonic {

/// Bytes from a file's beginning that refuse_foreign looks at.
inline constexpr std::size_t kForeignBytes = 512;

/// What people save by mistake in place of what they wanted: a web page (a download that asked something first), a Git
/// LFS pointer, an archive, a picture of another kind. Known by its first bytes; for readers of something else.
/// @param beginning of the file, kForeignBytes or more where there are so many
/// @param wanted "an HDF5 file"
/// @throws InputError "F is a web page, not an HDF5 file", and how to get the right one
void refuse_foreign(const std::filesystem::path& path, std::string_view beginning, std::string_view wanted);

/// The same of a file that lies there; one that cannot be read is left to who reads it.
void refuse_foreign(const std::filesystem::path& path, std::string_view wanted);

}  // namespace harmonic
