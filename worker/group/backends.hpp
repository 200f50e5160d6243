#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "worker/group/collectives.hpp"

namespace harmonic {

/// The backends of world_collectives(), one source file each. Collective.
[[nodiscard]] std::unique_ptr<Collectives> mpi_collectives(std::shared_ptr<Peers> peers);
[[nodiscard]] std::unique_ptr<Collectives> nccl_collectives(torch::Device device, std::shared_ptr<Peers> peers);

/// Runs `operation` on one contiguous buffer that holds all tensors, and copies the result back to them; a single
/// contiguous tensor is its own buffer.
void through_flat_buffer(const std::vector<torch::Tensor>& tensors,
                         const std::function<void(torch::Tensor&)>& operation);

}  // namespace harmonic
