#include "worker/search_evaluator.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/rng.hpp"
#include "core/work/fitted_settings.hpp"
#include "core/work/run_devices.hpp"
#include "worker/data/metric_interval.hpp"
#include "worker/frozen_backbones.hpp"
#include "worker/fusion/fusion_search.hpp"
#include "worker/fusion/late_fusion.hpp"
#include "worker/fusion/not_finite.hpp"
#include "worker/fusion/predict.hpp"
#include "worker/fusion/retraining.hpp"
#include "worker/group/placement.hpp"
#include "worker/models/kept_model.hpp"
#include "worker/models/model_evaluation.hpp"
#include "worker/models/model_file.hpp"
#include "worker/models/training_curves.hpp"
#include "worker/tensor/device_room.hpp"
#include "worker/tensor/gpu_failure.hpp"

namespace harmonic {
namespace {

constexpr const char *kSearch = "search", *kRetraining = "retraining";  // phases of training_curves

class SearchEvaluator final : public Evaluator {
 public:
  SearchEvaluator(const SearchSettings& settings, torch::Device device, int ranks)
      : settings_(fitted_settings(settings, DatasetFile(settings.data))), backbones_(settings_, device, ranks) {
    devices_.emplace(run_devices(settings_, backbones_.data().classes));
    if (settings.is_alone()) return;  // nothing is fused
    costs_ = operator_costs(*devices_, settings.fusion.operators, settings.fusion.channels,
                            settings.fusion.side * settings.fusion.side);
  }

  Outcome evaluate(const Work& work, const WorkHooks& hooks) override {
    return naming_gpu_failures(
        [&] { return std::visit([&](const auto& piece) -> Outcome { return run(piece, hooks); }, work); });
  }

 private:
  /// What `search` returns. Where a candidate's numbers leave the finite ones, the failure names it.
  template <class Search>
  auto naming_lost(std::span<const FusionCandidate> candidates, Search search) const {
    try {
      return search();
    } catch (const NotFinite& e) {
      const FusionCandidate& lost = candidates[e.lane()];
      throw CandidateError(fmt::format("{} (model {}, {}, seed {})", e.what(), lost.candidate.value,
                                       text_of(lost.genome), seed_of(lost)));
    }
  }

  BackboneScores run(const EvaluateBackbones& work, const WorkHooks&) {
    return BackboneScores{backbones_.evaluate(static_cast<std::size_t>(work.modality), work.genomes, work.split)};
  }

  FusionScores run(const SearchFusion& work, const WorkHooks& asker) {
    const auto& candidates = work.candidates;
    const FusionHooks hooks{asker.cancelled, [&](const FusionProgress& done) { asker.progress(done.share); }};
    std::vector<FusionSamples> samples;
    for (const auto& candidate : candidates) {
      hooks.stop_if_cancelled();
      samples.push_back(naming_lost({&candidate, 1}, [&] { return backbones_.fusion_samples(candidate.genome); }));
    }
    FusionScores found;
    if (is_late_fusion(work)) {
      for (std::size_t i = 0; i < candidates.size(); ++i)
        found.scores.push_back(naming_lost({&candidates[i], 1}, [&] { return late(candidates[i], samples[i]); }));
      return found;
    }
    if (settings_.protocol == Protocol::published) {
      for (std::size_t i = 0; i < candidates.size(); ++i)
        found.scores.push_back(naming_lost({&candidates[i], 1}, [&] {
          return published(candidates[i], samples[i], hooks.of_part(i, candidates.size()));
        }));
      return found;
    }
    FusionSettings once = settings_.fusion;
    once.retrain_repeats = 1;  // more are pieces of work of their own
    std::vector<FusionJob> jobs;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      jobs.push_back({samples[i], seed_of(candidates[i]), candidates[i].start});
    std::vector<MultimodalGenome> genomes;
    for (const auto& candidate : candidates) genomes.push_back(candidate.genome);
    const auto costs = with_backbones(costs_, *devices_, genomes);
    auto results = naming_lost(
        candidates, [&] { return search_fusions(jobs, candidates.front().genome.macro, once, costs, hooks); });
    for (std::size_t i = 0; i < candidates.size(); ++i)
      found.scores.push_back(honest(candidates[i], std::move(results[i])));
    return found;
  }

