#include "core/data/mfcc.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fftw3.h>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

constexpr double kSmallestPower = 1e-10;
constexpr double kDynamicRangeDb = 80.0;

// Slaney's scale: linear up to 1 kHz (15 mel), logarithmic above, 27 mel from 1 kHz to 6.4 kHz.
constexpr double kHzPerMel = 200.0 / 3.0;
constexpr double kBreakHz = 1000.0;
constexpr double kBreakMel = kBreakHz / kHzPerMel;
const double kLogStep = std::log(6.4) / 27.0;

double hz_to_mel(double hz) {
  return hz < kBreakHz ? hz / kHzPerMel : kBreakMel + std::log(hz / kBreakHz) / kLogStep;
}

double mel_to_hz(double mel) {
  return mel < kBreakMel ? mel * kHzPerMel : kBreakHz * std::exp(kLogStep * (mel - kBreakMel));
}

std::vector<double> hann_window(int length) {
  std::vector<double> window(static_cast<std::size_t>(length));
  for (int i = 0; i < length; ++i)
    window[static_cast<std::size_t>(i)] = 0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * i / length);
  return window;
}

/// Triangles between equidistant points of the mel scale, each of area 1 (in Hz).
Matrix mel_filter_bank(const MfccSettings& settings) {
  const auto bands = static_cast<std::size_t>(settings.n_mels);
  const double highest_mel = hz_to_mel(settings.sample_rate / 2.0);
  std::vector<double> corners_hz(bands + 2);
  for (std::size_t i = 0; i < corners_hz.size(); ++i)
    corners_hz[i] = mel_to_hz(highest_mel * static_cast<double>(i) / static_cast<double>(bands + 1));
  Matrix bank(bands, static_cast<std::size_t>(settings.n_fft / 2 + 1));
  for (std::size_t band = 0; band < bands; ++band) {
    const double low = corners_hz[band], peak = corners_hz[band + 1], high = corners_hz[band + 2];
    for (std::size_t bin = 0; bin < bank.cols; ++bin) {
      const double hz = static_cast<double>(bin) * settings.sample_rate / settings.n_fft;
      const double weight = std::min((hz - low) / (peak - low), (high - hz) / (high - peak));
      bank.at(band, bin) = std::max(0.0, weight) * 2.0 / (high - low);
    }
  }
  return bank;
}

/// Where sample `at` of a signal mirrored about both its ends comes from.
std::size_t mirrored(std::ptrdiff_t at, std::ptrdiff_t length) {
  if (length == 1) return 0;
  const std::ptrdiff_t period = 2 * (length - 1);
  const std::ptrdiff_t within = ((at % period) + period) % period;
  return static_cast<std::size_t>(std::min(within, period - within));
}

/// The first `rows` rows of the orthonormal DCT-II of `length` values.
Matrix dct_matrix(int rows, int length) {
  Matrix dct(static_cast<std::size_t>(rows), static_cast<std::size_t>(length));
  for (int k = 0; k < rows; ++k)
    for (int n = 0; n < length; ++n)
      dct.at(static_cast<std::size_t>(k), static_cast<std::size_t>(n)) =
          std::sqrt((k == 0 ? 1.0 : 2.0) / length) * std::cos(std::numbers::pi * k * (2 * n + 1) / (2.0 * length));
  return dct;
}

/// a b
Matrix product(const Matrix& a, const Matrix& b) {
  Matrix result(a.rows, b.cols);
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t k = 0; k < a.cols; ++k) {
      const double factor = a.at(i, k);
      if (factor == 0) continue;  // most of the filter bank
      for (std::size_t j = 0; j < b.cols; ++j) result.at(i, j) += factor * b.at(k, j);
    }
  return result;
}

const MfccSettings& checked(const MfccSettings& s) {
  if (s.sample_rate < 1 || s.n_fft < 2 || s.n_fft % 2 != 0 || s.hop < 1 || s.n_mels < 1 || s.n_mfcc < 1 ||
      s.n_mfcc > s.n_mels)
    throw InputError(fmt::format("no MFCCs with sample rate {}, window {}, hop {}, {} mel bands, {} coefficients",
                                 s.sample_rate, s.n_fft, s.hop, s.n_mels, s.n_mfcc),
                     "all must be positive, the window even, and no more coefficients than bands");
  return s;
}

}  // namespace

/// Buffers and plan of one transform of real numbers.
struct Mfcc::Fft {
  explicit Fft(int length)
      : in(fftw_alloc_real(static_cast<std::size_t>(length))),
        out(fftw_alloc_complex(static_cast<std::size_t>(length) / 2 + 1)),
        plan(fftw_plan_dft_r2c_1d(length, in, out, FFTW_ESTIMATE)) {}
  ~Fft() {
    fftw_destroy_plan(plan);
    fftw_free(out);
    fftw_free(in);
  }
  Fft(const Fft&) = delete;
  Fft& operator=(const Fft&) = delete;

  double* in;
  fftw_complex* out;
  fftw_plan plan;
};

Mfcc::Mfcc(const MfccSettings& settings)
    : settings_(checked(settings)),
      window_(hann_window(settings.n_fft)),
      filter_bank_(mel_filter_bank(settings)),
      dct_(dct_matrix(settings.n_mfcc, settings.n_mels)),
      fft_(std::make_unique<Fft>(settings.n_fft)) {}

Mfcc::~Mfcc() = default;

Matrix Mfcc::mel_power(std::span<const float> samples) const {
  const auto length = static_cast<std::ptrdiff_t>(samples.size());
  const std::size_t frames = 1 + samples.size() / static_cast<std::size_t>(settings_.hop);
  Matrix power(filter_bank_.cols, frames);
  for (std::size_t frame = 0; frame < frames; ++frame) {
    const std::ptrdiff_t start = static_cast<std::ptrdiff_t>(frame) * settings_.hop - settings_.n_fft / 2;
    for (std::ptrdiff_t i = 0; i < settings_.n_fft; ++i) {
      const std::ptrdiff_t at = start + i;
      const bool is_inside = at >= 0 && at < length;
      const bool is_seen = is_inside || (settings_.padding == MfccPadding::reflect && length > 0);
      fft_->in[i] = is_seen ? window_[static_cast<std::size_t>(i)] * samples[mirrored(at, length)] : 0.0;
    }
    fftw_execute(fft_->plan);
    for (std::size_t bin = 0; bin < power.rows; ++bin)
      power.at(bin, frame) = fft_->out[bin][0] * fft_->out[bin][0] + fft_->out[bin][1] * fft_->out[bin][1];
  }
  return product(filter_bank_, power);
}

Matrix Mfcc::coefficients(std::span<const float> samples) const {
  return product(dct_, power_to_db(mel_power(samples)));
}

Matrix power_to_db(Matrix power) {
  double loudest = -std::numeric_limits<double>::infinity();
  for (double& value : power.values) {
    value = 10.0 * std::log10(std::max(value, kSmallestPower));
    loudest = std::max(loudest, value);
  }
  for (double& value : power.values) value = std::max(value, loudest - kDynamicRangeDb);
  return power;
}

}  // namespace harmonic
