#include "worker/profile/whole_networks.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/base/statistics.hpp"

namespace harmonic {
namespace {

constexpr int kMostTries = 3;  // visits, disturbed ones too, over those that are asked for

/// Two different numbers below n.
std::pair<int, int> two_below(int n, RandomStream& random) {
  const auto first = static_cast<int>(random.below(static_cast<std::size_t>(n)));
  const auto second = static_cast<int>(random.below(static_cast<std::size_t>(n - 1)));
  return {first, second < first ? second : second + 1};
}

Genotype random_genotype(int inputs, const std::vector<std::string>& operators, RandomStream& random) {
  constexpr int kMostCells = 3, kMostNodes = 2, kJoined = 2;
  Genotype genotype;
  const auto cells = 1 + static_cast<int>(random.below(kMostCells));
  for (int c = 0; c < cells; ++c) {
    const auto [first, second] = two_below(inputs + c, random);
    FusionCell cell{first, second, {}};
    const auto nodes = 1 + static_cast<int>(random.below(kMostNodes));
    for (int n = 0; n < nodes; ++n) {
      const auto [x, y] = two_below(2 + n, random);
      cell.steps.push_back({random.pick(operators), x, y});
    }
    genotype.cells.push_back(std::move(cell));
  }
  for (int state = inputs + std::max(0, cells - kJoined); state < inputs + cells; ++state)
    genotype.concat.push_back(state);
  return genotype;
}

}  // namespace

std::vector<WholeNetwork> draw_networks(const ModelSizing& sizing, int subnets, int models,
                                        const std::vector<std::string>& operators, std::uint64_t seed) {
  std::vector<int> searched;
  for (std::size_t m = 0; m < sizing.spaces.size(); ++m)
    if (sizing.spaces[m].family != BackboneSpace::Family::maxout) searched.push_back(static_cast<int>(m));
  std::vector<WholeNetwork> networks;
  for (int n = 0; n < subnets && !searched.empty(); ++n) {
    RandomStream random(Seed{seed}, "whole sub-network", static_cast<std::uint64_t>(n));
    const int m = searched[static_cast<std::size_t>(n) % searched.size()];
    const auto& space = sizing.spaces[static_cast<std::size_t>(m)];
    const auto genome = random_genome(space, random);
    networks.push_back({space.name, fmt::format("{} {}", space.name, to_text(genome)), m, {{genome}, {}}, {}});
  }
  int inputs = 0;
  for (const int features : sizing.features) inputs += features;
  for (int n = 0; n < models && sizing.spaces.size() > 1; ++n) {
    RandomStream random(Seed{seed}, "whole model", static_cast<std::uint64_t>(n));
    WholeNetwork network{"multimodal", {}, -1, {}, random_genotype(inputs, operators, random)};
    for (const auto& space : sizing.spaces) {
      network.genome.backbones.push_back(random_genome(space, random));
      network.name += fmt::format("{} {}, ", space.name, to_text(network.genome.backbones.back()));
    }
    network.name += to_text(*network.genotype);
    networks.push_back(std::move(network));
  }
  return networks;
}

std::vector<NetworkPart> parts_of(const WholeNetwork& network, const ModelSizing& sizing, CostScope scope) {
  if (!network.genotype)
    return backbone_parts(sizing.spaces[static_cast<std::size_t>(network.modality)], network.genome.backbones.front(),
                          sizing.classes, scope);
  std::vector<NetworkPart> parts;
  for (std::size_t m = 0; m < sizing.spaces.size(); ++m)
    std::ranges::move(backbone_parts(sizing.spaces[m], network.genome.backbones[m], sizing.classes, scope),
                      std::back_inserter(parts));
  for (auto& part : fusion_parts(sizing, network.genome, *network.genotype))
    if (scope == CostScope::full || part.kind == NetworkPart::Kind::fusion_operator) parts.push_back(std::move(part));
  return parts;
}

NetworkGraph graph_of(const WholeNetwork& network, const UntrainedNetworks& networks) {
  return network.genotype ? networks.model(network.genome, *network.genotype)
                          : networks.backbone(network.modality, network.genome.backbones.front());
}

std::vector<double> measure_networks(const std::vector<NetworkGraph>& networks, const RunConditions& conditions,
                                     int rounds, const std::function<void(double)>& progress) {
  std::vector<TimedNetwork> timed;
  for (const auto& network : networks) timed.emplace_back(network, conditions);
  QuietCore core;
  std::vector<std::vector<double>> times(networks.size());
  const auto has_enough = [&](const auto& own) { return static_cast<int>(own.size()) >= rounds; };
  for (int round = 0; round < kMostTries * rounds && !std::ranges::all_of(times, has_enough); ++round) {
    progress(std::min(0.99, static_cast<double>(round) / rounds));
    for (std::size_t n = 0; n < timed.size(); ++n) {
      if (has_enough(times[n])) continue;
      if (const auto ms = visit({&timed[n]}, core).front()) times[n].push_back(*ms);
    }
  }
  std::vector<double> medians;
  for (std::size_t n = 0; n < times.size(); ++n) {
    if (times[n].empty())
      throw RunError(fmt::format("the machine is too busy: network {} was disturbed in all of its {} visits",
                                 networks[n].name, kMostTries * rounds));
    medians.push_back(median(times[n]));
  }
  return medians;
}

}  // namespace harmonic
