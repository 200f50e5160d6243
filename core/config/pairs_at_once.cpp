#include "core/config/pairs_at_once.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

constexpr const char* kAutomaticWord = "auto";

int parse_pairs_at_once(const std::string& text) {
  if (text == kAutomaticWord) return kAutomaticPairs;
  const int pairs = parse_int(text, "option pairs-at-once");
  if (pairs < 1 || pairs > kMostPairsAtOnce)
    throw InputError(fmt::format("option pairs-at-once is {}", text),
                     fmt::format("give a number from 1 to {}, or {}", kMostPairsAtOnce, kAutomaticWord));
  return pairs;
}

}  // namespace

const OptionText<int> kPairsAtOnceText = {
    parse_pairs_at_once, [](int pairs) { return pairs == kAutomaticPairs ? kAutomaticWord : std::to_string(pairs); }};

std::string why_one_pair_at_once(const SearchSettings& settings) {
  if (settings.is_alone()) return "of one modality nothing is fused";
  if (settings.protocol == Protocol::published) return "the loss of protocol published is no sum over pairs";
  for (const auto& op : settings.fusion.operators)
    if (!find_fusion_operator(op).in_lanes) return fmt::format("operator {} works on one pair alone", op);
  if (settings.evolution_in_force().schedule == Schedule::steady)
    return "schedule is steady: pairs are bred one by one";
  return {};
}

}  // namespace harmonic
