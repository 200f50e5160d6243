#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// What systems leave in folders and no one put there as data: `._*` and `.DS_Store` (macOS), Thumbs.db, desktop.ini
/// (Windows), other names that begin with a dot.
[[nodiscard]] bool is_system_file(const std::filesystem::path& path);

/// Lists folders of raw data in the order of their names, passes system files over and counts them.
class RawFolder {
 public:
  /// Files with this extension, in lower case with its dot, whatever the case in the name; "": all.
  [[nodiscard]] std::vector<std::filesystem::path> files(const std::filesystem::path& folder,
                                                         std::string_view extension = "");
  [[nodiscard]] std::vector<std::filesystem::path> folders(const std::filesystem::path& folder);
  /// A word on what was passed over, where there was any.
  void report_passed() const;

 private:
  std::set<std::filesystem::path> passed_;  ///< a folder may be listed twice, for its files and its folders
};

/// ".png" of "a.PNG"
[[nodiscard]] std::string lower_extension(const std::filesystem::path& path);

}  // namespace harmonic
