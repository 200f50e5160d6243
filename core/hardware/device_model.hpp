#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/hardware/fitted_model.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "core/hardware/kernels.hpp"
#include "core/hardware/lut.hpp"
#include "core/hardware/network_part.hpp"

namespace harmonic {

/// An analytic model of a device: a roofline with a fixed price a kernel, and an energy for every operation, byte and
/// millisecond.
///   latency = sum over kernels of overhead + max(flops / throughput, bytes / bandwidth)
///   energy  = sum over kernels of flops * per_flop + bytes * per_byte, + static_power * latency
/// Source of the roofline: Williams, Waterman, Patterson, CACM 52(4), 2009.
struct DeviceModel {
  std::string device;               ///< what is modelled, in words
  double peak_gflops = 0;           ///< GFLOP/s (float32) that a dense layer attains
  double depthwise_efficiency = 1;  ///< share of it that a depthwise convolution attains, (0, 1]
  double memory_gbps = 0;           ///< GB/s that a kernel attains
  double overhead_ms = 0;           ///< ms a kernel, spent whatever its size
  double energy_pj_per_flop = 0;
  double energy_pj_per_byte = 0;
  double static_power_w = 0;   ///< W drawn for as long as the layer runs
  bool squeeze_excite = true;  ///< it can run blocks that have it
  bool hard_swish = true;      ///< it can run layers whose activation it is

  /// @throws InputError naming the parameter: throughput and bandwidth above 0, efficiency in (0, 1], the rest not
  /// negative
  void check() const;
  [[nodiscard]] Cost cost(const std::vector<Kernel>& kernels) const;
  [[nodiscard]] bool runs(const NetworkPart& part) const;
  /// Every parameter with its unit, and what it cannot run, for a table's provenance.
  [[nodiscard]] std::string describe() const;
};

/// One parameter of a model as an option: its name, unit and range in words.
struct ModelParameter {
  const char* name;  ///< "peak-gflops"
  double DeviceModel::*value;
  const char* help;
};
[[nodiscard]] const std::vector<ModelParameter>& model_parameters();

/// "edge-gpu": an embedded GPU board, whose kernels are dear to launch and fast once they run; "edge-cpu": one large
/// core of a phone, which starts a kernel at once and then computes slowly; "edge-npu": an accelerator of matrices,
/// fast on dense convolutions, slow on depthwise ones, without squeeze-and-excite and hard swish. Magnitudes of such
/// devices, not fits to one.
/// @throws InputError naming the nearest known profile
[[nodiscard]] DeviceModel device_profile(std::string_view name);
[[nodiscard]] std::vector<std::string> device_profile_names();

/// The options of `harmonic lut model` that describe the model of a modelled table: "--device-profile edge-gpu
/// --overhead-ms 0.1", "--parameters launch-convolution-ms=0.2,…". @return empty where the provenance tells of no model
[[nodiscard]] std::string model_options(const LutProvenance& provenance);

/// The rows that a modelled table has.
struct TableScope {
  std::vector<BackboneSpace> spaces = published_spaces();
  std::vector<int> head_classes = {10, 3, 23, 1000};  ///< classifiers: the published data sets', and ImageNet's
  int channels = 192;                                 ///< C and L of the fusion operators' states
  int positions = 16;
  CostScope cost = CostScope::published;
  std::vector<std::string> operators = fusion_operators();
  int joined = 2;  ///< states that a fusion's head joins, at most; of a full cost

  /// One part for every row, in order of first use.
  [[nodiscard]] std::vector<NetworkPart> parts() const;
};

/// Fills a table with every row that searches of these spaces may ask for, with classifiers of each of these numbers
/// of classes, and every fusion operator. The same arguments give the same table on every machine.
/// @param date ISO 8601, for the provenance
[[nodiscard]] LookUpTable model_table(const DeviceModel& model, const TableScope& scope, std::string date);
/// The same from a model that was fitted. @param from what it was fitted to and how well, for the provenance
[[nodiscard]] LookUpTable model_table(const FittedModel& model, const std::string& device, const std::string& from,
                                      const TableScope& scope, std::string date);

}  // namespace harmonic
