#include "worker/backbone/recalibration.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "worker/backbone/prefix_walk.hpp"

namespace harmonic {
namespace {

/// What decides which layers a genome shares with others, in order of execution; -1 ends a stage.
std::vector<int> prefix_key(const BackboneGenome& genome) {
  std::vector<int> key;
  for (std::size_t stage = 0; stage < genome.depth.size(); ++stage) {
    for (int block = 0; block < genome.depth[stage]; ++block) {
      const auto position = stage * BackboneSpace::kMaxDepth + static_cast<std::size_t>(block);
      key.push_back(genome.kernel[position]);
      key.push_back(genome.expand[position]);
    }
    key.push_back(-1);
  }
  return key;
}

}  // namespace

Recalibrator::Recalibrator(const Supernet& supernet, std::vector<torch::Tensor> batches)
    : supernet_(supernet), batches_(std::move(batches)) {
  if (batches_.empty())
    throw InputError("no samples to re-estimate batch norms on", "give a data set with a train split");
  for (const auto& batch : batches_)
    if (batch.size(0) < 2)
      throw InputError("a calibration batch of one sample has no variance",
                       "give more train samples, or a larger batch");
}

std::shared_ptr<const SubnetLayer> Recalibrator::layer(const LayerKey& key) const {
  const auto known = std::ranges::find_if(layers_, [&](const auto& l) { return l->key() == key; });
  if (known != layers_.end()) return *known;
  return layers_.emplace_back(view_layer(supernet_, key));
}

std::vector<Subnet> Recalibrator::recalibrate(std::span<const BackboneGenome> genomes) const {
  const torch::NoGradGuard no_grad;
  std::vector<std::vector<LayerKey>> paths;
  for (const auto& genome : genomes) paths.push_back(layer_keys(supernet_.space(), genome, supernet_.classes()));

  struct State {
    std::vector<torch::Tensor> activations;  // of every batch
    std::vector<CalibratedLayer> layers;     // so far
  };
  const auto step = [&](const State& state, std::size_t path, std::size_t level) {
    State next{{}, state.layers};
    const auto view = layer(paths[path][level]);
    EstimatingStatistics mode;
    // The classifier's output is of no use here, unless it starts with a batch norm (Maxout).
    if (level + 1 < paths[path].size() || !view->batch_norms().empty())
      for (const auto& x : state.activations) next.activations.push_back(view->forward(x, mode));
    next.layers.push_back({view, std::make_shared<const std::vector<BatchNormStatistics>>(mode.take())});
    return next;
  };
  std::vector<Subnet> subnets;
  walk_by_prefix(paths, State{batches_, {}}, step,
                 [&](std::size_t, const State& state) { subnets.emplace_back(state.layers); });
  return subnets;
}

std::vector<std::size_t> prefix_order(std::span<const BackboneGenome> genomes) {
  std::vector<std::vector<int>> keys;
  for (const auto& genome : genomes) keys.push_back(prefix_key(genome));
  std::vector<std::size_t> order(genomes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  return order;
}

std::vector<torch::Tensor> calibration_batches(const torch::Tensor& samples, int batch) {
  const std::int64_t n = samples.size(0);
  if (n == 0) return {};
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  RandomStream random(Seed{0}, "calibration order");
  random.shuffle(order);
  const auto shuffled = samples.index_select(0, torch::tensor(order).to(samples.device()));
  const std::int64_t count = std::max<std::int64_t>(1, (n + batch / 2) / batch);
  std::vector<torch::Tensor> batches;
  for (auto& part : shuffled.tensor_split(count)) batches.push_back(part.clone());
  return batches;
}

std::int64_t evaluation_chunk(const torch::Tensor& inputs) {
  constexpr std::int64_t kElements = 2'000'000;
  const std::int64_t sample = std::max<std::int64_t>(1, inputs.numel() / std::max<std::int64_t>(1, inputs.size(0)));
  return std::max<std::int64_t>(1, kElements / sample);
}

std::vector<torch::Tensor> evaluate_by_prefix(std::span<const Subnet> subnets, const torch::Tensor& inputs) {
  const torch::NoGradGuard no_grad;
  std::vector<std::vector<CalibratedLayer>> paths;
  for (const auto& subnet : subnets) paths.push_back(subnet.layers());
  std::vector<std::vector<torch::Tensor>> parts(subnets.size());
  for (const auto& chunk : inputs.split(evaluation_chunk(inputs)))
    walk_by_prefix(
        paths, chunk,
        [&](const torch::Tensor& x, std::size_t path, std::size_t level) { return paths[path][level].forward(x); },
        [&](std::size_t path, const torch::Tensor& logits) { parts[path].push_back(logits); });
  std::vector<torch::Tensor> logits;
  for (const auto& part : parts) logits.push_back(torch::cat(part));
  return logits;
}

}  // namespace harmonic
