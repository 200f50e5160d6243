#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace harmonic::testing {

/// How a PNG holds its pixels, by its own numbers.
enum class PngColours : std::uint8_t { grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgba = 6 };

/// A PNG. @param rows all of them, one after the other, as the file holds them (16 bits: the upper byte first)
/// @param palette RGB of every index, where there is one
std::string png_bytes(std::size_t width, std::size_t height, int bits, PngColours colours, const std::string& rows,
                      const std::string& palette = "");

/// A JPEG of the best quality. @param channels 1 grey, 3 RGB, 4 CMYK, as programs of Adobe write it: 255 is no ink
std::string jpeg_bytes(std::size_t width, std::size_t height, int channels, const std::vector<std::uint8_t>& pixels,
                       bool is_progressive = false);

/// A sound of one or more channels, side by side. @param format of libsndfile: SF_FORMAT_FLAC | SF_FORMAT_PCM_16
void write_sound(const std::filesystem::path& path, int format, int rate, int channels,
                 const std::vector<float>& samples);

/// `count` samples of a tone of 440 Hz at half the highest level.
std::vector<float> tone(std::size_t count, int rate);

}  // namespace harmonic::testing
