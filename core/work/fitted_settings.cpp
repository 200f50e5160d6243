#include "core/work/fitted_settings.hpp"

namespace harmonic {

SampleShapes sample_shapes(const SearchSettings& settings, const DatasetFile& data) {
  SampleShapes shapes;
  for (const auto& modality : settings.modalities) shapes[modality.name] = data.modality(modality.name).sample_shape;
  return shapes;
}

SearchSettings fitted_settings(SearchSettings settings, const SampleShapes& shapes) {
  for (auto& modality : settings.modalities) {
    const auto sample = shapes.find(modality.name);
    if (sample == shapes.end()) continue;
    modality.space = fitted_space(std::move(modality.space), sample->second);
    check_samples_fit(modality.space, sample->second, "modality " + modality.name);
  }
  return settings;
}

SearchSettings fitted_settings(SearchSettings settings, const DatasetFile& data) {
  const auto shapes = sample_shapes(settings, data);
  return fitted_settings(std::move(settings), shapes);
}

}  // namespace harmonic
