#include "worker/commands/lut_measuring.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <torch/utils.h>
#include <torch/version.h>

#include "core/base/text.hpp"
#include "core/hardware/machine.hpp"
#include "core/hardware/model_size.hpp"
#include "core/mpi/communicator.hpp"
#include "worker/commands/commands.hpp"
#include "worker/group/placement.hpp"
#include "worker/tensor/map_type.hpp"

namespace harmonic {

void MeasuringOptions::declare(OptionSet& options) {
  options.add("device", device, "what is measured: cpu, or cuda:N, the GPU of that number");
  options.add("threads", threads, "compute threads, pinned to as many processors", {1, 1024});
  options.add("batch", batch, "samples a run; costs are of the whole batch", {1, 4096});
  options.add_choice("precision", arithmetic, kArithmetics, "of weights and inputs");
}

int MeasuringOptions::gpu() const {
  constexpr std::string_view kCuda = "cuda";
  if (device == kCuda) return 0;
  if (!device.starts_with("cuda:"))
    throw InputError(
        fmt::format("device {} is none that can be measured here", device),
        "give --device cpu or --device cuda:N; for a device that cannot run this program there is lut kit");
  return parse_int(device.substr(kCuda.size() + 1), "option device");
}

RunConditions MeasuringOptions::prepare() {
  RunConditions conditions;
  conditions.batch = batch;
  conditions.precision = map_type(arithmetic);
  if (on_gpu()) {
    const int number = gpu();
    conditions.device = choose_device(Compute::cuda, {number, number + 1});
    if (conditions.device.index() != number)
      throw InputError(fmt::format("there is no device {}", device), "give --device cuda:0, or cpu");
  }
  processors_ = pin_to_processors(threads);
  if (const int there = static_cast<int>(processors_.size()); there > 0 && there < threads)
    throw InputError(
        fmt::format("--threads is {}, but this process may use {} processor{}", threads, there, there == 1 ? "" : "s"),
        fmt::format("give --threads {} or less", there));
  use_threads(threads, local_place());
  return conditions;
}

std::string MeasuringOptions::describe() const {
  std::vector<std::string> parts = {word_of(kArithmetics, arithmetic), fmt::format("batch {}", batch)};
  if (on_gpu()) parts.push_back(device);
  parts.push_back(fmt::format("{} thread{}", threads, threads == 1 ? "" : "s"));
  if (!processors_.empty())
    parts.back() += fmt::format(" on processor{} {}", processors_.size() == 1 ? "" : "s", fmt::join(processors_, ", "));
  parts.push_back(fmt::format("LibTorch {}, one operation after another, batch norms folded", TORCH_VERSION));
  return join(parts, ", ");
}

std::string MeasuringOptions::device_in_words() const {
  if (on_gpu()) return fmt::format("CUDA device {}", gpu());
  const auto model = report_machine(processor()).processor;
  return fmt::format("{}, {} thread{}", model.empty() ? "CPU" : model, threads, threads == 1 ? "" : "s");
}

std::vector<int> usual_classes(const std::vector<BackboneSpace>& spaces) {
  std::vector<int> classes;
  for (const auto& space : spaces)
    if (const int own = published_classes(space); own > 0 && std::ranges::find(classes, own) == classes.end())
      classes.push_back(own);
  if (classes.empty()) classes.push_back(10);
  return classes;
}

void take_usual_scope(TableScopeOptions& rows) {
  rows.defaults().cost = CostScope::full;
  rows.defaults().head_classes.clear();
}

TableScope measured_scope(const TableScopeOptions& rows, const OptionSet& options, const Arguments& args) {
  TableScope scope = rows.scope(options, args);
  if (scope.head_classes.empty()) scope.head_classes = usual_classes(scope.spaces);
  const int side = static_cast<int>(std::lround(std::sqrt(scope.positions)));
  if (side * side != scope.positions)
    throw InputError(fmt::format("positions is {}", scope.positions), "states are square maps: give a square number");
  scope.operators = usual_operators(scope.channels, scope.positions);
  return scope;
}

std::vector<std::string> usual_operators(int channels, int positions) {
  constexpr double kMostParameters = 1 << 24;
  std::vector<std::string> operators;
  for (const auto& row : fusion_operator_table())
    if (size_of(row.kernels(channels, positions)).parameters <= kMostParameters) operators.push_back(row.name);
  return operators;
}

ExitCode lut_measuring_command(const std::vector<std::string>& args) {
  if (Communicator().rank().value != 0) return ExitCode::done;  // one does it all
  const Arguments rest(args.begin() + 1, args.end());
  if (args.front() == "profile") return lut_profile(rest);
  if (args.front() == "kit") return lut_kit(rest);
  return lut_validate(rest);
}

}  // namespace harmonic
