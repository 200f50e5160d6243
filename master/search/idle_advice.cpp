#include "master/search/idle_advice.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <vector>

#include <fmt/format.h>

#include "core/base/rng.hpp"

namespace harmonic {
namespace {

constexpr double kDeviation = 0.495;  // of the logarithm: ln 10 between its 1st and 99th hundredth
constexpr int kGenerations = 16;
constexpr int kFew = 8;           // workers that people look after themselves
constexpr double kIdle = 0.8;     // below it there is something to be said
constexpr double kEnough = 0.92;  // what is proposed reaches it, where it can
constexpr int kMostOverlap = 8;
constexpr int kMostPieces = 20'000;  // more are not idle

}  // namespace

double expected_utilisation(int pieces, int workers, int overlap) {
  RandomStream random(Seed{1}, "expected utilisation");
  std::priority_queue<double, std::vector<double>, std::greater<>> free;  // when each worker is
  for (int w = 0; w < workers; ++w) free.push(0);
  std::vector<double> ends;  // of generations
  double work = 0, end = 0;
  for (int g = 0; g < kGenerations; ++g) {
    const double begins = g > overlap ? ends[static_cast<std::size_t>(g - overlap - 1)] : 0;
    double ended = g > 0 ? ends.back() : 0;
    for (int i = 0; i < pieces; ++i) {
      const double seconds = std::exp(kDeviation * random.normal());
      const double from = std::max(begins, free.top());
      free.pop();
      free.push(from + seconds);
      work += seconds;
      ended = std::max(ended, from + seconds);
    }
    ends.push_back(ended);
    end = std::max(end, ended);
  }
  return work / (end * workers);
}

std::string idle_advice(const EvolutionSettings& settings, int at_once, int workers) {
  const int pairs = settings.pairs_a_generation();
  const int pieces = std::max(1, pairs / at_once);
  if (settings.schedule == Schedule::steady || workers < kFew || pieces > kMostPieces) return {};
  const double now = expected_utilisation(pieces, workers, settings.overlap);
  if (now >= kIdle) return {};
  int overlap = settings.overlap, more = pairs;
  double by_overlap = now, by_pairs = now;
  while (by_overlap < kEnough && overlap < kMostOverlap) by_overlap = expected_utilisation(pieces, workers, ++overlap);
  while (by_pairs < kEnough && more / at_once < kMostPieces)
    by_pairs = expected_utilisation((more *= 2) / at_once, workers, settings.overlap);
  const auto percent = [](double share) { return fmt::format("{:.0f} %", 100 * share); };
  std::string proposals;
  if (settings.choose == PairChoice::evolution)
    proposals =
        fmt::format("--overlap {} would make that {}, --schedule steady nearly all, ", overlap, percent(by_overlap));
  return fmt::format(
      "{} workers for {} pieces of work a generation will work some {} of their time: {}--pairs {} (of a population "
      "that has as many survivors) {}; or give fewer workers",
      workers, pieces, percent(now), proposals, more, percent(by_pairs));
}

}  // namespace harmonic
