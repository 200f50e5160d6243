#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/config/options.hpp"
#include "master/archive.hpp"

namespace harmonic {

/// The sectioned options of a command's settings with their values, as an INI file.
template <class Settings>
[[nodiscard]] std::string config_text(Settings settings) {
  OptionSet options("", "");
  settings.declare(options);
  return options.to_ini();
}

/// The folder of one run: who may use it, and what lies where. Locked while the object lives.
class RunDirectory {
 public:
  /// Makes the folder when there is none, writes config.cfg and opens log.txt. `resume` on an empty folder starts anew.
  /// @throws InputError: another run uses it; it is not empty and `resume` is not set; with `resume`, a setting that
  ///   determines results differs from the folder's config.cfg (the text names each)
  /// @param config all settings in force, as config.cfg keeps them
  RunDirectory(std::filesystem::path path, bool resume, const std::string& config);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path journal() const { return path_ / "journal"; }
  [[nodiscard]] std::filesystem::path checkpoint() const { return path_ / "checkpoint.h5"; }
  [[nodiscard]] std::filesystem::path candidates() const { return path_ / "candidates.csv"; }
  [[nodiscard]] std::filesystem::path front() const { return path_ / "front.csv"; }
  [[nodiscard]] std::filesystem::path reproduced() const { return path_ / "reproduced.csv"; }
  [[nodiscard]] std::filesystem::path models() const { return path_ / "models"; }

  /// Removes models/<id>/ of scored models outside `keep`. A model that is dominated once stays dominated.
  void prune_models(const Archive& archive, const std::vector<CandidateId>& keep) const;

 private:
  void lock();
  void open_new() const;
  void open_again(const std::string& config) const;

  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace harmonic
