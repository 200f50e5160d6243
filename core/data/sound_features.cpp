#include "core/data/sound_features.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "core/data/resample.hpp"

namespace harmonic {
namespace {

constexpr int kSide = static_cast<int>(kSoundSide);
constexpr std::size_t kPublishedStride = 3;
constexpr unsigned kShortestWindow = 256;  ///< 32 ms at 8 kHz: a few periods of the lowest voice
constexpr int kNativeBands = 40;
constexpr int kLifter = 2 * kSide;
constexpr double kGrain = 16.0;

/// The first kSoundSide frames, then zeros.
std::vector<float> square(const Matrix& coefficients) {
  std::vector<float> map(kSoundSide * kSoundSide, 0.0F);
  const std::size_t frames = std::min(kSoundSide, coefficients.cols);
  for (std::size_t row = 0; row < kSoundSide; ++row)
    for (std::size_t col = 0; col < frames; ++col)
      map[row * kSoundSide + col] = static_cast<float>(coefficients.at(row, col));
  return map;
}

Matrix published(const Sound& sound, MfccPadding padding) {
  std::vector<float> third;
  for (std::size_t i = 0; i < sound.samples.size(); i += kPublishedStride) third.push_back(sound.samples[i]);
  return Mfcc({.sample_rate = kSoundRate, .n_mfcc = kSide, .padding = padding}).coefficients(third);
}

Matrix native(const Sound& given) {
  const Sound sound = resampled(given, kSoundRate);
  const int length = static_cast<int>(sound.samples.size());
  const int hop = (length + kSide - 1) / kSide;
  const int window = static_cast<int>(std::bit_ceil(std::max(kShortestWindow, 2U * static_cast<unsigned>(hop))));
  const Mfcc mfcc(
      {.sample_rate = sound.sample_rate, .n_fft = window, .hop = hop, .n_mels = kNativeBands, .n_mfcc = kSide});
  Matrix c = mfcc.coefficients(sound.samples);
  double level = 0;
  for (std::size_t frame = 0; frame < c.cols; ++frame) level += c.at(0, frame) / static_cast<double>(c.cols);
  for (std::size_t frame = 0; frame < c.cols; ++frame) c.at(0, frame) -= level;
  for (std::size_t row = 0; row < c.rows; ++row) {
    const double lift = 1.0 + kLifter / 2.0 * std::sin(std::numbers::pi * static_cast<double>(row + 1) / kLifter);
    for (std::size_t frame = 0; frame < c.cols; ++frame)
      c.at(row, frame) = std::round(c.at(row, frame) * lift * kGrain) / kGrain;
  }
  return c;
}

}  // namespace

std::vector<float> sound_features(SoundFeatures kind, const Sound& sound, MfccPadding padding) {
  return square(kind == SoundFeatures::native ? native(sound) : published(sound, padding));
}

}  // namespace harmonic
