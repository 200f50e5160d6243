#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/storage/curves.hpp"
#include "worker/fusion/fusion_epoch.hpp"

namespace harmonic {

/// Curves by epoch of one training of a fusion network, those that were measured: <phase>/learning_rate,
/// <phase>/loss_train, <phase>/loss_val, <phase>/metric_val, <phase>/metric_test. @param phase "search", "retraining"
[[nodiscard]] Curves training_curves(const std::string& phase, std::span<const FusionEpoch> epochs);

/// Where a run keeps a model's curves for TensorBoard: `DIR/tensorboard/models/<id>`.
[[nodiscard]] std::filesystem::path curves_folder(const std::filesystem::path& run, CandidateId id);
/// Puts them there; nothing for none. A folder that is there already stays, as a model's does (save_model).
/// @throws RunError
void save_curves(const std::filesystem::path& folder, const std::vector<Curves>& curves);
/// Those of another retraining of the model, in a folder of their own within, `retraining-<repeat>`, together with
/// their `curves.csv`. @throws RunError
void save_retraining_curves(const std::filesystem::path& folder, int repeat, const Curves& curves);

}  // namespace harmonic
