#include "worker/fusion/genotype_parse.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <torch/torch.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

using Pair = std::pair<int, int>;

/// Weights of the "skip" column of softmax(logits).
std::vector<double> skip_weights(const torch::Tensor& logits) {
  const torch::Tensor skip = at::softmax(logits.detach().to(torch::kCPU, torch::kFloat64), 1).select(1, 1).contiguous();
  return {skip.data_ptr<double>(), skip.data_ptr<double>() + skip.numel()};
}

template <class Allowed>
std::optional<Pair> best_pair(const double* weights, int inputs, Allowed allowed) {
  std::optional<Pair> best;
  for (int j = 0; j < inputs; ++j)
    for (int k = j + 1; k < inputs; ++k)
      if (allowed(Pair{j, k}) && (!best || weights[j] * weights[k] > weights[best->first] * weights[best->second]))
        best = {j, k};
  return best;
}

std::vector<Pair> choose_inputs(const Architecture& logits, int inputs) {
  const auto weights = skip_weights(logits.alphas);
  std::set<int> used;
  std::set<Pair> taken;
  std::vector<Pair> pairs;
  const double* row = weights.data();
  for (std::size_t cell = 0; cell < logits.gammas.size(); ++cell) {
    auto pair = best_pair(row, inputs, [&](Pair p) { return !used.contains(p.first) || !used.contains(p.second); });
    if (!pair) pair = best_pair(row, inputs, [&](Pair p) { return !taken.contains(p); });
    if (!pair) pair = best_pair(row, inputs, [](Pair) { return true; });
    used.insert({pair->first, pair->second});
    taken.insert(*pair);
    pairs.push_back(*pair);
    row += inputs + static_cast<int>(cell);
  }
  return pairs;
}

std::vector<FusionStep> choose_steps(const torch::Tensor& beta, const torch::Tensor& gamma,
                                     const std::vector<std::string>& operators) {
  const auto weights = skip_weights(beta);
  const torch::Tensor strongest = gamma.detach().cpu().argmax(1);
  std::vector<FusionStep> steps;
  const double* row = weights.data();
  for (int step = 0; step < static_cast<int>(gamma.size(0)); ++step) {
    std::vector<int> states(static_cast<std::size_t>(2 + step));
    std::iota(states.begin(), states.end(), 0);
    std::stable_sort(states.begin(), states.end(), [&](int a, int b) { return row[a] > row[b]; });
    steps.push_back(
        {operators.at(static_cast<std::size_t>(strongest[step].item<std::int64_t>())), states[0], states[1]});
    row += 2 + step;
  }
  return steps;
}

}  // namespace

Genotype genotype_of(const Architecture& logits, int inputs, const std::vector<std::string>& operators,
                     int multiplier) {
  const int cells = static_cast<int>(logits.gammas.size());
  if (inputs < 2)
    throw InputError(fmt::format("fusion has {} input features, a cell needs two", inputs),
                     "let the modalities offer more");
  if (multiplier > inputs + cells)
    throw InputError(fmt::format("multiplier is {}, but there are {} states", multiplier, inputs + cells),
                     "lower multiplier in [fusion]");
  Genotype genotype;
  const auto pairs = choose_inputs(logits, inputs);
  for (std::size_t c = 0; c < pairs.size(); ++c)
    genotype.cells.push_back(
        {pairs[c].first, pairs[c].second, choose_steps(logits.betas[c], logits.gammas[c], operators)});
  for (int state = inputs + cells - multiplier; state < inputs + cells; ++state) genotype.concat.push_back(state);
  return genotype;
}

}  // namespace harmonic
