#include "worker/pairs_at_once.hpp"

#include <algorithm>
#include <numeric>

#include "core/space/genome.hpp"
#include "core/space/layers.hpp"
#include "core/work/fitted_settings.hpp"
#include "worker/group/placement.hpp"
#include "worker/tensor/device_room.hpp"

namespace harmonic {
namespace {

constexpr double kSecondsAKernel = 6e-6;   ///< that LibTorch takes to start one, gradients included
constexpr double kShareOfPeak = 1.0 / 3;   ///< of multiply-adds that products of a fusion network's size come to
constexpr double kForwardAndBackward = 3;  ///< a product, and its gradients for both factors
constexpr double kMapsAnOperator = 8;      ///< of C channels that are kept of each: its product, norm, activation, mask
constexpr double kKernels = 38, kKernelsAnInput = 2, kKernelsANode = 84;  ///< counted (tests of `device`)

}  // namespace

PairLoad pair_load(const SearchSettings& settings, const DatasetInfo& data) {
  const auto fusion = settings.fusion_in_force();
  const auto& macros = settings.evolution.macro;
  const auto most = [](int usual, const std::vector<int>& others) {
    return std::accumulate(others.begin(), others.end(), usual, [](int a, int b) { return std::max(a, b); });
  };
  const double nodes = most(macros.usual.cells, macros.other_cells) * most(macros.usual.nodes, macros.other_nodes);
  double inputs = 0, input_channels = 0;
  for (std::size_t m = 0; m < settings.modalities.size(); ++m) {
    const auto& space = settings.modalities[m].space;
    const auto genome = largest_genome(space);
    const auto channels = feature_channels(space, genome, data.classes);
    for (const int feature : offered_features(feature_count(space, genome), fusion.features_of(m)))
      inputs += 1, input_channels += channels.at(static_cast<std::size_t>(feature));
  }
  const double positions = fusion.side * fusion.side, channels = fusion.channels;
  const auto operators = static_cast<double>(fusion.operators.size());
  const double rows = fusion.batch * positions;
  const auto samples = [&](Split split, int views) {
    return static_cast<double>(data.samples[static_cast<std::size_t>(split)]) * views;
  };
  double of_operators = 0;  // multiply-adds of a sample, on two states; the search joins both to one
  for (const auto& op : fusion.operators)
    for (const auto& kernel : fusion_kernels(op, fusion.channels, fusion.side * fusion.side))
      of_operators += kernel.macs;
  PairLoad load;
  load.multiply_adds =
      kForwardAndBackward * (rows * channels * input_channels + fusion.batch * nodes * of_operators / 2);
  const double kept = rows * (input_channels + channels * (inputs + nodes * operators) * kMapsAnOperator);
  const double held = (samples(Split::train, fusion.train_views) + samples(Split::val, fusion.validation_views)) *
                      positions * input_channels;
  load.bytes = sizeof(float) * (kept + 2 * held);  // the pair's own, and side by side with the others'
  load.kernels = kKernels + kKernelsAnInput * inputs + kKernelsANode * nodes;
  return load;
}

GpuPower power_of(torch::Device gpu) {
  return {static_cast<double>(activation_room(gpu)), gpu_multiply_adds_per_s(gpu)};
}

int pairs_worth_a_pass(const PairLoad& load, const GpuPower& gpu) {
  double pairs = std::min<double>(kMostPairsAtOnce, gpu.room_bytes / load.bytes);
  if (gpu.multiply_adds_per_s > 0) {
    const double one_s = load.multiply_adds / (kShareOfPeak * gpu.multiply_adds_per_s);
    pairs = std::min(pairs, load.kernels * kSecondsAKernel / one_s);
  }
  return std::max(1, static_cast<int>(pairs));
}

int automatic_pairs_at_once(const SearchSettings& settings, torch::Device device) {
  if (device.is_cpu() || !why_one_pair_at_once(settings).empty()) return 1;
  const DatasetFile data(settings.data);
  const int pairs = pairs_worth_a_pass(pair_load(fitted_settings(settings, data), data.info()), power_of(device));
  return std::min(pairs, settings.evolution.pairs_a_generation());
}

}  // namespace harmonic
