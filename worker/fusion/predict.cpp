#include "worker/fusion/predict.hpp"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "worker/data/metrics.hpp"
#include "worker/fusion/not_finite.hpp"
#include "worker/tensor/scratch_tensor.hpp"

namespace harmonic {

using torch::Tensor;

Tensor predict(const Samples& samples, const Forward& forward) {
  return predict_lanes(samples, 1, forward)[0];
}

Tensor predict_lanes(const Samples& samples, std::int64_t lanes, const Forward& forward) {
  const torch::NoGradGuard no_grad;
  constexpr std::int64_t kBatch = 256;  // bounds the memory, changes nothing
  std::vector<Tensor> logits;
  for (std::int64_t first = 0; first < samples.rows(); first += kBatch) {
    const auto rows_of = [&](const std::vector<Tensor>& all) {
      std::vector<Tensor> some;
      for (const auto& tensor : all) {
        const Tensor rows = tensor.slice(0, first, first + kBatch);
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
