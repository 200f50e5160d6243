#include "core/space/genome.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

bool active(const BackboneGenome& genome, std::size_t position) {
  const std::size_t stage = position / BackboneSpace::kMaxDepth;
  return static_cast<int>(position % BackboneSpace::kMaxDepth) < genome.depth[stage];
}

void check_gene(int value, const std::vector<int>& options, const std::string& gene, const std::string& space) {
  if (std::find(options.begin(), options.end(), value) == options.end())
    throw InputError(fmt::format("gene {} is {}, which space {} does not have", gene, value, space),
                     fmt::format("take one of {}", fmt::join(options, ", ")));
}

void check_length(std::size_t length, std::size_t wanted, const char* list, const std::string& space) {
  if (length != wanted)
    throw InputError(fmt::format("genome lists {} values of {}, space {} has {}", length, list, space, wanted),
                     "list every position, as in K=5,5,5,5;E=3,3,4,3;D=2");
}

BackboneGenome uniform_genome(const BackboneSpace& space, int kernel, int expand, int depth) {
  const auto positions = static_cast<std::size_t>(space.positions());
  const std::size_t stages = space.family == BackboneSpace::Family::maxout ? 0 : space.stages.size();
  return {std::vector<int>(positions, kernel), std::vector<int>(positions, expand), std::vector<int>(stages, depth)};
}

}  // namespace

BackboneGenome canonical(const BackboneGenome& genome) {
  BackboneGenome result = genome;
  for (std::size_t p = 0; p < result.kernel.size(); ++p)
    if (!active(genome, p)) result.kernel[p] = result.expand[p] = 0;
  return result;
}

MultimodalGenome canonical(const MultimodalGenome& genome) {
  MultimodalGenome result = genome;
  for (auto& backbone : result.backbones) backbone = canonical(backbone);
  return result;
}

std::string to_text(const BackboneGenome& genome) {
  if (genome.depth.empty()) return "fixed";
  return fmt::format("K={};E={};D={}", fmt::join(genome.kernel, ","), fmt::join(genome.expand, ","),
                     fmt::join(genome.depth, ","));
}

BackboneGenome parse_genome(std::string_view text, const BackboneSpace& space) {
  if (text == "smallest") return smallest_genome(space);
  if (text == "largest") return largest_genome(space);
  BackboneGenome genome;
  if (text != "fixed") {
    for (const auto& part : split(text, ';')) {
      const auto equals = part.find('=');
      const std::string key = part.substr(0, equals);
      std::vector<int>* list = key == "K"   ? &genome.kernel
                               : key == "E" ? &genome.expand
                               : key == "D" ? &genome.depth
                                            : nullptr;
      if (equals == std::string::npos || list == nullptr || !list->empty())
        throw InputError(fmt::format("cannot read '{}' in genome '{}'", part, text),
                         "write it as K=5,5,5,5;E=3,3,4,3;D=2, or as smallest or largest");
      for (const auto& value : split(std::string_view(part).substr(equals + 1), ','))
        list->push_back(parse_int(value, fmt::format("a value of {} in genome '{}'", key, text)));
    }
  }
  check_genome(genome, space);
  return genome;
}

void check_genome(const BackboneGenome& genome, const BackboneSpace& space) {
  const auto positions = static_cast<std::size_t>(space.positions());
  const std::size_t stages = positions / BackboneSpace::kMaxDepth;
  check_length(genome.depth.size(), stages, "D", space.name);
  check_length(genome.kernel.size(), positions, "K", space.name);
  check_length(genome.expand.size(), positions, "E", space.name);
  for (std::size_t s = 0; s < stages; ++s)
    check_gene(genome.depth[s], space.depths, fmt::format("D[{}]", s), space.name);
  for (std::size_t p = 0; p < positions; ++p) {
    if (!active(genome, p) && genome.kernel[p] == 0 && genome.expand[p] == 0) continue;
    check_gene(genome.kernel[p], space.kernels, fmt::format("K[{}]", p), space.name);
    check_gene(genome.expand[p], space.expands, fmt::format("E[{}]", p), space.name);
  }
}

BackboneGenome smallest_genome(const BackboneSpace& space) {
  return uniform_genome(space, std::ranges::min(space.kernels), std::ranges::min(space.expands),
                        std::ranges::min(space.depths));
}

BackboneGenome largest_genome(const BackboneSpace& space) {
  return uniform_genome(space, std::ranges::max(space.kernels), std::ranges::max(space.expands),
                        std::ranges::max(space.depths));
}

BackboneGenome random_genome(const BackboneSpace& space, RandomStream& random) {
  BackboneGenome genome = smallest_genome(space);
  for (auto& k : genome.kernel) k = random.pick(space.kernels);
  for (auto& e : genome.expand) e = random.pick(space.expands);
  for (auto& d : genome.depth) d = random.pick(space.depths);
  return genome;
}

std::vector<BackboneGenome> all_genomes(const BackboneSpace& space, std::size_t limit) {
  std::vector<BackboneGenome> grown = {BackboneGenome{}};  // of the stages so far
  for (std::size_t stage = 0; stage < static_cast<std::size_t>(space.positions()) / BackboneSpace::kMaxDepth; ++stage) {
    std::vector<BackboneGenome> next;
    for (const int depth : space.depths) {
      std::vector<BackboneGenome> partial = grown;
      for (auto& genome : partial) genome.depth.push_back(depth);
      for (int block = 0; block < BackboneSpace::kMaxDepth; ++block) {
        std::vector<BackboneGenome> longer;
        for (const auto& genome : partial) {
          for (const int k : block < depth ? space.kernels : std::vector<int>{0})
            for (const int e : block < depth ? space.expands : std::vector<int>{0}) {
              longer.push_back(genome);
              longer.back().kernel.push_back(k);
              longer.back().expand.push_back(e);
            }
          if (longer.size() > limit)
            throw InputError(fmt::format("space {} has more than {} networks", space.name, limit),
                             "name the genomes to evaluate instead of all of them");
        }
        partial = std::move(longer);
      }
      next.insert(next.end(), partial.begin(), partial.end());
    }
    if (next.size() > limit)
      throw InputError(fmt::format("space {} has more than {} networks", space.name, limit),
                       "name the genomes to evaluate instead of all of them");
    grown = std::move(next);
  }
  std::sort(grown.begin(), grown.end());
  return grown;
}

}  // namespace harmonic
