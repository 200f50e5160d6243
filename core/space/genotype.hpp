#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/space/genome.hpp"
#include "core/space/late_fusion.hpp"

namespace harmonic {

/// One operator of a fusion cell and the two inner states it reads. Inner states: 0 and 1 are the cell's inputs x and
/// y, 2 is the first operator's output, and so on.
struct FusionStep {
  std::string op;  ///< "Sum", "ScaleDotAttn", "LinearGLU", "ConcatFC", "SE1", "CatConvMish", …
  int first = 0;   ///< stronger edge
  int second = 1;

  auto operator<=>(const FusionStep&) const = default;
};

/// One fusion cell. States of the network: 0 … inputs-1 are the inputs, then every earlier cell's output.
struct FusionCell {
  int first = 0;
  int second = 1;
  std::vector<FusionStep> steps;

  auto operator<=>(const FusionCell&) const = default;
};

/// The fusion micro-architecture that a differentiable search found, or a late fusion, which has no cells.
struct Genotype {
  std::vector<FusionCell> cells;
  std::vector<int> concat;  ///< states joined to the network's output, ascending
  LateFusion late = LateFusion::none;

  auto operator<=>(const Genotype&) const = default;
};

/// What its text means, in one sentence or two, for all who show one.
///   "2+5:Sum(0,1),SE1(2,0) is a cell that reads …"
inline constexpr std::string_view kGenotypeNotation =
    "A genotype lists cells, separated by |. 2+5:Sum(0,1),SE1(2,0) is a cell that reads states 2 and 5 of the network, "
    "which are its own states 0 and 1 (x and y); each operator reads two of the cell's states and makes the next: Sum "
    "of "
    "0 and 1 makes 2, SE1 of 2 and 0 makes 3. The network's states are the features that the backbones offer, modality "
    "by modality, counted from 0, then every cell's output. -> 8,9: states 8 and 9 are joined for the classifier. "
    "late:sum, late:logits and late:maps have no cells: the backbones' log-probabilities are added, or one linear "
    "layer "
    "is put on their logits, or on their last features.";

/// "1+4:Sum(1,0) | 5+7:ConcatFC(0,1),SE1(2,0) -> 8,9", or "late:sum"
[[nodiscard]] std::string to_text(const Genotype& genotype);
/// Inverse of to_text. @throws InputError naming the part that cannot be read.
[[nodiscard]] Genotype parse_genotype(std::string_view text);
/// Reads the published JSON form: {"edges": [["skip", 1], …], "steps": [{"inner_edges", "inner_steps"}], "concat"}.
/// @throws InputError
[[nodiscard]] Genotype genotype_from_json(std::string_view json);

/// How large the network is: its cells, and the operators of the cell with most. The macro-architecture that was
/// searched may have had more.
[[nodiscard]] MacroArchitecture macro_of(const Genotype& genotype);
/// Every operator of the genotype, cell by cell: what its cost is the sum of.
[[nodiscard]] std::vector<std::string> operators_of(const Genotype& genotype);

}  // namespace harmonic
