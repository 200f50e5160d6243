#include "core/space/gene_choices.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace harmonic {
namespace {

/// Calls `use` with every layer that a network of the space may have, and the kernel and expansion of its block;
/// layers that all have come with the first of each alone.
template <class Use>
void visit_layers(const BackboneSpace& space, int classes, const Use& use) {
  BackboneGenome genome = largest_genome(space);
  bool first = true;
  for (const int kernel : space.kernels)
    for (const int expand : space.expands) {
      std::ranges::fill(genome.kernel, kernel);
      std::ranges::fill(genome.expand, expand);
      for (const Layer& layer : backbone_layers(space, genome, classes))
        if (layer.position >= 0 || first) use(layer, kernel, expand);
      first = false;
    }
}

std::size_t at(const Layer& block) {
  return static_cast<std::size_t>(block.position);
}

constexpr auto kDepth = static_cast<std::size_t>(BackboneSpace::kMaxDepth);

}  // namespace

GeneChoices::GeneChoices(const BackboneSpace& space, const Allows& allows) {
  if (space.family == BackboneSpace::Family::maxout) return;
  blocks_.resize(static_cast<std::size_t>(space.positions()));
  visit_layers(space, /*classes=*/1, [&](const Layer& layer, int kernel, int expand) {
    const bool can = allows(layer);
    is_whole_ = is_whole_ && can;
    if (layer.position < 0)
      has_fixed_ = has_fixed_ && can;
    else if (can)
      blocks_[at(layer)].emplace_back(kernel, expand);
  });
  for (std::size_t stage = 0; stage < space.stages.size(); ++stage) {
    auto& depths = depths_.emplace_back();
    for (const int depth : space.depths) {
      const auto first = blocks_.begin() + static_cast<std::ptrdiff_t>(stage * kDepth);
      if (std::none_of(first, first + depth, [](const auto& pairs) { return pairs.empty(); })) depths.push_back(depth);
    }
    lacks_depth_ = lacks_depth_ || depths.empty();
  }
}

bool GeneChoices::allows(const BackboneGenome& genome) const {
  if (is_whole_) return true;
  if (!any()) return false;
  for (std::size_t stage = 0; stage < depths_.size(); ++stage)
    for (std::size_t p = stage * kDepth; p < stage * kDepth + static_cast<std::size_t>(genome.depth.at(stage)); ++p)
      if (std::ranges::find(blocks_[p], std::pair(genome.kernel.at(p), genome.expand.at(p))) == blocks_[p].end())
        return false;
  return true;
}

BackboneGenome GeneChoices::repaired(BackboneGenome genome, RandomStream& random) const {
  if (allows(genome)) return genome;
  for (std::size_t stage = 0; stage < depths_.size(); ++stage) {
    int& depth = genome.depth.at(stage);
    if (std::ranges::find(depths_[stage], depth) == depths_[stage].end()) depth = random.pick(depths_[stage]);
    for (std::size_t p = stage * kDepth; p < stage * kDepth + static_cast<std::size_t>(depth); ++p) {
      const std::pair own(genome.kernel.at(p), genome.expand.at(p));
      if (std::ranges::find(blocks_[p], own) == blocks_[p].end())
        std::tie(genome.kernel[p], genome.expand[p]) = random.pick(blocks_[p]);
    }
  }
  return genome;
}

LeastBackbone least_backbone(const BackboneSpace& space, int classes,
                             const std::function<double(const Layer&)>& of_layer) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  LeastBackbone least{smallest_genome(space), 0};
  std::vector<double> of_block(static_cast<std::size_t>(space.positions()), kNone);
  visit_layers(space, classes, [&](const Layer& layer, int kernel, int expand) {
    const double value = of_layer(layer);
    if (layer.position < 0) {
      least.value += value;
    } else if (value < of_block[at(layer)]) {
      of_block[at(layer)] = value;
      least.genome.kernel[at(layer)] = kernel;
      least.genome.expand[at(layer)] = expand;
    }
  });
  for (std::size_t stage = 0; stage * kDepth < of_block.size(); ++stage) {
    double best = kNone;
    for (const int depth : space.depths) {
      double sum = 0;
      for (std::size_t b = 0; b < static_cast<std::size_t>(depth); ++b) sum += of_block[stage * kDepth + b];
      if (sum >= best) continue;
      best = sum;
      least.genome.depth[stage] = depth;
    }
    least.value += best;
  }
  least.genome = canonical(least.genome);
  return least;
}

}  // namespace harmonic
