#include "worker/commands/lut_networks.hpp"

#include <algorithm>

#include "core/config/search_settings.hpp"
#include "core/space/layers.hpp"

namespace harmonic {

void NetworkOptions::declare(OptionSet& options) {
  options.add("networks", subnets, "sub-networks drawn at random, dealt over the spaces", {0, 10'000});
  options.add("models", models, "multimodal models drawn at random, a backbone of every space; none of one space alone",
              {0, 10'000});
  options.add("seed", seed, "of what is drawn");
}

DrawnNetworks NetworkOptions::draw(const TableScope& scope) const {
  DrawnNetworks drawn;
  drawn.sizing = {
      scope.spaces, {}, scope.head_classes.front(), scope.channels, scope.positions, FusionSettings{}.backbone_logits};
  for (const auto& space : scope.spaces)
    drawn.sizing.features.push_back(std::min(most_offered(space), FusionSettings::kUsualFeatures));
  drawn.networks = draw_networks(drawn.sizing, subnets, models, searched_operators(), seed);
  return drawn;
}

}  // namespace harmonic
