#include "core/space/genome.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

bool active(const BackboneGenome& genome, std::size_t position) {
  const std::size_t stage = position / BackboneSpace::kMaxDepth;
  return static_cast<int>(position % BackboneSpace::kMaxDepth) < genome.depth[stage];
}

/// Orders expansions by the block's width; of equal ones the fused block is the larger.
std::pair<int, bool> by_width(int expand) {
  return {std::abs(expand), expand < 0};
}

void check_gene(int value, const std::vector<int>& options, const std::string& gene, const std::string& space) {
  if (std::find(options.begin(), options.end(), value) == options.end())
    throw InputError(fmt::format("gene {} is {}, which space {} does not have", gene, value, space),
                     fmt::format("take one of {}", fmt::join(options, ", ")));
}

/// As it is to be written for this space.
std::string right_form(const BackboneSpace& space) {
  return fmt::format("write it as {}, or as smallest or largest", to_text(smallest_genome(space)));
}

void check_length(std::size_t length, std::size_t wanted, const char* list, const BackboneSpace& space) {
  if (length != wanted)
    throw InputError(fmt::format("genome lists {} values of {}, space {} has {}", length, list, space.name, wanted),
                     right_form(space));
}

BackboneGenome uniform_genome(const BackboneSpace& space, int kernel, int expand, int depth) {
  const auto positions = static_cast<std::size_t>(space.positions());
  const std::size_t stages = space.family == BackboneSpace::Family::maxout ? 0 : space.stages.size();
  return {std::vector<int>(positions, kernel), std::vector<int>(positions, expand), std::vector<int>(stages, depth)};
}

/// The numbers of one list: separated by commas, blanks or both. @param text of the genome, for messages
std::vector<int> read_values(const std::string& values, char key, std::string_view text) {
  std::vector<int> numbers;
  const bool commas = values.find(',') != std::string::npos;
  for (const auto& value : split(values, commas ? ',' : ' '))
    if (commas || !value.empty())
      numbers.push_back(parse_int(value, fmt::format("a value of {} in genome '{}'", key, text)));
  return numbers;
}

/// The lists as they stand in the text, in capitals, whatever their lengths. Between them are semicolons, blanks or
/// both.
BackboneGenome read_lists(const std::string& letters, std::string_view text, const BackboneSpace& space) {
  constexpr std::string_view kKeys = "KED";
  BackboneGenome genome;
  for (std::size_t at = 0; at < letters.size();) {
    const auto next = letters.find_first_of(kKeys, at + 1);
    const std::string part = letters.substr(at, next == std::string::npos ? next : next - at);
    at = std::min(next, letters.size());
    const auto equals = part.find('=');
    const auto end = std::min(part.find_last_not_of("; \t") + 1, part.size());
    const char key = part.front();
    std::vector<int>& list = key == 'K' ? genome.kernel : key == 'E' ? genome.expand : genome.depth;
    const bool read = kKeys.find(key) != std::string_view::npos && equals != std::string::npos &&
                      trim(std::string_view(part).substr(1, equals - 1)).empty() && list.empty();
    if (read && equals + 1 < end)
      list = read_values(trim(std::string_view(part).substr(equals + 1, end - equals - 1)), key, text);
    if (!read || list.empty())
      throw InputError(fmt::format("cannot read '{}' in genome '{}'", trim(part), text), right_form(space));
  }
  return genome;
}

/// One value serves all, as many as there are active blocks are theirs, and none at all is the smallest. Any other list
/// stays as it is: check_genome refuses it.
std::vector<int> filled(const std::vector<int>& list, const BackboneGenome& genome, int smallest) {
  const std::size_t positions = genome.depth.size() * BackboneSpace::kMaxDepth;
  if (list.size() == positions || positions == 0) return list;
  std::vector<int> result(positions, list.empty() ? smallest : list.front());
  if (list.size() < 2) return result;
  std::size_t next = 0;
  for (std::size_t p = 0; p < positions; ++p)
    result[p] = active(genome, p) && next < list.size() ? list[next++] : smallest;
  const auto blocks = std::accumulate(genome.depth.begin(), genome.depth.end(), std::int64_t{0});
  return static_cast<std::int64_t>(list.size()) == blocks ? result : list;
}

/// Without D every stage has its smallest depth.
BackboneGenome filled(BackboneGenome genome, const BackboneSpace& space) {
  const BackboneGenome smallest = smallest_genome(space);
  const auto stages = smallest.depth.size();
  if (genome.depth.empty()) genome.depth = smallest.depth;
  if (genome.depth.size() == 1) genome.depth.resize(stages, genome.depth.front());
  if (genome.depth.size() != stages) return genome;
  genome.kernel = filled(genome.kernel, genome, smallest.kernel.empty() ? 0 : smallest.kernel.front());
  genome.expand = filled(genome.expand, genome, smallest.expand.empty() ? 0 : smallest.expand.front());
  return genome;
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
  std::string letters(text);
  std::ranges::transform(letters, letters.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  letters = trim(letters);
  if (letters == "SMALLEST") return smallest_genome(space);
  if (letters == "LARGEST") return largest_genome(space);
  BackboneGenome genome;
  if (letters.empty()) throw InputError("a genome is empty", right_form(space));
  if (letters != "FIXED") genome = filled(read_lists(letters, text, space), space);
  check_genome(genome, space);
  return genome;
}

void check_genome(const BackboneGenome& genome, const BackboneSpace& space) {
  const auto positions = static_cast<std::size_t>(space.positions());
  const std::size_t stages = positions / BackboneSpace::kMaxDepth;
  check_length(genome.depth.size(), stages, "D", space);
  check_length(genome.kernel.size(), positions, "K", space);
  check_length(genome.expand.size(), positions, "E", space);
  for (std::size_t s = 0; s < stages; ++s)
    check_gene(genome.depth[s], space.depths, fmt::format("D[{}]", s), space.name);
  for (std::size_t p = 0; p < positions; ++p) {
    if (!active(genome, p) && genome.kernel[p] == 0 && genome.expand[p] == 0) continue;
    check_gene(genome.kernel[p], space.kernels, fmt::format("K[{}]", p), space.name);
    check_gene(genome.expand[p], space.expands, fmt::format("E[{}]", p), space.name);
  }
}

BackboneGenome smallest_genome(const BackboneSpace& space) {
  return uniform_genome(space, std::ranges::min(space.kernels), std::ranges::min(space.expands, {}, by_width),
                        std::ranges::min(space.depths));
}

BackboneGenome largest_genome(const BackboneSpace& space) {
  return uniform_genome(space, std::ranges::max(space.kernels), std::ranges::max(space.expands, {}, by_width),
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
