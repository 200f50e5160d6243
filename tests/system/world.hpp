#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace harmonic::testing {

/// A tiny data set and its two supernets, made once by the case [prepare] and used by all others.
struct World {
  std::filesystem::path program, source, folder;
  [[nodiscard]] std::filesystem::path data() const { return folder / "digits.h5"; }
  [[nodiscard]] std::filesystem::path weights(const std::string& modality) const { return folder / (modality + ".h5"); }

  /// "harmonic …" without MPI.
  [[nodiscard]] std::vector<std::string> alone(std::vector<std::string> words) const;
  /// "deploy/mpirun.sh RANKS harmonic …"
  [[nodiscard]] std::vector<std::string> on_ranks(int ranks, std::vector<std::string> words) const;
  /// The same, with every piece of work that is dealt in log.txt.
  [[nodiscard]] std::vector<std::string> traced_on_ranks(int ranks, std::vector<std::string> words) const;
  /// The words of a search of seconds into `run`, further options last.
  [[nodiscard]] std::vector<std::string> search(const std::filesystem::path& run,
                                                std::vector<std::string> more = {}) const;
  /// Likewise of a reproduction of AV-MNIST's rows 1 and 3, two seeds each.
  [[nodiscard]] std::vector<std::string> reproduce(const std::filesystem::path& run,
                                                   std::vector<std::string> more = {}) const;
};
World world();

/// The file without its last column (`seconds`), which no two runs share.
std::string without_seconds(const std::filesystem::path& csv);

}  // namespace harmonic::testing
