#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace harmonic {

struct GreyImage {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  ///< row-major, height x width
};

/// PNG, JPEG or another format of stb_image; colours become grey. @throws InputError
[[nodiscard]] GreyImage read_grey_image(const std::filesystem::path& path);

struct RgbImage {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  ///< row-major, height x width x 3
};

/// The same in colour; grey and palettes are expanded, alpha is dropped. @throws InputError
[[nodiscard]] RgbImage read_rgb_image(const std::filesystem::path& path);

struct Sound {
  int sample_rate = 0;         ///< Hz
  std::vector<float> samples;  ///< mono, -1 to 1
};

/// WAV, FLAC or another format of libsndfile, with one channel. @throws InputError
[[nodiscard]] Sound read_sound(const std::filesystem::path& path);

}  // namespace harmonic
