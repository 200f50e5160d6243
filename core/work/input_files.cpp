#include "core/work/input_files.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/data/dataset_file.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {
namespace {

constexpr const char* kData = "data";
constexpr const char* kTestData = "test data";
constexpr std::size_t kBlock = 4096;                         // bytes of a sampled block
constexpr std::streamoff kWhole = std::streamoff{64} << 20;  // bytes up to which a sample is the whole file

}  // namespace

std::vector<InputFile> input_files(const SearchSettings& settings) {
  std::vector<InputFile> files;
  if (!settings.data.empty()) files = {{kData, settings.data}, {kTestData, settings.data}};
  for (const auto& modality : settings.modalities)
    if (!modality.weights.empty()) files.push_back({"weights of " + modality.name, modality.weights});
  for (const auto& device : settings.devices) {
    for (std::size_t i = 0; i < device.tables.size(); ++i)
      files.push_back(
          {i == 0 ? "table of " + device.name : fmt::format("table {} of {}", i + 1, device.name), device.tables[i]});
  }
  return files;
}

std::uint64_t content_hash(const InputFile& file) {
  if (file.role == kData) return DatasetFile(file.path).training_hash();
  if (file.role == kTestData) return DatasetFile(file.path).test_hash();
  return hash64(read_file(file.path));
}

std::uint64_t content_sample(const InputFile& file) {
  std::ifstream in(file.path, std::ios::binary | std::ios::ate);
  const auto size = in ? static_cast<std::streamoff>(in.tellg()) : -1;
  if (size < 0) throw InputError(fmt::format("cannot read {}", file.path.string()), "check the path");
  if (size <= kWhole) return hash64(read_file(file.path));
  std::uint64_t hash = hash64(std::to_string(size));
  std::array<char, kBlock> block{};
  const auto last = std::max<std::streamoff>(0, size - static_cast<std::streamoff>(kBlock));
  for (const std::streamoff at : {std::streamoff{0}, last / 4, last / 2, last / 4 * 3, last}) {
    in.clear();
    in.seekg(at);
    in.read(block.data(), block.size());
    hash = hash64(std::string_view(block.data(), static_cast<std::size_t>(in.gcount())), hash);
  }
  return hash;
}

}  // namespace harmonic
