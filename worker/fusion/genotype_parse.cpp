#include "worker/fusion/genotype_parse.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "core/base/error.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "worker/fusion/cell_inputs.hpp"

namespace harmonic {
namespace {

void check_inputs(int inputs) {
  if (inputs < 2)
    throw InputError(fmt::format("fusion has {} input features, a cell needs two", inputs),
                     "let the modalities offer more");
}

/// The "skip" column of weights {none, skip}, or of their logarithms.
std::vector<double> skip_column(const torch::Tensor& weights) {
  const torch::Tensor skip = weights.select(1, 1).contiguous();
  return {skip.const_data_ptr<double>(), skip.const_data_ptr<double>() + skip.numel()};
}

torch::Tensor in_double(const torch::Tensor& logits) {
  return logits.detach().to(torch::kCPU, torch::kFloat64);
}

std::vector<double> skip_weights(const torch::Tensor& logits) {
  return skip_column(at::softmax(in_double(logits), 1));
}

template <class Allowed>
std::optional<CellInputs> best_pair(const double* weights, int inputs, Allowed allowed) {
  std::optional<CellInputs> best;
  for (int j = 0; j < inputs; ++j)
    for (int k = j + 1; k < inputs; ++k)
      if (allowed(CellInputs{j, k}) &&
          (!best || weights[j] * weights[k] > weights[best->first] * weights[best->second]))
        best = {j, k};
  return best;
}

std::vector<CellInputs> published_inputs(const Architecture& logits, int inputs) {
  const auto weights = skip_weights(logits.alphas);
  std::set<int> used;
  std::set<CellInputs> taken;
  std::vector<CellInputs> pairs;
  const double* row = weights.data();
  for (std::size_t cell = 0; cell < logits.gammas.size(); ++cell) {
    auto pair =
        best_pair(row, inputs, [&](CellInputs p) { return !used.contains(p.first) || !used.contains(p.second); });
    if (!pair) pair = best_pair(row, inputs, [&](CellInputs p) { return !taken.contains(p); });
    if (!pair) pair = best_pair(row, inputs, [](CellInputs) { return true; });
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

/// Those steps that the last one depends on, numbered anew.
std::vector<FusionStep> living(const std::vector<FusionStep>& steps) {
  std::vector<bool> lives(2 + steps.size(), false);  // [inner state]
  lives.back() = true;
  for (std::size_t s = steps.size(); s-- > 0;)
    if (lives[2 + s])
      lives[static_cast<std::size_t>(steps[s].first)] = lives[static_cast<std::size_t>(steps[s].second)] = true;
  std::vector<int> number(lives.size(), 0);
  number[1] = 1;
  std::vector<FusionStep> kept;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    if (!lives[2 + s]) continue;
    number[2 + s] = 2 + static_cast<int>(kept.size());
    kept.push_back({steps[s].op, number[static_cast<std::size_t>(steps[s].first)],
                    number[static_cast<std::size_t>(steps[s].second)]});
  }
  return kept;
}

/// Where x and y make no difference they stand in their order, not in that of weights which were never told apart.
std::vector<FusionStep> in_order(std::vector<FusionStep> steps) {
  for (auto& step : steps)
    if (step.first > step.second && find_fusion_operator(step.op).symmetric) std::swap(step.first, step.second);
  return steps;
}

/// The last `joined` states of `states`.
std::vector<int> last_states(int states, int joined) {
  std::vector<int> last(static_cast<std::size_t>(joined));
  std::iota(last.begin(), last.end(), states - joined);
  return last;
}

}  // namespace

Genotype genotype_of(const Architecture& logits, std::span<const int> modalities,
                     const std::vector<std::string>& operators, int joined) {
  const int inputs = std::accumulate(modalities.begin(), modalities.end(), 0);
  check_inputs(inputs);
  const int cells = static_cast<int>(logits.gammas.size());
  const auto pairs =
      choose_cell_inputs(skip_column(at::log_softmax(in_double(logits.alphas), 1)), modalities, cells, joined);
  Genotype genotype{{}, last_states(inputs + cells, joined)};
  for (std::size_t c = 0; c < pairs.size(); ++c)
    genotype.cells.push_back({pairs[c].first, pairs[c].second,
                              in_order(living(choose_steps(logits.betas[c], logits.gammas[c], operators)))});
  return genotype;
}

Genotype published_genotype(const Architecture& logits, int inputs, const std::vector<std::string>& operators,
                            int multiplier) {
  check_inputs(inputs);
  const int cells = static_cast<int>(logits.gammas.size());
  if (multiplier > inputs + cells)
    throw InputError(fmt::format("multiplier is {}, but there are {} states", multiplier, inputs + cells),
                     "lower multiplier in [fusion]");
  Genotype genotype{{}, last_states(inputs + cells, multiplier)};
  const auto pairs = published_inputs(logits, inputs);
  for (std::size_t c = 0; c < pairs.size(); ++c)
    genotype.cells.push_back(
        {pairs[c].first, pairs[c].second, choose_steps(logits.betas[c], logits.gammas[c], operators)});
  return genotype;
}

}  // namespace harmonic
