#include "worker/models/training_curves.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "core/storage/atomic_file.hpp"
#include "proto/event_records.hpp"

namespace harmonic {
namespace {

/// A figure of an epoch, and its name.
struct EpochFigure {
  const char* name;
  std::function<std::optional<double>(const FusionEpoch&)> of;
};
const std::vector<EpochFigure>& epoch_figures() {
  static const std::vector<EpochFigure> figures = {{"learning_rate", &FusionEpoch::learning_rate},
                                                   {"loss_train", &FusionEpoch::loss_train},
                                                   {"loss_val", &FusionEpoch::loss_val},
                                                   {"metric_val", &FusionEpoch::metric_val},
                                                   {"metric_test", &FusionEpoch::metric_test}};
  return figures;
}

void write_events(const std::filesystem::path& folder, const std::vector<Curves>& curves) {
  replace_file(folder / event_file_name(1), event_file(curves));
}

}  // namespace

Curves training_curves(const std::string& phase, std::span<const FusionEpoch> epochs) {
  Curves curves{"epoch", {}, {}};
  for (const auto& epoch : epochs)
    curves.rows.push_back({static_cast<std::int64_t>(curves.rows.size()) + 1, {}, epoch.ended_s});
  for (const auto& figure : epoch_figures()) {
    if (std::ranges::none_of(epochs, [&](const auto& epoch) { return figure.of(epoch).has_value(); })) continue;
    curves.names.push_back(fmt::format("{}/{}", phase, figure.name));
    for (std::size_t e = 0; e < epochs.size(); ++e) curves.rows[e].values.push_back(figure.of(epochs[e]));
  }
  return curves;
}

std::filesystem::path curves_folder(const std::filesystem::path& run, CandidateId id) {
  return run / "tensorboard" / "models" / std::to_string(id.value);
}

void save_curves(const std::filesystem::path& folder, const std::vector<Curves>& curves) {
  if (curves.empty()) return;
  place_folder(folder, [&](const auto& temporary) { write_events(temporary, curves); });
}

void save_retraining_curves(const std::filesystem::path& folder, int repeat, const Curves& curves) {
  place_folder(folder / fmt::format("retraining-{}", repeat), [&](const auto& temporary) {
    write_events(temporary, {curves});
    replace_file(temporary / "curves.csv", curves.csv());
  });
}

}  // namespace harmonic
