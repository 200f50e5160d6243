#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/config/ini_file.hpp"

namespace harmonic {

/// One row of candidates.csv or front.csv.
struct ReportedModel {
  std::string id;
  int generation = 0;
  double metric_val = 0;                         ///< percent
  std::optional<double> metric_test;             ///< percent
  std::vector<double> latency_ms;                ///< [device]
  std::vector<std::optional<double>> energy_mj;  ///< [device]
  double latency = 0;                            ///< aggregate, multiples of the reference cost
  std::optional<double> energy;                  ///< the same of energy
  std::optional<double> parameters, macs;        ///< of the whole model; absent in runs before these were counted
  std::vector<std::string> genomes;              ///< [modality]
  std::string cells, nodes, genotype;
  std::optional<double> seconds;  ///< of work
};

/// One row of failures.csv.
struct ReportedFailure {
  std::string time, work, genome, rank, host, kind, reason;
};

/// What a run directory says about its results.
struct RunResults {
  std::vector<std::string> devices, modalities;  ///< in the order of the columns
  std::vector<ReportedModel> candidates;
  std::vector<ReportedModel> front;  ///< by metric_val, best first
  std::vector<ReportedFailure> failures;
  IniFile settings;

  [[nodiscard]] std::string setting(std::string_view section,
                                    std::string_view key) const;  ///< empty when there is none
  [[nodiscard]] bool has_energy() const;                          ///< of every candidate on every device
};

/// Reads candidates.csv, front.csv, config.cfg, and failures.csv where there is one.
/// @throws InputError: a file that is missing or malformed, naming file, line and column
[[nodiscard]] RunResults load_run_results(const std::filesystem::path& run_directory);

}  // namespace harmonic
