#include "core/hardware/device_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/network_parts.hpp"

namespace harmonic {
namespace {

constexpr const char* kModelled = "modelled";  ///< origin of a table

struct Profile {
  std::string name;
  DeviceModel model;
};

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all = {{"edge-gpu",
                                            {.device = "edge GPU (Jetson class), modelled",
                                             .peak_gflops = 400,
                                             .depthwise_efficiency = 0.12,
                                             .memory_gbps = 40,
                                             .overhead_ms = 0.09,
                                             .energy_pj_per_flop = 10,
                                             .energy_pj_per_byte = 60,
                                             .static_power_w = 1.4}},
                                           {"edge-cpu",
                                            {.device = "edge CPU (one phone-class A78 core), modelled",
                                             .peak_gflops = 24,
                                             .depthwise_efficiency = 0.4,
                                             .memory_gbps = 12,
                                             .overhead_ms = 0.006,
                                             .energy_pj_per_flop = 45,
                                             .energy_pj_per_byte = 80,
                                             .static_power_w = 0.35}},
                                           // 4 TOPS and 2 TOPS a watt (8 bit) by its data sheet, a quarter of which a
                                           // dense layer attains; a depthwise one fills a column of 64.
                                           {"edge-npu",
                                            {.device = "edge accelerator (Edge TPU class, 8 bit), modelled",
                                             .peak_gflops = 1000,
                                             .depthwise_efficiency = 0.016,
                                             .memory_gbps = 20,
                                             .overhead_ms = 0.004,
                                             .energy_pj_per_flop = 0.5,
                                             .energy_pj_per_byte = 5,
                                             .static_power_w = 0.5,
                                             .squeeze_excite = false,
                                             .hard_swish = false}}};
  return all;
}

const std::string kCannot = "unsupported=";      ///< then what a device cannot run
const std::string kParameters = "parameters: ";  ///< of a fitted model, then what describes it, to a semicolon

/// What devices may be unable to run.
struct Feature {
  const char* name;
  bool DeviceModel::*has;
};
constexpr std::array kFeatures = {Feature{"squeeze-excite", &DeviceModel::squeeze_excite},
                                  Feature{"hard-swish", &DeviceModel::hard_swish}};

/// "squeeze-excite,hard-swish"
std::string unsupported_text(const DeviceModel& model) {
  std::vector<std::string> words;
  for (const auto& feature : kFeatures)
    if (!(model.*feature.has)) words.emplace_back(feature.name);
  return join(words, ",");
}

/// " --supports hard-swish": what makes of a profile a model that cannot run these; nothing where none does.
std::optional<std::string> support_options(const DeviceModel& profile, const std::string& unsupported) {
  const auto lacks = split(unsupported, ',');
  std::string options;
  for (const auto& feature : kFeatures) {
    const bool has = std::ranges::find(lacks, feature.name) == lacks.end();
    if (!has && profile.*feature.has) return std::nullopt;
    if (has && !(profile.*feature.has)) options += fmt::format(" --supports {}", feature.name);
  }
  return options;
}

/// What follows `key` in a provenance's settings, to one of `ends`; empty where it is not there.
std::string told_after(const std::string& settings, const std::string& key, const char* ends) {
  const auto at = settings.find(key);
  if (at == std::string::npos) return {};
  const auto from = at + key.size();
  return settings.substr(from, settings.find_first_of(ends, from) - from);
}

/// Significant digits kept in a table: more would say more than a model knows, and depend on the machine's arithmetic.
double rounded(double value) {
  constexpr int kDigits = 6;
  if (value == 0) return 0;
  return parse_real(fmt::format("{:.{}e}", value, kDigits - 1), "a modelled cost");
}

}  // namespace

const std::vector<ModelParameter>& model_parameters() {
  static const std::vector<ModelParameter> all = {
      {"peak-gflops", &DeviceModel::peak_gflops, "GFLOP/s (float32) that a dense layer attains, above 0"},
      {"depthwise-efficiency", &DeviceModel::depthwise_efficiency,
       "share of peak-gflops that a depthwise convolution attains, above 0, at most 1"},
      {"memory-gbps", &DeviceModel::memory_gbps, "GB/s of memory bandwidth that a kernel attains, above 0"},
      {"overhead-ms", &DeviceModel::overhead_ms, "ms that every kernel costs besides its work, 0 or more"},
      {"energy-pj-per-flop", &DeviceModel::energy_pj_per_flop, "pJ a floating-point operation, 0 or more"},
      {"energy-pj-per-byte", &DeviceModel::energy_pj_per_byte, "pJ a byte read or written, 0 or more"},
      {"static-power-w", &DeviceModel::static_power_w, "W drawn for as long as a layer runs, 0 or more"}};
  return all;
}

void DeviceModel::check() const {
  for (const auto& parameter : model_parameters()) {
    const double value = this->*parameter.value;
    const bool above_zero = parameter.value == &DeviceModel::peak_gflops ||
                            parameter.value == &DeviceModel::memory_gbps ||
                            parameter.value == &DeviceModel::depthwise_efficiency;
    const bool too_large = parameter.value == &DeviceModel::depthwise_efficiency && value > 1;
    if (!std::isfinite(value) || value < 0 || (above_zero && value == 0) || too_large)
      throw InputError(fmt::format("{} is {}", parameter.name, value), parameter.help);
  }
}

