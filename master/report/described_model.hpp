#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/config/search_settings.hpp"
#include "core/hardware/multi_device.hpp"
#include "master/models/architecture.hpp"
#include "master/report/run_results.hpp"
#include "master/run/run_folder.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {

/// A model of a run in all its parts.
struct DescribedModel {
  std::optional<ModelArchitecture> architecture;  ///< nothing where the run does not tell the number of classes
  std::string without_tables;                     ///< why costs are the CSV's: empty where the tables are there
};

/// Describes models of one run; reads the tables of its devices once.
class ModelDescriber {
 public:
  /// All three must outlive it.
  ModelDescriber(const RunPaths& paths, const RunResults& results, const RecordedRun& recorded)
      : paths_(paths), results_(results), recorded_(recorded) {}

  /// @throws InputError: a genome or a genotype that is none of the run's settings
  [[nodiscard]] DescribedModel describe(const ReportedModel& row);

 private:
  struct Tables {
    std::optional<DeviceSet> devices;
    std::string problem;  ///< why there are none
  };
  const Tables& tables_for(int classes);

  const RunPaths& paths_;
  const RunResults& results_;
  const RecordedRun& recorded_;
  std::map<int, Tables> tables_;  ///< by the number of classes
};

}  // namespace harmonic
