#include "worker/fusion/predict.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "worker/data/metrics.hpp"
#include "worker/fusion/not_finite.hpp"
#include "worker/tensor/device_room.hpp"
#include "worker/tensor/scratch_tensor.hpp"

namespace harmonic {

using torch::Tensor;

namespace {

/// Rows that are predicted at once: of a CPU few, of a device as many as it has room for.
std::int64_t batch_of(const Samples& samples, std::int64_t lanes) {
  constexpr std::int64_t kFew = 256, kMany = 8192;
  if (samples.rows() <= kFew || samples.device().is_cpu()) return kFew;
  constexpr std::int64_t kMaps = 16;  // of a feature's size, that a network makes of each
  std::int64_t bytes = 0;
  for (const auto& feature : samples.features) bytes += feature[0].numel() * feature.element_size() * kMaps * lanes;
  return std::min(kMany, samples_in_room(activation_room(samples.device()), bytes));
}

}  // namespace

Tensor predict(const Samples& samples, const Forward& forward) {
  return predict_lanes(samples, 1, forward)[0];
}

Tensor predict_lanes(const Samples& samples, std::int64_t lanes, const Forward& forward) {
  const torch::NoGradGuard no_grad;
  const std::int64_t batch = batch_of(samples, lanes);  // bounds the memory, changes nothing but, on a device, rounding
  std::vector<Tensor> logits;
  for (std::int64_t first = 0; first < samples.rows(); first += batch) {
    const auto rows_of = [&](const std::vector<Tensor>& all) {
      std::vector<Tensor> some;
      for (const auto& tensor : all) {
        const Tensor rows = tensor.slice(0, first, first + batch);
        some.push_back(lanes == 1 ? rows : at::cat(std::vector<Tensor>(static_cast<std::size_t>(lanes), rows)));
      }
      return some;
    };
    logits.push_back(forward(rows_of(samples.features), rows_of(samples.logits)).unflatten(0, {lanes, -1}));
    for (const auto& feature : samples.features) let_go(feature);
  }
  return at::cat(logits, 1);
}

double checked_metric(const Tensor& logits, const Labels& labels, const char* whose) {
  if (!all_finite(logits)) throw NotFinite(fmt::format("the logits of {} are not finite", whose));
  return metric_percent(logits, labels.values, labels.kind);
}

}  // namespace harmonic
