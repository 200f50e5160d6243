#include "worker/train/supernet_validation.hpp"

#include <algorithm>

#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/train/training_batches.hpp"

namespace harmonic {
namespace {

torch::Tensor first_of_shuffle(const torch::Tensor& samples, const SupernetTrainingSettings& settings) {
  const auto order = epoch_order(Seed{settings.seed}, 0, samples.size(0));
  return samples.index_select(
      0, order.narrow(0, 0, std::min<std::int64_t>(settings.calibration_samples, samples.size(0))));
}

}  // namespace

SupernetValidation::SupernetValidation(const TrainingData& data, const SupernetTrainingSettings& settings,
                                       torch::Device device)
    : data_(data),
      device_(device),
      calibration_(calibration_batches(first_of_shuffle(data.train_inputs, settings), settings.calibration_batch)) {}

SupernetValidation::Percents SupernetValidation::measure(const Supernet& supernet,
                                                         const std::function<void()>& at_work) const {
  const BackboneEvaluator evaluator(supernet, calibration_, device_);
  const auto& space = supernet.space();
  const auto percents = evaluator.evaluate({largest_genome(space), smallest_genome(space)}, data_.val_inputs,
                                           data_.val_labels, data_.kind, at_work);
  return {percents[0], percents[1]};
}

}  // namespace harmonic
