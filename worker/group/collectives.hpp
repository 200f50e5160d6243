#pragma once

#include <memory>
#include <vector>

#include <torch/types.h>

#include "core/base/ids.hpp"

namespace harmonic {

/// Operations that all ranks of a group call together, in the same order, with tensors of the same number, shapes and
/// type. Three backends: NCCL (CUDA tensors), MPI (CPU tensors), and a group of one.
class Collectives {
 public:
  virtual ~Collectives() = default;

  [[nodiscard]] virtual Rank rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;

  /// Replaces every tensor by its sum over the ranks; all ranks get the same bits. float32 or float64, one type a call.
  /// @throws RunError when a rank is lost, or does not come within the time limit
  virtual void all_reduce_sum(std::vector<torch::Tensor> tensors) = 0;
  /// Replaces every rank's tensors by those of `root`. @throws RunError as above
  virtual void broadcast(std::vector<torch::Tensor> tensors, Rank root) = 0;
  /// Returns once every rank is here. @throws RunError as above
  virtual void barrier() = 0;
};

/// How long the others may keep one rank waiting before the group is given up.
inline constexpr double kCollectiveTimeLimitS = 600;

/// A group of this process alone.
[[nodiscard]] std::unique_ptr<Collectives> solo_collectives();

/// All ranks of MPI_COMM_WORLD, each with its device: NCCL when it is CUDA, else MPI; a group of one where MPI is not
/// initialised or has one rank. Collective. Only the thread that initialised MPI may use it.
/// @throws RunError when a backend does not start, or the program was built without NCCL and is asked for CUDA
[[nodiscard]] std::unique_ptr<Collectives> world_collectives(torch::Device device,
                                                             double time_limit_s = kCollectiveTimeLimitS);

}  // namespace harmonic
