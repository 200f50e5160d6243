#include "core/work/run_devices.hpp"

#include <optional>
#include <utility>

namespace harmonic {

int head_classes(const SearchSettings& settings, int data_classes) {
  return settings.head_classes > 0 ? settings.head_classes : data_classes;
}

DeviceSet run_devices(const SearchSettings& settings, int data_classes) {
  std::vector<BackboneSpace> spaces;
  for (const auto& modality : settings.modalities) spaces.push_back(modality.space);
  const std::vector<int> heads(spaces.size(), head_classes(settings, data_classes));
  const int channels = settings.fusion.channels, positions = settings.fusion.side * settings.fusion.side;
  std::optional<ModelSizing> full;
  if (settings.cost == CostScope::full) {
    const FusionSettings fusion = settings.fusion_in_force();
    full = ModelSizing{spaces, {}, data_classes, channels, positions, fusion.backbone_logits};
    for (std::size_t m = 0; m < spaces.size(); ++m) full->features.push_back(fusion.features_of(m));
  }
  return {settings.devices, settings.aggregate, spaces, heads, channels, positions, std::move(full)};
}

}  // namespace harmonic
