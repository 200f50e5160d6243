#include "core/space/prefix_groups.hpp"

#include <set>

#include <catch2/catch.hpp>

namespace harmonic {

TEST_CASE("Groups share their first block, keep to their size, and lose no genome", "[space]") {
  const auto& space = find_space("avmnist-image");
  std::vector<BackboneGenome> genomes;
  for (std::uint64_t i = 0; i < 120; ++i) {
    RandomStream random(Seed{4}, "test genomes", i);
    genomes.push_back(random_genome(space, random));
  }
  std::multiset<BackboneGenome> seen;
  for (const auto& group : prefix_groups(genomes, 5)) {
    CHECK(group.size() <= 5);
    for (const auto& genome : group) {
      CHECK(genome.kernel[0] == group.front().kernel[0]);
      CHECK(genome.expand[0] == group.front().expand[0]);
      seen.insert(genome);
    }
  }
  CHECK(seen == std::multiset(genomes.begin(), genomes.end()));
  CHECK(prefix_groups({BackboneGenome{}}).size() == 1);
  CHECK(prefix_groups({}).empty());
}

TEST_CASE("A first block's groups are as even as can be", "[space]") {
  std::vector<std::size_t> sizes;
  for (const auto& group : prefix_groups(all_genomes(find_space("avmnist-image")), 96)) sizes.push_back(group.size());
  CHECK(sizes == std::vector<std::size_t>(81, 91));
}

}  // namespace harmonic
