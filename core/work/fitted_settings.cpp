#include "core/work/fitted_settings.hpp"

namespace harmonic {

SearchSettings fitted_settings(SearchSettings settings, const DatasetFile& data) {
  for (auto& modality : settings.modalities) {
    const auto& sample = data.modality(modality.name).sample_shape;
    modality.space = fitted_space(std::move(modality.space), sample);
    check_samples_fit(modality.space, sample, "modality " + modality.name);
  }
  return settings;
}

}  // namespace harmonic
