#pragma once

#include <filesystem>

namespace harmonic {

/// What lies where in the folder of a run.
struct RunPaths {
  std::filesystem::path folder;

  [[nodiscard]] std::filesystem::path config() const { return folder / "config.cfg"; }
  [[nodiscard]] std::filesystem::path inputs() const { return folder / "inputs.json"; }  ///< hashes of what it read
  [[nodiscard]] std::filesystem::path journal() const { return folder / "journal"; }
  [[nodiscard]] std::filesystem::path checkpoint() const { return folder / "checkpoint.h5"; }
  [[nodiscard]] std::filesystem::path candidates() const { return folder / "candidates.csv"; }
  [[nodiscard]] std::filesystem::path front() const { return folder / "front.csv"; }
  [[nodiscard]] std::filesystem::path hypervolume() const { return folder / "hypervolume.csv"; }
  [[nodiscard]] std::filesystem::path reproduced() const { return folder / "reproduced.csv"; }
  [[nodiscard]] std::filesystem::path reproduced_page() const { return folder / "reproduced.html"; }
  [[nodiscard]] std::filesystem::path failures() const { return folder / "failures.csv"; }
  [[nodiscard]] std::filesystem::path timeline() const { return folder / "timeline.csv"; }
  [[nodiscard]] std::filesystem::path status() const { return folder / "status.json"; }
  [[nodiscard]] std::filesystem::path log() const { return folder / "log.txt"; }
  [[nodiscard]] std::filesystem::path report() const { return folder / "report.html"; }
  [[nodiscard]] std::filesystem::path models() const { return folder / "models"; }
  [[nodiscard]] std::filesystem::path tensorboard() const { return folder / "tensorboard"; }
};

}  // namespace harmonic
