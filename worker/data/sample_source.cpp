#include "worker/data/sample_source.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>

#include "core/base/hash.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/tensor/upload.hpp"

namespace harmonic {
namespace {

/// Floats that are what a network takes.
class FloatStore final : public SampleStore {
 public:
  explicit FloatStore(torch::Tensor samples) : samples_(std::move(samples)) {}

  [[nodiscard]] std::vector<std::int64_t> sizes() const override { return samples_.sizes().vec(); }
  [[nodiscard]] torch::Tensor at(const torch::Tensor& ids) const override {
    return samples_.index_select(0, uploaded(ids, samples_.device()));
  }
  [[nodiscard]] torch::Tensor range(std::int64_t first, std::int64_t count) const override {
    return samples_.narrow(0, first, count);
  }
  [[nodiscard]] std::shared_ptr<const SampleStore> on(torch::Device device) const override {
    return std::make_shared<FloatStore>(samples_.to(device));  // itself where it is there
  }

 private:
  torch::Tensor samples_;
};

}  // namespace

SampleSource::SampleSource(const torch::Tensor& samples) : SampleSource(std::make_shared<FloatStore>(samples)) {}

std::int64_t SampleSource::values_a_sample() const {
  return std::accumulate(sizes_.begin() + 1, sizes_.end(), std::int64_t{1}, std::multiplies<>{});
}

SampleSource SampleSource::to(torch::Device device) const {
  return SampleSource(store_->on(device));
}

bool is_worth_keeping(std::int64_t samples, const SampleSource& of, torch::Device device) {
  constexpr std::int64_t kMebibyte = 1 << 20;
  const std::int64_t bytes = samples * of.values_a_sample() * static_cast<std::int64_t>(sizeof(float));
  return bytes <= (device.is_cpu() ? 64 : 1024) * kMebibyte;
}

void for_chunks(const SampleSource& samples, std::int64_t chunk, const std::function<void(const torch::Tensor&)>& use) {
  const auto last = [&](std::int64_t first) { return std::min(first + chunk, samples.size()); };
  if (samples.size() == 0) use(samples.all());
  for (std::int64_t first = 0; first < samples.size(); first += chunk) {
    const auto batch = samples.range(first, last(first) - first);
    if (last(first) < samples.size()) samples.expect(torch::arange(last(first), last(first + chunk)));
    use(batch);
  }
}

std::uint64_t samples_hash(const SampleSource& samples, std::uint64_t seed) {
  StreamedHash hash(seed);
  for_chunks(samples, evaluation_chunk(samples), [&](const torch::Tensor& batch) {
    const auto values = batch.detach().to(torch::kCPU).contiguous();
    hash.add(std::span(static_cast<const std::byte*>(values.data_ptr()), values.nbytes()));
  });
  return hash.value();
}

}  // namespace harmonic
