#include "worker/data/dataset.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace harmonic {

namespace {

constexpr std::int64_t kRowsAtOnce = 32;  ///< while samples are put in another order

torch::Tensor load_range(const DatasetFile& file, const std::string& modality, Split split,
                         std::optional<std::size_t> limit, std::size_t first) {
  // The tensor keeps what was read: samples may fill most of the memory, which has no room for a copy.
  const auto values = std::make_shared<std::vector<float>>(file.read_samples(modality, split, limit, first));
  std::vector<std::int64_t> shape = {0};
  std::int64_t elements = 1;
  for (const auto side : file.modality(modality).sample_shape) {
    shape.push_back(static_cast<std::int64_t>(side));
    elements *= shape.back();
  }
  if (values->empty()) return torch::empty(shape, torch::kFloat32);
  shape.front() = static_cast<std::int64_t>(values->size()) / elements;
  return torch::from_blob(
      values->data(), shape, [values](void*) {}, torch::kFloat32);
}

}  // namespace

torch::Tensor load_samples(const DatasetFile& file, const std::string& modality, Split split,
                           std::optional<std::size_t> limit) {
  return load_range(file, modality, split, limit, 0);
}

torch::Tensor load_samples_in_order(const DatasetFile& file, const std::string& modality, Split split,
                                    const torch::Tensor& ids) {
  const std::int64_t n = ids.size(0);
  auto shape = load_range(file, modality, split, 0, 0).sizes().vec();
  shape.front() = n;
  const auto samples = torch::empty(shape, torch::kFloat32);
  const auto [in_file, rows] = ids.sort();
  const auto* id = in_file.const_data_ptr<std::int64_t>();
  for (std::int64_t k = 0, count = 0; k < n; k += count) {
    for (count = 1; count < std::min(kRowsAtOnce, n - k) && id[k + count] == id[k] + count;) ++count;
    samples.index_copy_(
        0, rows.narrow(0, k, count),
        load_range(file, modality, split, static_cast<std::size_t>(count), static_cast<std::size_t>(id[k])));
  }
  return samples;
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
