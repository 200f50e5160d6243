#include "worker/data/views.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/rng.hpp"
#include "worker/tensor/upload.hpp"

namespace harmonic {
namespace {

/// Views that are made as they are asked for.
class ViewStore final : public SampleStore {
 public:
  ViewStore(Augmentation kind, SampleSource samples, int views, Seed seed, double strength)
      : kind_(kind), samples_(std::move(samples)), views_(views), seed_(seed), strength_(strength) {}

  [[nodiscard]] std::vector<std::int64_t> sizes() const override {
    auto sizes = samples_.sizes();
    sizes.front() *= views_;
    return sizes;
  }

  [[nodiscard]] torch::Tensor at(const torch::Tensor& ids) const override {
    const auto of_sample = ids.remainder(samples_.size());
    const auto view = ids.floor_divide(samples_.size());
    auto rows = samples_.at(of_sample);
    if (ids.size(0) == 0) return rows;
    const auto last = view.max().item<std::int64_t>();
    for (auto v = std::max<std::int64_t>(1, view.min().item<std::int64_t>()); v <= last; ++v) {
      const auto own = view.eq(v).nonzero().flatten();
      if (own.size(0) == 0) continue;
      const auto there = uploaded(own, rows.device());
      rows.index_copy_(0, there,
                       augment(kind_, rows.index_select(0, there), of_sample.index_select(0, own), seed_,
                               static_cast<std::uint64_t>(v), strength_));
    }
    return rows;
  }

  void expect(const torch::Tensor& ids) const override { samples_.expect(ids.remainder(samples_.size())); }

  [[nodiscard]] std::shared_ptr<const SampleStore> on(torch::Device device) const override {
    return std::make_shared<ViewStore>(kind_, samples_.to(device), views_, seed_, strength_);
  }

 private:
  Augmentation kind_;
  SampleSource samples_;
  int views_;
  Seed seed_;
  double strength_;
};

}  // namespace

torch::Tensor with_views(Augmentation kind, const torch::Tensor& samples, int views, Seed seed, double strength) {
  const auto ids = torch::arange(samples.size(0));
  std::vector<torch::Tensor> all{samples};
  for (int view = 1; view < views; ++view)
    all.push_back(augment(kind, samples, ids, seed, static_cast<std::uint64_t>(view), strength));
  return all.size() == 1 ? samples : torch::cat(all);
}

SampleSource with_views(Augmentation kind, const SampleSource& samples, int views, Seed seed, double strength,
                        torch::Device device) {
  if (views <= 1) return samples.to(device);
  if (is_worth_keeping(samples.size() * views, samples, device))
    return with_views(kind, samples.to(device).all(), views, seed, strength);
  return SampleSource(std::make_shared<ViewStore>(kind, samples.to(device), views, seed, strength));
}

SampleSource split_views(const BackboneSpace& space, const SampleSource& samples, Split split, const Views& views,
                         torch::Device device) {
  const auto seed = RandomStream(Seed{views.run_seed}, "views", static_cast<std::uint64_t>(split)).bits64();
  return with_views(usual_augmentation(space), samples, views.count, Seed{seed}, views.strength, device);
}

torch::Tensor labels_of_views(const torch::Tensor& labels, int views) {
  return torch::cat(std::vector<torch::Tensor>(static_cast<std::size_t>(views), labels));
}

}  // namespace harmonic
