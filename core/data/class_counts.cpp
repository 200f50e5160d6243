#include "core/data/class_counts.hpp"

namespace harmonic {

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

std::string class_name(const DatasetInfo& info, std::size_t index) {
  return info.class_names.empty() ? std::to_string(index) : info.class_names[index];
}

}  // namespace harmonic
