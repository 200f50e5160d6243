#include "core/data/media_file.hpp"

#include <algorithm>

#include <catch2/catch.hpp>
#include <sndfile.h>

#include "core/base/error.hpp"
#include "core/data/resample.hpp"
#include "core/data/resize.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/media_bytes.hpp"
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

TEST_CASE("Palettes, 16 bits, grey, opacity and CMYK are read by the stated rules", "[data]") {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& bytes, std::size_t channels) {
    replace_file(folder / "picture", bytes);
    return read_picture(folder / "picture", channels).pixels;
  };
  using Pixels = std::vector<std::uint8_t>;
  using testing::PngColours;
  const auto palette =
      testing::png_bytes(2, 1, 8, PngColours::palette, std::string("\1\0", 2), "\x0a\x14\x1e\xff\x80\x40");
  CHECK(read(palette, 3) == Pixels{255, 128, 64, 10, 20, 30});
  const auto two_bits = testing::png_bytes(2, 1, 2, PngColours::palette, "\x40", "\x0a\x14\x1e\xff\x80\x40");
  CHECK(read(two_bits, 3) == Pixels{255, 128, 64, 10, 20, 30});
  const auto deep = testing::png_bytes(2, 1, 16, PngColours::grey, std::string("\x12\xff\xfe\0", 4));
  CHECK(read(deep, 1) == Pixels{0x12, 0xfe});  // the upper 8 of 16 bits
  CHECK(read(deep, 3) == Pixels{0x12, 0x12, 0x12, 0xfe, 0xfe, 0xfe});
  const auto veiled = testing::png_bytes(3, 1, 8, PngColours::grey_alpha, std::string("\x64\xff\x64\0\0\x80", 6));
  CHECK(read(veiled, 1) == Pixels{100, 255, 127});  // on white
  const auto green = testing::png_bytes(1, 1, 8, PngColours::rgb, std::string("\0\xff\0", 3));
  CHECK(read(green, 1) == Pixels{149});  // its luma
  Pixels cmyk;
  for (int i = 0; i < 64; ++i) cmyk.insert(cmyk.end(), {255, 0, 128, 255});  // without black
  const auto inks = read(testing::jpeg_bytes(8, 8, 4, cmyk), 3);
  REQUIRE(inks.size() == 192);
  for (std::size_t c = 0; c < 3; ++c) CHECK(inks[c] == Approx(cmyk[c]).margin(2));
  CHECK(read(testing::jpeg_bytes(8, 8, 1, Pixels(64, 77)), 3) == Pixels(192, 77));
}

TEST_CASE("A JPEG that is damaged inside is refused, and one that is only filled up is read", "[data]") {
  const TemporaryFolder folder;
  std::vector<std::uint8_t> pixels(64 * 64 * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * i / 7 + i % 3 * 80);
  const auto refused = [&](const std::string& bytes, const std::string& words) {
    replace_file(folder / "a.jpg", bytes);
    CHECK_THROWS_WITH(read_picture(folder / "a.jpg", 3), Contains("a.jpg") && Contains(words));
  };
  for (const bool is_progressive : {false, true}) {
    const auto whole = testing::jpeg_bytes(64, 64, 3, pixels, is_progressive);
    const std::string end = whole.substr(whole.size() - 2);
    replace_file(folder / "a.jpg", whole);
    CHECK_NOTHROW(read_picture(folder / "a.jpg", 3));
    refused(whole.substr(0, whole.size() - 2), "Premature end");            // its end is missing
    refused(whole.substr(0, whole.size() / 2), "Premature end");            // and half of it
    refused(whole.substr(0, whole.size() * 3 / 4) + end, "premature end");  // its middle
    auto zeros = whole;
    std::fill_n(zeros.begin() + static_cast<std::ptrdiff_t>(whole.size() * 2 / 3), 200, '\0');
    refused(zeros, "Corrupt JPEG data");
    // A thumbnail within has an end of its own.
    const std::string note = std::string("\xff\xe1\x00\x06", 4) + whole.substr(whole.size() - 4);
    refused(whole.substr(0, 2) + note + whole.substr(2, whole.size() / 2), "Premature end");
    replace_file(folder / "a.jpg", whole.substr(0, whole.size() - 2) + std::string(40, '\0') + end + "behind");
    CHECK_NOTHROW(read_picture(folder / "a.jpg", 3));
  }
  refused(std::string("\xff\xd8\xff", 3), "a.jpg");
}

