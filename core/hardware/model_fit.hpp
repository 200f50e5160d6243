#pragma once

#include <string>
#include <vector>

#include "core/hardware/fitted_model.hpp"
#include "core/hardware/lut.hpp"
#include "core/hardware/network_part.hpp"

namespace harmonic {

/// How far a model is off, of the rows of one kind of key: mean of |modelled / measured - 1|, percent.
struct FitError {
  std::string kind;  ///< "MBConvLayer"; "all" of all together
  std::size_t rows = 0;
  PerQuantity<std::optional<double>> fitted;     ///< of rows that it was fitted to
  PerQuantity<std::optional<double>> predicted;  ///< cross-validated: each fifth by a model fitted to the others
};

struct ModelFit {
  FittedModel model;
  std::vector<FitError> errors;  ///< a kind each, by name; all together last
};

/// Fits a model to the rows of a table that belong to `parts`: other keys do not tell what they compute. Least squares
/// of the logarithms of modelled over measured (Levenberg and Marquardt's method on logarithms of the parameters, which
/// are so above 0), in which rows far off count less (Huber), and parameters that rows do not tell stay near those of a
/// usual embedded GPU. A function of its arguments alone.
/// Rows that the device cannot run, or that cost nothing, play no part; energies do where all the others have one.
/// @throws InputError when there are fewer than five such rows
[[nodiscard]] ModelFit fit_model(const LookUpTable& table, const std::vector<NetworkPart>& parts);

}  // namespace harmonic
