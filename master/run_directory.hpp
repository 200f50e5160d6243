#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "master/archive.hpp"
#include "master/run_config.hpp"

namespace harmonic {

/// The folder of one run: who may use it, and what lies where. Locked while the object lives. A search that is refused
/// leaves the folder as it was.
class RunDirectory {
 public:
  /// Checks first; then makes the folder when there is none, and locks it. `resume` on an empty folder starts anew.
  /// @throws InputError: another run uses it; it holds something else, or a run and `resume` is not set, or none and
  ///   `resume` is set; with `resume`, a setting that determines results differs from config.cfg (the text names each)
  /// @param config all settings in force, as config.cfg keeps them
  RunDirectory(std::filesystem::path path, bool resume, RunConfig config);
  /// Withdraws unless the run has begun.
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  /// The run is on: writes config.cfg and opens log.txt.
  void begin();
  /// The run was refused before any work was done: the folder, and what lies in it, is put back as it was found.
  void withdraw() noexcept;

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
  void check(bool resume) const;
  void make();
  void lock();
  void remember();

  std::filesystem::path path_;
  RunConfig config_;
  int lock_ = -1;
  bool begun_ = false;
  // As it was found.
  std::filesystem::path made_;  ///< the uppermost folder made for the run; empty: all were there
  bool made_lock_ = false;
  std::map<std::filesystem::path, std::optional<std::string>> before_;  ///< what files held; nothing: not there
  std::uintmax_t log_bytes_ = 0;
};

}  // namespace harmonic
