#pragma once

#include <unordered_map>
#include <vector>

namespace harmonic {

inline constexpr std::size_t kBagFeatures = 300;

/// Texts as vectors that a network can learn from: how often each token occurs (1 + log), weighted by its rarity in the
/// texts it was fitted on, each token added to or subtracted from one of kBagFeatures numbers by its hash, the whole of
/// length 1. Tokens that those texts do not hold say nothing.
class TokenBag {
 public:
  /// @param texts of train alone, as tokens
  explicit TokenBag(const std::vector<std::vector<int>>& texts);

  /// @return kBagFeatures values; all zero when no token is known
  [[nodiscard]] std::vector<float> operator()(const std::vector<int>& text) const;

 private:
  std::unordered_map<int, double> rarity_;  ///< by token: 1 + log((1 + texts) / (1 + texts that hold it))
};

}  // namespace harmonic
