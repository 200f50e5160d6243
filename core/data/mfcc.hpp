#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace harmonic {

/// A matrix by rows.
struct Matrix {
  std::size_t rows = 0, cols = 0;
  std::vector<double> values;  ///< row-major, rows x cols

  Matrix() = default;
  Matrix(std::size_t r, std::size_t c) : rows(r), cols(c), values(r * c) {}
  [[nodiscard]] double& at(std::size_t row, std::size_t col) { return values[row * cols + col]; }
  [[nodiscard]] double at(std::size_t row, std::size_t col) const { return values[row * cols + col]; }
};

/// What a window sees beyond the ends of a signal.
enum class MfccPadding {
  zero,     ///< nothing: librosa 0.9 and later
  reflect,  ///< the signal mirrored about its first and last sample: librosa before 0.9
};

struct MfccSettings {
  int sample_rate = 8000;  ///< Hz
  int n_fft = 2048;        ///< samples a window, even
  int hop = 512;           ///< samples between the centres of two windows
  int n_mels = 128;        ///< bands between 0 Hz and half the sample rate
  int n_mfcc = 20;         ///< coefficients kept, at most n_mels
  MfccPadding padding = MfccPadding::zero;
};

/// Mel-frequency cepstral coefficients, formula by formula those of librosa: centred windows over a padded signal,
/// periodic Hann window, power spectrum, Slaney's mel scale with bands of equal area, decibels (reference 1, floor
/// 1e-10, at most 80 dB under the loudest), orthonormal DCT-II. In double precision. Source: M. Slaney, Auditory
/// Toolbox (1998); librosa's documentation of `feature.mfcc`.
///   Mfcc{{}}.coefficients(one second at 8 kHz)   gives 20 x 16
/// Make and destroy by one thread at a time (FFTW's planner).
class Mfcc {
 public:
  /// @throws InputError when a setting is not positive, n_fft is odd or n_mfcc exceeds n_mels
  explicit Mfcc(const MfccSettings& settings);
  ~Mfcc();
  Mfcc(const Mfcc&) = delete;
  Mfcc& operator=(const Mfcc&) = delete;

  /// Weights of each band, n_mels x (n_fft/2 + 1).
  [[nodiscard]] const Matrix& filter_bank() const { return filter_bank_; }
  /// Power in each mel band, n_mels x frames, frames = 1 + samples/hop. `samples` in [-1, 1].
  [[nodiscard]] Matrix mel_power(std::span<const float> samples) const;
  /// n_mfcc x frames
  [[nodiscard]] Matrix coefficients(std::span<const float> samples) const;

 private:
  struct Fft;
  MfccSettings settings_;
  std::vector<double> window_;
  Matrix filter_bank_;
  Matrix dct_;  ///< n_mfcc x n_mels
  std::unique_ptr<Fft> fft_;
};

/// 10 log10(power), floored at 1e-10, and at 80 dB under the largest value.
[[nodiscard]] Matrix power_to_db(Matrix power);

}  // namespace harmonic
