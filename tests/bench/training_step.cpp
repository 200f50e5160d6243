#include "tests/bench/training_step.hpp"

#include <iostream>

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "worker/train/supernet_training.hpp"

namespace harmonic::bench {

void measure_training(const BackboneSpace& space, int batch, int steps, int threads, Collectives& group) {
  constexpr int kClasses = 10, kValidated = 32;  // validation is no part of a step
  torch::manual_seed(1);                         // the same data on all ranks
  at::set_num_threads(threads);
  const auto inputs = [&](std::int64_t count) {
    return torch::rand({count, space.in_channels, space.resolution, space.resolution});
  };
  const auto labels = [](std::int64_t count) { return torch::randint(kClasses, {count}, torch::kInt64); };
  const std::int64_t samples = std::int64_t{batch} * steps;
  const TrainingData data{inputs(samples), labels(samples), inputs(kValidated), labels(kValidated),
                          LabelKind::classification};
  SupernetTrainingSettings settings;
  settings.epochs = 1;
  settings.batch = batch;
  settings.calibration_samples = kValidated;
  const auto times = train_supernet(Supernet(space, kClasses, Seed{1}), data, settings, group, torch::kCPU).times;

  const auto sums = torch::tensor({times.seconds, times.gradient_wait_s, times.batch_norm_wait_s}, torch::kFloat64);
  group.all_reduce_sum({sums});
  if (group.rank().value != 0) return;
  const double total_s = sums[0].item<double>();
  const double step_s = total_s / group.size() / static_cast<double>(times.steps);
  const double gradients = sums[1].item<double>() / total_s, batch_norms = sums[2].item<double>() / total_s;
  fmt::print(
      "training: {}, {} steps of {} samples, {} rank(s) x {} thread(s): {:.1f} ms a step, {:.0f} samples/s; "
      "all-reduce {:.1f} % of it (gradients {:.1f} %, synchronised batch norms {:.1f} %)\n",
      space.name, times.steps, batch, group.size(), threads, 1e3 * step_s, batch / step_s,
      100 * (gradients + batch_norms), 100 * gradients, 100 * batch_norms);
  std::cout.flush();
}

}  // namespace harmonic::bench
