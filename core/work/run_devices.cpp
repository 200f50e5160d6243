#include "core/work/run_devices.hpp"

namespace harmonic {

int head_classes(const SearchSettings& settings, int data_classes) {
  return settings.head_classes > 0 ? settings.head_classes : data_classes;
}

DeviceSet run_devices(const SearchSettings& settings, int data_classes) {
  std::vector<BackboneSpace> spaces;
  for (const auto& modality : settings.modalities) spaces.push_back(modality.space);
  const std::vector<int> heads(spaces.size(), head_classes(settings, data_classes));
  return {settings.devices,
          settings.aggregate,
          spaces,
          heads,
          settings.fusion.channels,
          settings.fusion.side * settings.fusion.side};
}

}  // namespace harmonic
