#pragma once

#include <vector>

#include "core/base/ids.hpp"
#include "core/data/sample_list.hpp"

namespace harmonic {

struct SplitShares {
  double val = 0.15, test = 0.15;  ///< of the samples that are dealt; above 0, together below 1
};

/// Gives every sample a split. What has none is dealt by the seed: class by class, or group by group where samples have
/// groups; where val or test are empty otherwise, they are dealt from train, too. Then puts the samples in an order of
/// the seed's, so that any beginning of a split is a fair sample of it.
/// @throws InputError when a split stays empty
void deal_splits(std::vector<RawSample>& samples, const SplitShares& shares, Seed seed);

/// Warns of what is in two splits: an id, a group, a file's bytes. Reads every file whole.
void report_leaks(const std::vector<RawSample>& samples);

}  // namespace harmonic
