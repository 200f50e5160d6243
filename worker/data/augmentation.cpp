#include "worker/data/augmentation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/base/rng.hpp"

namespace harmonic {
namespace {

/// Row-major 2x3 matrix that maps output to input coordinates, both from -1 to 1 over the picture.
using Affine = std::array<float, 6>;

Affine draw_digits(RandomStream& random, double strength) {
  const double angle = strength * random.uniform(-12.0, 12.0) * std::numbers::pi / 180;
  const double scale_x = std::exp(strength * random.uniform(-0.14, 0.14));
  const double scale_y = std::exp(strength * random.uniform(-0.14, 0.14));
  const double shear = strength * random.uniform(-0.15, 0.15);
  const double shift_x = strength * random.uniform(-0.15, 0.15);
  const double shift_y = strength * random.uniform(-0.15, 0.15);
  const double c = std::cos(angle), s = std::sin(angle);
  const std::array m = {scale_x * c, scale_x * (shear * c - s), shift_x,
                        scale_y * s, scale_y * (shear * s + c), shift_y};
  Affine affine{};
  std::ranges::transform(m, affine.begin(), [](double v) { return static_cast<float>(v); });
  return affine;
}

Affine draw_pictures(RandomStream& random, double strength) {
  const double side = std::max(0.05, 1 - strength * random.uniform(0.0, 0.3));  // share that the crop keeps
  const double room = 1 - side;
  const double flip = random.chance(0.5 * std::min(1.0, strength)) ? -1 : 1;
  return {static_cast<float>(flip * side),
          0,
          static_cast<float>(random.uniform(-room, room)),
          0,
          static_cast<float>(side),
          static_cast<float>(random.uniform(-room, room))};
}

/// @param share of the map's columns that hold frames: they are stretched about their middle and shifted by a share of
///   their own length
Affine draw_mfcc(RandomStream& random, double strength, double share) {
  const double stretch = std::exp(strength * random.uniform(-0.12, 0.12));
  const double shift = share * strength * random.uniform(-0.2, 0.2);
  return {static_cast<float>(stretch), 0, static_cast<float>(shift + (stretch - 1) * (1 - share)), 0, 1, 0};
}

/// How many columns of every sample hold frames: those before the columns that repeat the last one, which are padding.
std::vector<std::int64_t> frames_of(const torch::Tensor& samples) {
  const auto width = samples.size(3);
  const auto differs = samples.ne(samples.narrow(3, width - 1, 1)).flatten(1, 2).any(1).to(torch::kInt64);
  const auto last = (differs * torch::arange(1, width + 1, differs.options())).amax(1).cpu();
  std::vector<std::int64_t> frames(last.data_ptr<std::int64_t>(), last.data_ptr<std::int64_t>() + last.numel());
  for (auto& count : frames)
    if (count == 0 || count == width - 1) count = width;  // the last column is a frame like the others
  return frames;
}

/// Sets a band of rows (or columns) to 0, which is near the mean of normalised data.
/// @param length rows (columns) that may be masked, from the first; @param widest of the band
void mask_band(torch::Tensor sample, int dimension, std::int64_t length, std::int64_t widest, RandomStream& random) {
  const auto width = static_cast<std::int64_t>(random.below(static_cast<std::size_t>(widest) + 1));
  const auto start = static_cast<std::int64_t>(random.below(static_cast<std::size_t>(length - width) + 1));
  if (width > 0) sample.narrow(dimension, start, width).zero_();
}

}  // namespace

Augmentation usual_augmentation(const BackboneSpace& space) {
  if (space.family == BackboneSpace::Family::maxout) return Augmentation::none;
  if (space.in_channels == 3) return Augmentation::pictures;
  return space.name.ends_with("audio") ? Augmentation::mfcc : Augmentation::digits;
}

torch::Tensor augment(Augmentation kind, const torch::Tensor& samples, const torch::Tensor& ids, Seed seed,
                      std::uint64_t epoch, double strength) {
  if (kind == Augmentation::none || samples.dim() != 4 || strength <= 0) return samples;
  const torch::NoGradGuard no_grad;
  const auto n = ids.size(0);
  auto affine = torch::empty({n, 2, 3}, torch::kFloat32);
  const auto frames = kind == Augmentation::mfcc ? frames_of(samples) : std::vector<std::int64_t>{};
  const auto share = [&](std::size_t i) {
    return static_cast<double>(frames[i]) / static_cast<double>(samples.size(3));
  };
  std::vector<RandomStream> streams;
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
    auto& random = streams.emplace_back(seed, "augmentation", epoch,
                                        static_cast<std::uint64_t>(ids.const_data_ptr<std::int64_t>()[i]));
    const auto matrix = kind == Augmentation::digits     ? draw_digits(random, strength)
                        : kind == Augmentation::pictures ? draw_pictures(random, strength)
                                                         : draw_mfcc(random, strength, share(i));
    std::ranges::copy(matrix, affine.data_ptr<float>() + 6 * i);
  }
  const auto grid = torch::affine_grid_generator(affine.to(samples.device()), samples.sizes(), /*align_corners=*/false);
  // Digits lie on a ground, which the border repeats; so do the silence round a sound and a picture's edge.
  auto varied = torch::grid_sampler(samples, grid, /*bilinear*/ 0, /*border*/ 1, /*align_corners=*/false);
  if (kind == Augmentation::mfcc)
    for (std::int64_t i = 0; i < n; ++i) {
      auto& random = streams[static_cast<std::size_t>(i)];
      const auto widest = [&](std::int64_t length) {
        return std::min(length, static_cast<std::int64_t>(strength * static_cast<double>(length) / 6));
      };
      const auto rows = varied.size(2), columns = frames[static_cast<std::size_t>(i)];
      mask_band(varied[i], 1, rows, widest(rows), random);
      mask_band(varied[i], 2, columns, widest(columns), random);
    }
  return varied;
}

}  // namespace harmonic
