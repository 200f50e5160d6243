#include "worker/data/dataset.hpp"

namespace harmonic {

torch::Tensor load_samples(const DatasetFile& file, const std::string& modality, Split split) {
  auto values = file.read_samples(modality, split);
  std::vector<std::int64_t> shape = {static_cast<std::int64_t>(file.samples(split))};
  for (const auto side : file.modality(modality).sample_shape) shape.push_back(static_cast<std::int64_t>(side));
  return torch::from_blob(values.data(), shape, torch::kFloat32).clone();
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
