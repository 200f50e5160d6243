#include "core/hardware/fitted_model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

constexpr double kOverlap = 4;  ///< exponent: 1 would be no overlap of host and device, infinity a perfect one

constexpr std::array kKindNames = {"convolution", "depthwise", "product",  "normalisation",
                                   "simple",      "composite", "reduction"};
static_assert(kKindNames.size() == static_cast<std::size_t>(KernelKind::count));

}  // namespace

KernelKind kind_of(const Kernel& kernel) {
  if (kernel.depthwise) return KernelKind::depthwise;
  // The bias of a linear layer is the weight of a 1: an operation that no multiply-add counts.
  if (kernel.macs > 0)
    return kernel.parameters == 0 || kernel.flops > 2 * kernel.macs ? KernelKind::product : KernelKind::convolution;
  if (kernel.parameters > 0) return KernelKind::normalisation;
  // A pass reads and writes 8 bytes a number at least, a reduction hardly writes.
  constexpr double kOfComposite = 3, kOfReduction = 6;
  if (kernel.flops == 0) return KernelKind::simple;
  const double bytes = kernel.bytes / kernel.flops;
  return bytes < kOfComposite   ? KernelKind::composite
         : bytes < kOfReduction ? KernelKind::reduction
                                : KernelKind::simple;
}

std::string parameter_name(std::size_t parameter) {
  if (parameter < FittedModel::dense_rate) return fmt::format("launch-{}-ms", kKindNames.at(parameter));
  constexpr std::array kOthers = {
      "dense-ms-per-gflop", "depthwise-ms-per-gflop", "memory-ms-per-gb",   "static-power-w",
      "dense-pj-per-flop",  "depthwise-pj-per-flop",  "memory-pj-per-byte", "launch-mj"};
  return kOthers.at(parameter - FittedModel::dense_rate);
}

Cost FittedModel::cost(const std::vector<Kernel>& kernels) const {
  double host_ms = 0, work_ms = 0, energy_mj = 0;
  for (const Kernel& kernel : kernels) {
    const bool depthwise = kernel.depthwise;
    host_ms += values[launch + static_cast<std::size_t>(kind_of(kernel))];
    work_ms +=
        1e-9 * (kernel.flops * values[depthwise ? depthwise_rate : dense_rate] + kernel.bytes * values[byte_rate]);
    energy_mj += 1e-9 * (kernel.flops * values[depthwise ? depthwise_energy : dense_energy] +
                         kernel.bytes * values[byte_energy]) +
                 values[launch_energy];
  }
  const double latency_ms = std::pow(std::pow(host_ms, kOverlap) + std::pow(work_ms, kOverlap), 1 / kOverlap);
  if (!has_energy) return {latency_ms};
  return {latency_ms, energy_mj + values[static_power] * latency_ms};
}

std::string FittedModel::describe() const {
  std::vector<std::string> parts;
  for (std::size_t p = 0; p < (has_energy ? values.size() : kLatencyParameters); ++p)
    parts.push_back(fmt::format("{}={:.6g}", parameter_name(p), values[p]));
  return join(parts, " ");
}

FittedModel FittedModel::parse(std::string_view text) {
  FittedModel model;
  std::string blanks(text);
  std::ranges::replace(blanks, ',', ' ');
  std::array<bool, Parameter::count> given{};
  for (const auto& part : split(blanks, ' ')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    const std::string name = part.substr(0, equals);
    std::size_t p = 0;
    while (p < model.values.size() && parameter_name(p) != name) ++p;
    if (p == model.values.size() || equals == std::string::npos)
      throw InputError(fmt::format("'{}' is no parameter of a fitted model", part),
                       fmt::format("give all as a fitted table's provenance lists them: {}=0.2 …", parameter_name(0)));
    model.values[p] = parse_real(part.substr(equals + 1), name);
    if (!(model.values[p] > 0) || !std::isfinite(model.values[p]))
      throw InputError(fmt::format("{} is {}", name, model.values[p]), "give a number above 0");
    if (std::exchange(given[p], true)) throw InputError(fmt::format("{} is given twice", name), "give each once");
  }
  const auto missing = static_cast<std::size_t>(std::ranges::find(given, false) - given.begin());
  model.has_energy = missing == given.size();
  const auto found = static_cast<std::size_t>(std::ranges::count(given, true));
  if (!model.has_energy && (missing != kLatencyParameters || found != kLatencyParameters))
    throw InputError(fmt::format("a fitted model has {} parameters, or the first {} without an energy: {} given, {} "
                                 "is missing",
                                 given.size(), kLatencyParameters, found, parameter_name(missing)),
                     "give all as a fitted table's provenance lists them");
  return model;
}

}  // namespace harmonic
