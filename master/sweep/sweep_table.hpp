#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/hardware/model_size.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/space/genome.hpp"

namespace harmonic {

/// Networks and what they score, percent.
using ScoredBackbones = std::vector<std::pair<BackboneGenome, double>>;

/// What an earlier sweep has left in its CSV file, in the file's order; a row that was cut off is none. Nor is one
/// whose checksum is not beside it, with a warning; where there are no checksums, all are taken, with another.
/// @throws InputError when it cannot be read; without checksums: when it is no such file
[[nodiscard]] ScoredBackbones read_sweep(const std::filesystem::path& csv, const BackboneSpace& space);

/// The CSV file of a sweep: what each network scores, its size, what it costs on devices, and whether none dominates it
/// in metric and those costs. Rows are appended as they come, their `front` left open. In the end all stand in the
/// networks' order: the file is the same however its rows came about. Beside it lie the rows' checksums.
class SweepTable {
 public:
  /// Touches no file.
  /// @param genomes canonical, one or more; a row each at the end, one named twice has two
  /// @param known of an earlier sweep; those not among the genomes stay, after them
  /// @param size of a network with its classifier
  /// @param devices whose costs are added; none: no such columns @throws InputError when a table lacks a row
  SweepTable(std::filesystem::path path, std::vector<BackboneGenome> genomes, const ScoredBackbones& known,
             const std::function<ModelSize(const BackboneGenome&)>& size, const std::optional<DeviceSet>& devices);

  /// All that the table is to hold, in its order.
  [[nodiscard]] const std::vector<BackboneGenome>& genomes() const { return genomes_; }
  /// Distinct ones without a score, ascending.
  [[nodiscard]] std::vector<BackboneGenome> open() const;
  [[nodiscard]] std::size_t scored() const { return metrics_.size(); }
  /// The first of the best; none when none is scored.
  [[nodiscard]] std::optional<std::pair<BackboneGenome, double>> best() const;

  /// Adds rows; with the first ones the file begins anew, with the known rows.
  /// @param percents of the genomes @throws RunError when they cannot be written
  void append(std::span<const BackboneGenome> genomes, std::span<const double> percents);
  /// Puts all rows in order, with their `front`. @return how many rows are on it. @throws RunError
  std::size_t finish();

 private:
  using Costs = std::vector<std::optional<double>>;  ///< in the order of the columns; nothing where a table has none

  [[nodiscard]] std::string row(const BackboneGenome& genome, const std::string& front) const;
  [[nodiscard]] std::string text(const std::set<BackboneGenome>* front) const;
  [[nodiscard]] std::set<BackboneGenome> front() const;
  [[nodiscard]] std::string checksum_line(const BackboneGenome& genome) const;
  void write(const std::set<BackboneGenome>* front) const;  ///< both files anew

  std::filesystem::path path_;
  std::vector<BackboneGenome> genomes_;
  std::map<BackboneGenome, double> metrics_;  ///< of all that are scored
  std::vector<std::string> cost_columns_;
  std::map<BackboneGenome, Costs> costs_;  ///< of all
  std::function<ModelSize(const BackboneGenome&)> size_;
  bool begun_ = false;
};

}  // namespace harmonic
