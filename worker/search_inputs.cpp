#include "worker/search_inputs.hpp"

#include "core/data/dataset_file.hpp"
#include "worker/backbone/supernet_file.hpp"

namespace harmonic {

void check_weights(const SearchSettings& settings) {
  const int classes = DatasetFile(settings.data).info().classes;
  for (const auto& modality : settings.modalities) (void)load_supernet(modality.weights, modality.space, classes);
}

}  // namespace harmonic
