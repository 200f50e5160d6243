#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/hardware/kernels.hpp"
#include "core/hardware/lut.hpp"

namespace harmonic {

/// What devices tell kernels apart by.
enum class KernelKind {
  convolution,    ///< dense
  depthwise,      ///< a depthwise convolution
  product,        ///< a linear layer, a matrix product
  normalisation,  ///< batch norm, layer norm
  simple,         ///< a pass over numbers: ReLU, a sum, a copy
  composite,      ///< a pass that eager frameworks launch as several: hard swish, sigmoid, softmax, Mish
  reduction,      ///< a mean
  count,
};
/// By what the kernel computes: its multiply-adds, parameters, and bytes an operation.
[[nodiscard]] KernelKind kind_of(const Kernel& kernel);

/// An analytic model of a device whose host launches kernels while the device computes: it is as slow as the slower of
/// both, and in between where they are about equal.
///   host     = sum over kernels of launch(kind)
///   work     = sum over kernels of flops / throughput(dense or depthwise) + bytes / bandwidth
///   latency  = (host^4 + work^4)^(1/4)
///   energy   = static power * latency + sum over kernels of flops * per flop(dense or depthwise) + bytes * per byte
///              + per launch
/// Its parameters are fitted to a table (fit_model); how well they fit is told beside them.
struct FittedModel {
  enum Parameter : std::size_t {
    launch,                                                    ///< ms; one for each KernelKind
    dense_rate = static_cast<std::size_t>(KernelKind::count),  ///< ms a GFLOP
    depthwise_rate,                                            ///< likewise
    byte_rate,                                                 ///< ms a GB
    static_power,                                              ///< W
    dense_energy,                                              ///< pJ a flop
    depthwise_energy,                                          ///< likewise
    byte_energy,                                               ///< pJ a byte
    launch_energy,                                             ///< mJ
    count,
  };
  static constexpr std::size_t kLatencyParameters = static_power;  ///< the first ones decide the latency
  using Values = std::array<double, Parameter::count>;

  Values values{};         ///< above 0
  bool has_energy = true;  ///< else the last ones play no part, and costs have no energy

  [[nodiscard]] Cost cost(const std::vector<Kernel>& kernels) const;
  /// "launch-convolution-ms=0.2256 …", six digits of each: the same model wherever it is read.
  [[nodiscard]] std::string describe() const;
  /// Inverse of describe(); commas may stand for its blanks. @throws InputError naming the parameter
  [[nodiscard]] static FittedModel parse(std::string_view text);
};

/// "launch-convolution-ms"
[[nodiscard]] std::string parameter_name(std::size_t parameter);

}  // namespace harmonic
