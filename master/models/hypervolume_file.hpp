#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/hardware/model_pricing.hpp"
#include "core/pareto/fronts.hpp"

namespace harmonic {

/// What a run's hypervolumes are measured in, wherever they are told: the volume between its models and a reference
/// that its settings alone decide, over columns of its CSVs in their units, the first of which is maximised:
/// metric_val, then what is minimised. `harmonic pareto` gives the same number of the same rows.
struct HypervolumeAxes {
  std::vector<std::string> columns;
  Objectives reference;  ///< a value a column, as the CSVs have it

  /// @param worst of every objective, {error in points, multiples of the reference costs…}
  HypervolumeAxes(const ModelPricing& pricing, const Objectives& worst);
  HypervolumeAxes(std::vector<std::string> names, Objectives values)
      : columns(std::move(names)), reference(std::move(values)) {}

  /// "metric_val 0, latency 3.125, energy 4.07"
  [[nodiscard]] std::string text() const;
  bool operator==(const HypervolumeAxes&) const = default;
};

/// hypervolume.csv of a run: generation, models, hypervolume, reference.<column>…; a row a generation, as it was when
/// it ended.
struct HypervolumeFile {
  struct Row {
    int generation = 0;
    std::size_t models = 0;  ///< scored so far
    double hypervolume = 0;  ///< of the front so far
    bool operator==(const Row&) const = default;
  };
  HypervolumeAxes axes;
  std::vector<Row> rows;  ///< ascending

  /// @throws InputError when it cannot be read, or is not what a run writes
  [[nodiscard]] static HypervolumeFile read(const std::filesystem::path& path);
};

/// Puts a row at the end of the file. Rows of earlier generations stay; what cannot be read of it begins anew.
/// @throws RunError
void add_hypervolume(const std::filesystem::path& path, const HypervolumeAxes& axes, const HypervolumeFile::Row& row);

}  // namespace harmonic
