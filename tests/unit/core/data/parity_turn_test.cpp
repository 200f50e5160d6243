#include "core/data/parity_turn.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include <catch2/catch.hpp>

#include "core/data/sound_features.hpp"
#include "core/data/synthetic.hpp"

namespace harmonic {
namespace {

/// How often each class stands among the samples of a digit with a given sign, over a whole round of turns.
template <class Sign>
std::map<std::pair<int, bool>, std::map<int, int>> classes_by(Sign sign) {
  std::map<std::pair<int, bool>, std::map<int, int>> counts;
  for (int i = 0; i < kParityTurns; ++i) {
    const ParityTurn turn = parity_turn(i);
    ++counts[{turn.digit, turn.*sign}][turn.label()];
  }
  return counts;
}

/// Of `count` values from `first`.
template <class T>
double mean_of(const std::vector<T>& values, std::size_t first, std::size_t count) {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
  return std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(count), 0.0) / static_cast<double>(count);
}

}  // namespace

TEST_CASE("Every digit stands with every pair of signs once in a round of turns, and classes take turns", "[data]") {
  std::set<std::tuple<int, bool, bool>> seen;
  for (int i = 0; i < kParityTurns; ++i) {
    const ParityTurn turn = parity_turn(i);
    seen.insert({turn.digit, turn.is_negative, turn.is_thin});
    CHECK(turn.label() == i % kParityClasses);
    CHECK(parity_turn(i + kParityTurns).is_thin == turn.is_thin);
  }
  CHECK(seen.size() == kParityTurns);
}

TEST_CASE("One modality's digit and sign leave two classes of av-parity equally likely", "[data]") {
  const auto counts = GENERATE(classes_by(&ParityTurn::is_negative), classes_by(&ParityTurn::is_thin));
  REQUIRE(counts.size() == kParityClasses);
  for (const auto& [known, classes] : counts)
    CHECK(classes == std::map<int, int>{{2 * known.first, 1}, {2 * known.first + 1, 1}});
}

TEST_CASE("No sum of what is seen and what is heard tells more than three of the signs' four pairs", "[data]") {
  // The odd class's lead over the even one is seen[is_negative] + heard[is_thin]: all signs and orders of magnitude.
  const std::array<double, 6> leads = {-4, -2, -0.5, 0.5, 2, 4};
  int best = 0;
  for (const double s0 : leads)
    for (const double s1 : leads)
      for (const double h0 : leads)
        for (const double h1 : leads) {
          const std::array<double, 2> seen = {s0, s1}, heard = {h0, h1};
          int right = 0;
          for (int i = 0; i < kParityTurns; ++i) {
            const ParityTurn turn = parity_turn(i);
            const double lead = seen[turn.is_negative ? 1 : 0] + heard[turn.is_thin ? 1 : 0];
            const bool is_odd = turn.label() % 2 == 1;
            right += (is_odd ? lead > 0 : lead < 0) ? 1 : 0;
          }
          best = std::max(best, right);
        }
  CHECK(best == kParityTurns * 3 / 4);
}

TEST_CASE("A sample of av-parity shows and sounds as its turn says, spoilt or not", "[data]") {
  const DatasetContent data = make_synthetic(SyntheticKind::av_parity, 400, Seed{2});
  const auto& labels = data.class_labels[0];
  const auto& pixels = data.samples.at("image")[0].bytes;
  const auto& maps = data.samples.at("audio")[0].floats;
  const std::size_t picture = pixels.size() / labels.size(), map = maps.size() / labels.size();
  std::vector<double> tilts;  // the second coefficient: how far the lows outweigh the highs
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const ParityTurn turn = parity_turn(static_cast<int>(i));
    CHECK(labels[i] == turn.label());
    CHECK((mean_of(pixels, i * picture, picture) > 127.5) == turn.is_negative);
    tilts.push_back(mean_of(maps, i * map + kSoundSide, kSoundSide));
  }
  const double middle = mean_of(tilts, 0, tilts.size());
  std::size_t right = 0;
  for (std::size_t i = 0; i < tilts.size(); ++i)
    right += (tilts[i] < middle) == parity_turn(static_cast<int>(i)).is_thin ? 1 : 0;
  CHECK(right > labels.size() * 9 / 10);
}

TEST_CASE("A negative's negative is the picture, and a thin sound has no constant part", "[data]") {
  std::vector<std::uint8_t> pixels = {0, 255, 40};
  make_negative(pixels);
  CHECK(pixels == std::vector<std::uint8_t>{255, 0, 215});
  Sound thin{.sample_rate = 8000, .samples = {1, 1, 1, -1}};
  Sound dull = thin;
  colour_sound(thin, true);
  colour_sound(dull, false);
  CHECK(thin.samples == std::vector<float>{1, 0, 0, -2});
  CHECK(dull.samples == std::vector<float>{1, 2, 2, 0});
}

}  // namespace harmonic
