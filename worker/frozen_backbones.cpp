#include "worker/frozen_backbones.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/space/layers.hpp"
#include "core/work/fitted_settings.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/data/dataset.hpp"
#include "worker/data/sample_batches.hpp"

namespace harmonic {
namespace {

/// Pooled features that a rank keeps: its share of as much memory as samples may take, but enough for some backbones of
/// AV-MNIST (20 MiB each).
std::size_t feature_bytes(int data_memory_mib, int ranks) {
  return static_cast<std::size_t>(std::max(data_memory_mib / ranks, 256)) << 20U;
}
/// Batch-norm statistics kept of a modality's backbones, at most: of thousands on AV-MNIST, hundreds on MM-IMDB.
constexpr std::size_t kStatisticsBytes = std::size_t{64} << 20U;

}  // namespace

FrozenBackbones::FrozenBackbones(const SearchSettings& settings, torch::Device device, int ranks)
    : data_(std::make_shared<DatasetFile>(settings.data)),
      memory_(settings.data_memory_mib, ranks),
      device_(device),
      fusion_(settings.fusion_in_force()),
      cache_(feature_bytes(settings.data_memory_mib, ranks)) {
  train_labels_ = labels(Split::train, fusion_.train_views);
  val_labels_ = labels(Split::val, fusion_.validation_views);
  const auto calibration = calibration_ids(load_labels(*data_, Split::train), settings.calibration_samples_in_force(),
                                           settings.recalibration_batch);
  for (const auto& spec : fitted_settings(settings, *data_).modalities) {
    const auto in_views = [&](const SampleSource& samples, Split split, int views) {
      return split_views(spec.space, samples, split, {views, fusion_.view_strength, settings.seed}, device);
    };
    const auto train = open_samples(data_, spec.name, Split::train, memory_);
    const auto val = open_samples(data_, spec.name, Split::val, memory_);
    const auto supernet = load_supernet(spec.weights, spec.space, data_->info().classes);
    const SampleBatches batches(train, calibration);
    BackboneEvaluator backbones(supernet, batches, device, kStatisticsBytes);
    modalities_.push_back({spec, fusion_.features_of(modalities_.size()), std::move(backbones), batches,
                           in_views(train, Split::train, fusion_.train_views),
                           in_views(val, Split::val, fusion_.validation_views)});
  }
}

std::vector<double> FrozenBackbones::evaluate(std::size_t modality, const std::vector<BackboneGenome>& genomes,
                                              Split split) {
  Modality& m = modalities_.at(modality);
  const bool at_hand = split == Split::val;
  const SampleSource& inputs = at_hand ? m.val : plain(m, split);
  const Labels expected = at_hand ? val_labels_ : labels(split, /*views=*/1);
  return m.backbones.evaluate(genomes, inputs, expected.values, expected.kind);
}

const SampleSource& FrozenBackbones::plain(Modality& modality, Split split) {
  auto& samples = modality.plain.at(index_of(split));
  if (!samples) samples = open_samples(data_, modality.spec.name, split, memory_).to(device_);
  return *samples;
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
    const auto features = cache_.get(fmt::format("{} {} {}", m, to_text(backbone), to_text(split)),
                                     [&] { return compute(modalities_[m], backbone, {plain(modalities_[m], split)}); });
    all.add(features->front());
  }
  return make_samples(all.features, all.logits, labels(split, /*views=*/1), positions(), device_);
}

Labels FrozenBackbones::labels(Split split, int views) const {
  return {labels_of_views(load_labels(*data_, split), views).to(device_), data_->info().labels, data_->info().classes,
          views};
}

TunedBackbone FrozenBackbones::tuned(std::size_t modality, const BackboneGenome& genome, const TuningSettings& settings,
                                     std::uint64_t seed, const std::function<void(double share)>& at_work) {
  Modality& m = modalities_.at(modality);
  const TrainingData data{plain(m, Split::train), labels(Split::train, /*views=*/1).values, m.val, val_labels_.values,
                          val_labels_.kind};
  return tune_backbone(m.backbones.supernet(), genome, data, m.calibration, settings, seed, device_, at_work);
}

std::vector<NamedTensor> FrozenBackbones::subnet_state(std::size_t modality, const BackboneGenome& genome) const {
  return modalities_.at(modality).backbones.subnet_state(genome);
}

FeatureCache::Features FrozenBackbones::compute(const Modality& modality, const BackboneGenome& genome,
                                                const std::vector<SampleSource>& inputs) const {
  const auto offered = offered_features(feature_count(modality.spec.space, genome), modality.features_offered);
  return modality.backbones.features(genome, inputs, offered, fusion_.side, cache_.capacity_bytes());
}

}  // namespace harmonic
