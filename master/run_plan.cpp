#include "master/run_plan.hpp"

#include <nlohmann/json.hpp>

namespace harmonic {

RunPlan::RunPlan(std::string command, const SearchSettings& settings, RunInputs inputs, RunConfig config)
    : command_(std::move(command)),
      inputs_(std::move(inputs)),
      directory_(settings.run, settings.resume, std::move(config)),
      journal_(directory_.journal(), inputs_.hash),
      tables_(inputs_.modalities, *inputs_.devices) {
  directory_.begin();
}

nlohmann::ordered_json RunPlan::json() const {
  auto ids = nlohmann::ordered_json::array();
  for (const auto id : front()) ids.push_back(id.value);
  return {{"front", std::move(ids)}, {"hypervolume", hypervolume()}};
}

}  // namespace harmonic
