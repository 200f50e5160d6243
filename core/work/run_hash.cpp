#include "core/work/run_hash.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/data/dataset_file.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {
namespace {

/// Beside the data set: supernet weights and look-up tables.
std::vector<std::string> files_of(const SearchSettings& settings) {
  std::vector<std::string> files;
  for (const auto& modality : settings.modalities)
    if (!modality.weights.empty()) files.push_back(modality.weights);
  for (const auto& device : settings.devices)
    for (const auto& table : device.tables) files.push_back(table);
  return files;
}

std::uintmax_t size_of(const std::string& file) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(file, error);
  if (error) throw InputError(fmt::format("cannot read {}: {}", file, error.message()), "check the path");
  return bytes;
}

}  // namespace

std::uint64_t run_hash(const SearchSettings& settings) {
  std::uint64_t hash = DatasetFile(settings.data).training_hash();
  for (const auto& file : files_of(settings)) hash = hash64(read_file(file), hash);
  return settings.result_hash(hash);
}

std::uint64_t run_fingerprint(const SearchSettings& settings) {
  std::uint64_t hash = hash64(std::to_string(size_of(settings.data)));
  for (const auto& file : files_of(settings)) hash = hash64(std::to_string(size_of(file)), hash);
  return settings.result_hash(hash);
}

}  // namespace harmonic
