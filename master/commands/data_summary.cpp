#include "master/commands/data_summary.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/data/class_counts.hpp"

namespace harmonic {
namespace {

/// Train's samples of the largest class and of the smallest.
std::pair<std::size_t, std::size_t> balance_of(const DatasetFile& data) {
  const auto [smallest, largest] = std::ranges::minmax(class_counts(data, Split::train));
  return {largest, smallest};
}

}  // namespace

nlohmann::ordered_json summary_json(const DatasetFile& data, const DatasetSummary& summary) {
  const auto [largest, smallest] = balance_of(data);
  nlohmann::ordered_json json = {{"balance", {{"largest", largest}, {"smallest", smallest}}}};
  for (const auto& modality : summary.modalities)
    json["modalities"][modality.name] = {{"mean", modality.mean}, {"std", modality.std}};
  return json;
}

nlohmann::ordered_json duplicates_json(const DatasetSummary& summary) {
  nlohmann::ordered_json json = {{"within", nlohmann::ordered_json::object()}, {"across", summary.shared}};
  for (const Split split : kSplits) json["within"][to_text(split)] = summary.repeats[index_of(split)];
  return json;
}

std::string summary_page(const DatasetFile& data, const DatasetSummary& summary) {
  std::vector<std::vector<std::string>> rows = {{"as networks read it", "train", "val", "test"}};
  for (const auto& modality : summary.modalities) {
    rows.push_back({modality.name + " mean"});
    rows.push_back({modality.name + " std"});
    for (std::size_t split = 0; split < kSplits.size(); ++split) {
      rows[rows.size() - 2].push_back(fmt::format("{:.3f}", modality.mean[split]));
      rows.back().push_back(fmt::format("{:.3f}", modality.std[split]));
    }
  }
  rows.push_back({"repeated samples"});
  for (const auto repeats : summary.repeats) rows.back().push_back(std::to_string(repeats));
  const auto [largest, smallest] = balance_of(data);
  return fmt::format(
      "\nlargest class of train: {} samples; smallest: {}\n\n{}{} samples of val and test are in another split, too\n",
      largest, smallest, aligned_table(rows), summary.shared);
}

}  // namespace harmonic
