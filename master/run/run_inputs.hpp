#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/config/search_settings.hpp"
#include "core/hardware/model_pricing.hpp"
#include "core/work/answer_check.hpp"
#include "core/work/input_files.hpp"
#include "core/work/run_hash.hpp"
#include "master/models/front.hpp"
#include "master/models/standard_errors.hpp"
#include "master/run/data_shape.hpp"
#include "master/run/run_hooks.hpp"

namespace harmonic {

/// Everything that the user gave to a search, opened and checked before the first piece of work is dealt.
struct RunInputs {
  /// Where no data set is named (a simulation) spaces are as they stand, with head-classes classes, or AV-MNIST's ten.
  /// @pre settings.check() has passed
  /// @throws InputError: a file that is missing or damaged, a modality that the data lacks or has in another shape, a
  ///   table that lacks a row of the spaces or of the fusion operators
  /// @param hooks `check_paths` is called first, `check` before the files are hashed
  explicit RunInputs(const SearchSettings& given, const RunHooks& hooks = {});

  std::vector<std::string> modalities;  ///< names, in the run's order
  std::vector<BackboneSpace> spaces;    ///< one a modality
  DataShape data_shape;                 ///< that the spaces were fitted to
  std::string data_provenance;          ///< of the data set, as it says itself
  std::shared_ptr<const ModelPricing> pricing;
  SearchCosts costs;  ///< of `pricing`
  SampleCounts samples;
  /// Of the hypervolume: no metric at all, and on every other axis the largest sub-networks with the largest fusion of
  /// the most expensive operator, as the objectives are compared. The same for every run of these settings.
  Objectives reference;
  AnswerCheck answers;           ///< of fusion networks that read every feature offered
  std::vector<InputFile> files;  ///< whose content counts
  InputHashes contents;          ///< of them
  std::uint64_t hash = 0;        ///< run_hash
};

}  // namespace harmonic
