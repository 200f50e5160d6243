#include "core/data/raw_folder.hpp"

#include <algorithm>

#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace harmonic {

namespace fs = std::filesystem;

bool is_system_file(const fs::path& path) {
  const std::string name = lower_case(path.filename().string());
  return name.starts_with('.') || name == "thumbs.db" || name == "desktop.ini" || name == "__macosx";
}

std::vector<fs::path> RawFolder::files(const fs::path& folder, std::string_view extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (is_system_file(entry.path())) {
      passed_.insert(entry.path());
    } else if ((entry.is_regular_file() || !entry.exists()) &&  // a link to nothing: whoever reads it says so
               (extension.empty() || lower_extension(entry.path()) == extension)) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

std::vector<fs::path> RawFolder::folders(const fs::path& folder) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder))
    if (is_system_file(entry.path()))
      passed_.insert(entry.path());
    else if (entry.is_directory())
      folders.push_back(entry.path());
  std::ranges::sort(folders);
  return folders;
}

void RawFolder::report_passed() const {
  if (passed_.empty()) return;
  log::info("passed over {} files that systems leave behind (._*, Thumbs.db, …), the first {}", passed_.size(),
            passed_.begin()->string());
}

std::string lower_extension(const fs::path& path) {
  return lower_case(path.extension().string());
}

}  // namespace harmonic
