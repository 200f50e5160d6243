#include "worker/data/augmentation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "core/base/rng.hpp"
#include "worker/tensor/upload.hpp"

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

/// Rows, or columns, from `first` up to `past`.
struct Band {
  std::int64_t first = 0, past = 0;
};

/// @param length rows (columns) that may be masked, from the first; @param widest of the band
Band draw_band(std::int64_t length, std::int64_t widest, RandomStream& random) {
  const auto width = static_cast<std::int64_t>(random.below(static_cast<std::size_t>(widest) + 1));
  const auto start = static_cast<std::int64_t>(random.below(static_cast<std::size_t>(length - width) + 1));
  return {start, start + width};
}

/// Sets a band of every sample's rows and one of its columns to 0, which is near the mean of normalised data: all
/// samples at once, as a device likes it. @param bands (N, 4): Band of rows, of columns
void mask_bands(torch::Tensor& samples, const torch::Tensor& bands) {
  const auto inside = [&](std::int64_t which, std::int64_t length) {  // (N, length)
    const auto place = torch::arange(length, bands.options());
    return place.ge(bands.narrow(1, 2 * which, 1)).logical_and_(place.lt(bands.narrow(1, 2 * which + 1, 1)));
  };
  samples.masked_fill_(
      inside(0, samples.size(2)).unsqueeze(2).logical_or(inside(1, samples.size(3)).unsqueeze(1)).unsqueeze(1), 0);
}

}  // namespace

torch::Tensor frames_of(const torch::Tensor& samples) {
  if (samples.dim() != 4) return torch::ones({samples.size(0)}, torch::kInt64);
  const auto width = samples.size(3);
  const auto differs = samples.ne(samples.narrow(3, width - 1, 1)).flatten(1, 2).any(1).to(torch::kInt64);
  const auto frames = (differs * torch::arange(1, width + 1, differs.options())).amax(1).cpu();
  for (auto& count : std::span(frames.data_ptr<std::int64_t>(), static_cast<std::size_t>(frames.numel())))
    if (count == 0 || count == width - 1) count = width;  // the last column is a frame like the others
  return frames;
}

Augmentation usual_augmentation(const BackboneSpace& space) {
  if (space.family == BackboneSpace::Family::maxout) return Augmentation::none;
  if (space.in_channels == 3) return Augmentation::pictures;
  return space.name.ends_with("audio") ? Augmentation::mfcc : Augmentation::digits;
}

torch::Tensor augment(Augmentation kind, const torch::Tensor& samples, const torch::Tensor& ids, Seed seed,
                      std::uint64_t epoch, double strength, const torch::Tensor& frames_at_hand) {
  if (kind == Augmentation::none || samples.dim() != 4 || strength <= 0) return samples;
  const torch::NoGradGuard no_grad;
  const auto n = ids.size(0);
  auto affine = torch::empty({n, 2, 3}, torch::kFloat32);
  const auto counted = kind != Augmentation::mfcc ? torch::Tensor()
                       : frames_at_hand.defined() ? frames_at_hand.contiguous()
                                                  : frames_of(samples);
  const auto* frames = counted.defined() ? counted.const_data_ptr<std::int64_t>() : nullptr;
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
  const auto grid =
      torch::affine_grid_generator(uploaded(affine, samples.device()), samples.sizes(), /*align_corners=*/false);
  // Digits lie on a ground, which the border repeats; so do the silence round a sound and a picture's edge.
  auto varied = torch::grid_sampler(samples, grid, /*bilinear*/ 0, /*border*/ 1, /*align_corners=*/false);
  if (kind != Augmentation::mfcc) return varied;
  const auto bands = torch::empty({n, 4}, torch::kInt64);
  auto* numbers = bands.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < streams.size(); ++i)
    for (const auto length : {varied.size(2), frames[i]}) {
      const auto widest = std::min(length, static_cast<std::int64_t>(strength * static_cast<double>(length) / 6));
      const Band band = draw_band(length, widest, streams[i]);
      *numbers++ = band.first;
      *numbers++ = band.past;
    }
  mask_bands(varied, uploaded(bands, samples.device()));
  return varied;
}

}  // namespace harmonic
