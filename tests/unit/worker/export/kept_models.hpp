#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/config/search_settings.hpp"
#include "worker/models/kept_model.hpp"

namespace harmonic::testing {

/// A kind of model that a run may keep.
struct ModelKind {
  std::string name;
  std::vector<std::string> spaces;  ///< one a modality; vectors are kVectorLength long
  std::string genotype;
  int classes = 10;
  int features = 4;  ///< that each modality offers
  int channels = 192, side = 4;
  bool backbone_logits = true;
  bool largest = false;  ///< the largest genomes of the spaces, else random ones
};
inline constexpr std::size_t kVectorLength = 300;

/// Every kind of backbone, operator and fusion, with maps that are pooled by windows of one length and of several.
[[nodiscard]] const std::vector<ModelKind>& model_kinds();

[[nodiscard]] SearchSettings settings_of(const ModelKind& kind);

/// Keeps a model of this kind with made-up weights and statistics in `folder`, and opens it.
[[nodiscard]] KeptModel keep_model(const std::filesystem::path& folder, const ModelKind& kind);

/// [modality] samples as a network takes them.
[[nodiscard]] std::vector<torch::Tensor> noise(const ModelKind& kind, std::int64_t samples);

}  // namespace harmonic::testing
