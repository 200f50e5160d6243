#pragma once

namespace harmonic::testing {

/// Gives LibTorch's CPU the kernels of synchronised batch norm (at::batch_norm_stats, …), which it has for CUDA alone,
/// so that the stand-in accelerator can run what calls them: by their formulas, in double.
void register_sync_norm_kernels();

}  // namespace harmonic::testing
