#include "worker/search_inputs.hpp"

#include "core/data/dataset_file.hpp"
#include "core/work/fitted_settings.hpp"
#include "worker/backbone/supernet_file.hpp"

namespace harmonic {

void check_weights(const SearchSettings& settings) {
  const DatasetFile data(settings.data);
  for (const auto& modality : fitted_settings(settings, data).modalities)
    (void)load_supernet(modality.weights, modality.space, data.info().classes);
}

}  // namespace harmonic
