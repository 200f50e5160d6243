#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/config/data_memory.hpp"
#include "core/config/device_use.hpp"
#include "core/config/options.hpp"
#include "core/data/dataset_file.hpp"
#include "core/storage/output_file.hpp"
#include "worker/backbone/supernet.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/data/views.hpp"
#include "worker/group/placement.hpp"

namespace harmonic {

/// What `harmonic supernet eval` and `sweep` are both told.
struct EvaluationOptions {
  std::string weights, space, data, modality;
  Split split = Split::val;  ///< to measure
  Compute compute = Compute::automatic;
  SpaceCatalog spaces;
  int limit = 0, threads = 0, calibration_samples = 0, calibration_batch = 256, data_memory_mib = kDataMemoryMib;
  DeviceUse device_use;
  Arithmetic arithmetic = Arithmetic::float32;
  Views views;

  void declare(OptionSet& options);
  /// The files that are read.
  [[nodiscard]] std::vector<OptionFile> files() const { return {{"weights", weights}, {"data", data}}; }
  /// Of what is measured and of a sample of both files (content_sample): what ranks that share the work must agree on.
  /// @throws InputError when a file cannot be read
  [[nodiscard]] std::uint64_t fingerprint() const;
};

/// What they work on, checked to fit together.
struct EvaluationInputs {
  Supernet supernet;  ///< on `device`
  std::string modality;
  SampleSource inputs;
  torch::Tensor labels;
  SampleBatches calibration;             ///< of train samples; none unless asked for
  std::int64_t calibration_samples = 0;  ///< in these
  LabelKind kind = LabelKind::classification;
  torch::Device device = torch::kCPU;
};

/// Reads the samples that are used and no others. Sets the compute threads, too.
/// @throws InputError when weights, space and data do not fit, or the split is empty
[[nodiscard]] EvaluationInputs load_evaluation(const EvaluationOptions& chosen, LocalPlace place, bool calibration);

/// Warns where the weights were trained on other data; reads the whole train split for that. One rank says it.
void warn_of_other_data(const EvaluationOptions& chosen, const std::string& modality);

}  // namespace harmonic
