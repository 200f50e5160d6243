#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/data/dataset_file.hpp"
#include "core/storage/hdf5_file.hpp"

namespace harmonic {

/// Calls `visit(values, first)` with some samples at a time, row-major and on the scale that a network reads (uint8 as
/// 0 … 1), and the number of the first one. However large the split, a few MiB of it are in memory.
/// @throws InputError naming the first sample that holds a value that is not finite
void visit_samples(const Hdf5File& file, const ModalityInfo& modality, Split split,
                   const std::function<void(const std::vector<float>& values, std::size_t first)>& visit);

/// Mean and standard deviation of every channel of a split (of every feature of a vector), of the whole population; std
/// 1 of a channel whose values are all the same. @throws InputError as above
[[nodiscard]] ChannelStatistics channel_statistics(const Hdf5File& file, const ModalityInfo& modality,
                                                   Split split = Split::train);

/// The same of float samples that are in memory, of `channels` x `size` values each.
[[nodiscard]] ChannelStatistics channel_statistics(const std::vector<float>& samples, std::size_t channels,
                                                   std::size_t size);

/// The same of uint8 samples that pass by, from how often each level occurs: exact, whatever their number.
class ChannelLevels {
 public:
  /// @param sample_shape of one sample, channels first
  explicit ChannelLevels(const std::vector<std::size_t>& sample_shape);

  /// @param samples whole ones, row-major
  void add(std::span<const std::uint8_t> samples);
  [[nodiscard]] ChannelStatistics statistics() const;

 private:
  std::size_t channel_size_;
  std::vector<std::array<std::uint64_t, 256>> counts_;  ///< [channel][level]
};

}  // namespace harmonic
