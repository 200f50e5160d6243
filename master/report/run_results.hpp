#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/config/ini_file.hpp"
#include "core/config/search_settings.hpp"
#include "core/hardware/objective.hpp"
#include "core/storage/conditions.hpp"
#include "master/models/hypervolume_file.hpp"
#include "master/run/run_status.hpp"
#include "master/run/timeline.hpp"

namespace harmonic {

/// One row of candidates.csv or front.csv.
struct ReportedModel {
  std::string id;
  int generation = 0;
  double metric_val = 0;                                  ///< percent
  std::optional<double> metric_test;                      ///< percent
  std::optional<double> metric_val_se, metric_test_se;    ///< points; absent in runs before errors were told, likewise:
  std::optional<double> metric_val_first;                 ///< percent, of the first retraining alone
  std::optional<double> predicted;                        ///< percent, before it was scored
  std::optional<double> retrainings;                      ///< how many
  PerQuantity<std::vector<std::optional<double>>> costs;  ///< [quantity][device], absent where its table has none
  PerQuantity<std::optional<double>> aggregates;          ///< over the devices, multiples of the reference cost
  std::array<std::optional<double>, kSizeMeasures.size()> sizes;  ///< absent in runs before these were counted
  std::vector<std::string> genomes;                               ///< [modality]
  std::string cells, nodes, genotype;
  [[nodiscard]] bool is_late_fusion() const { return cells == "0"; }
  std::optional<double> seconds;  ///< of work
};

/// One row of failures.csv.
struct ReportedFailure {
  std::string time, work, genome, rank, host, kind, reason;

  /// A piece of work has failed for good; else a try of one, or a worker.
  [[nodiscard]] bool for_good() const;
};

/// What a run directory says about its results.
struct RunResults {
  std::vector<std::string> devices, modalities;  ///< in the order of the columns
  std::vector<ReportedModel> candidates;
  std::vector<ReportedModel> front;  ///< by metric_val, best first
  std::vector<ReportedFailure> failures;
  std::vector<LostWorker> lost;       ///< workers that the run does, or ended, without
  std::vector<TimelineRow> timeline;  ///< empty of a run before it was kept
  Conditions inputs;                  ///< of inputs.json: what it read
  std::string begun_by;               ///< the version of the program that began it; empty where nothing tells
  IniFile settings;
  std::optional<HypervolumeFile> hypervolumes;  ///< nothing of a run before they were kept
  std::optional<Protocol> protocol;             ///< nothing where the settings do not say

  [[nodiscard]] std::string setting(std::string_view section,
                                    std::string_view key) const;  ///< empty when there is none
  /// Of a model, as its objectives are compared: an aggregate over the devices, or a size.
  [[nodiscard]] static std::optional<double> value(const Objective& objective, const ReportedModel& model);
  /// What the run minimises beside the error and knows of every candidate.
  [[nodiscard]] std::vector<Objective> objectives() const;
  /// The best late fusion of the same backbones, percent on validation; nothing where none was scored.
  [[nodiscard]] std::optional<double> late_fusion(const ReportedModel& model) const;
};

/// Reads candidates.csv, front.csv, config.cfg, and failures.csv, status.json, hypervolume.csv, timeline.csv,
/// inputs.json and the journal's header where they are.
/// @throws InputError: as run_in(); a file that is missing or malformed, naming file, line and column
[[nodiscard]] RunResults load_run_results(const std::filesystem::path& run_directory);

}  // namespace harmonic
