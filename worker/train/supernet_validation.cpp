#include "worker/train/supernet_validation.hpp"

#include <algorithm>
#include <vector>

#include "core/base/rng.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/train/training_batches.hpp"

namespace harmonic {
namespace {

/// Batches of the first samples of a shuffle.
SampleBatches first_of_shuffle(const SampleSource& samples, const SupernetTrainingSettings& settings) {
  const auto count = std::min<std::int64_t>(settings.calibration_samples, samples.size());
  const auto first = epoch_order(Seed{settings.seed}, 0, samples.size()).narrow(0, 0, count);
  return {samples, batches_of(first, calibration_ids(count, settings.calibration_batch))};
}

}  // namespace

SupernetValidation::SupernetValidation(const TrainingData& data, const SupernetTrainingSettings& settings,
                                       torch::Device device)
    : data_(data),
      device_(device),
      inputs_(data.val_inputs.to(device)),
      calibration_(first_of_shuffle(data.train_inputs, settings).to(device)),
      seed_{settings.seed} {}

SupernetValidation::Percents SupernetValidation::measure(const Supernet& supernet, int epoch,
                                                         const std::function<void()>& at_work) const {
  const BackboneEvaluator evaluator(supernet, calibration_, device_);
  const auto& space = supernet.space();
  std::vector<BackboneGenome> genomes = {largest_genome(space), smallest_genome(space)};
  if (space.positions() > 0) {
    RandomStream random(seed_, "validated sub-network", static_cast<std::uint64_t>(epoch));
    genomes.push_back(random_genome(space, random));
  }
  const auto percents = evaluator.evaluate(genomes, inputs_, data_.val_labels, data_.kind, at_work);
  Percents measured{percents[0], percents[1]};
  if (genomes.size() > 2) measured.random = percents[2];
  return measured;
}

}  // namespace harmonic
