#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace harmonic {

struct Picture {
  std::size_t width = 0, height = 0, channels = 0;
  std::vector<std::uint8_t> pixels;  ///< row-major, height x width x channels
};

/// What becomes of a picture that is transparent in part.
enum class Opacity {
  on_white,  ///< it is laid on white
  ignored,   ///< its colours alone are read
};

/// A picture as 8-bit grey (1 channel) or RGB (3): PNG, JPEG (CMYK too) or another format of stb_image. Colours become
/// grey by their luma and grey becomes colours; of 16 bits the upper 8 count; palettes are looked up. Turns that a
/// camera notes (EXIF) are not made.
/// @throws InputError naming the file: unreadable, no picture, damaged (see media_integrity)
[[nodiscard]] Picture read_picture(const std::filesystem::path& path, std::size_t channels,
                                   Opacity opacity = Opacity::on_white);

/// Every pixel as the first one: what a broken export leaves.
[[nodiscard]] bool is_uniform(const Picture& picture);

struct Sound {
  int sample_rate = 0;         ///< Hz
  std::vector<float> samples;  ///< mono, -1 to 1
  int channels = 1;            ///< of the file
};

/// WAV, FLAC, OGG or another format of libsndfile; the mean of its channels.
/// @throws InputError naming the file: unreadable, no sound, damaged (see media_integrity), samples that are not finite
[[nodiscard]] Sound read_sound(const std::filesystem::path& path);

}  // namespace harmonic
