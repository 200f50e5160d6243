#pragma once

#include <string>
#include <vector>

namespace harmonic::bench {

/// Searches over one modality on several devices, replayed on a sweep that knows every answer: what share of the true
/// front's hypervolume they reach with few of the networks, beside as many drawn at random; for the weighted mean over
/// the devices, the worst of them, and each alone. Then what the true fronts' models cost on average and at worst.
/// @param args see --help @return 0 when every search's mean share reaches the one asked for, it beats chance in every
///   seed, and the front of the worst has the lower worst case, that of the mean the lower mean
[[nodiscard]] int alone(const std::vector<std::string>& args);

}  // namespace harmonic::bench
