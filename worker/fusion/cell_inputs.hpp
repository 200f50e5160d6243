#pragma once

#include <span>
#include <utility>
#include <vector>

namespace harmonic {

/// Two different states that a cell reads, the lower first.
using CellInputs = std::pair<int, int>;

/// Which two states each cell of a fusion network reads: of all choices by which every cell is read, by a later one or
/// by the output, and no two cells read the same two states, the one with the largest product of weights that lets
/// every modality reach the output. Where there are more modalities than places for inputs (cells + joined), as many of
/// them as places. There always is one: a cell that reads the same as an earlier one can read that one in place of a
/// state that both read.
/// Exact (to 1e-12 of a logarithm), unless so many cells would rather read the same that the best choice without such
/// is not among the first hundred looked at: eight cells never needed half of them. Then the best one that is left is
/// taken, and later cells read earlier ones in just that way: the time stays a power of the number of cells.
/// Equal weights: the earlier one wins; what is chosen depends on the arguments alone.
/// @param weights natural logarithms, finite: row after row, a cell's row has `inputs` + its earlier cells
/// @param modalities [modality] how many of the inputs are its own, one modality after another; two inputs or more
/// @param joined how many of the last cells the output joins, 1 … cells
/// @return [cell]
[[nodiscard]] std::vector<CellInputs> choose_cell_inputs(std::span<const double> weights,
                                                         std::span<const int> modalities, int cells, int joined);

}  // namespace harmonic
