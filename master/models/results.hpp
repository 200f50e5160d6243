#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/hardware/multi_device.hpp"
#include "master/models/archive.hpp"
#include "master/models/standard_errors.hpp"

namespace harmonic {

/// The run's results as the user gets them. Columns of the CSVs:
/// id, generation, metric_val, metric_val_se, predicted (metric_val as it was expected when a model of it chose the
/// pair), metric_test, metric_test_se (standard errors, percentage points: standard_errors.hpp), latency_ms.<device>…,
/// energy_mj.<device>…, latency, energy (the summary objectives, multiples of the reference cost), parameters, macs,
/// genome.<modality>…, cells, nodes, genotype, retrainings (whose mean metric_val is), metric_val_first (of the first
/// of them), seconds. A cell is empty where there is nothing to say. The same archive, which has prices, gives the same
/// bytes.
class ResultTables {
 public:
  ResultTables(std::vector<std::string> modalities, const DeviceSet& devices, SampleCounts samples)
      : modalities_(std::move(modalities)), devices_(devices), samples_(samples) {}

  /// Every model ever scored, by id. An honest search leaves metric_test empty: there test is read for the front
  /// alone.
  [[nodiscard]] std::string candidates_csv(const Archive& archive, bool with_test = false) const;
  /// The same of these models, without the header.
  [[nodiscard]] std::string candidate_rows(const Archive& archive, const std::vector<CandidateId>& models,
                                           bool with_test) const;
  /// The front, by id, with metric_test once it is known. `seconds` is empty: it depends on the machine, and the front
  /// of the same settings is the same file everywhere.
  [[nodiscard]] std::string front_csv(const Archive& archive) const;
  /// The front for people, best validation metric first; where late fusion was scored, the best one of the same
  /// backbones stands beside each model.
  [[nodiscard]] std::string front_table(const Archive& archive) const;

 private:
  [[nodiscard]] std::string header() const;
  /// @param deviation RetrainingNoise::deviation; 0: not known
  [[nodiscard]] std::string row(const ScoredModel& model, double deviation, bool with_test, bool with_seconds) const;

  std::vector<std::string> modalities_;
  const DeviceSet& devices_;
  SampleCounts samples_;
};

/// The validation metric (percent) of the best late fusion of every combination of backbones that has one.
[[nodiscard]] std::map<std::vector<BackboneGenome>, double> best_late_fusions(const Archive& archive);

}  // namespace harmonic
