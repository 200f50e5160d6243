#pragma once

#include <string>
#include <vector>

#include "core/config/search_settings.hpp"

namespace harmonic {

/// Everything that `harmonic simulate` reads; the same on every rank.
struct SimulateSettings {
  SearchSettings run;  ///< as a search's; data and weights play no part
  std::string durations = "lognormal:1,0.5";
  std::vector<std::string> answers;  ///< CSVs of sweeps, one a modality, or one for all; none: made up
  double noise = 0.3;                ///< of what a fusion search or a retraining gives, points of percent
  int candidates = 0;                ///< fusion searches, of one modality evaluations, at least; 0: as generations has
  int workers = 0;                   ///< of virtual time
  bool virtual_time = false;

  /// Binds every option above.
  void declare(OptionSet& options);
  /// As SearchSettings::check; durations; sweeps for the modalities; workers where time is virtual. @throws InputError
  void check() const;
  /// The search that is simulated: no data, no weights, all models kept (there are none), as many generations as the
  /// candidates ask for.
  [[nodiscard]] SearchSettings searched() const;
  /// New ones of a generation after the first, which has more: fusion searches, of one modality backbones.
  [[nodiscard]] static int candidates_a_generation(const SearchSettings& searched);
  /// The sweep of a modality; empty: its answers are made up.
  [[nodiscard]] std::string answers_of(std::size_t modality) const;
};

}  // namespace harmonic