Cost DeviceModel::cost(const std::vector<Kernel>& kernels) const {
  double latency_ms = 0;
  double energy_mj = 0;
  for (const Kernel& kernel : kernels) {
    const double gflops = peak_gflops * (kernel.depthwise ? depthwise_efficiency : 1);
    latency_ms += overhead_ms + 1e-6 * std::max(kernel.flops / gflops, kernel.bytes / memory_gbps);
    energy_mj += 1e-9 * (kernel.flops * energy_pj_per_flop + kernel.bytes * energy_pj_per_byte);
  }
  return {latency_ms, energy_mj + static_power_w * latency_ms};
}

std::string DeviceModel::describe() const {
  std::vector<std::string> parts;
  for (const auto& parameter : model_parameters())
    parts.push_back(fmt::format("{}={}", parameter.name, shortest(this->*parameter.value)));
  if (const auto cannot = unsupported_text(*this); !cannot.empty()) parts.push_back(kCannot + cannot);
  return join(parts, " ");
}

void DeviceModel::support(std::string_view what) {
  std::vector<std::string> known;
  for (const auto& feature : kFeatures) {
    known.emplace_back(feature.name);
    if (what == feature.name) {
      this->*feature.has = true;
      return;
    }
  }
  throw InputError(fmt::format("no device is said to support '{}'", what),
                   fmt::format("did you mean {}? There are {}", nearest(what, known), join(known, ", ")));
}

bool DeviceModel::runs(const NetworkPart& part) const {
  if (part.kind != NetworkPart::Kind::layer) return true;
  const Layer& layer = part.layer;
  const bool activates = layer.kind != Layer::Kind::linear;
  return (squeeze_excite || !layer.squeeze_excite) &&
         (hard_swish || !activates || layer.activation != Activation::h_swish);
}

std::vector<std::string> device_profile_names() {
  std::vector<std::string> names;
  for (const auto& profile : profiles()) names.push_back(profile.name);
  return names;
}

DeviceModel device_profile(std::string_view name) {
  for (const auto& profile : profiles())
    if (profile.name == name) return profile.model;
  const auto names = device_profile_names();
  throw InputError(fmt::format("no device profile '{}'", name),
                   fmt::format("did you mean {}? Known: {}", nearest(name, names), join(names, ", ")));
}

std::string model_options(const LutProvenance& provenance) {
  if (provenance.origin != kModelled) return {};
  if (auto parameters = told_after(provenance.settings, kParameters, ";"); !parameters.empty()) {
    std::ranges::replace(parameters, ' ', ',');
    return "--parameters " + parameters;
  }
  const auto told = [&](const ModelParameter& parameter) {
    return told_after(provenance.settings, fmt::format(" {}=", parameter.name), " ;");
  };
  const auto cannot = told_after(provenance.settings, " " + kCannot, " ;");
  std::string fewest;
  std::size_t count = model_parameters().size() + 1;
  for (const auto& profile : profiles()) {
    const auto supports = support_options(profile.model, cannot);
    if (!supports) continue;
    std::string options = "--device-profile " + profile.name + *supports;
    std::size_t different = 0;
    for (const auto& parameter : model_parameters())
      if (const auto value = told(parameter); value.empty()) {
        return {};
      } else if (value != shortest(profile.model.*parameter.value)) {
        options += fmt::format(" --{} {}", parameter.name, value);
        ++different;
      }
    if (different < count) fewest = std::move(options), count = different;
  }
  return fewest;
}

namespace {

/// Of every space for itself: parts that have one key may differ in their activations.
std::vector<NetworkPart> repeated_parts(const TableScope& scope) {
  std::vector<NetworkPart> all;
  const auto add = [&](const std::vector<NetworkPart>& parts) { all.insert(all.end(), parts.begin(), parts.end()); };
  for (const auto& space : scope.spaces)
    for (const int classes : scope.head_classes) add(space_parts(space, classes, scope.cost));
  add(fusion_scope_parts(
      scope.spaces, {scope.operators, scope.channels, scope.positions, scope.joined, scope.head_classes}, scope.cost));
  return all;
}

LookUpTable filled_table(const TableScope& scope, const std::function<Cost(const NetworkPart&)>& cost_of) {
  LookUpTable table;
  for (const auto& part : repeated_parts(scope)) {
    const auto key = lut_key(part);
    // Keys do not tell activations: what some space of the scope can run there has its row.
    if (table.contains(key) && table.at(key).is_supported()) continue;
    Cost row = cost_of(part);
    for (std::size_t q = 0; q < kQuantities.size() && row.is_supported(); ++q)
      if (row[q]) row[q] = rounded(*row[q]);
    table.set(key, row);
  }
  return table;
}

}  // namespace

std::vector<NetworkPart> TableScope::parts() const {
  auto all = repeated_parts(*this);
  std::set<std::string> seen;
  std::erase_if(all, [&](const auto& part) { return !seen.insert(lut_key(part)).second; });
  return all;
}

LookUpTable model_table(const FittedModel& model, const std::string& device, const std::string& from,
                        const TableScope& scope, std::string date) {
  auto table = filled_table(scope, [&](const NetworkPart& part) { return model.cost(part_kernels(part)); });
  table.set_provenance({device, kModelled, std::move(date), tool_name(),
                        fmt::format("host and device overlapped, batch 1, one kernel an operator; {}{}; {}",
                                    kParameters, model.describe(), from)});
  return table;
}

LookUpTable model_table(const DeviceModel& model, const TableScope& scope, std::string date) {
  model.check();
  auto table = filled_table(scope, [&](const NetworkPart& part) {
    return model.runs(part) ? model.cost(part_kernels(part)) : Cost::unsupported();
  });
  table.set_provenance({model.device, kModelled, std::move(date), tool_name(),
                        fmt::format("roofline, batch 1, float32, one kernel an operator: {}", model.describe())});
  return table;
}

}  // namespace harmonic