TEST_CASE("A bitmap that is cut short is refused", "[data]") {
  const TemporaryFolder folder;
  std::string bytes = std::string("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", 18);
  bytes += std::string("\2\0\0\0\2\0\0\0\1\0\x18\0", 12) + std::string(24, '\0');  // 2 x 2, 24 bits
  bytes += std::string(16, '\x55');
  replace_file(folder / "a.bmp", bytes);
  CHECK(read_picture(folder / "a.bmp", 3).pixels == std::vector<std::uint8_t>(12, 0x55));
  replace_file(folder / "a.bmp", std::string_view(bytes).substr(0, bytes.size() - 5));
  CHECK_THROWS_WITH(read_picture(folder / "a.bmp", 3), Contains("a.bmp") && Contains("cut short"));
}

TEST_CASE("FLAC, OGG and AIFF are read, and refused when they are cut short or damaged", "[data]") {
  const TemporaryFolder folder;
  const auto wave = testing::tone(8000, 16000);
  for (const int format :
       {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS, SF_FORMAT_AIFF | SF_FORMAT_PCM_16}) {
    INFO(format);
    const auto file = folder / "sound";
    testing::write_sound(file, format, 16000, 1, wave);
    const Sound sound = read_sound(file);
    CHECK(sound.sample_rate == 16000);
    REQUIRE(sound.samples.size() == wave.size());
    for (std::size_t i = 1000; i < 7000; i += 100) CHECK(sound.samples[i] == Approx(wave[i]).margin(0.05));
    const std::string bytes = read_file(file);
    replace_file(file, std::string_view(bytes).substr(0, bytes.size() * 2 / 3));
    CHECK_THROWS_WITH(read_sound(file), Contains(file.string()));
    if (format == (SF_FORMAT_AIFF | SF_FORMAT_PCM_16)) continue;  // whose samples have no checksum
    auto changed = bytes;
    for (std::size_t i = bytes.size() / 2; i < bytes.size() / 2 + 64; ++i) changed[i] = static_cast<char>(~changed[i]);
    replace_file(file, changed);
    CHECK_THROWS_WITH(read_sound(file), Contains(file.string()));
  }
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

TEST_CASE("A square cut out of a resized picture is that of the whole one, however long that would be", "[data]") {
  Picture wide{.width = 61, .height = 7, .channels = 3, .pixels = {}};
  for (std::size_t i = 0; i < wide.width * wide.height * 3; ++i)
    wide.pixels.push_back(static_cast<std::uint8_t>(i * i % 251));
  constexpr std::size_t kSide = 10, kWidth = 61 * kSide / 7, kLeft = 38;  // the middle of 87, halves to even
  const auto whole = resize_bicubic(wide.pixels, 3, {7, 61}, {kSide, kWidth});
  const auto square = resized_to_square(wide, kSide, PictureFit::crop);
  REQUIRE(square.pixels.size() == kSide * kSide * 3);
  for (std::size_t row = 0; row < kSide; ++row)
    CHECK(std::equal(&square.pixels[row * kSide * 3], &square.pixels[row * kSide * 3] + kSide * 3,
                     &whole[(row * kWidth + kLeft) * 3]));
  // As a whole 4096 times as long and wide: 2 TiB.
  const Picture line{.width = 1, .height = 131'072, .channels = 1, .pixels = std::vector<std::uint8_t>(131'072, 9)};
  const auto of_line = resized_to_square(line, 64, PictureFit::crop);
  CHECK(std::ranges::all_of(of_line.pixels, [](auto level) { return level == 9; }));
}

TEST_CASE("A resampled tone keeps its length, pitch and level") {
  const Sound tone{.sample_rate = 48000, .samples = testing::tone(4800, 48000)};
  const Sound low = resampled(tone, 8000);
  CHECK(low.sample_rate == 8000);
  const auto expected = testing::tone(800, 8000);
  REQUIRE(low.samples.size() == expected.size());
  for (std::size_t i = 200; i < 600; ++i) CHECK(low.samples[i] == Approx(expected[i]).margin(1e-2));
  CHECK(resampled(tone, 48000).samples == tone.samples);
}

}  // namespace harmonic
