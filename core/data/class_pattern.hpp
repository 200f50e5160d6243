#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/rng.hpp"

namespace harmonic {

/// Pictures and texts that stand for sets of classes: each class has a stripe pattern, a word vector and an
/// opening of its own, given by the seed, and a sample shows a mixture of its classes'.
class ClassPatterns {
 public:
  ClassPatterns(int classes, int side, int features, Seed seed);

  /// 3 x side x side, with the patterns of `shown` (class indices) over noise.
  [[nodiscard]] std::vector<std::uint8_t> picture(std::span<const int> shown, RandomStream& random) const;
  /// `features` values round 0, the sum of the word vectors of `shown` and noise; multiples of 1/1024.
  [[nodiscard]] std::vector<float> text(std::span<const int> shown, RandomStream& random) const;
  /// Token ids below kClipStart, without start and end: the opening of one of `shown`, some words of it exchanged, and
  /// words that say nothing.
  [[nodiscard]] std::vector<int> tokens(std::span<const int> shown, RandomStream& random) const;

 private:
  struct Stripes {
    double right = 0, down = 0;  ///< periods across the picture
    double red = 0, green = 0, blue = 0;
  };
  int side_;
  std::vector<Stripes> stripes_;            ///< by class
  std::vector<std::vector<double>> words_;  ///< by class
  std::vector<std::vector<int>> openings_;  ///< by class: the tokens that its texts begin with
};

}  // namespace harmonic
