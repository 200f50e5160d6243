#pragma once

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/config/device_use.hpp"
#include "core/config/options.hpp"
#include "core/hardware/lut.hpp"
#include "core/work/table_scope.hpp"
#include "worker/profile/latency_timer.hpp"

namespace harmonic {

using Arguments = std::vector<std::string>;

// harmonic lut ACTION, those that run networks. `args` are the words after the action.
ExitCode lut_profile(const Arguments& args);
ExitCode lut_kit(const Arguments& args);
ExitCode lut_validate(const Arguments& args);

/// The options of a command that measures on the machine at hand.
struct MeasuringOptions {
  std::string device = "cpu";
  Arithmetic arithmetic = Arithmetic::float32;  ///< of weights and inputs
  int threads = 1, batch = 1;

  void declare(OptionSet& options);
  /// Sets threads and processors as they say. @throws InputError for a device that is not there
  [[nodiscard]] RunConditions prepare();
  /// "float32, batch 1, 1 thread on processor 3, LibTorch 2.11.0, …", once prepared.
  [[nodiscard]] std::string describe() const;
  /// "AMD EPYC 7B13, CPU", "CUDA device 0".
  [[nodiscard]] std::string device_in_words() const;
  [[nodiscard]] bool on_gpu() const { return device != "cpu"; }
  [[nodiscard]] int gpu() const;
  [[nodiscard]] int processor() const { return processors_.empty() ? 0 : processors_.front(); }

 private:
  std::vector<int> processors_;
};

/// Classes of the data sets that published spaces were made for; 10 where none is.
[[nodiscard]] std::vector<int> usual_classes(const std::vector<BackboneSpace>& spaces);
/// Defaults of a command that measures: all rows of a full cost, of the usual classes. To be called before rows are
/// declared.
void take_usual_scope(TableScopeOptions& rows);
/// The rows that the options ask for, with the usual classes where none are given. @throws InputError
[[nodiscard]] TableScope measured_scope(const TableScopeOptions& rows, const OptionSet& options, const Arguments& args);
/// Operators whose weights fit a small device: all but low-rank fusion of large states.
[[nodiscard]] std::vector<std::string> usual_operators(int channels, int positions);

}  // namespace harmonic
