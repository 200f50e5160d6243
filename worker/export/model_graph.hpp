#pragma once

#include <string>
#include <vector>

#include "core/data/dataset_file.hpp"
#include "core/export/network_graph.hpp"
#include "worker/models/kept_model.hpp"

namespace harmonic {

/// How a modality's samples are stored, and what makes them what a network takes.
struct InputForm {
  ElementType type = ElementType::float32;  ///< uint8 (scaled to [0,1] first) or float32
  ChannelStatistics statistics;
};

inline constexpr const char* kLogits = "logits";

/// The whole multimodal model: inputs named by modality, in the run's order, one output kLogits (N, classes); every
/// batch norm folded. What no output depends on is left out; its inputs stay.
/// @param stored [modality] scaling and normalisation are the graph's, which takes samples as they are stored; empty:
/// it
///   takes what a network takes
/// @throws InputError naming a tensor that the model lacks, or an operator that cannot be exported
[[nodiscard]] NetworkGraph model_graph(const KeptModel& model, const std::vector<InputForm>& stored = {});

}  // namespace harmonic
