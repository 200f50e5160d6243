#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <torch/types.h>

namespace harmonic {

/// What holds samples, or knows where they lie. For use by one thread.
class SampleStore {
 public:
  virtual ~SampleStore() = default;

  /// (N, C, H, W) or (N, F) of all samples.
  [[nodiscard]] virtual std::vector<std::int64_t> sizes() const = 0;
  /// As a network takes them: float32, on the store's device; nobody else holds them. @param ids (n) int64 on the CPU
  [[nodiscard]] virtual torch::Tensor at(const torch::Tensor& ids) const = 0;
  /// `count` samples from `first` on; where they are held as they are taken, a view of these.
  [[nodiscard]] virtual torch::Tensor range(std::int64_t first, std::int64_t count) const {
    return at(torch::arange(first, first + count));
  }
  /// The next question will be for these: where that takes a while, it begins meanwhile, on a thread of its own.
  virtual void expect(const torch::Tensor& ids) const { (void)ids; }
  /// The same samples, given on a device.
  [[nodiscard]] virtual std::shared_ptr<const SampleStore> on(torch::Device device) const = 0;
};

/// The samples of a split as a network takes them, batch by batch: float32, scaled, normalised, where asked for varied.
/// How they lie meanwhile is the store's affair: held as bytes, as floats, or in a file. Copies share it. A tensor is a
/// source of its rows.
class SampleSource {
 public:
  SampleSource() : SampleSource(torch::empty({0, 1})) {}  ///< none
  SampleSource(const torch::Tensor& samples);             // NOLINT(google-explicit-constructor): a tensor is one
  explicit SampleSource(std::shared_ptr<const SampleStore> store) : store_(std::move(store)), sizes_(store_->sizes()) {}

  [[nodiscard]] std::int64_t size() const { return sizes_.front(); }
  [[nodiscard]] const std::vector<std::int64_t>& sizes() const { return sizes_; }
  [[nodiscard]] std::int64_t values_a_sample() const;

  // As the store's.
  [[nodiscard]] torch::Tensor at(const torch::Tensor& ids) const { return store_->at(ids); }
  [[nodiscard]] torch::Tensor range(std::int64_t first, std::int64_t count) const {
    return store_->range(first, count);
  }
  void expect(const torch::Tensor& ids) const { store_->expect(ids); }
  [[nodiscard]] SampleSource to(torch::Device device) const;

  [[nodiscard]] torch::Tensor all() const { return range(0, size()); }

 private:
  std::shared_ptr<const SampleStore> store_;
  std::vector<std::int64_t> sizes_;
};

/// Whether what is made of samples and asked for again and again, as calibration batches and views are, is to be kept
/// as floats: up to 64 MiB on the CPU, a thousand sounds or twenty thousand digits, whose networks are so small that
/// making them anew would tell; up to 1 GiB on a GPU. What is more is made anew each time, which beside the pass of its
/// network is little. @param samples how many, of the size that `of` has
[[nodiscard]] bool is_worth_keeping(std::int64_t samples, const SampleSource& of, torch::Device device = torch::kCPU);

/// Calls `use` with all samples, `chunk` at a time, or with none once; the next ones are read meanwhile.
void for_chunks(const SampleSource& samples, std::int64_t chunk, const std::function<void(const torch::Tensor&)>& use);

/// tensor_hash() of all samples as one tensor, which they need not be.
[[nodiscard]] std::uint64_t samples_hash(const SampleSource& samples, std::uint64_t seed = 0);

}  // namespace harmonic
