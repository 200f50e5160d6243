#pragma once

#include <string>
#include <vector>

#include "core/hardware/multi_device.hpp"
#include "master/models/archive.hpp"

namespace harmonic {

/// The run's results as the user gets them. Columns of the CSVs:
/// id, generation, metric_val, predicted (metric_val as it was expected when a model of it chose the pair),
/// metric_test, latency_ms.<device>…, energy_mj.<device>…, latency, energy (the summary objectives, multiples of the
/// reference cost), parameters, macs, genome.<modality>…, cells, nodes, genotype, seconds. A cell is empty where there
/// is nothing to say. The same archive, which has prices, gives the same bytes.
class ResultTables {
 public:
  ResultTables(std::vector<std::string> modalities, const DeviceSet& devices)
      : modalities_(std::move(modalities)), devices_(devices) {}

  /// Every model ever scored, by id. An honest search leaves metric_test empty: there test is read for the front
  /// alone.
  [[nodiscard]] std::string candidates_csv(const Archive& archive, bool with_test = false) const;
  /// The same of some models, without the header.
  [[nodiscard]] std::string candidate_rows(Archive::Models::const_iterator from, Archive::Models::const_iterator to,
                                           bool with_test) const;
  /// The front, by id, with metric_test once it is known. `seconds` is empty: it depends on the machine, and the front
  /// of the same settings is the same file everywhere.
  [[nodiscard]] std::string front_csv(const Archive& archive) const;
  /// The front for people, best validation metric first.
  [[nodiscard]] std::string front_table(const Archive& archive) const;

 private:
  [[nodiscard]] std::string header() const;
  [[nodiscard]] std::string row(const ScoredModel& model, bool with_test, bool with_seconds) const;

  std::vector<std::string> modalities_;
  const DeviceSet& devices_;
};

}  // namespace harmonic
