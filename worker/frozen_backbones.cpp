#include "worker/frozen_backbones.hpp"

#include <fmt/format.h>

#include "core/space/layers.hpp"
#include "core/work/fitted_settings.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/data/dataset.hpp"
#include "worker/data/sample_batches.hpp"

namespace harmonic {
namespace {

/// Pooled features kept in memory, at most.
constexpr std::size_t kFeatureCacheBytes = std::size_t{2} << 30U;
/// Batch-norm statistics kept of a modality's backbones, at most: of thousands on AV-MNIST, hundreds on MM-IMDB.
constexpr std::size_t kStatisticsBytes = std::size_t{64} << 20U;

}  // namespace

FrozenBackbones::FrozenBackbones(const SearchSettings& settings, torch::Device device)
    : data_(settings.data), device_(device), fusion_(settings.fusion_in_force()), cache_(kFeatureCacheBytes) {
  train_labels_ = labels(Split::train, fusion_.train_views);
  val_labels_ = labels(Split::val, fusion_.validation_views);
  const auto calibration = calibration_ids(load_labels(data_, Split::train), settings.calibration_samples_in_force(),
                                           settings.recalibration_batch);
  for (const auto& spec : fitted_settings(settings, data_).modalities) {
    const auto in_views = [&](const torch::Tensor& samples, Split split, int views) {
      return split_views(spec.space, samples, split, {views, fusion_.view_strength, settings.seed}).to(device);
    };
    const auto train = load_samples(data_, spec.name, Split::train);
    const auto val = load_samples(data_, spec.name, Split::val);
    const auto supernet = load_supernet(spec.weights, spec.space, data_.info().classes);
    BackboneEvaluator backbones(supernet, batches_of(train, calibration), device, kStatisticsBytes);
    modalities_.push_back({spec, fusion_.features_of(modalities_.size()), std::move(backbones),
                           in_views(train, Split::train, fusion_.train_views),
                           in_views(val, Split::val, fusion_.validation_views)});
  }
}

std::vector<double> FrozenBackbones::evaluate(std::size_t modality, const std::vector<BackboneGenome>& genomes,
                                              Split split) const {
  const Modality& m = modalities_.at(modality);
  const bool at_hand = split == Split::val;
  const auto inputs = at_hand ? m.val : load_samples(data_, m.spec.name, split).to(device_);
  const Labels expected = at_hand ? val_labels_ : labels(split, /*views=*/1);
  return m.backbones.evaluate(genomes, inputs, expected.values, expected.kind);
}

std::vector<int> FrozenBackbones::features_offered() const {
  std::vector<int> offered;
  for (const auto& modality : modalities_) offered.push_back(modality.features_offered);
  return offered;
}

FusionSamples FrozenBackbones::fusion_samples(const MultimodalGenome& genome) {
  BackboneOutputs train, val;
  for (std::size_t m = 0; m < modalities_.size(); ++m) {
    const BackboneGenome backbone = canonical(genome.backbones.at(m));
    const auto features = cache_.get(fmt::format("{} {} in views", m, to_text(backbone)), [&] {
      return compute(modalities_[m], backbone, {modalities_[m].train, modalities_[m].val});
    });
    train.add(features->at(0));
    val.add(features->at(1));
  }
  return {make_samples(train.features, train.logits, train_labels_, positions(), device_),
          make_samples(val.features, val.logits, val_labels_, positions(), device_), features_offered()};
}

Samples FrozenBackbones::samples(const MultimodalGenome& genome, Split split) {
  BackboneOutputs all;
  for (std::size_t m = 0; m < modalities_.size(); ++m) {
    const BackboneGenome backbone = canonical(genome.backbones.at(m));
    const auto features = cache_.get(fmt::format("{} {} {}", m, to_text(backbone), to_text(split)), [&] {
      return compute(modalities_[m], backbone, {load_samples(data_, modalities_[m].spec.name, split).to(device_)});
    });
    all.add(features->front());
  }
  return make_samples(all.features, all.logits, labels(split, /*views=*/1), positions(), device_);
}

Labels FrozenBackbones::labels(Split split, int views) const {
  return {labels_of_views(load_labels(data_, split), views).to(device_), data_.info().labels, data_.info().classes,
          views};
}

std::vector<NamedTensor> FrozenBackbones::subnet_state(std::size_t modality, const BackboneGenome& genome) const {
  return modalities_.at(modality).backbones.subnet_state(genome);
}

FeatureCache::Features FrozenBackbones::compute(const Modality& modality, const BackboneGenome& genome,
                                                const std::vector<torch::Tensor>& inputs) const {
  const auto offered = offered_features(feature_count(modality.spec.space, genome), modality.features_offered);
  return modality.backbones.features(genome, inputs, offered, fusion_.side);
}

}  // namespace harmonic
