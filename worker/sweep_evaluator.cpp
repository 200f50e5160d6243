#include "worker/sweep_evaluator.hpp"

#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "core/base/version.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/tensor/device_room.hpp"
#include "worker/tensor/gpu_failure.hpp"
#include "worker/tensor/tensor_hash.hpp"

namespace harmonic {
namespace {

/// In a world of one the leading and the computing thread both load, and HDF5 files are not for two at once.
EvaluationInputs load_alone(const EvaluationOptions& chosen, LocalPlace place, bool leads) {
  static std::mutex loading;
  const std::lock_guard lock(loading);
  auto inputs = load_evaluation(chosen, place, /*calibration=*/true);
  if (leads) warn_of_other_data(chosen, inputs.modality);
  return inputs;
}

class SweepEvaluator final : public Evaluator {
 public:
  SweepEvaluator(EvaluationInputs inputs, Arithmetic arithmetic)
      : inputs_(std::move(inputs)),
        backbones_(inputs_.supernet, std::move(inputs_.calibration), inputs_.device, /*kept_bytes=*/0, arithmetic) {}

  Outcome evaluate(const Work& work, const WorkHooks& hooks) override {
    const auto stop_if_cancelled = [&] {
      if (hooks.cancelled()) throw Cancelled();
    };
    return naming_gpu_failures([&] {
      return BackboneScores{backbones_.evaluate(std::get<EvaluateBackbones>(work).genomes, inputs_.inputs,
                                                inputs_.labels, inputs_.kind, stop_if_cancelled)};
    });
  }

 private:
  EvaluationInputs inputs_;
  BackboneEvaluator backbones_;
};

std::string text_of(std::uint64_t hash) {
  return fmt::format("{:016x}", hash);
}

Conditions conditions_of(const EvaluationOptions& chosen, const EvaluationInputs& inputs) {
  std::uint64_t weights_hash = 0;
  for (const auto& [name, tensor] : inputs.supernet.tensors()) weights_hash = tensor_hash(tensor, weights_hash);
  std::uint64_t calibration_hash = 0;
  inputs.calibration.visit(
      [&](const torch::Tensor& batch) { calibration_hash = tensor_hash(batch, calibration_hash); });
  Conditions conditions = {
      {"program", std::string(program_version())},
      {"weights", text_of(weights_hash)},
      {"modality", inputs.modality},
      {"split", to_text(chosen.split)},
      {"samples", std::to_string(inputs.inputs.size())},
      {"content of the samples", text_of(tensor_hash(inputs.labels, samples_hash(inputs.inputs)))},
      {"calibration-samples", std::to_string(inputs.calibration_samples)},
      {"calibration-batch", std::to_string(chosen.calibration_batch)},
      {"content of the calibration samples", text_of(calibration_hash)},
  };
  if (chosen.arithmetic != Arithmetic::float32)
    conditions.emplace_back("precision", word_of(kArithmetics, chosen.arithmetic));
  for (auto& condition : deterministic_conditions()) conditions.push_back(std::move(condition));
  for (auto& condition : space_conditions(inputs.supernet.space())) conditions.push_back(std::move(condition));
  return conditions;
}

}  // namespace

std::unique_ptr<Evaluator> make_sweep_evaluator(const EvaluationOptions& chosen, LocalPlace place) {
  return naming_gpu_failures(
      [&] { return std::make_unique<SweepEvaluator>(load_alone(chosen, place, /*leads=*/false), chosen.arithmetic); });
}

SweepSubject open_sweep(const EvaluationOptions& chosen, LocalPlace place) {
  EvaluationOptions here = chosen;
  here.compute = Compute::cpu;  // who leads computes nothing: the GPUs are the workers'
  const auto inputs = load_alone(here, place, /*leads=*/true);
  const auto& space = inputs.supernet.space();
  return {space, inputs.supernet.classes(),
          fmt::format("{} on {} samples of {}", space.name, inputs.inputs.size(), to_text(chosen.split)),
          conditions_of(chosen, inputs)};
}

}  // namespace harmonic
