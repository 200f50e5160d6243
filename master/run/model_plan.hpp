#pragma once

#include "master/models/archive.hpp"
#include "master/models/hypervolume_file.hpp"
#include "master/models/results.hpp"
#include "master/run/front_pictures.hpp"
#include "master/run/run_inputs.hpp"
#include "master/run/run_plan.hpp"

namespace harmonic {

/// A plan whose results are multimodal models and their front.
class ModelPlan : public RunPlan {
 public:
  /// @param inputs live longer than the plan
  ModelPlan(const SearchSettings& settings, const RunInputs& inputs)
      : inputs_(inputs),
        pictures_(settings, inputs),
        axes_(*inputs.pricing, inputs.reference),
        tables_(inputs.modalities, inputs.pricing->devices(), inputs.samples) {}

  /// {"front": [ids], "hypervolume": v, "reference": {"<column>": v, …}}
  [[nodiscard]] nlohmann::ordered_json json() const override;
  /// Draws the models of the front.
  void tidy(const RunPaths& paths) override { pictures_.draw(archive(), paths.models()); }

 protected:
  [[nodiscard]] virtual const Archive& archive() const = 0;
  [[nodiscard]] const RunInputs& inputs() const { return inputs_; }
  [[nodiscard]] const ResultTables& tables() const { return tables_; }
  [[nodiscard]] const HypervolumeAxes& hypervolume_axes() const { return axes_; }
  /// Of the front, between it and the reference of hypervolume_axes().
  [[nodiscard]] double hypervolume() const;
  /// Its row in hypervolume.csv. @param volume as hypervolume() tells it
  void save_hypervolume(const RunPaths& paths, int generation, double volume) const;
  /// "hypervolume 12.5 (reference: …)\n"
  [[nodiscard]] std::string hypervolume_text() const;

 private:
  const RunInputs& inputs_;
  FrontPictures pictures_;
  HypervolumeAxes axes_;
  ResultTables tables_;
};

}  // namespace harmonic
