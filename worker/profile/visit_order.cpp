#include "worker/profile/visit_order.hpp"

#include <algorithm>
#include <set>

#include "core/base/rng.hpp"
#include "core/hardware/network_parts.hpp"

namespace harmonic {
namespace {

/// Networks which together have every choice of every block, each once: in network i a block takes choice i, counted
/// from a start of its own.
class BlockChoices {
 public:
  BlockChoices(const BackboneSpace& space, RandomStream& random) : space_(space), genome_(largest_genome(space)) {
    for (std::size_t p = 0; p < genome_.kernel.size(); ++p) starts_.push_back(random.below(count()));
  }
  [[nodiscard]] std::size_t count() const { return std::max<std::size_t>(1, space_.kernels.size() * expands()); }
  [[nodiscard]] BackboneGenome genome(std::size_t network) const {
    BackboneGenome genome = genome_;
    for (std::size_t p = 0; p < starts_.size(); ++p) {
      const auto choice = (network + starts_[p]) % count();
      genome.kernel[p] = space_.kernels[choice / expands()];
      genome.expand[p] = space_.expands[choice % expands()];
    }
    return genome;
  }

 private:
  [[nodiscard]] std::size_t expands() const { return space_.expands.size(); }

  const BackboneSpace& space_;
  BackboneGenome genome_;
  std::vector<std::size_t> starts_;
};

}  // namespace

std::vector<std::vector<std::string>> visit_order(const TableScope& scope, std::uint64_t round) {
  RandomStream random(Seed{1}, "profile", round);
  const auto wanted = lut_keys(scope.parts());
  std::set<std::string> left(wanted.begin(), wanted.end());
  std::vector<BlockChoices> spaces;
  std::size_t count = 1;
  for (const auto& space : scope.spaces) {
    spaces.emplace_back(space, random);
    count = std::max(count, spaces.back().count());
  }
  std::vector<std::vector<std::string>> networks(count);
  for (std::size_t n = 0; n < count; ++n)
    for (std::size_t s = 0; s < scope.spaces.size(); ++s)
      for (auto& key :
           lut_keys(backbone_parts(scope.spaces[s], spaces[s].genome(n), scope.head_classes.front(), scope.cost))) {
        left.erase(key);
        networks[n].push_back(std::move(key));
      }
  // Fusion's parts, and classifiers of other numbers of classes.
  std::size_t next = 0;
  for (const auto& key : wanted)
    if (left.erase(key) > 0) networks[next++ % count].push_back(key);
  random.shuffle(networks);
  return networks;
}

}  // namespace harmonic
