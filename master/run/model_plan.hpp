#pragma once

#include "master/models/archive.hpp"
#include "master/models/results.hpp"
#include "master/run/run_inputs.hpp"
#include "master/run/run_plan.hpp"

namespace harmonic {

/// A plan whose results are multimodal models and their front.
class ModelPlan : public RunPlan {
 public:
  /// @param inputs live longer than the plan
  explicit ModelPlan(const RunInputs& inputs)
      : inputs_(inputs), tables_(inputs.modalities, inputs.pricing->devices(), inputs.samples) {}

  [[nodiscard]] nlohmann::ordered_json json() const override;

 protected:
  [[nodiscard]] virtual const Archive& archive() const = 0;
  [[nodiscard]] const RunInputs& inputs() const { return inputs_; }
  [[nodiscard]] const ResultTables& tables() const { return tables_; }
  [[nodiscard]] double hypervolume() const { return archive().hypervolume(inputs_.reference); }

 private:
  const RunInputs& inputs_;
  ResultTables tables_;
};

}  // namespace harmonic
