#include "core/data/resize.hpp"

#include <catch2/catch.hpp>
#include <torch/nn.h>
#include <torch/types.h>

#include "core/base/rng.hpp"

namespace harmonic {

TEST_CASE("Bilinear resizing is torch's interpolate without antialiasing", "[data]") {
  struct Sizes {
    PlaneSize from, to;
  };
  const auto [from, to] = GENERATE(Sizes{{256, 160}, {224, 224}}, Sizes{{1, 1}, {3, 2}}, Sizes{{7, 301}, {112, 112}});
  RandomStream random(Seed{1}, "plane");
  std::vector<float> plane(from.area());
  for (float& value : plane) value = static_cast<float>(random.below(256));
  namespace F = torch::nn::functional;
  const auto size = [](PlaneSize s) {
    return std::vector<std::int64_t>{static_cast<std::int64_t>(s.height), static_cast<std::int64_t>(s.width)};
  };
  const auto expected = F::interpolate(
      torch::from_blob(plane.data(), {1, 1, size(from)[0], size(from)[1]}),
      F::InterpolateFuncOptions().size(size(to)).mode(torch::kBilinear).align_corners(false).antialias(false));
  auto resized = resize_bilinear(plane, from, to);
  const auto difference = torch::from_blob(resized.data(), expected.sizes()) - expected;
  CHECK(difference.abs().max().item<float>() < 1e-2F);
}

}  // namespace harmonic
