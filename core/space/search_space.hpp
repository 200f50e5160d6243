#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/choices.hpp"

namespace harmonic {

enum class Activation { relu, h_swish };
inline const Choices<Activation> kActivations = {{"relu", Activation::relu}, {"h_swish", Activation::h_swish}};

/// One stage of a MobileNetV3 supernet: up to 4 elastic blocks of one width.
struct StageSpec {
  int width = 0;   ///< output channels before the width multiplier
  int stride = 1;  ///< of the stage's first block: 1 or 2
  Activation activation = Activation::relu;
  bool squeeze_excite = false;

  bool operator==(const StageSpec&) const = default;
};

/// What one modality's backbone may be: a weight-sharing supernet's space, or the fixed Maxout network of a vector
/// modality. Source: Harmonic-NAS (arXiv 2309.06612), Once-for-All MobileNetV3 spaces.
struct BackboneSpace {
  enum class Family { mobilenet_v3, maxout };
  static inline const Choices<Family> kFamilies = {{"mobilenet_v3", Family::mobilenet_v3}, {"maxout", Family::maxout}};

  std::string name;
  Family family = Family::mobilenet_v3;

  // mobilenet_v3
  double width_mult = 1.0;
  int in_channels = 1;
  int resolution = 28;   ///< side of the square input, pixels
  int first_width = 16;  ///< first conv and first block, before the width multiplier
  /// Of the layers that every network has: first conv, final expand, feature mix. The fixed first block has ReLU.
  Activation fixed_activation = Activation::h_swish;
  std::vector<StageSpec> stages;
  int final_expand = 40;  ///< before the width multiplier
  int feature_mix = 80;   ///< before the width multiplier
  std::vector<int> kernels = {3, 5, 7};
  std::vector<int> expands = {3, 4, 6};  ///< negative: fused blocks of that expansion (Layer::fused)
  std::vector<int> depths = {2, 3, 4};

  // maxout
  int in_features = 300;  ///< length of the input vector
  int hidden = 128;       ///< units of the first Maxout layer; each next one has `factor` times more
  int blocks = 2;
  int factor = 2;
  int pool = 4;  ///< linear pieces a Maxout unit takes the maximum of

  static constexpr int kMaxDepth = 4;  ///< block positions of a stage

  [[nodiscard]] int positions() const;  ///< kMaxDepth * stages; 0 for maxout
  /// base * width_mult, a multiple of 8, never below 0.9 of the target.
  [[nodiscard]] int scaled(int base) const;

  bool operator==(const BackboneSpace&) const = default;
};

/// The multiple of `divisor` nearest to `value`, at least `divisor` and never below 0.9 of `value`.
///   make_divisible(19.2, 8) == 24     (16 would be below 17.28)
[[nodiscard]] int make_divisible(double value, int divisor);

/// The published spaces: avmnist-image, avmnist-audio, mmimdb-image, harmp-image, maxout, maxout-77.
[[nodiscard]] const std::vector<BackboneSpace>& published_spaces();
/// @throws InputError naming the nearest published space.
[[nodiscard]] const BackboneSpace& find_space(std::string_view name);
/// Classes of the data set that a published space was made for: 10 of AV-MNIST, 23 of MM-IMDB, 3 of Harm-P; 0 of a
/// space that is of no data set alone.
[[nodiscard]] int published_classes(const BackboneSpace& space);
/// The other published spaces whose supernets have tensors of the same names and shapes: they differ in the input's
/// resolution, which no tensor shows.
///   spaces_of_same_tensors(find_space("avmnist-audio")) == {"avmnist-image"}
[[nodiscard]] std::vector<std::string> spaces_of_same_tensors(const BackboneSpace& space);

/// Shape of a sample: {channels, side, side}, or {length} of a vector.
[[nodiscard]] std::vector<std::size_t> sample_shape(const BackboneSpace& space);
/// The space for samples of this shape. The published `maxout` is of any length and takes theirs; every other space
/// stays as it is defined.
[[nodiscard]] BackboneSpace fitted_space(BackboneSpace space, std::span<const std::size_t> sample);
/// @param whose samples they are, for the message: "modality image"
/// @throws InputError naming both shapes and what would make them fit
void check_samples_fit(const BackboneSpace& space, std::span<const std::size_t> sample, std::string_view whose);

/// @throws InputError naming the space, the key as in a config file, and what it may be
void check_space(const BackboneSpace& space);

/// The spaces that a command can name: the published ones, and those that its config file defines.
class SpaceCatalog {
 public:
  /// @throws InputError naming the nearest known space. The reference lives until the next add().
  [[nodiscard]] const BackboneSpace& find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;
  /// The published ones first.
  [[nodiscard]] const std::vector<BackboneSpace>& all() const { return all_; }
  /// Those added, in that order.
  [[nodiscard]] std::span<const BackboneSpace> own() const;

  /// Again the same is nothing new. @throws InputError when its name is taken, or as check_space()
  void add(const BackboneSpace& space);

 private:
  std::vector<BackboneSpace> all_ = published_spaces();
};

}  // namespace harmonic
