#include "core/data/token_bag.hpp"

#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/base/hash.hpp"

namespace harmonic {

TokenBag::TokenBag(const std::vector<std::vector<int>>& texts) {
  for (const auto& text : texts)
    for (const int token : std::set<int>(text.begin(), text.end())) ++rarity_[token];
  for (auto& [token, value] : rarity_) value = 1 + std::log((1.0 + static_cast<double>(texts.size())) / (1.0 + value));
}

std::vector<float> TokenBag::operator()(const std::vector<int>& text) const {
  std::map<int, int> counts;  // in the order of tokens: sums are the same on every machine
  for (const int token : text) ++counts[token];
  std::vector<double> sums(kBagFeatures, 0.0);
  for (const auto& [token, count] : counts) {
    const auto rarity = rarity_.find(token);
    if (rarity == rarity_.end()) continue;
    const std::uint64_t hash = hash64(fmt::format("{}", token));
    const double sign = (hash >> 63U) == 0 ? 1 : -1;
    sums[hash % kBagFeatures] += sign * (1 + std::log(count)) * rarity->second;
  }
  double square = 0;
  for (const double sum : sums) square += sum * sum;
  std::vector<float> values;
  for (const double sum : sums) values.push_back(square > 0 ? static_cast<float>(sum / std::sqrt(square)) : 0.0F);
  return values;
}

}  // namespace harmonic
