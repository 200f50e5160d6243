#pragma once

#include <span>
#include <utility>
#include <vector>

namespace harmonic {

/// Two different states that a cell reads, the lower first.
using CellInputs = std::pair<int, int>;

/// Which two states each cell of a fusion network reads: of all choices by which every cell is read, by a later one or
/// by the output, the one with the largest product of weights that lets every modality reach the output. Where there
/// are more modalities than places for inputs (cells + joined), as many of them as places. Exact (to 1e-12 of a
/// logarithm), in time that is a power of the number of cells. Equal weights: the earlier one wins; what is chosen
/// depends on the arguments alone.
/// @param weights natural logarithms, finite: row after row, a cell's row has `inputs` + its earlier cells
/// @param modalities [modality] how many of the inputs are its own, one modality after another; two inputs or more
/// @param joined how many of the last cells the output joins, 1 … cells
/// @return [cell]
[[nodiscard]] std::vector<CellInputs> choose_cell_inputs(std::span<const double> weights,
                                                         std::span<const int> modalities, int cells, int joined);

}  // namespace harmonic
