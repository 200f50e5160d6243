#include "master/run/model_plan.hpp"

#include <nlohmann/json.hpp>

namespace harmonic {

nlohmann::ordered_json ModelPlan::json() const {
  auto ids = nlohmann::ordered_json::array();
  for (const auto id : archive().front()) ids.push_back(id.value);
  return {{"front", std::move(ids)}, {"hypervolume", hypervolume()}};
}

}  // namespace harmonic
