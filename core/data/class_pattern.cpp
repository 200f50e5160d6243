#include "core/data/class_pattern.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/data/clip_tokens.hpp"

namespace harmonic {
namespace {

constexpr double kMostPeriods = 9;
constexpr double kPictureNoise = 0.45;
constexpr double kTextNoise = 1.0;
constexpr double kWordLength = 9.0;  ///< norm of a class's word vector, against noise of norm kTextNoise a feature
constexpr double kTextGrain = 1024;
constexpr std::size_t kOpeningTokens = 8, kMostOtherTokens = 40;
constexpr double kExchangedShare = 0.2;  ///< of an opening's tokens

/// 0 to 1 and back, once for every whole number that t passes.
double triangle_wave(double t) {
  return std::abs(2.0 * (t - std::floor(t)) - 1.0);
}

std::vector<int> any_tokens(std::size_t count, RandomStream& random) {
  std::vector<int> tokens;
  for (std::size_t i = 0; i < count; ++i) tokens.push_back(static_cast<int>(random.below(kClipStart)));
  return tokens;
}

}  // namespace

ClassPatterns::ClassPatterns(int classes, int side, int features, Seed seed) : side_(side) {
  for (int i = 0; i < classes; ++i) {
    RandomStream random(seed, "class pattern", static_cast<std::uint64_t>(i));
    // Members are drawn in the order in which they stand.
    stripes_.push_back({.right = random.uniform(-kMostPeriods, kMostPeriods),
                        .down = random.uniform(0, kMostPeriods),
                        .red = random.uniform(-1, 1),
                        .green = random.uniform(-1, 1),
                        .blue = random.uniform(-1, 1)});
    auto& word = words_.emplace_back();
    for (int k = 0; k < features; ++k) word.push_back(random.normal() * kWordLength / std::sqrt(features));
    RandomStream opening(seed, "class opening", static_cast<std::uint64_t>(i));
    openings_.push_back(any_tokens(kOpeningTokens, opening));
  }
}

std::vector<std::uint8_t> ClassPatterns::picture(std::span<const int> shown, RandomStream& random) const {
  struct Layer {
    Stripes stripes;
    double phase = 0, strength = 0;
  };
  std::vector<Layer> layers;
  for (const int i : shown)
    layers.push_back({stripes_[static_cast<std::size_t>(i)], random.uniform(), random.uniform(0.2, 0.5)});
  const double brightness = random.uniform(0.35, 0.65);
  const auto plane = static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_);
  std::vector<std::uint8_t> pixels(3 * plane);
  for (int row = 0; row < side_; ++row) {
    for (int col = 0; col < side_; ++col) {
      std::array<double, 3> light = {brightness, brightness, brightness};
      for (const Layer& layer : layers) {
        const double t = (layer.stripes.right * col + layer.stripes.down * row) / side_ + layer.phase;
        const double wave = layer.strength * (triangle_wave(t) - 0.5);
        light[0] += wave * layer.stripes.red;
        light[1] += wave * layer.stripes.green;
        light[2] += wave * layer.stripes.blue;
      }
      const auto at = static_cast<std::size_t>(row) * static_cast<std::size_t>(side_) + static_cast<std::size_t>(col);
      for (std::size_t channel = 0; channel < 3; ++channel) {
        const double value = light[channel] + kPictureNoise * random.uniform(-1, 1);
        pixels[channel * plane + at] = static_cast<std::uint8_t>(std::lround(255.0 * std::clamp(value, 0.0, 1.0)));
      }
    }
  }
  return pixels;
}

std::vector<float> ClassPatterns::text(std::span<const int> shown, RandomStream& random) const {
  std::vector<double> sum(words_.front().size());
  for (double& value : sum) value = kTextNoise * random.normal();
  for (const int i : shown) {
    const double strength = random.uniform(0.7, 1.3);
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += strength * words_[static_cast<std::size_t>(i)][k];
  }
  std::vector<float> values;
  for (const double value : sum) values.push_back(static_cast<float>(std::round(value * kTextGrain) / kTextGrain));
  return values;
}

std::vector<int> ClassPatterns::tokens(std::span<const int> shown, RandomStream& random) const {
  auto tokens = any_tokens(kOpeningTokens, random);
  if (!shown.empty()) {
    const auto& opening = openings_[static_cast<std::size_t>(shown[random.below(shown.size())])];
    for (std::size_t i = 0; i < kOpeningTokens; ++i)
      if (!random.chance(kExchangedShare)) tokens[i] = opening[i];
  }
  const auto others = any_tokens(random.below(kMostOtherTokens + 1), random);
  tokens.insert(tokens.end(), others.begin(), others.end());
  return tokens;
}

}  // namespace harmonic
