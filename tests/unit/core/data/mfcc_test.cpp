#include "core/data/mfcc.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/storage/hdf5_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

std::vector<float> tone(double hz, std::size_t samples) {
  std::vector<float> wave(samples);
  for (std::size_t i = 0; i < samples; ++i)
    wave[i] = static_cast<float>(std::sin(2.0 * std::numbers::pi * hz * static_cast<double>(i) / 8000.0));
  return wave;
}

}  // namespace

TEST_CASE("MFCCs and each step on the way agree with the reference", "[data][shared]") {
  const auto path = testing::shared_data("golden/mfcc.h5");
  if (!path) return;
  const Hdf5File golden(*path, Hdf5File::Mode::read);
  const Mfcc mfcc{MfccSettings{}};
  CHECK(largest_difference(mfcc.filter_bank().values, golden.read<double>("/mel_filterbank")) < 1e-8);
  for (int i = 0; i < 10; ++i) {
    const std::string group = fmt::format("/{}", i);
    CAPTURE(group);
    const auto wave = golden.read<float>(group + "/wave_third_f32");
    const Matrix power = mfcc.mel_power(wave);
    const auto expected_power = golden.read<double>(group + "/mel_power");
    const double loudest = *std::max_element(expected_power.begin(), expected_power.end());
    CHECK(largest_difference(power.values, expected_power) < 1e-5 * loudest);
    CHECK(largest_difference(power_to_db(power).values, golden.read<double>(group + "/mel_db")) < 1e-3);
    const Matrix coefficients = mfcc.coefficients(wave);
    REQUIRE(coefficients.rows == 20);
    std::vector<double> padded(400, 0.0);
    for (std::size_t row = 0; row < 20; ++row)
      for (std::size_t col = 0; col < std::min<std::size_t>(20, coefficients.cols); ++col)
        padded[row * 20 + col] = coefficients.at(row, col);
    CHECK(largest_difference(padded, golden.read<double>(group + "/mfcc")) < 1e-3);
  }
}

TEST_CASE("A pure tone is loudest in the mel band round its frequency", "[data]") {
  const Mfcc mfcc{{.n_fft = 512, .hop = 128, .n_mels = 40}};
  const double hz = GENERATE(300.0, 1000.0, 2500.0);
  const Matrix power = mfcc.mel_power(tone(hz, 4096));
  CHECK(power.cols == 33);
  std::size_t loudest = 0;
  for (std::size_t band = 0; band < power.rows; ++band)
    if (power.at(band, 16) > power.at(loudest, 16)) loudest = band;
  const auto bin = static_cast<std::size_t>(std::lround(hz / 8000.0 * 512));
  std::size_t expected = 0;
  for (std::size_t band = 0; band < power.rows; ++band)
    if (mfcc.filter_bank().at(band, bin) > mfcc.filter_bank().at(expected, bin)) expected = band;
  CHECK(loudest == expected);
}

TEST_CASE("Decibels are floored 80 dB under the loudest", "[data]") {
  Matrix power(1, 4);
  power.values = {1.0, 100.0, 1e-7, 0.0};
  const Matrix db = power_to_db(power);
  CHECK(db.values[0] == Approx(0.0).margin(1e-12));
  CHECK(db.values[1] == Approx(20.0));
  CHECK(db.values[2] == Approx(-60.0));
  CHECK(db.values[3] == Approx(-60.0));
}

TEST_CASE("Silence, and a signal shorter than a hop, have MFCCs too", "[data]") {
  const Mfcc mfcc{MfccSettings{}};
  const Matrix silent = mfcc.coefficients(std::vector<float>(100, 0.0F));
  CHECK(silent.cols == 1);
  CHECK(silent.at(0, 0) == Approx(-100.0 * std::sqrt(128.0)));
  CHECK(silent.at(5, 0) == Approx(0.0).margin(1e-9));
}

TEST_CASE("Settings without a meaning are refused", "[data]") {
  CHECK_THROWS_AS(Mfcc{{.n_fft = 511}}, InputError);
  CHECK_THROWS_AS(Mfcc{{.hop = 0}}, InputError);
  CHECK_THROWS_AS((Mfcc{{.n_mels = 10, .n_mfcc = 20}}), InputError);
}

}  // namespace harmonic
