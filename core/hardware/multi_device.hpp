#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/choices.hpp"
#include "core/hardware/cost_memo.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/model_size.hpp"
#include "core/space/gene_choices.hpp"
#include "core/space/genome.hpp"

namespace harmonic {

/// How several devices' costs become objectives. Source: arXiv 2008.08178, multi-hardware metrics.
enum class Aggregate {
  mean,   ///< weighted mean of the normalised costs: the average case
  worst,  ///< their maximum, each scaled by its weight over the largest one
  each,   ///< every device's cost is an objective of its own
};
inline const Choices<Aggregate> kAggregates = {
    {"mean", Aggregate::mean}, {"worst", Aggregate::worst}, {"each", Aggregate::each}};

/// "name=table.json[+more.json][,weight][,target_ms=10][,target_mj=20]" of the command line; the weight may also be
/// written as weight=2.
struct DeviceSpec {
  std::string name;
  std::vector<std::string> tables;
  double weight = 1.0;                             ///< above 0
  PerQuantity<std::optional<double>> target = {};  ///< what costs are divided by, above 0; none: the smallest network's
};
[[nodiscard]] DeviceSpec parse_device(std::string_view text);  ///< @throws InputError
[[nodiscard]] std::string to_text(const DeviceSpec& spec);
/// The devices that a text lists between its commas: "gpu=a.json,2,cpu=b.json,target_ms=5" are two.
[[nodiscard]] std::vector<std::string> listed_devices(const std::string& text);

/// One device of a run: its table, its weight, and the reference that its costs are divided by.
struct Device {
  std::string name;
  LookUpTable table;
  double weight = 1.0;
  /// That costs are divided by: the device's targets; where there are none, the cost of the smallest sub-networks of
  /// all modalities that it can run.
  Cost reference;
};

/// An objective as the CSVs show it.
struct ObjectiveColumn {
  std::string name;  ///< "latency" (a multiple of the reference cost), "latency_ms.<device>", "macs"
  double unit = 1;   ///< of the column in one of the objective
};

/// The devices of a run and what a model costs on them.
class DeviceSet {
 public:
  /// @param spaces, head_classes one a modality, for the reference costs
  /// @param channels, positions C and L of the fusion operators' rows
  /// @param full of whole models, whose costs are full ones (CostScope::full); none: published ones
  /// @throws InputError: no device, two of one name, a weight not above 0, a missing row, a space of which a device
  ///   can run no network, targets of some devices alone where their costs are put together
  DeviceSet(const std::vector<DeviceSpec>& specs, Aggregate aggregate, const std::vector<BackboneSpace>& spaces,
            const std::vector<int>& head_classes, int channels = 192, int positions = 16,
            std::optional<ModelSizing> full = {});

  [[nodiscard]] const std::vector<Device>& devices() const { return devices_; }
  [[nodiscard]] Aggregate aggregate() const { return aggregate_; }
  /// The cheapest that backbones of a modality can be, of every device and quantity for itself.
  [[nodiscard]] std::vector<Cost> least_backbone_costs(int modality) const;
  /// Likewise of one of these fusion operators.
  [[nodiscard]] std::vector<Cost> least_operator_costs(const std::vector<std::string>& operators) const;
  /// What genes may be, that every device can run the backbone.
  [[nodiscard]] GeneChoices gene_choices(int modality) const;
  /// Cost of one backbone alone / of a whole multimodal model (backbones + fusion operators) on every device.
  [[nodiscard]] std::vector<Cost> backbone_costs(int modality, const BackboneGenome& genome) const;
  [[nodiscard]] std::vector<Cost> model_costs(const MultimodalGenome& genome, const Genotype& genotype) const;
  /// The same of its operators alone, in the published scope.
  [[nodiscard]] std::vector<Cost> model_costs(const MultimodalGenome& genome,
                                              const std::vector<std::string>& operators) const;
  [[nodiscard]] CostScope scope() const { return full_ ? CostScope::full : CostScope::published; }

  /// A quantity normalised and aggregated: one number, or for `each` one a device; none where a device's table lacks
  /// the quantity. No unit: multiples of the reference cost.
  [[nodiscard]] std::vector<double> objectives(std::size_t quantity, const std::vector<Cost>& costs) const;
  /// Names of the above: "latency", or "latency.<device>"….
  [[nodiscard]] std::vector<std::string> objective_names(std::size_t quantity) const;
  /// The same as columns of the CSVs.
  [[nodiscard]] std::vector<ObjectiveColumn> objective_columns(std::size_t quantity) const;
  /// One number a quantity for reports, whatever the aggregate (`each` reports the mean); nothing where a device's
  /// table lacks it.
  [[nodiscard]] std::optional<double> summary(std::size_t quantity, const std::vector<Cost>& costs) const;
  /// The devices whose tables lack a quantity in some row.
  [[nodiscard]] std::vector<std::string> devices_without(std::size_t quantity) const;

 private:
  /// Every device's cost over its reference; none of a quantity that a device's table lacks.
  [[nodiscard]] std::vector<double> normalised(std::size_t quantity, const std::vector<Cost>& costs) const;
  [[nodiscard]] double aggregated(const std::vector<double>& ratios) const;
  [[nodiscard]] Cost backbone_costs_on(const Device& device, std::size_t modality, const BackboneGenome& genome) const;
  [[nodiscard]] std::vector<Cost> costs_by_rows(std::size_t modality, const BackboneGenome& genome) const;
  void check_targets(const std::vector<DeviceSpec>& specs, std::size_t quantity) const;

  std::vector<Device> devices_;
  Aggregate aggregate_;
  std::vector<BackboneSpace> spaces_;
  std::vector<int> head_classes_;
  int channels_, positions_;
  std::optional<ModelSizing> full_;
  PerQuantity<bool> known_{};  ///< in every row of every device
  /// Copies share it: their tables and spaces are the same.
  std::shared_ptr<CostMemo> backbones_ = std::make_shared<CostMemo>();
};

}  // namespace harmonic
