#include "worker/fusion/samples.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <torch/torch.h>

#include "core/base/error.hpp"
#include "worker/fusion/state.hpp"

namespace harmonic {

using torch::Tensor;

namespace {

void check_features(const std::vector<Tensor>& features, const Tensor& labels, int positions) {
  for (std::size_t i = 0; i < features.size(); ++i) {
    const auto& f = features[i];
    const bool vector = f.dim() == 2 || (f.dim() == 3 && f.size(2) == 1);
    if (!vector && (f.dim() != 3 || f.size(2) != positions))
      throw InputError(fmt::format("fusion input {} is no pooled feature of {} positions", i, positions),
                       "pool it to side x side as [fusion] says");
    if (f.size(0) != labels.size(0))
      throw InputError(fmt::format("fusion input {} has {} samples, the labels {}", i, f.size(0), labels.size(0)),
                       "give features and labels of the same split");
  }
}

void check_labels(const Tensor& labels, LabelKind kind, int classes) {
  if (labels.size(0) < 2)
    throw InputError(fmt::format("a split has {} samples", labels.size(0)), "give it two or more");
  if (kind == LabelKind::multilabel) {
    if (labels.dim() != 2 || labels.size(1) != classes)
      throw InputError(fmt::format("multilabel labels are not (samples, {})", classes), "give one column a class");
    return;
  }
  const auto least = labels.min().item<std::int64_t>(), most = labels.max().item<std::int64_t>();
  if (least < 0 || most >= classes)
    throw InputError(fmt::format("labels run from {} to {}, but there are {} classes", least, most, classes),
                     "number the classes from 0");
}

}  // namespace

Samples Samples::at(const Tensor& indices) const {
  Samples some;
  for (const auto& feature : features) some.features.push_back(feature.index_select(0, indices));
  some.labels = labels.index_select(0, indices);
  return some;
}

Samples join_lanes(std::vector<Samples> lanes) {
  if (lanes.size() == 1) return std::move(lanes.front());
  Samples joined;
  joined.views = lanes.front().views;
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
  std::vector<Tensor> labels;
  for (const auto& lane : lanes) labels.push_back(lane.labels);
  joined.labels = at::cat(labels);
  return joined;
}

Samples make_samples(const std::vector<Tensor>& features, const Tensor& labels, int views, torch::Device device) {
  Samples samples;
  for (const auto& feature : features) samples.features.push_back(feature_rows(feature).to(device));
  samples.labels = labels.to(device);
  samples.views = views;
  return samples;
}

void check_samples(const std::vector<Tensor>& features, const Tensor& labels, int views, LabelKind kind, int classes,
                   int positions) {
  check_labels(labels, kind, classes);
  check_features(features, labels, positions);
  if (views < 1 || labels.size(0) % views != 0)
    throw InputError(fmt::format("{} labels do not make {} views of every sample", labels.size(0), views),
                     "give every sample as many views");
}

}  // namespace harmonic
