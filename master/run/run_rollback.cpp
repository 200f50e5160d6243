#include "master/run/run_rollback.hpp"

#include "core/base/log.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {

namespace fs = std::filesystem;

RunRollback::RunRollback(const fs::path& folder) : folder_(fs::absolute(folder)) {
  if (fs::exists(folder_)) return;
  uppermost_made_ = folder_;
  while (uppermost_made_.has_parent_path() && !fs::exists(uppermost_made_.parent_path()))
    uppermost_made_ = uppermost_made_.parent_path();
  fs::create_directories(folder_);
}

void RunRollback::keep(const fs::path& file) {
  texts_[file] = fs::exists(file) ? std::optional(read_file(file)) : std::nullopt;
}

void RunRollback::keep_length(const fs::path& file) {
  if (fs::exists(file))
    lengths_[file] = fs::file_size(file);
  else
    made(file);
}

void RunRollback::undo() noexcept try {
  std::error_code ignored;
  for (const auto& [file, text] : texts_) {
    if (!text)
      fs::remove(file, ignored);
    else if (!fs::exists(file) || read_file(file) != *text)
      replace_file(file, *text);
  }
  for (const auto& [file, length] : lengths_) fs::resize_file(file, length, ignored);
  remove_folders();
} catch (const std::exception& e) {
  log::warning("{} could not be put back as it was: {}", folder_.string(), e.what());
}

void RunRollback::remove_folders() const {
  if (uppermost_made_.empty()) return;
  std::error_code ignored;
  for (auto folder = folder_; fs::remove(folder, ignored) && folder != uppermost_made_; folder = folder.parent_path())
    continue;
}

}  // namespace harmonic
