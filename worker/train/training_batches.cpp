#include "worker/train/training_batches.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "worker/tensor/permutation.hpp"

namespace harmonic {
namespace {

/// Part `index` of `parts` nearly equal contiguous parts of 0 … total-1.
struct Range {
  std::int64_t first = 0, last = 0;
  static Range part(std::int64_t total, std::int64_t index, std::int64_t parts) {
    return {total * index / parts, total * (index + 1) / parts};
  }
  [[nodiscard]] std::int64_t size() const { return last - first; }
};

}  // namespace

torch::Tensor epoch_order(Seed seed, int epoch, std::int64_t samples) {
  RandomStream random(seed, "training order", static_cast<std::uint64_t>(epoch));
  return permutation(samples, random);
}

TrainingBatches::TrainingBatches(std::int64_t samples, const SupernetTrainingSettings& settings, Rank rank, int ranks)
    : samples_(samples),
      seed_(settings.seed),
      rank_(rank),
      ranks_(ranks),
      steps_an_epoch_(std::max<std::int64_t>(1, (samples + settings.batch / 2) / settings.batch)) {
  const std::int64_t smallest_batch = samples / steps_an_epoch_, share = smallest_batch / ranks;
  if (share < 1)
    throw InputError(fmt::format("batches of {} cannot be shared by {} ranks", settings.batch, ranks),
                     "take fewer ranks or a larger batch");
  if (share < 2 && !synchronises_batch_norms(settings, smallest_batch, ranks))
    throw InputError(
        fmt::format("batches of {} leave one of {} ranks a single sample, of which batch norm makes nothing",
                    settings.batch, ranks),
        "take a larger batch, or fewer ranks, or leave --sync-batch-norm to auto");
}

BatchShare TrainingBatches::share(std::int64_t step) {
  if (epoch_ != epoch_of(step)) {
    epoch_ = epoch_of(step);
    order_ = epoch_order(seed_, epoch_, samples_);
  }
  const Range batch = Range::part(samples_, step % steps_an_epoch_, steps_an_epoch_);
  const Range share = Range::part(batch.size(), rank_.value, ranks_);
  return {order_.narrow(0, batch.first + share.first, share.size()), share.first, batch.size()};
}

}  // namespace harmonic
