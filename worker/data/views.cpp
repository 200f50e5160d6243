#include "worker/data/views.hpp"

#include <vector>

#include "core/base/rng.hpp"

namespace harmonic {

torch::Tensor with_views(Augmentation kind, const torch::Tensor& samples, int views, Seed seed, double strength) {
  const auto ids = torch::arange(samples.size(0));
  std::vector<torch::Tensor> all{samples};
  for (int view = 1; view < views; ++view)
    all.push_back(augment(kind, samples, ids, seed, static_cast<std::uint64_t>(view), strength));
  return all.size() == 1 ? samples : torch::cat(all);
}

torch::Tensor split_views(const BackboneSpace& space, const torch::Tensor& samples, Split split, const Views& views) {
  const auto seed = RandomStream(Seed{views.run_seed}, "views", static_cast<std::uint64_t>(split)).bits64();
  return with_views(usual_augmentation(space), samples, views.count, Seed{seed}, views.strength);
}

torch::Tensor labels_of_views(const torch::Tensor& labels, int views) {
  return torch::cat(std::vector<torch::Tensor>(static_cast<std::size_t>(views), labels));
}

}  // namespace harmonic