  /// The seed is the genome's, not the candidate's: a genome's result depends on it and on those that it trains
  /// together with, not on when it was asked for.
  [[nodiscard]] std::uint64_t seed_of(const FusionCandidate& candidate) const {
    return RandomStream(Seed{settings_.seed}, "fusion", hash64(text_of(candidate.genome)),
                        static_cast<std::uint64_t>(candidate.trial))
        .bits64();
  }

  FusionScore honest(const FusionCandidate& candidate, FusionResult found) {
    keep(candidate, found.genotype, found.metric_val, std::move(found.weights),
         {training_curves(kSearch, found.epochs), training_curves(kRetraining, found.retraining)},
         std::move(found.trials));
    FusionScore score{found.metric_val, found.genotype};
    if (settings_.fusion.warm_start) score.architecture = std::move(found.architecture);
    return score;
  }

  FusionScore late(const FusionCandidate& candidate, const FusionSamples& samples) {
    const Genotype genotype{{}, {}, late_fusion_of(candidate.genome.macro)};
    auto trained = train_late_fusion(samples, genotype.late);
    keep(candidate, genotype, trained.metric_val, std::move(trained.weights), /*curves=*/{});  // no epochs
    return FusionScore{trained.metric_val, genotype};
  }

  /// Nothing is retrained: the kept model has no fusion weights.
  FusionScore published(const FusionCandidate& candidate, const FusionSamples& samples, const FusionHooks& hooks) {
    const Samples test = backbones_.samples(candidate.genome, Split::test);
    const auto found = search_fusion_published(samples, test, candidate.genome.macro, settings_.fusion, costs_,
                                               seed_of(candidate), hooks);
    keep(candidate, found.genotype, found.metric_val, {}, {training_curves(kSearch, found.epochs)});
    return FusionScore{found.metric_val, found.genotype, found.metric_test, {}, found.test_interval};
  }

  RetrainScore run(const RetrainModel& work, const WorkHooks& asker) {
    const FusionHooks hooks{asker.cancelled, [&](const FusionProgress& done) { asker.progress(done.share); }};
    const FusionCandidate searched{work.candidate, work.genome, {}, work.trial};
    if (settings_.is_alone()) return tuned(searched, work.genotype, hooks);
    return naming_lost({&searched, 1}, [&] {
      const auto samples = backbones_.fusion_samples(work.genome);
      const auto seed = retraining_seed(seed_of(searched), work.repeat);
      const auto trained = retrain_fusion(samples, work.genotype, settings_.fusion, seed, hooks);
      save_retraining_curves(curves_folder(settings_.run, work.candidate), work.repeat,
                             training_curves(kRetraining, trained.epochs));
      return RetrainScore{trained.metric_val};
    });
  }

  TestScore run(const TestModel& work, const WorkHooks&) {
    if (settings_.is_alone()) return test_alone(work);
    const auto folder = model_folder(settings_.run, work.candidate);
    if (!std::filesystem::exists(folder / "weights.h5"))
      throw InputError(fmt::format("the run directory lacks the weights of model {}: no {}", work.candidate.value,
                                   (folder / "weights.h5").string()),
                       "put the run's models/ back, or search again into another --run");
    const auto weights = load_fusion_weights(folder);
    // A search by the honest protocol reads test here and only here: it plays no part before the final front is known.
    try {
      const Samples test = backbones_.samples(work.genome, Split::test);
      const auto logits = work.genotype.late == LateFusion::none
                              ? predict_model(weights, work.genotype, test, settings_.fusion)
                              : predict_late_fusion(weights, work.genotype.late, test, backbones_.features_offered());
      return TestScore{checked_metric(logits, test.labels, "the kept model"),
                       drawn_interval(logits, test.labels.values, test.labels.kind)};
    } catch (const NotFinite& e) {
      throw CandidateError(fmt::format("{} (model {}, {})", e.what(), work.candidate.value, text_of(work.genome)));
    }
  }

