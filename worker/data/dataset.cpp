#include "worker/data/dataset.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace harmonic {

torch::Tensor load_samples(const DatasetFile& file, const std::string& modality, Split split,
                           std::optional<std::size_t> limit) {
  // The tensor keeps what was read: samples may fill most of the memory, which has no room for a copy.
  const auto values = std::make_shared<std::vector<float>>(file.read_samples(modality, split, limit));
  std::vector<std::int64_t> shape = {-1};
  std::int64_t elements = 1;
  for (const auto side : file.modality(modality).sample_shape) {
    shape.push_back(static_cast<std::int64_t>(side));
    elements *= shape.back();
  }
  shape.front() = static_cast<std::int64_t>(values->size()) / elements;
  if (values->empty()) return torch::empty(shape, torch::kFloat32);
  return torch::from_blob(
      values->data(), shape, [values](void*) {}, torch::kFloat32);
}

torch::Tensor load_labels(const DatasetFile& file, Split split) {
  const auto n = static_cast<std::int64_t>(file.samples(split));
  if (file.info().labels == LabelKind::multilabel) {
    auto sets = file.read_label_sets(split);
    return torch::from_blob(sets.data(), {n, file.info().classes}, torch::kUInt8).to(torch::kFloat32);
  }
  auto classes = file.read_classes(split);
  return torch::from_blob(classes.data(), {n}, torch::kInt64).clone();
}

}  // namespace harmonic
