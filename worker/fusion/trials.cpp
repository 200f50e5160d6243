#include "worker/fusion/trials.hpp"

#include <algorithm>
#include <limits>

#include "worker/fusion/not_finite.hpp"
#include "worker/fusion/retraining.hpp"

namespace harmonic {
namespace {

constexpr int kFirstEpochs = 2;
constexpr double kDiverged = std::numeric_limits<double>::infinity();

}  // namespace

std::vector<Trial> try_genotypes(const FusionSamples& samples, std::span<const Genotype> genotypes,
                                 const FusionSettings& settings, std::uint64_t seed, const FusionHooks& hooks) {
  std::vector<Trial> tried;
  std::vector<Genotype> left(genotypes.begin(), genotypes.end());
  FusionSettings brief = settings;
  for (brief.retrain_epochs = kFirstEpochs; left.size() > 1; brief.retrain_epochs *= 2) {
    std::vector<Trial> round;
    for (const auto& genotype : left) {
      Trial& trial = round.emplace_back(Trial{genotype, brief.retrain_epochs, 0, kDiverged});
      try {
        const auto trained = retrain_fusion(samples, genotype, brief, seed, {hooks.cancelled, {}});
        trial.metric_val = trained.kept_metric_val;
        trial.loss_val = trained.kept_loss_val;
      } catch (const NotFinite&) {
        const bool is_last = round.size() == left.size();
        if (is_last && std::ranges::all_of(round, [](const Trial& t) { return t.loss_val == kDiverged; })) throw;
      }
    }
    std::ranges::stable_sort(round, {}, &Trial::loss_val);
    left.clear();
    for (std::size_t i = 0; i < (round.size() + 1) / 2; ++i) left.push_back(round[i].genotype);
    tried.insert(tried.end(), round.rbegin(), round.rend());
  }
  return tried;
}

}  // namespace harmonic
