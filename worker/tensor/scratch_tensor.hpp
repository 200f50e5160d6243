#pragma once

#include <torch/types.h>

namespace harmonic {

/// A float32 tensor on the CPU whose numbers lie in a file for as long as it lives (ScratchBytes), for what is larger
/// than the memory that it may take; in memory where no folder for temporary files holds them. Its numbers are to be
/// written first. @param sizes of at least one number
[[nodiscard]] torch::Tensor scratch_tensor(at::IntArrayRef sizes);

/// Whether a tensor, or what it is a view of, lies in a file.
[[nodiscard]] bool is_scratch(const torch::Tensor& tensor);

/// Gives back the memory of what was touched of a scratch tensor, or of what it is a view of. The numbers stay. Does
/// nothing to others.
void let_go(const torch::Tensor& tensor);

}  // namespace harmonic
