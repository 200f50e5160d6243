#include "core/data/media_file.hpp"

#include <cmath>
#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/data/resample.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;

}  // namespace

TEST_CASE("A picture whose checksums do not match, or that is cut short, is refused by name", "[data][shared]") {
  const auto folder = testing::shared_data("cases/pictures");
  if (!folder) return;
  CHECK_NOTHROW(read_picture(*folder / "good.png", 1));
  CHECK_THROWS_WITH(read_picture(*folder / "flipped.png", 1), Contains("flipped.png") && Contains("checksum"));
  const TemporaryFolder out;
  std::string bytes = read_file(*folder / "good.png");
  replace_file(out / "cut.png", std::string_view(bytes).substr(0, bytes.size() - 6));
  CHECK_THROWS_WITH(read_picture(out / "cut.png", 1), Contains("cut.png") && Contains("cut short"));
}

TEST_CASE("What is transparent is laid on white, or its colours are read alone", "[data]") {
  const TemporaryFolder folder;
  // One pixel, RGBA (10, 20, 30, 0).
  const unsigned char png[] = {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
                               0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00,
                               0x00, 0x1f, 0x15, 0xc4, 0x89, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78,
                               0x9c, 0x63, 0xe0, 0x12, 0x91, 0x63, 0x00, 0x00, 0x00, 0xa5, 0x00, 0x3d, 0x69, 0x98,
                               0x88, 0xbc, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
  replace_file(folder / "clear.png", std::string_view(reinterpret_cast<const char*>(png), sizeof png));
  CHECK(read_picture(folder / "clear.png", 3).pixels == std::vector<std::uint8_t>{255, 255, 255});
  CHECK(read_picture(folder / "clear.png", 3, Opacity::ignored).pixels == std::vector<std::uint8_t>{10, 20, 30});
}

TEST_CASE("Sounds of any rate, depth and sample type are read; damaged ones are refused by name", "[data][shared]") {
  const auto folder = testing::shared_data("cases/sounds");
  if (!folder) return;
  CHECK(read_sound(*folder / "one_48k.wav").sample_rate == 48000);
  CHECK_NOTHROW(read_sound(*folder / "one_8bit.wav"));
  CHECK_NOTHROW(read_sound(*folder / "float_ok.wav"));
  CHECK_THROWS_WITH(read_sound(*folder / "nan.wav"), Contains("nan.wav") && Contains("not finite"));
  const TemporaryFolder out;
  const std::string bytes = read_file(*folder / "one_48k.wav");
  replace_file(out / "cut.wav", std::string_view(bytes).substr(0, bytes.size() / 2));
  CHECK_THROWS_WITH(read_sound(out / "cut.wav"), Contains("cut.wav") && Contains("cut short"));
}

TEST_CASE("A web page, a Git LFS pointer or a gzip in place of a picture or a sound is called that", "[data]") {
  const TemporaryFolder folder;
  replace_file(folder / "a", "\n<!DOCTYPE HTML><html></html>");
  replace_file(folder / "b", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
  replace_file(folder / "c", "\x1f\x8b\x08 rest of a gzip file");
  for (const auto& [name, words] :
       {std::pair("a", "is a web page"), {"b", "is a Git LFS pointer"}, {"c", "is a gzip file"}}) {
    CHECK_THROWS_WITH(read_picture(folder / name, 3), Contains(words));
    CHECK_THROWS_WITH(read_sound(folder / name), Contains(words));
  }
}

TEST_CASE("A resampled tone keeps its length, pitch and level") {
  Sound tone{.sample_rate = 48000, .samples = std::vector<float>(4800)};
  const auto wave = [](std::size_t i, double rate) {
    return static_cast<float>(0.5 * std::sin(2 * M_PI * 440 * static_cast<double>(i) / rate));
  };
  for (std::size_t i = 0; i < tone.samples.size(); ++i) tone.samples[i] = wave(i, 48000);
  const Sound low = resampled(tone, 8000);
  CHECK(low.sample_rate == 8000);
  REQUIRE(low.samples.size() == 800);
  for (std::size_t i = 200; i < 600; ++i) CHECK(low.samples[i] == Approx(wave(i, 8000)).margin(1e-2));
  CHECK(resampled(tone, 48000).samples == tone.samples);
}

}  // namespace harmonic
