#include "core/data/dataset_summary.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>

#include "core/base/hash.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kSummaryRows = 256;

/// Sums of one modality and split; goes over it once. @param hashes a sample's, over the modalities so far
void look_at(const DatasetFile& data, DatasetSummary::Modality& modality, Split split,
             std::vector<std::uint64_t>& hashes) {
  const std::size_t each = element_count(data.modality(modality.name).sample_shape), rows = data.samples(split);
  double sum = 0, squares = 0;
  for (std::size_t first = 0; first < rows; first += kSummaryRows) {
    const auto values = data.read_samples(modality.name, split, kSummaryRows, first);
    for (const float value : values) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    for (std::size_t row = 0; row * each < values.size(); ++row)
      hashes[first + row] = hash64(std::as_bytes(std::span(values).subspan(row * each, each)), hashes[first + row]);
  }
  if (rows == 0) return;
  const auto count = static_cast<double>(rows * each);
  const auto i = static_cast<std::size_t>(split);
  modality.mean[i] = sum / count;
  modality.std[i] = std::sqrt(std::max(0.0, squares / count - modality.mean[i] * modality.mean[i]));
}

}  // namespace

std::vector<std::size_t> class_counts(const DatasetFile& data, Split split) {
  const auto classes = static_cast<std::size_t>(data.info().classes);
  std::vector<std::size_t> counts(classes, 0);
  if (data.info().labels == LabelKind::multilabel) {
    const auto sets = data.read_label_sets(split);
    for (std::size_t i = 0; i < sets.size(); ++i) counts[i % classes] += sets[i];
  } else {
    for (const std::int64_t label : data.read_classes(split)) ++counts[static_cast<std::size_t>(label)];
  }
  return counts;
}

DatasetSummary summarise(const DatasetFile& data) {
  DatasetSummary summary;
  std::array<std::vector<std::uint64_t>, 3> hashes;
  for (const Split split : kSplits) hashes[static_cast<std::size_t>(split)].assign(data.samples(split), 0);
  for (const auto& info : data.info().modalities) {
    auto& modality = summary.modalities.emplace_back(DatasetSummary::Modality{.name = info.name});
    for (const Split split : kSplits) look_at(data, modality, split, hashes[static_cast<std::size_t>(split)]);
  }
  std::set<std::uint64_t> before;  // of the splits before
  for (std::size_t split = 0; split < hashes.size(); ++split) {
    std::set<std::uint64_t> own;
    for (const auto hash : hashes[split]) {
      if (!own.insert(hash).second) ++summary.repeats[split];
      if (before.contains(hash)) ++summary.shared;
    }
    before.merge(own);
  }
  return summary;
}

}  // namespace harmonic
