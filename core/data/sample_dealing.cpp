#include "core/data/sample_dealing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/log.hpp"
#include "core/base/rng.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {
namespace {

using Members = std::vector<std::size_t>;  ///< indices of samples that stay together

std::array<std::size_t, 3> counts_of(const std::vector<RawSample>& samples) {
  std::array<std::size_t, 3> counts{};
  for (const auto& sample : samples)
    if (sample.split) ++counts[static_cast<std::size_t>(*sample.split)];
  return counts;
}

/// Deals units to the splits wanted until each has its share, the rest to train.
void deal(std::vector<RawSample>& samples, std::vector<Members> units,
          const std::vector<std::pair<Split, double>>& wanted, RandomStream& random) {
  random.shuffle(units);
  std::size_t total = 0, next = 0;
  for (const auto& unit : units) total += unit.size();
  const auto give = [&](Split split) {
    for (const std::size_t i : units[next]) samples[i].split = split;
    return units[next++].size();
  };
  for (const auto& [split, share] : wanted) {
    const auto target = static_cast<std::size_t>(std::lround(share * static_cast<double>(total)));
    for (std::size_t given = 0; given < target && next < units.size();) given += give(split);
  }
  while (next < units.size()) give(Split::train);
}

/// Deals the samples that `is_dealt` chooses.
void deal_some(std::vector<RawSample>& samples, const std::vector<bool>& is_dealt,
               const std::vector<std::pair<Split, double>>& wanted, Seed seed) {
  const bool has_groups = std::ranges::any_of(samples, [](const RawSample& s) { return !s.group.empty(); });
  std::map<std::string, std::map<std::string, Members>> strata;  // by class, or one for all groups; by group or id
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!is_dealt[i]) continue;
    const auto& sample = samples[i];
    const std::string label = sample.labels.size() == 1 ? sample.labels.front() : "";
    const std::string alone = fmt::format("{}\n{}", sample.id, i);  // no group's name has a line end
    strata[has_groups ? "" : label][sample.group.empty() ? alone : sample.group].push_back(i);
  }
  std::uint64_t stratum = 0;
  for (const auto& [label, by_group] : strata) {
    std::vector<Members> units;
    for (const auto& [group, members] : by_group) units.push_back(members);
    RandomStream random(seed, "splits", stratum++);
    deal(samples, std::move(units), wanted, random);
  }
}

/// Something that samples of two splits share, with one of each.
struct Leak {
  std::size_t count = 0;
  std::string first;
};

}  // namespace

void deal_splits(std::vector<RawSample>& samples, const SplitShares& shares, Seed seed) {
  std::vector<bool> is_dealt;
  for (const auto& sample : samples) is_dealt.push_back(!sample.split);
  if (std::ranges::count(is_dealt, true) > 0)
    deal_some(samples, is_dealt, {{Split::test, shares.test}, {Split::val, shares.val}}, seed);
  // A split that nobody made comes out of train.
  std::vector<std::pair<Split, double>> missing;
  if (counts_of(samples)[2] == 0) missing.emplace_back(Split::test, shares.test);
  if (counts_of(samples)[1] == 0) missing.emplace_back(Split::val, shares.val);
  if (!missing.empty()) {
    for (std::size_t i = 0; i < samples.size(); ++i) is_dealt[i] = samples[i].split == Split::train;
    deal_some(samples, is_dealt, missing, seed);
    for (const auto& [split, share] : missing)
      log::info("there is no {}: a share of {} of train is dealt to it", to_text(split), share);
  }
  const auto counts = counts_of(samples);
  for (const Split split : kSplits)
    if (counts[static_cast<std::size_t>(split)] == 0)
      throw InputError(fmt::format("{} has no sample: {} samples are too few to deal, or their groups are",
                                   to_text(split), samples.size()),
                       "add samples, or say their splits");
  std::ranges::stable_sort(samples, {}, &RawSample::id);
  RandomStream(seed, "order").shuffle(samples);
}

void report_leaks(const std::vector<RawSample>& samples) {
  std::map<std::string, std::map<std::string, const RawSample*>> seen;  // by what is compared, then its value
  std::map<std::string, Leak> leaks;
  const auto look = [&](const std::string& what, const std::string& value, const RawSample& sample) {
    const auto [it, is_new] = seen[what].emplace(value, &sample);
    const RawSample& other = *it->second;
    if (is_new || other.split == sample.split) return;
    Leak& leak = leaks[what];
    if (++leak.count == 1)
      leak.first =
          fmt::format("{} of {} and {} of {}", other.id, to_text(*other.split), sample.id, to_text(*sample.split));
  };
  for (const auto& sample : samples) {
    look("the same id", sample.id, sample);
    if (!sample.group.empty()) look("the same group", sample.group, sample);
    for (const auto& [modality, path] : sample.files) {
      const auto bytes = read_file(path);
      look(fmt::format("the same bytes as {}", modality), fmt::format("{:x} {}", hash64(bytes), bytes.size()), sample);
    }
  }
  for (const auto& [what, leak] : leaks)
    log::warning("{} samples have {} in two splits, the first: {}", leak.count, what, leak.first);
}

}  // namespace harmonic
