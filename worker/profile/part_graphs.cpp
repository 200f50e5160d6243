#include "worker/profile/part_graphs.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/hardware/network_parts.hpp"
#include "worker/profile/network_slices.hpp"
#include "worker/profile/untrained_networks.hpp"

namespace harmonic {
namespace {

/// Cuts networks into the parts that they consist of.
class PartCollector {
 public:
  explicit PartCollector(const TableScope& scope) {
    for (const auto& part : scope.parts()) wanted_.insert(lut_key(part));
  }

  /// Whether a network has a part that is wanted and not there yet.
  [[nodiscard]] bool lacks(const std::vector<NetworkPart>& parts) const {
    return std::ranges::any_of(parts, [&](const auto& part) {
      const auto key = lut_key(part);
      return wanted_.contains(key) && !graphs_.contains(key);
    });
  }
  /// @param parts of the network, in order of execution
  void take(const std::vector<NetworkPart>& parts, const NetworkGraph& network) {
    auto slices = slice(network, table_piece);
    if (slices.size() != parts.size())
      throw RunError(fmt::format("a network of {} has {} pieces, not the {} that tables have rows for", network.name,
                                 slices.size(), parts.size()));
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (const auto key = lut_key(parts[i]); wanted_.contains(key) && !graphs_.contains(key)) {
        slices[i].graph.name = key;
        graphs_.emplace(key, std::move(slices[i].graph));
      }
  }
  [[nodiscard]] std::map<std::string, NetworkGraph> result() && {
    for (const auto& key : wanted_)
      if (!graphs_.contains(key)) throw RunError(fmt::format("no network has the part '{}'", key));
    return std::move(graphs_);
  }

 private:
  std::set<std::string> wanted_;
  std::map<std::string, NetworkGraph> graphs_;
};

/// Networks whose blocks are all alike have every part of the space (space_parts).
void add_backbones(PartCollector& parts, const BackboneSpace& space, int classes) {
  const UntrainedNetworks networks({{space}, {}, classes});
  BackboneGenome genome = largest_genome(space);
  const auto take = [&] {
    const auto own = backbone_parts(space, genome, classes, CostScope::full);
    if (parts.lacks(own)) parts.take(own, networks.backbone(0, genome));
  };
  if (space.family == BackboneSpace::Family::maxout) return take();
  for (const int kernel : space.kernels)
    for (const int expand : space.expands) {
      std::ranges::fill(genome.kernel, kernel);
      std::ranges::fill(genome.expand, expand);
      take();
    }
}

/// A cell for each of some operators, which reads the first two inputs; more cells read all other inputs. The last
/// `joined` cells are joined.
Genotype reading_all(const std::vector<std::string>& operators, const std::string& plain, int inputs, int joined) {
  Genotype genotype;
  for (const auto& op : operators) genotype.cells.push_back({0, 1, {{op, 0, 1}}});
  const auto add = [&](int first, int second) { genotype.cells.push_back({first, second, {{plain, 0, 1}}}); };
  for (int i = 2; i < inputs; i += 2) add(i, std::min(i + 1, inputs - 1) == i ? 0 : i + 1);
  while (static_cast<int>(genotype.cells.size()) < joined) add(0, 1);
  const auto states = inputs + static_cast<int>(genotype.cells.size());
  for (int state = states - joined; state < states; ++state) genotype.concat.push_back(state);
  return genotype;
}

void add_fusions(PartCollector& parts, const TableScope& scope) {
  std::vector<FusionInput> all, last;
  for (const auto& space : scope.spaces) {
    const auto features = returned_features(space, largest_genome(space));
    all.insert(all.end(), features.begin(), features.end());
    last.push_back(features.back());
  }
  if (all.size() < 2) return;
  const auto take = [&](const ModelSizing& sizing, const std::vector<FusionInput>& inputs,
                        const std::vector<FusionInput>& of_modalities, const Genotype& genotype) {
    const auto own = fusion_parts(sizing, inputs, of_modalities, genotype);
    if (parts.lacks(own)) parts.take(own, UntrainedNetworks::fusion(sizing, inputs, of_modalities, genotype));
  };
  for (const int classes : scope.head_classes) {
    const ModelSizing sizing{scope.spaces, {}, classes, scope.channels, scope.positions, true};
    for (int joined = 1; joined <= scope.joined; ++joined)
      take(sizing, all, last,
           reading_all(scope.operators, scope.operators.empty() ? "Sum" : scope.operators.front(),
                       static_cast<int>(all.size()), joined));
    for (const auto& modalities : fused_together(last))
      for (const auto late : {LateFusion::sum, LateFusion::logits, LateFusion::maps})
        take(sizing, modalities, modalities, Genotype{{}, {}, late});
  }
}

}  // namespace

std::map<std::string, NetworkGraph> part_graphs(const TableScope& scope) {
  PartCollector parts(scope);
  for (const auto& space : scope.spaces)
    for (const int classes : scope.head_classes) add_backbones(parts, space, classes);
  add_fusions(parts, scope);
  return std::move(parts).result();
}

}  // namespace harmonic
