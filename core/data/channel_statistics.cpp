#include "core/data/channel_statistics.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/data/dataset_structure.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kValuesAtOnce = std::size_t{1} << 20U;

/// Moments of a set of values, which another set's join. Source: Chan, Golub, LeVeque, 1979.
struct Moments {
  double count = 0, mean = 0, squares = 0;  ///< squares: of the differences to the mean, summed

  void join(const Moments& other) {
    const double all = count + other.count, difference = other.mean - mean;
    mean += difference * other.count / all;
    squares += other.squares + difference * difference * count * other.count / all;
    count = all;
  }
};

/// Of one channel of samples of `channels` x `size` values.
Moments moments_of(const std::vector<float>& values, std::size_t channel, std::size_t channels, std::size_t size) {
  Moments found;
  const auto visit = [&](const auto& take) {
    for (std::size_t at = channel * size; at < values.size(); at += channels * size)
      for (std::size_t i = at; i < at + size; ++i) take(static_cast<double>(values[i]));
  };
  found.count = static_cast<double>(values.size()) / static_cast<double>(channels);
  visit([&](double value) { found.mean += value / found.count; });
  visit([&](double value) { found.squares += (value - found.mean) * (value - found.mean); });
  return found;
}

ChannelStatistics from_moments(const std::vector<Moments>& channels) {
  ChannelStatistics found;
  for (const auto& channel : channels) {
    const auto deviation = static_cast<float>(std::sqrt(channel.squares / channel.count));
    found.mean.push_back(static_cast<float>(channel.mean));
    found.std.push_back(deviation > 0 ? deviation : 1.0F);
  }
  return found;
}

}  // namespace

void visit_samples(const Hdf5File& file, const ModalityInfo& modality, Split split,
                   const std::function<void(const std::vector<float>&, std::size_t)>& visit) {
  const auto path = samples_path(modality.name, split);
  const std::size_t rows = file.shape(path).front(), sample = element_count(modality.sample_shape);
  const std::size_t at_once = std::max<std::size_t>(1, kValuesAtOnce / sample);
  for (std::size_t first = 0; first < rows; first += at_once) {
    auto values = file.read_rows<float>(path, first, std::min(at_once, rows - first));
    if (modality.type == ElementType::uint8)
      for (float& value : values) value /= 255.0F;
    const auto wrong = std::ranges::find_if(values, [](float value) { return !std::isfinite(value); });
    if (wrong != values.end())
      throw InputError(fmt::format("{}, {}: sample {} holds a value that is not finite", file.path().string(), path,
                                   first + static_cast<std::size_t>(wrong - values.begin()) / sample),
                       "write numbers: numpy.nan_to_num(x), or leave such samples out");
    visit(values, first);
  }
}

ChannelStatistics channel_statistics(const Hdf5File& file, const ModalityInfo& modality, Split split) {
  const std::size_t channels = modality.sample_shape.front();
  const std::size_t size = element_count(modality.sample_shape) / channels;
  std::vector<Moments> moments(channels);
  visit_samples(file, modality, split, [&](const auto& values, std::size_t) {
    for (std::size_t c = 0; c < channels; ++c) moments[c].join(moments_of(values, c, channels, size));
  });
  return from_moments(moments);
}

ChannelStatistics channel_statistics(const std::vector<float>& samples, std::size_t channels, std::size_t size) {
  std::vector<Moments> moments;
  for (std::size_t c = 0; c < channels; ++c) moments.push_back(moments_of(samples, c, channels, size));
  return from_moments(moments);
}

ChannelLevels::ChannelLevels(const std::vector<std::size_t>& sample_shape)
    : channel_size_(element_count(sample_shape) / sample_shape.front()), counts_(sample_shape.front()) {}

void ChannelLevels::add(std::span<const std::uint8_t> samples) {
  for (std::size_t start = 0, channel = 0; start < samples.size(); start += channel_size_, ++channel)
    for (const std::uint8_t level : samples.subspan(start, channel_size_)) ++counts_[channel % counts_.size()][level];
}

ChannelStatistics ChannelLevels::statistics() const {
  ChannelStatistics found;
  for (const auto& levels : counts_) {
    double count = 0, sum = 0, squares = 0;
    for (std::size_t level = 0; level < levels.size(); ++level) {
      const auto times = static_cast<double>(levels[level]);
      const double value = static_cast<double>(level) / 255;
      count += times;
      sum += times * value;
      squares += times * value * value;
    }
    const double variance = squares / count - sum / count * (sum / count);
    found.mean.push_back(static_cast<float>(sum / count));
    found.std.push_back(variance > 1e-12 ? static_cast<float>(std::sqrt(variance)) : 1.0F);
  }
  return found;
}

}  // namespace harmonic
