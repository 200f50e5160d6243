#include "core/data/spoken_digit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace harmonic {
namespace {

constexpr int kRate = 8000;  ///< Hz
constexpr double kHighestHz = 3900;

/// A speech sound held for a while; between two of them everything glides.
struct Phone {
  double ms = 0;
  double voice = 0;               ///< strength of the buzz
  double hiss = 0;                ///< strength of the noise
  std::array<double, 3> hz = {};  ///< formants
  double hiss_hz = 3000;          ///< centre of the noise
};

constexpr Phone kGap = {50, 0.0, 0.0, {500, 1500, 2500}};
constexpr Phone kS = {130, 0.0, 0.5, {400, 1700, 2600}, 3700};
constexpr Phone kF = {90, 0.0, 0.15, {400, 1200, 2300}, 2600};
constexpr Phone kV = {50, 0.4, 0.05, {300, 1200, 2300}, 2600};
constexpr Phone kN = {80, 0.4, 0.0, {280, 1400, 2400}};
constexpr Phone kT = {25, 0.0, 0.5, {400, 1800, 2700}, 3400};
constexpr Phone kR = {70, 0.7, 0.0, {350, 1100, 1550}};
constexpr Phone kI = {140, 0.9, 0.0, {290, 2250, 2950}};
constexpr Phone kA = {110, 1.0, 0.0, {700, 1200, 2500}};
constexpr Phone kOffGlide = {90, 0.8, 0.0, {360, 2050, 2700}};

std::vector<Phone> word(int digit) {
  switch (digit) {
    case 0:
      return {{80, 0.3, 0.3, {300, 1700, 2600}, 3600},
              kI,
              kR,
              {120, 1.0, 0.0, {500, 900, 2300}},
              {80, 0.7, 0.0, {380, 780, 2250}}};
    case 1:
      return {{70, 0.7, 0.0, {300, 700, 2200}}, {130, 1.0, 0.0, {640, 1200, 2450}}, kN};
    case 2:
      return {kT, {80, 0.8, 0.1, {320, 1500, 2400}, 3000}, {150, 0.9, 0.0, {310, 900, 2250}}};
    case 3:
      return {{80, 0.0, 0.15, {400, 1400, 2500}, 3100}, kR, kI, kI};
    case 4:
      return {kF, {160, 1.0, 0.0, {560, 850, 2400}}, kR};
    case 5:
      return {kF, kA, kOffGlide, kV};
    case 6:
      return {kS, {80, 0.9, 0.0, {400, 1950, 2550}}, kGap, {20, 0.0, 0.4, {400, 1800, 2500}, 1900}, kS};
    case 7:
      return {kS, {90, 1.0, 0.0, {560, 1800, 2500}}, kV, {60, 0.8, 0.0, {480, 1450, 2400}}, kN};
    case 8:
      return {{110, 1.0, 0.0, {480, 1950, 2550}}, {90, 0.9, 0.0, {330, 2250, 2800}}, kGap, kT};
    default:
      return {kN, kA, kOffGlide, kN};
  }
}

/// Klatt's second-order resonator; its frequency may change from sample to sample.
class Resonator {
 public:
  double operator()(double in, double hz, double bandwidth_hz) {
    const double radius = std::exp(-std::numbers::pi * bandwidth_hz / kRate);
    const double b = 2.0 * radius * std::cos(2.0 * std::numbers::pi * std::min(hz, kHighestHz) / kRate);
    const double c = -radius * radius;
    const double out = (1.0 - b - c) * in + b * last_ + c * before_last_;
    before_last_ = last_;
    last_ = out;
    return out;
  }

 private:
  double last_ = 0, before_last_ = 0;
};

/// Members are drawn in the order in which they stand.
struct Speaker {
  explicit Speaker(RandomStream& random)
      : pitch_hz(random.uniform(85, 230)),
        size(random.uniform(0.86, 1.18)),
        tempo(random.uniform(0.7, 1.35)),
        accent(random.uniform(0.03, 0.09)) {}

