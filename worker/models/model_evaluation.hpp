#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/statistics.hpp"
#include "core/data/dataset_file.hpp"
#include "core/work/work.hpp"
#include "worker/models/kept_model.hpp"

namespace harmonic {

/// One class of a split, as the model tells it from the others.
struct ClassScore {
  std::string name;                          ///< of the data set, else its index
  std::int64_t samples = 0;                  ///< that are truly of it
  double precision = 0, recall = 0, f1 = 0;  ///< percent; 0 where nothing is predicted, or truly so
  std::vector<std::int64_t> taken_for = {};  ///< [class] classification: its samples by what they were taken for
};

/// What a kept model comes to on one split of a data set.
struct ModelEvaluation {
  LabelKind kind = LabelKind::classification;
  std::int64_t samples = 0;
  double metric = 0;  ///< percent: accuracy, or weighted F1
  Interval interval;  ///< metric_interval
  double loss = 0;
  std::vector<std::string> modalities;
  std::vector<double> unimodal;  ///< [modality] metric of its backbone alone, percent
  /// Metric of the backbones' log-probabilities summed, percent; a temperature each, fitted on the validation split
  /// where the data set has one, else 1.
  double late_fusion = 0;
  std::vector<double> missing;  ///< [modality] metric of the whole model with its inputs 0, its mean; percent
  std::vector<ClassScore> classes;
};

/// @param data of the model's modalities, sample shapes and classes; its `split` is read once, and val's for late
/// fusion
/// @throws InputError when the split is empty; NotFinite when the model's numbers are none
[[nodiscard]] ModelEvaluation evaluate_kept_model(const KeptModel& model,
                                                  const std::shared_ptr<const DatasetFile>& data, Split split);

/// Its metric alone: one pass over the split, of samples and of nothing else. @throws as evaluate_kept_model
[[nodiscard]] TestScore measure_kept_model(const KeptModel& model, const std::shared_ptr<const DatasetFile>& data,
                                           Split split);

/// One object: "metric", "interval": [low, high], "samples", "loss", "unimodal": {modality: percent}, "late_fusion",
/// "missing": {modality: percent}, "classes": [{"class", "samples", "precision", "recall", "f1"}], "confusion": [[n]]
/// (rows: true; null of several labels).
[[nodiscard]] nlohmann::ordered_json to_json(const ModelEvaluation& evaluation);

}  // namespace harmonic
