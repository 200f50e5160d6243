#include "core/work/run_devices.hpp"

#include <optional>
#include <utility>

namespace harmonic {

int head_classes(const SearchSettings& settings, int data_classes) {
  return settings.head_classes > 0 ? settings.head_classes : data_classes;
}

ModelSizing run_sizing(const SearchSettings& settings, int data_classes) {
  const auto fusion = settings.fusion_in_force();
  ModelSizing sizing{{}, {}, data_classes, fusion.channels, fusion.side * fusion.side, fusion.backbone_logits};
  for (std::size_t m = 0; m < settings.modalities.size(); ++m) {
    sizing.spaces.push_back(settings.modalities[m].space);
    sizing.features.push_back(fusion.features_of(m));
  }
  return sizing;
}

DeviceSet run_devices(const SearchSettings& settings, int data_classes) {
  std::vector<BackboneSpace> spaces;
  for (const auto& modality : settings.modalities) spaces.push_back(modality.space);
  const std::vector<int> heads(spaces.size(), head_classes(settings, data_classes));
  const int channels = settings.fusion.channels, positions = settings.fusion.side * settings.fusion.side;
  std::optional<ModelSizing> full;
  if (settings.cost == CostScope::full) full = run_sizing(settings, data_classes);
  return {settings.devices, settings.aggregate, spaces, heads, channels, positions, std::move(full)};
}

}  // namespace harmonic
