#include "core/data/contact_sheet.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "core/base/error.hpp"
#include "core/data/media_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/foreign_content.hpp"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>

namespace harmonic {
namespace {

constexpr std::size_t kSamples = 64, kAcross = 8;
constexpr std::size_t kTile = 96, kTileGap = 4;  ///< pixels: a sample's side, and between two
constexpr std::size_t kColours = 3;
constexpr std::size_t kBlock = kAcross * (kTile + kTileGap) + 2 * kTileGap;          ///< a modality's width
constexpr std::size_t kHeight = kSamples / kAcross * (kTile + kTileGap) + kTileGap;  ///< of a sheet
constexpr std::uint8_t kPaper = 255, kChart = 235;  ///< levels of grey: between tiles, and under a curve

/// Where a value lies between two others, as a level of grey.
std::uint8_t level(float value, float lowest, float highest) {
  const float share = highest > lowest ? (value - lowest) / (highest - lowest) : 0.0F;
  return static_cast<std::uint8_t>(std::lround(255.0F * std::clamp(share, 0.0F, 1.0F)));
}

/// A sheet of RGB pixels that samples are drawn on.
class Sheet {
 public:
  Sheet(std::size_t width, std::size_t height)
      : picture_{.width = width,
                 .height = height,
                 .channels = kColours,
                 .pixels = std::vector<std::uint8_t>(width * height * kColours, kPaper)} {}

  /// Every pixel of a tile by the nearest value of a map (C, H, W).
  void draw_map(std::size_t x, std::size_t y, std::span<const float> map, const std::vector<std::size_t>& shape,
                float lowest, float highest) {
    const std::size_t height = shape[1], width = shape[2];
    for (std::size_t row = 0; row < kTile; ++row)
      for (std::size_t col = 0; col < kTile; ++col)
        for (std::size_t c = 0; c < kColours; ++c) {
          const std::size_t channel = shape[0] == kColours ? c : 0;
          const std::size_t from = (channel * height + row * height / kTile) * width + col * width / kTile;
          at(x + col, y + row)[c] = level(map[from], lowest, highest);
        }
  }

  /// A line from left to right; where a column stands for several values, from the lowest of them to the highest.
  void draw_curve(std::size_t x, std::size_t y, std::span<const float> values, float lowest, float highest) {
    const auto height_of = [&](float value) { return kTile - 1 - level(value, lowest, highest) * (kTile - 1) / 255; };
    for (std::size_t row = 0; row < kTile; ++row) std::fill_n(at(x, y + row), kTile * kColours, kChart);
    for (std::size_t col = 0; col < kTile; ++col) {
      const std::size_t first = col * values.size() / kTile,
                        next = std::min(values.size() - 1, (col + 1) * values.size() / kTile);
      const auto [low, high] = std::ranges::minmax(values.subspan(first, next - first + 1));
      for (std::size_t row = height_of(high); row <= height_of(low); ++row)
        std::fill_n(at(x + col, y + row), kColours, std::uint8_t{0});
    }
  }

  [[nodiscard]] const Picture& picture() const { return picture_; }

 private:
  std::uint8_t* at(std::size_t x, std::size_t y) {
    return picture_.pixels.data() + (y * picture_.width + x) * kColours;
  }

  Picture picture_;
};

void draw_modality(Sheet& sheet, std::size_t left, const DatasetFile& data, const ModalityInfo& modality) {
  const auto values = data.read_samples(modality.name, Split::train, kSamples);
  const auto& shape = modality.sample_shape;
  const auto& [mean, std] = data.statistics(modality.name);
  const std::size_t each = element_count(shape), channel_size = each / shape.front();
  for (std::size_t sample = 0; sample * each < values.size(); ++sample) {
    std::vector<float> own(values.begin() + static_cast<std::ptrdiff_t>(sample * each),
                           values.begin() + static_cast<std::ptrdiff_t>((sample + 1) * each));
    for (std::size_t i = 0; i < each; ++i) {  // back from what a network reads
      const std::size_t channel = i / channel_size;
      own[i] = own[i] * std[std.size() == 1 ? 0 : channel] + mean[mean.size() == 1 ? 0 : channel];
    }
    const auto [lowest, highest] = std::ranges::minmax(own);
    const std::size_t x = left + sample % kAcross * (kTile + kTileGap),
                      y = kTileGap + sample / kAcross * (kTile + kTileGap);
    if (shape.size() == 1)
      sheet.draw_curve(x, y, own, lowest, highest);
    else if (modality.type == ElementType::uint8)
      sheet.draw_map(x, y, own, shape, 0.0F, 1.0F);
    else
      sheet.draw_map(x, y, own, shape, lowest, highest);
  }
}

}  // namespace

void write_contact_sheet(const std::filesystem::path& path, const DatasetFile& data) {
  const std::size_t modalities = data.info().modalities.size();
  Sheet sheet(modalities * kBlock, kHeight);
  for (std::size_t m = 0; m < modalities; ++m)
    draw_modality(sheet, kTileGap + m * kBlock, data, data.info().modalities[m]);
  const Picture& picture = sheet.picture();
  std::string png;
  const auto append = [](void* to, void* bytes, int size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
  };
  if (stbi_write_png_to_func(append, &png, static_cast<int>(picture.width), static_cast<int>(picture.height), kColours,
                             picture.pixels.data(), 0) == 0)
    throw RunError("the contact sheet cannot be packed: no memory");
  replace_file(path, png);
}

bool is_contact_sheet(const std::filesystem::path& path) {
  constexpr std::string_view kPng = "\x89PNG\r\n\x1a\n";
  constexpr std::size_t kWidthAt = 16, kHeightAt = 20, kNumber = 4;  // in the first chunk, the largest byte first
  const auto beginning = beginning_of(path);
  if (!beginning.starts_with(kPng) || beginning.size() < kHeightAt + kNumber) return false;
  const auto number_at = [&](std::size_t at) {
    std::size_t number = 0;
    for (std::size_t i = at; i < at + kNumber; ++i) number = 256 * number + static_cast<unsigned char>(beginning[i]);
    return number;
  };
  return number_at(kHeightAt) == kHeight && number_at(kWidthAt) > 0 && number_at(kWidthAt) % kBlock == 0;
}

}  // namespace harmonic
