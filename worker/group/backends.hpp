#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "worker/group/collectives.hpp"

namespace harmonic {

/// The backends of world_collectives(), one source file each.
[[nodiscard]] std::unique_ptr<Collectives> mpi_collectives(double time_limit_s);
[[nodiscard]] std::unique_ptr<Collectives> nccl_collectives(torch::Device device, double time_limit_s);

/// Runs `operation` on one contiguous buffer that holds all tensors, and copies the result back to them; a single
/// contiguous tensor is its own buffer.
void through_flat_buffer(const std::vector<torch::Tensor>& tensors,
                         const std::function<void(torch::Tensor&)>& operation);

/// Polls until `done` says so. @throws RunError naming the operation and this rank when the limit is passed
void wait_until(const std::function<bool()>& done, double time_limit_s, std::string_view operation, Rank rank,
                int size);

}  // namespace harmonic
