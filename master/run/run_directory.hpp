#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "master/run/run_config.hpp"
#include "master/run/run_inputs.hpp"
#include "master/run/run_lock.hpp"
#include "master/run/run_paths.hpp"
#include "master/run/run_rollback.hpp"

namespace harmonic {

/// Whether a run may begin in a folder that is there, or with `resume` go on. @throws InputError: it is a file, or
/// holds something else, or without `resume` a run that has work done; std::filesystem::filesystem_error when it cannot
/// be read
void check_run_folder(const std::filesystem::path& folder, bool resume);

/// The folder of one run while it is the run's: checked, locked, and put back as it was found where the run is refused.
class RunDirectory {
 public:
  /// Checks first; then makes the folder when there is none, and locks it. `resume` on an empty folder starts anew.
  /// @throws InputError: another run uses it; it holds something else, or a run and `resume` is not set, or none and
  ///   `resume` is set; with `resume`, a setting that determines results differs from config.cfg, or the content of a
  ///   file from what inputs.json says (the text names each), and no journal of these very settings and contents is
  ///   there to say that it is config.cfg, or inputs.json, that is damaged
  /// @param config all settings in force, as config.cfg keeps them
  /// @param inputs whose files and their content count
  RunDirectory(const std::filesystem::path& path, bool resume, RunConfig config, const RunInputs& inputs);
  /// Withdraws unless the run has begun.
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  /// The run is on: writes config.cfg and inputs.json, opens log.txt.
  void begin();
  /// The run was refused before any work was done: the folder, and what lies in it, is put back as it was found.
  void withdraw() noexcept;

  [[nodiscard]] const RunPaths& paths() const { return paths_; }

 private:
  /// Called for a file of the run that cannot be read for what it was.
  using Damaged = std::function<void(const std::filesystem::path& file, std::string_view what)>;

  /// @return what is damaged, and does not matter: the journal's header holds a hash of the same @throws InputError
  [[nodiscard]] std::vector<std::string> check(bool resume) const;
  [[nodiscard]] std::vector<std::string> other_settings(const Damaged& damaged) const;
  [[nodiscard]] std::vector<std::string> other_inputs(const Damaged& damaged) const;
  void remember();

  RunPaths paths_;
  RunConfig config_;
  std::vector<InputFile> files_;
  InputHashes contents_;
  DataShape data_shape_;
  std::string data_provenance_;
  std::uint64_t hash_;  ///< of settings and contents
  bool begun_ = false;
  bool begins_ = false;  ///< though it was to go on: there was no run
  std::optional<RunLock> lock_;
  std::optional<RunRollback> found_;
};

}  // namespace harmonic
