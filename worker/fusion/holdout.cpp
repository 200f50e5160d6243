#include "worker/fusion/holdout.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"

namespace harmonic {
namespace {

constexpr std::int64_t kParts = 5;

/// [class] samples of it; of multilabel samples, one list of all.
std::map<std::int64_t, std::vector<std::int64_t>> strata(const Samples& samples) {
  std::map<std::int64_t, std::vector<std::int64_t>> found;
  const bool classes = samples.labels.kind == LabelKind::classification;
  const torch::Tensor labels = classes ? samples.labels.values.cpu() : torch::Tensor();
  for (std::int64_t i = 0; i < samples.count(); ++i) found[classes ? labels[i].item<std::int64_t>() : 0].push_back(i);
  return found;
}

/// Those samples in all their views.
Samples in_views(const Samples& samples, std::vector<std::int64_t> chosen) {
  std::ranges::sort(chosen);
  const auto views = torch::arange(samples.labels.views, torch::kInt64).unsqueeze(1) * samples.count();
  return samples.at((torch::tensor(chosen) + views).flatten().to(samples.device()));
}

}  // namespace

Holdout hold_out(const Samples& train, std::uint64_t seed) {
  if (train.count() < 4)
    throw InputError(fmt::format("{} training samples cannot be parted in two", train.count()),
                     "give four or more, or architecture-split = val in [fusion]");
  RandomStream random(Seed{seed}, "architecture-holdout");
  std::vector<std::int64_t> guide, taught;
  for (auto& [label, members] : strata(train)) {
    random.shuffle(members);
    const auto held = static_cast<std::ptrdiff_t>(members.size() + kParts / 2) / kParts;
    guide.insert(guide.end(), members.begin(), members.begin() + held);
    taught.insert(taught.end(), members.begin() + held, members.end());
  }
  while (guide.size() < 2) {  // classes of one or two samples each
    guide.push_back(taught.back());
    taught.pop_back();
  }
  return {in_views(train, std::move(taught)), in_views(train, std::move(guide))};
}

}  // namespace harmonic
