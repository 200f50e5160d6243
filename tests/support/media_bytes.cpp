#include "tests/support/media_bytes.hpp"

#include <cmath>
#include <cstdio>  // jpeglib.h wants it
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include <jpeglib.h>
#include <zlib.h>

#include <sndfile.h>

namespace harmonic::testing {
namespace {

std::string big_endian(std::size_t value) {
  std::string text;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) text += static_cast<char>((value >> shift) & 255U);
  return text;
}

std::string png_chunk(const std::string& name, const std::string& content) {
  const std::string named = name + content;
  const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(named.data()), named.size());
  return big_endian(content.size()) + named + big_endian(sum);
}

}  // namespace

std::string png_bytes(std::size_t width, std::size_t height, int bits, PngColours colours, const std::string& rows,
                      const std::string& palette) {
  const std::size_t row = rows.size() / height;
  std::string filtered;
  for (std::size_t y = 0; y < height; ++y) filtered += std::string(1, '\0') + rows.substr(y * row, row);
  uLongf size = compressBound(filtered.size());
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(filtered.data()),
           filtered.size());
  packed.resize(size);
  const std::string header = big_endian(width) + big_endian(height) + static_cast<char>(bits) +
                             static_cast<char>(colours) + std::string(3, '\0');
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + (palette.empty() ? "" : png_chunk("PLTE", palette)) +
         png_chunk("IDAT", packed) + png_chunk("IEND", "");
}

std::string jpeg_bytes(std::size_t width, std::size_t height, int channels, const std::vector<std::uint8_t>& pixels,
                       bool is_progressive) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &buffer, &size);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = channels;
  jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  if (is_progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  const std::size_t row = width * static_cast<std::size_t>(channels);
  for (std::size_t y = 0; y < height; ++y) {
    auto* at = const_cast<JSAMPLE*>(pixels.data() + y * row);  // libjpeg does not write to it
    jpeg_write_scanlines(&jpeg, &at, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  const std::unique_ptr<unsigned char, void (*)(void*)> owner(buffer, std::free);
  return {reinterpret_cast<const char*>(buffer), size};
}

void write_sound(const std::filesystem::path& path, int format, int rate, int channels,
                 const std::vector<float>& samples) {
  SF_INFO info{};
  info.samplerate = rate;
  info.channels = channels;
  info.format = format;
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(sf_open(path.c_str(), SFM_WRITE, &info), sf_close);
  if (!file) throw std::runtime_error(sf_strerror(nullptr));
  sf_write_float(file.get(), samples.data(), static_cast<sf_count_t>(samples.size()));
}

std::vector<float> tone(std::size_t count, int rate) {
  std::vector<float> samples;
  for (std::size_t i = 0; i < count; ++i)
    samples.push_back(static_cast<float>(0.5 * std::sin(2 * M_PI * 440 * static_cast<double>(i) / rate)));
  return samples;
}

}  // namespace harmonic::testing
