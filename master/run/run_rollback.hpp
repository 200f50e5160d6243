#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace harmonic {

/// What a run found in its folder, so that a run which is refused can put it back.
class RunRollback {
 public:
  /// Makes the folder, and those above it, where there is none.
  explicit RunRollback(const std::filesystem::path& folder);

  /// Remembers what a file holds, or that it is not there.
  void keep(const std::filesystem::path& file);
  /// The same for a file that is only appended to: remembers how long it is.
  void keep_length(const std::filesystem::path& file);
  /// Remembers that the run made this file.
  void made(const std::filesystem::path& file) { texts_[file] = std::nullopt; }

  /// Puts everything back; folders that were made go when nothing else lies in them. Where that fails a warning says
  /// so.
  void undo() noexcept;

 private:
  void remove_folders() const;

  std::filesystem::path folder_;
  std::filesystem::path uppermost_made_;                               ///< empty: all folders were there
  std::map<std::filesystem::path, std::optional<std::string>> texts_;  ///< nothing: not there
  std::map<std::filesystem::path, std::uintmax_t> lengths_;
};

}  // namespace harmonic
