#include "worker/fusion/samples.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "core/base/error.hpp"
#include "core/config/search_settings.hpp"
#include "worker/fusion/not_finite.hpp"
#include "worker/fusion/state.hpp"
#include "worker/tensor/scratch_tensor.hpp"

namespace harmonic {

using torch::Tensor;

namespace {

void check_features(const std::vector<Tensor>& features, const Labels& labels, int positions) {
  const std::int64_t rows = labels.values.size(0);
  for (std::size_t i = 0; i < features.size(); ++i) {
    const auto& f = features[i];
    const bool vector = f.dim() == 2 || (f.dim() == 3 && f.size(2) == 1);
    if (!vector && (f.dim() != 3 || f.size(2) != positions))
      throw InputError(fmt::format("fusion input {} is no pooled feature of {} positions", i, positions),
                       "pool it to side x side as [fusion] says");
    if (f.size(0) != rows)
      throw InputError(fmt::format("fusion input {} has {} samples, the labels {}", i, f.size(0), rows),
                       "give features and labels of the same split");
    if (!all_finite(f)) throw NotFinite(fmt::format("fusion input {} holds numbers that are not finite", i));
    let_go(f);
  }
}

void check_logits(const std::vector<Tensor>& logits, const Labels& labels) {
  const std::vector<std::int64_t> expected = {labels.values.size(0), labels.classes};
  for (std::size_t m = 0; m < logits.size(); ++m) {
    if (logits[m].sizes() != expected)
      throw InputError(fmt::format("the logits of backbone {} are {}, not {}", m, fmt::join(logits[m].sizes(), " x "),
                                   fmt::join(expected, " x ")),
                       "give features and logits of the same split, of backbones that know its classes");
    if (!all_finite(logits[m])) throw NotFinite(fmt::format("the logits of backbone {} are not finite", m));
  }
}

void check_labels(const Labels& labels) {
  const std::int64_t rows = labels.values.size(0);
  if (rows < 2) throw InputError(fmt::format("a split has {} samples", rows), "give it two or more");
  if (labels.views < 1 || rows % labels.views != 0)
    throw InputError(fmt::format("{} labels do not make {} views of every sample", rows, labels.views),
                     "give every sample as many views");
  if (labels.kind == LabelKind::multilabel) {
    if (labels.values.dim() != 2 || labels.values.size(1) != labels.classes)
      throw InputError(fmt::format("multilabel labels are not (samples, {})", labels.classes),
                       "give one column a class");
    return;
  }
  const auto least = labels.values.min().item<std::int64_t>(), most = labels.values.max().item<std::int64_t>();
  if (least < 0 || most >= labels.classes)
    throw InputError(fmt::format("labels run from {} to {}, but there are {} classes", least, most, labels.classes),
                     "number the classes from 0");
}

/// Parts `maps` of samples into the features that are maps, in their order. @param like which features are, and how
/// wide
void set_views(Samples& samples, const std::vector<Tensor>& like) {
  std::int64_t first = 0;
  for (std::size_t i = 0; i < like.size(); ++i) {
    if (like[i].size(1) != samples.maps.size(1)) continue;
    samples.features[i] = samples.maps.narrow(2, first, like[i].size(2));
    first += like[i].size(2);
  }
}

/// Puts the maps among the features side by side, wherever they lie, on a device that is not the CPU.
void lay_side_by_side(Samples& samples, torch::Device device) {
  std::int64_t positions = 1, channels = 0;
  for (const auto& feature : samples.features) positions = std::max(positions, feature.size(1));
  for (const auto& feature : samples.features) channels += feature.size(1) == positions ? feature.size(2) : 0;
  samples.maps = torch::empty({samples.rows(), positions, channels}, torch::TensorOptions(device));
  const auto from = samples.features;
  set_views(samples, from);
  for (std::size_t i = 0; i < from.size(); ++i)
    if (from[i].size(1) == positions)
      samples.features[i].copy_(from[i], /*non_blocking=*/false);
    else
      samples.features[i] = from[i].to(device);
}

}  // namespace

std::vector<int> Samples::channels() const {
  std::vector<int> all;
  for (const auto& feature : features) all.push_back(static_cast<int>(feature.size(2)));
  return all;
}

Samples Samples::at(const Tensor& indices) const {
  Samples some{{}, {}, labels};
  some.features.resize(features.size());
  if (maps.defined()) {
    some.maps = maps.index_select(0, indices);
    set_views(some, features);
  }
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (some.features[i].defined()) continue;
    some.features[i] = features[i].index_select(0, indices);
    let_go(features[i]);
  }
  for (const auto& own : logits) some.logits.push_back(own.index_select(0, indices));
  some.labels.values = labels.values.index_select(0, indices);
  return some;
}

