#include "worker/search_evaluator.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/base/hash.hpp"
#include "core/base/rng.hpp"
#include "core/data/dataset_file.hpp"
#include "core/space/layers.hpp"
#include "core/work/run_devices.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/data/dataset.hpp"
#include "worker/data/feature_cache.hpp"
#include "worker/fusion/fusion_search.hpp"
#include "worker/group/placement.hpp"
#include "worker/models/model_file.hpp"

namespace harmonic {
namespace {

/// Pooled features of frozen backbones kept in memory, at most.
constexpr std::size_t kFeatureCacheBytes = std::size_t{2} << 30U;

/// One modality of the run, ready to be evaluated.
struct Modality {
  ModalitySpec spec;
  BackboneEvaluator backbones;
  torch::Tensor train, val;  ///< inputs
};

class SearchEvaluator final : public Evaluator {
 public:
  SearchEvaluator(const SearchSettings& settings, LocalPlace place)
      : settings_(settings),
        data_(settings.data),
        device_(choose_device(settings.compute, place)),
        cache_(kFeatureCacheBytes) {
    use_threads(settings.threads, place);
    const DeviceSet devices = run_devices(settings, data_.info().classes);
    costs_ = operator_costs(devices.devices(), settings.fusion.operators, settings.fusion.channels,
                            settings.fusion.side * settings.fusion.side);
    train_labels_ = load_labels(data_, Split::train).to(device_);
    val_labels_ = load_labels(data_, Split::val).to(device_);
    for (auto& spec : settings.modalities()) {
      auto train = load_samples(data_, spec.name, Split::train).to(device_);
      auto val = load_samples(data_, spec.name, Split::val).to(device_);
      auto supernet = load_supernet(spec.weights, spec.space, data_.info().classes);
      modalities_.push_back(
          {spec, BackboneEvaluator(supernet, train, settings.recalibration_batch, device_), train, val});
    }
  }

  Outcome evaluate(const Work& work) override {
    return std::visit([this](const auto& piece) -> Outcome { return run(piece); }, work);
  }

 private:
  BackboneScores run(const EvaluateBackbones& work) {
    const Modality& modality = modalities_.at(static_cast<std::size_t>(work.modality));
    const bool at_hand = work.split == Split::val;
    const auto inputs = at_hand ? modality.val : load_samples(data_, modality.spec.name, work.split).to(device_);
    const auto labels = at_hand ? val_labels_ : load_labels(data_, work.split).to(device_);
    return BackboneScores{modality.backbones.evaluate(work.genomes, inputs, labels, data_.info().labels)};
  }

  FusionScore run(const SearchFusion& work) {
    const FusionData data = fusion_data(work.genome);
    // The seed is the genome's, not the candidate's: a genome's result does not depend on when it was asked for.
    const auto seed =
        RandomStream(Seed{settings_.seed}, "fusion", genome_hash(work.genome), static_cast<std::uint64_t>(work.trial))
            .bits64();
    FusionResult found = search_fusion(data, work.genome.macro, settings_.fusion, costs_, seed, device_);
    keep(work, found);
    return FusionScore{found.metric_val, found.genotype};
  }

  TestScore run(const TestModel& work) {
    const auto weights = load_fusion_weights(model_folder(settings_.run, work.candidate));
    std::vector<torch::Tensor> features;
    for (std::size_t m = 0; m < modalities_.size(); ++m) {
      // Read here and only here: the test split plays no part before the final front is known.
      const auto inputs = load_samples(data_, modalities_[m].spec.name, Split::test).to(device_);
      const auto offered = compute_features(m, work.genome.backbones[m], {inputs});
      features.insert(features.end(), offered.front().begin(), offered.front().end());
    }
    const auto labels = load_labels(data_, Split::test).to(device_);
    return TestScore{evaluate_model(weights, work.genotype, features, labels, data_.info().labels, data_.info().classes,
                                    settings_.fusion)};
  }

  static std::uint64_t genome_hash(const MultimodalGenome& genome) {
    std::string text;
    for (const auto& backbone : canonical(genome).backbones) text += to_text(backbone) + '|';
    return hash64(fmt::format("{}{}x{}", text, genome.macro.cells, genome.macro.nodes));
  }

  FeatureCache::Features compute_features(std::size_t m, const BackboneGenome& genome,
                                          const std::vector<torch::Tensor>& inputs) {
    Modality& modality = modalities_[m];
    const auto offered = offered_features(feature_count(modality.spec.space, genome), modality.spec.features);
    return modality.backbones.features(genome, inputs, offered, settings_.fusion.side);
  }

  FusionData fusion_data(const MultimodalGenome& genome) {
    FusionData data;
    for (std::size_t m = 0; m < modalities_.size(); ++m) {
      const BackboneGenome backbone = canonical(genome.backbones.at(m));
      const auto features = cache_.get(fmt::format("{} {}", m, to_text(backbone)), [&] {
        return compute_features(m, backbone, {modalities_[m].train, modalities_[m].val});
      });
      data.train.insert(data.train.end(), features->at(0).begin(), features->at(0).end());
      data.val.insert(data.val.end(), features->at(1).begin(), features->at(1).end());
    }
    data.train_labels = train_labels_;
    data.val_labels = val_labels_;
    data.kind = data_.info().labels;
    data.classes = data_.info().classes;
    return data;
  }

  void keep(const SearchFusion& work, const FusionResult& found) {
    ModelFile model;
    model.genome = work.genome;
    model.genotype = found.genotype;
    model.classes = data_.info().classes;
    model.metric_val = found.metric_val;
    model.fusion = found.weights;
    for (std::size_t m = 0; m < modalities_.size(); ++m) {
      model.modalities.push_back(modalities_[m].spec.name);
      model.spaces.push_back(modalities_[m].spec.space.name);
      auto& tensors = model.backbones.emplace_back();
      for (const auto& [name, tensor] : modalities_[m].backbones.subnet_state(work.genome.backbones[m]))
        tensors[name] = tensor;
    }
    save_model(model_folder(settings_.run, work.candidate), model);
  }

  SearchSettings settings_;
  DatasetFile data_;
  torch::Device device_;
  FeatureCache cache_;
  OperatorCosts costs_;
  torch::Tensor train_labels_, val_labels_;
  std::vector<Modality> modalities_;
};

}  // namespace

std::unique_ptr<Evaluator> make_search_evaluator(const SearchSettings& settings, LocalPlace place) {
  return std::make_unique<SearchEvaluator>(settings, place);
}

}  // namespace harmonic
