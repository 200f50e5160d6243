#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ids.hpp"

namespace harmonic {

/// A stream of random numbers given by its key alone: (seed, purpose, a, b). Two streams with the same key are the
/// same stream, on any rank and any machine; no result depends on who drew it. Philox4x32-10 in counter mode.
/// Meets UniformRandomBitGenerator. Use the members below and not the distributions of <random>, which differ
/// between standard libraries.
class RandomStream {
 public:
  using result_type = std::uint32_t;

  /// `purpose` names what the numbers are for, e.g. "mutation"; `a` and `b` are free, e.g. generation and candidate.
  RandomStream(Seed seed, std::string_view purpose, std::uint64_t a = 0, std::uint64_t b = 0);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()();

  [[nodiscard]] std::uint64_t bits64();
  [[nodiscard]] double uniform();                      ///< [0, 1), 53 bits
  [[nodiscard]] double uniform(double lo, double hi);  ///< [lo, hi)
  [[nodiscard]] std::size_t below(std::size_t n);      ///< 0 … n-1 without bias, n >= 1
  [[nodiscard]] bool chance(double p);                 ///< true with probability p
  [[nodiscard]] double normal();                       ///< N(0, 1), Box-Muller

  /// Of Philox, what makes the next block of four numbers: for who draws it elsewhere.
  struct Position {
    std::array<std::uint32_t, 2> key{};
    std::array<std::uint32_t, 4> counter{};
  };
  [[nodiscard]] Position position() const {
    return {{key_[0], key_[1]}, {counter_[0], counter_[1], counter_[2], counter_[3]}};
  }

  template <class T>
  [[nodiscard]] const T& pick(const std::vector<T>& options) {
    return options[below(options.size())];
  }
  template <class T>
  void shuffle(std::vector<T>& items) {  ///< Fisher-Yates
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint32_t key_[2];
  std::uint32_t counter_[4];
  std::uint32_t block_[4] = {};
  int used_ = 4;
};

}  // namespace harmonic
