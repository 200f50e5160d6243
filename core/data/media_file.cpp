#include "core/data/media_file.hpp"

#include <memory>

#include <fmt/format.h>
#include <sndfile.h>

#include "core/base/error.hpp"

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_FAILURE_USERMSG
#include <stb_image.h>

namespace harmonic {

GreyImage read_grey_image(const std::filesystem::path& path) {
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(stbi_load(path.c_str(), &width, &height, &channels, 1),
                                                         stbi_image_free);
  if (!pixels)
    throw InputError(fmt::format("cannot read image {}: {}", path.string(), stbi_failure_reason()),
                     "replace or remove the file");
  GreyImage image{.width = static_cast<std::size_t>(width), .height = static_cast<std::size_t>(height), .pixels = {}};
  image.pixels.assign(pixels.get(), pixels.get() + image.width * image.height);
  return image;
}

RgbImage read_rgb_image(const std::filesystem::path& path) {
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(stbi_load(path.c_str(), &width, &height, &channels, 3),
                                                         stbi_image_free);
  if (!pixels)
    throw InputError(fmt::format("cannot read image {}: {}", path.string(), stbi_failure_reason()),
                     "replace or remove the file");
  RgbImage image{.width = static_cast<std::size_t>(width), .height = static_cast<std::size_t>(height), .pixels = {}};
  image.pixels.assign(pixels.get(), pixels.get() + 3 * image.width * image.height);
  return image;
}

Sound read_sound(const std::filesystem::path& path) {
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(sf_open(path.c_str(), SFM_READ, &info), sf_close);
  if (!file)
    throw InputError(fmt::format("cannot read sound {}: {}", path.string(), sf_strerror(nullptr)),
                     "replace or remove the file");
  if (info.channels != 1)
    throw InputError(fmt::format("sound {} has {} channels", path.string(), info.channels), "convert it to mono");
  Sound sound{.sample_rate = info.samplerate, .samples = {}};
  sound.samples.resize(static_cast<std::size_t>(info.frames));
  const sf_count_t read = sf_readf_float(file.get(), sound.samples.data(), info.frames);
  if (read != info.frames || read == 0)
    throw InputError(fmt::format("sound {} holds {} of {} samples", path.string(), read, info.frames),
                     "replace or remove the file");
  return sound;
}

}  // namespace harmonic
