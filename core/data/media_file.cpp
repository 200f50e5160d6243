#include "core/data/media_file.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <sndfile.h>

#include "core/base/error.hpp"
#include "core/data/media_integrity.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/foreign_content.hpp"

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_FAILURE_USERMSG
#include <stb_image.h>

namespace harmonic {
namespace {

constexpr std::string_view kReplace = "replace or remove the file";

/// The bytes of a file that may hold a medium.
std::string read_medium(const std::filesystem::path& path, std::string_view what) {
  auto bytes = read_file(path);
  if (bytes.empty()) throw InputError(fmt::format("{} {} is empty", what, path.string()), kReplace);
  return bytes;
}

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what, std::string_view why) {
  throw InputError(fmt::format("cannot read {} {}: {}", what, path.string(), why), kReplace);
}

/// Lays a pixel's colours, the last of which is its opacity, on white.
void lay_on_white(const stbi_uc* pixel, std::size_t colours, std::uint8_t* out) {
  const unsigned opacity = pixel[colours];
  for (std::size_t c = 0; c < colours; ++c)
    out[c] = static_cast<std::uint8_t>((pixel[c] * opacity + 255U * (255U - opacity) + 127U) / 255U);
}

/// A sound file in memory, as libsndfile reads it.
struct SoundBytes {
  std::string_view bytes;
  sf_count_t at = 0;
};

SF_VIRTUAL_IO reading_memory() {
  return {
      .get_filelen = [](void* user) { return static_cast<sf_count_t>(static_cast<SoundBytes*>(user)->bytes.size()); },
      .seek =
          [](sf_count_t offset, int whence, void* user) {
            auto& sound = *static_cast<SoundBytes*>(user);
            const auto size = static_cast<sf_count_t>(sound.bytes.size());
            const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? sound.at : size;
            return sound.at = std::clamp<sf_count_t>(from + offset, 0, size);
          },
      .read =
          [](void* to, sf_count_t count, void* user) {
            auto& sound = *static_cast<SoundBytes*>(user);
            const auto rest = sound.bytes.substr(static_cast<std::size_t>(sound.at),
                                                 static_cast<std::size_t>(std::max<sf_count_t>(count, 0)));
            std::ranges::copy(rest, static_cast<char*>(to));
            sound.at += static_cast<sf_count_t>(rest.size());
            return static_cast<sf_count_t>(rest.size());
          },
      .write = [](const void*, sf_count_t, void*) { return sf_count_t{0}; },
      .tell = [](void* user) { return static_cast<SoundBytes*>(user)->at; }};
}

}  // namespace

Picture read_picture(const std::filesystem::path& path, std::size_t channels, Opacity opacity) {
  const std::string bytes = read_medium(path, "image");
  if (const auto damage = damage_of_picture(bytes)) fail(path, "image", *damage);
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());
  int width = 0, height = 0, held = 0;
  const bool is_known = stbi_info_from_memory(data, size, &width, &height, &held) != 0;
  if (!is_known) refuse_foreign(path, bytes, "a picture that is read here (PNG, JPEG)");
  const bool has_opacity = opacity == Opacity::on_white && (held == 2 || held == 4);
  const std::size_t loaded = channels + (has_opacity ? 1 : 0);
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(data, size, &width, &height, &held, static_cast<int>(loaded)), stbi_image_free);
  if (!pixels) fail(path, "image", stbi_failure_reason());
  Picture picture{
      .width = static_cast<std::size_t>(width), .height = static_cast<std::size_t>(height), .channels = channels};
  picture.pixels.resize(picture.width * picture.height * channels);
  if (has_opacity) {
    for (std::size_t i = 0; i < picture.width * picture.height; ++i)
      lay_on_white(pixels.get() + i * loaded, channels, picture.pixels.data() + i * channels);
  } else {
    std::copy_n(pixels.get(), picture.pixels.size(), picture.pixels.begin());
  }
  return picture;
}

bool is_uniform(const Picture& picture) {
  for (std::size_t i = picture.channels; i < picture.pixels.size(); ++i)
    if (picture.pixels[i] != picture.pixels[i - picture.channels]) return false;
  return true;
}

Sound read_sound(const std::filesystem::path& path) {
  const std::string bytes = read_medium(path, "sound");
  SoundBytes memory{.bytes = bytes};
  SF_VIRTUAL_IO io = reading_memory();
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(sf_open_virtual(&io, SFM_READ, &info, &memory), sf_close);
  if (!file) {
    refuse_foreign(path, bytes, "a sound that is read here (WAV, FLAC, OGG)");
    fail(path, "sound", sf_strerror(nullptr));
  }
  if (const auto damage = damage_of_sound(bytes)) fail(path, "sound", *damage);
  const auto channels = static_cast<std::size_t>(info.channels);
  Sound sound{.sample_rate = info.samplerate, .channels = info.channels};
  constexpr sf_count_t kAtOnce = 1 << 16;  // a header may promise any number
  std::vector<float> frames(static_cast<std::size_t>(kAtOnce) * channels);
  for (sf_count_t read = kAtOnce; read == kAtOnce;) {
    read = sf_readf_float(file.get(), frames.data(), kAtOnce);
    for (std::size_t i = 0; i < static_cast<std::size_t>(read); ++i) {
      float sum = 0;
      for (std::size_t c = 0; c < channels; ++c) sum += frames[i * channels + c];
      sound.samples.push_back(channels == 1 ? sum : sum / static_cast<float>(channels));
    }
  }
  const auto read = static_cast<sf_count_t>(sound.samples.size());
  if (read == 0) fail(path, "sound", "it holds no samples");
  if (read < info.frames && info.frames != SF_COUNT_MAX)
    throw InputError(fmt::format("sound {} holds {} of {} samples", path.string(), read, info.frames), kReplace);
  const auto odd = std::ranges::find_if_not(sound.samples, [](float sample) { return std::isfinite(sample); });
  if (odd != sound.samples.end())
    throw InputError(fmt::format("sound {} holds samples that are not finite, the first at {:.3f} s", path.string(),
                                 static_cast<double>(odd - sound.samples.begin()) / info.samplerate),
                     kReplace);
  return sound;
}

}  // namespace harmonic