  double pitch_hz;
  double size;    ///< factor on all formants: small heads sound high
  double tempo;   ///< factor on all durations
  double accent;  ///< relative deviation of each formant and duration from the textbook
};

/// The word as this speaker says it this time.
std::vector<Phone> pronounce(int digit, const Speaker& speaker, RandomStream& random) {
  auto phones = word(digit);
  for (Phone& phone : phones) {
    phone.ms *= speaker.tempo * random.uniform(0.75, 1.3);
    for (double& hz : phone.hz) hz *= speaker.size * (1.0 + speaker.accent * random.uniform(-1, 1));
    phone.hiss_hz *= 1.0 + 2.0 * speaker.accent * random.uniform(-1, 1);
    phone.hiss *= random.uniform(0.6, 1.3);
  }
  return phones;
}

double mix(double a, double b, double part) {
  return a + (b - a) * part;
}

/// A phone holds for its first half and glides to the next in its second.
Phone glide(const Phone& phone, const Phone& next, double part) {
  const double to_next = std::max(0.0, 2.0 * part - 1.0);
  Phone now = phone;
  now.voice = mix(phone.voice, next.voice, to_next);
  now.hiss = mix(phone.hiss, next.hiss, to_next);
  for (std::size_t i = 0; i < now.hz.size(); ++i) now.hz[i] = mix(phone.hz[i], next.hz[i], to_next);
  now.hiss_hz = mix(phone.hiss_hz, next.hiss_hz, to_next);
  return now;
}

std::vector<double> synthesise(const std::vector<Phone>& phones, double pitch_hz, RandomStream& random) {
  constexpr std::array<double, 3> kBandwidthsHz = {80, 110, 160};
  constexpr double kHissBandwidthHz = 900;
  double total_ms = 0;
  for (const Phone& phone : phones) total_ms += phone.ms;
  std::array<Resonator, 3> formants;
  Resonator tilt, hiss_filter;
  std::vector<double> wave;
  double phase = 0;
  for (std::size_t i = 0; i < phones.size(); ++i) {
    const Phone& next = phones[std::min(i + 1, phones.size() - 1)];
    const int length = static_cast<int>(phones[i].ms * kRate / 1000);
    for (int k = 0; k < length; ++k) {
      const Phone now = glide(phones[i], next, static_cast<double>(k) / length);
      const double elapsed = static_cast<double>(wave.size()) * 1000.0 / kRate / total_ms;
      phase += pitch_hz * (1.1 - 0.25 * elapsed) / kRate;  // the voice falls towards the end
      const bool is_pulse = phase >= 1.0;
      if (is_pulse) phase -= 1.0;
      double sound = now.voice * tilt(is_pulse ? 40.0 : 0.0, 0.0, 400.0);
      for (std::size_t f = 0; f < formants.size(); ++f) sound = formants[f](sound, now.hz[f], kBandwidthsHz[f]);
      sound += now.hiss * hiss_filter(random.uniform(-1, 1), now.hiss_hz, kHissBandwidthHz);
      wave.push_back(sound);
    }
  }
  return wave;
}

double root_mean_square(const std::vector<double>& wave) {
  double squares = 0;
  for (const double value : wave) squares += value * value;
  return std::sqrt(squares / static_cast<double>(wave.size()));
}

}  // namespace

Sound speak_digit(int digit, bool is_drowned, RandomStream& random) {
  const Speaker speaker(random);
  const auto phones = pronounce(digit, speaker, random);
  auto wave = synthesise(phones, speaker.pitch_hz, random);
  const auto before = random.below(kRate / 16);
  const auto after = random.below(kRate / 16);
  const double noise_share = is_drowned ? random.uniform(2.0, 5.0) : random.uniform(0.02, 0.2);
  const double loudness = root_mean_square(wave);
  const double noise = noise_share * loudness * std::numbers::sqrt3;  // of uniform noise with that root mean square
  wave.insert(wave.begin(), before, 0.0);
  wave.insert(wave.end(), after, 0.0);
  Sound sound{.sample_rate = kRate, .samples = {}};
  sound.samples.reserve(wave.size());
  for (const double value : wave)
    sound.samples.push_back(static_cast<float>(0.1 * (value + noise * random.uniform(-1, 1)) / loudness));
  return sound;
}

}  // namespace harmonic