  /// Trains the network of one modality on by itself; kept is what is better on validation, with its metric.
  RetrainScore tuned(const FusionCandidate& candidate, const Genotype& genotype, const FusionHooks& hooks) {
    const auto& genome = candidate.genome.backbones.front();
    const double before = backbones_.evaluate(0, {genome}).front();
    const TuningSettings settings{settings_.evolution.finetune_epochs, settings_.evolution.finetune_lr};
    auto after = backbones_.tuned(0, genome, settings, seed_of(candidate), [&](double share) {
      hooks.stop_if_cancelled();
      hooks.tell({share, true, 0, 0, 0, before});
    });
    if (after.metric_val <= before) after = {before, backbones_.subnet_state(0, genome)};
    keep(candidate, genotype, after.metric_val, plain_late_sum(1), {}, {}, after.tensors);
    return RetrainScore{after.metric_val};
  }

  /// Of one modality a network is kept when it was trained on, or else now: read out of the supernet and recalibrated.
  TestScore test_alone(const TestModel& work) {
    const FusionCandidate candidate{work.candidate, work.genome};
    if (!has_whole_model(settings_.run, work.candidate)) {
      const auto& genome = work.genome.backbones.front();
      if (settings_.evolution.finetune_epochs > 0)
        (void)tuned(candidate, work.genotype, {});
      else
        keep(candidate, work.genotype, backbones_.evaluate(0, {genome}).front(), plain_late_sum(1), {});
    }
    return measure_kept_model(KeptModel(model_folder(settings_.run, work.candidate), settings_),
                              std::make_shared<DatasetFile>(settings_.data), Split::test);
  }

  /// "K=…|K=…|2x1": backbones, cells and nodes.
  static std::string text_of(const MultimodalGenome& genome) {
    std::string text;
    for (const auto& backbone : canonical(genome).backbones) text += to_text(backbone) + '|';
    return fmt::format("{}{}x{}", text, genome.macro.cells, genome.macro.nodes);
  }

  void keep(const FusionCandidate& candidate, const Genotype& genotype, double metric_val,
            std::map<std::string, torch::Tensor> weights, std::vector<Curves> curves, std::vector<Trial> trials = {},
            const std::vector<NamedTensor>& tuned = {}) {
    ModelFile model;
    model.genome = candidate.genome;
    model.genotype = genotype;
    model.classes = backbones_.data().classes;
    model.metric_val = metric_val;
    model.fusion = std::move(weights);
    model.trials = std::move(trials);
    model.curves = std::move(curves);
    for (std::size_t m = 0; m < backbones_.modalities(); ++m) {
      model.modalities.push_back(backbones_.spec(m).name);
      model.spaces.push_back(backbones_.spec(m).space.name);
      auto& tensors = model.backbones.emplace_back();
      for (const auto& [name, tensor] :
           tuned.empty() ? backbones_.subnet_state(m, candidate.genome.backbones[m]) : tuned)
        tensors[name] = tensor;
    }
    save_curves(curves_folder(settings_.run, candidate.candidate), model.curves);
    save_model(model_folder(settings_.run, candidate.candidate), model);
  }

  SearchSettings settings_;
  FrozenBackbones backbones_;
  std::optional<DeviceSet> devices_;
  OperatorCosts costs_;  ///< of what is fused
};

}  // namespace

std::unique_ptr<Evaluator> make_search_evaluator(const SearchSettings& settings, LocalPlace place) {
  return naming_gpu_failures([&] {
    const auto device = choose_device(settings.compute, place);
    use_threads(settings.threads, place);
    use_device(settings.device_use, device, ranks_on(device, place));
    return std::make_unique<SearchEvaluator>(settings, device, place.size);
  });
}

}  // namespace harmonic