Samples make_samples(const std::vector<Tensor>& features, const std::vector<Tensor>& logits, const Labels& labels,
                     int positions, torch::Device device) {
  check_labels(labels);
  check_features(features, labels, positions);
  check_logits(logits, labels);
  Samples samples{{}, {}, labels};
  for (const auto& feature : features) samples.features.push_back(feature_rows(feature));
  for (const auto& own : logits) samples.logits.push_back(own.to(device));
  samples.labels.values = labels.values.to(device);
  if (!device.is_cpu()) lay_side_by_side(samples, device);
  return samples;
}

int added_backbones(const Samples& samples, const FusionSettings& settings) {
  return settings.backbone_logits ? static_cast<int>(samples.logits.size()) : 0;
}

Samples join_lanes(std::vector<Samples> lanes) {
  if (lanes.size() == 1) return std::move(lanes.front());
  Samples joined{{}, {}, lanes.front().labels};
  for (std::size_t i = 0; i < lanes.front().features.size(); ++i) {
    std::int64_t channels = 0;
    for (const auto& lane : lanes) channels = std::max(channels, lane.features[i].size(2));
    std::vector<Tensor> parts;
    for (auto& lane : lanes) {
      const Tensor own = std::exchange(lane.features[i], {});
      parts.push_back(own.size(2) == channels ? own : at::constant_pad_nd(own, {0, channels - own.size(2)}));
    }
    joined.features.push_back(at::cat(parts));
  }
  for (std::size_t m = 0; m < lanes.front().logits.size(); ++m) {
    std::vector<Tensor> parts;
    for (const auto& lane : lanes) parts.push_back(lane.logits[m]);
    joined.logits.push_back(at::cat(parts));
  }
  std::vector<Tensor> labels;
  for (const auto& lane : lanes) labels.push_back(lane.labels.values);
  joined.labels.values = at::cat(labels);
  lanes.clear();  // their maps go before the joined ones are made
  if (!joined.device().is_cpu()) lay_side_by_side(joined, joined.device());
  return joined;
}

FusionSamples::FusionSamples(Samples train_samples, Samples val_samples, std::vector<int> inputs_of_modalities)
    : train(std::move(train_samples)), val(std::move(val_samples)), modalities(std::move(inputs_of_modalities)) {
  if (train.channels() != val.channels() || train.logits.size() != val.logits.size())
    throw InputError("train and validation features differ in number or channels",
                     "compute both with the same backbones");
  if (!train.logits.empty() && train.logits.size() != modalities.size())
    throw InputError(
        fmt::format("{} modalities have the logits of {} backbones", modalities.size(), train.logits.size()),
        "give those of each");
  const auto own = std::accumulate(modalities.begin(), modalities.end(), std::size_t{0});
  if (own != train.features.size() || std::ranges::any_of(modalities, [](int inputs) { return inputs < 1; }))
    throw InputError(fmt::format("{} input features are not those of {} modalities with {} inputs",
                                 train.features.size(), modalities.size(), fmt::join(modalities, " + ")),
                     "say how many each modality offers, one at least");
}

}  // namespace harmonic
