#include "worker/data/sample_batches.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "worker/tensor/permutation.hpp"

namespace harmonic {
namespace {

/// 0 … N-1 in an order whose every beginning has all classes in about the shares that they have of the whole.
torch::Tensor spread_order(const torch::Tensor& labels) {
  RandomStream random(Seed{0}, "calibration choice");
  const auto order = permutation(labels.size(0), random);
  if (labels.dim() == 2) return order;  // most label sets are the only one of their kind
  const auto classes = labels.cpu().index_select(0, order);
  const auto counts = classes.bincount();
  const auto place = torch::empty(order.sizes(), torch::kFloat64);
  // The i-th of a class's n samples comes (i + 1/2) / n of the way.
  std::vector<std::int64_t> i(static_cast<std::size_t>(counts.size(0)));
  const auto* c = classes.const_data_ptr<std::int64_t>();
  const auto* n = counts.const_data_ptr<std::int64_t>();
  auto* way = place.mutable_data_ptr<double>();
  for (std::int64_t k = 0; k < order.size(0); ++k)
    way[k] = (static_cast<double>(i[static_cast<std::size_t>(c[k])]++) + 0.5) / static_cast<double>(n[c[k]]);
  return order.index_select(0, place.argsort(/*stable=*/true, /*dim=*/0, /*descending=*/false));
}

}  // namespace

std::vector<torch::Tensor> calibration_ids(std::int64_t samples, int batch) {
  if (samples < 2)
    throw InputError(fmt::format("{} samples to re-estimate batch norms on", samples),
                     "give a data set whose train split has two or more: one has no variance");
  // No batch of one sample: of three samples two would make one.
  const std::int64_t count = std::clamp<std::int64_t>((samples + batch / 2) / batch, 1, samples / 2);
  RandomStream random(Seed{0}, "calibration order");
  return permutation(samples, random).tensor_split(count);
}

std::vector<torch::Tensor> calibration_ids(const torch::Tensor& labels, std::optional<std::int64_t> limit, int batch) {
  const std::int64_t samples = labels.size(0);
  if (limit.value_or(samples) >= samples) return calibration_ids(samples, batch);
  const auto chosen = std::get<0>(spread_order(labels).narrow(0, 0, *limit).sort());
  return batches_of(chosen, calibration_ids(*limit, batch));
}

std::vector<torch::Tensor> batches_of(const torch::Tensor& samples, const std::vector<torch::Tensor>& ids) {
  std::vector<torch::Tensor> batches;
  for (const auto& of_batch : ids) batches.push_back(samples.index_select(0, of_batch.to(samples.device())));
  return batches;
}

std::vector<torch::Tensor> calibration_batches(const torch::Tensor& samples, int batch) {
  return batches_of(samples, calibration_ids(samples.size(0), batch));
}

SampleBatches::SampleBatches(SampleSource samples, std::vector<torch::Tensor> ids)
    : samples_(std::move(samples)), ids_(std::move(ids)) {
  std::int64_t all = 0;
  for (const auto& batch : ids_) all += batch.size(0);
  if (!is_worth_keeping(all, samples_)) return;
  std::vector<torch::Tensor> batches;
  visit([&](const torch::Tensor& batch) { batches.push_back(batch); });
  *this = SampleBatches(std::move(batches));
}

void SampleBatches::check(const std::function<void(const SampleSource&)>& check) const {
  for (const auto& batch : kept_) check(batch);
  if (!ids_.empty()) check(samples_);
}

SampleBatches SampleBatches::to(torch::Device device) const {
  SampleBatches there = *this;
  there.samples_ = samples_.to(device);
  for (auto& batch : there.kept_) batch = batch.to(device);
  return there;
}

void SampleBatches::visit(const std::function<void(const torch::Tensor&)>& use) const {
  for (const auto& batch : kept_) use(batch);
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    const auto batch = samples_.at(ids_[i]);
    if (i + 1 < ids_.size()) samples_.expect(ids_[i + 1]);
    use(batch);
  }
}

std::int64_t evaluation_chunk(const SampleSource& inputs) {
  constexpr std::int64_t kElements = 2'000'000;
  constexpr std::int64_t kSamples = 512;
  return std::clamp<std::int64_t>(kElements / std::max<std::int64_t>(1, inputs.values_a_sample()), 1, kSamples);
}

std::int64_t device_chunk(const SampleSource& inputs, std::int64_t in_room) {
  constexpr std::int64_t kElements = 64'000'000;
  constexpr std::int64_t kSamples = 4096;
  const auto on_the_way = kElements / std::max<std::int64_t>(1, inputs.values_a_sample());
  return std::clamp<std::int64_t>(std::min(in_room, on_the_way), 1, kSamples);
}

std::vector<torch::Tensor> evaluation_parts(const torch::Tensor& chunk) {
  constexpr std::int64_t kSamples = 64;  // of AV-MNIST: maps of 1 MiB; fixed, so that bits do not depend on threads
  return chunk.is_cpu() && chunk.size(0) > 0 ? chunk.split(kSamples) : std::vector{chunk};
}

}  // namespace harmonic
