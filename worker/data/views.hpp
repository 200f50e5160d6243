#pragma once

#include <cstdint>

#include <torch/types.h>

#include "core/data/dataset_file.hpp"
#include "core/space/search_space.hpp"
#include "worker/data/augmentation.hpp"
#include "worker/data/sample_source.hpp"

namespace harmonic {

/// The samples and `views` - 1 varied copies of each: all samples as they are, then all of the first copy, and so on.
/// @return (views * N, …)
[[nodiscard]] torch::Tensor with_views(Augmentation kind, const torch::Tensor& samples, int views, Seed seed,
                                       double strength = 1.0);

/// The same of samples wherever they lie, for a network on that device. More of them than are worth keeping
/// (is_worth_keeping) are varied each time they are asked for: the same way, as a copy depends on its sample alone.
[[nodiscard]] SampleSource with_views(Augmentation kind, const SampleSource& samples, int views, Seed seed,
                                      double strength, torch::Device device);

/// How often every sample of a split counts, once as it is, then varied: `validation-views` of a search.
struct Views {
  int count = 1;
  double strength = 1;
  std::uint64_t run_seed = 1;  ///< of the search
};
/// With the views that a search of that seed takes, so that its numbers and a sweep's can be compared.
[[nodiscard]] SampleSource split_views(const BackboneSpace& space, const SampleSource& samples, Split split,
                                       const Views& views, torch::Device device = torch::kCPU);
/// (views * N, …), in the order of with_views.
[[nodiscard]] torch::Tensor labels_of_views(const torch::Tensor& labels, int views);

}  // namespace harmonic
