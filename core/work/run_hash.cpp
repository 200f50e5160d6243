#include "core/work/run_hash.hpp"

#include "core/base/hash.hpp"
#include "core/data/dataset_file.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {

std::uint64_t run_hash(const SearchSettings& settings) {
  std::uint64_t hash = DatasetFile(settings.data).training_hash();
  for (const auto& modality : settings.modalities)
    if (!modality.weights.empty()) hash = hash64(read_file(modality.weights), hash);
  for (const auto& device : settings.devices)
    for (const auto& table : device.tables) hash = hash64(read_file(table), hash);
  return settings.result_hash(hash);
}

}  // namespace harmonic
