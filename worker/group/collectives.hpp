#pragma once

#include <memory>
#include <vector>

#include <torch/types.h>

#include "worker/group/peers.hpp"

namespace harmonic {

/// A sum over the ranks that is under way. The tensor may be neither read nor written before `wait` has returned.
class PendingSum {
 public:
  virtual ~PendingSum() = default;
  /// Lets the transport get on with it; MPI moves data in calls only. Never blocks.
  virtual void advance() = 0;
  /// @throws RunError when a rank is missing or has given up
  virtual void wait() = 0;
};

/// Operations that all ranks of a group call together, in the same order, with tensors of the same number, shapes and
/// type. Three backends: NCCL (CUDA tensors), MPI (CPU tensors), and a group of one.
///
/// What data-parallel training needs: sums (gradients, moments of synchronised batch norms, a wish to stop), rank 0's
/// state to all, and a meeting. Nothing that travels says which call it belongs to, so the order of calls is all that
/// keeps ranks together: whether a call is made may depend on settings, steps and sums, which all ranks know alike,
/// never on what one rank alone sees. A sum is the same bits on every rank, so replicas that start alike and step by
/// sums stay alike without being compared; only rounding depends on how many ranks there are.
///
/// The tensors of a call travel as one flat buffer: what a message costs before its first byte is paid once. No backend
/// blocks: a call is started, then polled by Peers::wait, so that a rank that is lost ends the others' waits in an
/// error that names it. A communicator that a call was given up on is left as it is, for to free it would be
/// collective. Sums of CUDA tensors are ordered by their stream and keep no host waiting: the host hears of a lost rank
/// when it settles, which it has to do before it looks at what came of them.
class Collectives {
 public:
  explicit Collectives(std::shared_ptr<Peers> peers) : peers_(std::move(peers)) {}
  virtual ~Collectives() = default;

  [[nodiscard]] Peers& peers() const { return *peers_; }
  [[nodiscard]] Rank rank() const { return peers_->rank(); }
  [[nodiscard]] int size() const { return peers_->size(); }

  /// Replaces every tensor by its sum over the ranks; all ranks get the same bits. float32 or float64, one type a call.
  /// @throws RunError when a rank is missing or has given up
  virtual void all_reduce_sum(std::vector<torch::Tensor> tensors) = 0;
  /// The same of one contiguous tensor, while the caller computes on.
  [[nodiscard]] virtual std::unique_ptr<PendingSum> start_all_reduce_sum(torch::Tensor tensor) = 0;
  /// Returns once the sums so far are through: on the CPU they are. @throws RunError as above
  virtual void settle() {}
  /// Replaces every rank's tensors by those of `root`, and returns once it has. @throws RunError as above
  virtual void broadcast(std::vector<torch::Tensor> tensors, Rank root) = 0;
  /// Returns once every rank is here. @throws RunError as above
  virtual void barrier() = 0;

 private:
  std::shared_ptr<Peers> peers_;
};

/// A group of this process alone.
[[nodiscard]] std::unique_ptr<Collectives> solo_collectives();

/// All ranks of MPI_COMM_WORLD, each with its device: NCCL when it is CUDA, else MPI; a group of one where there is one
/// rank. Collective. Only the thread that initialised MPI may use it.
/// @throws InputError when some ranks compute on the CPU and some on CUDA; RunError when a backend does not start, or
///   the program was built without NCCL and is asked for CUDA
[[nodiscard]] std::unique_ptr<Collectives> world_collectives(torch::Device device,
                                                             std::shared_ptr<Peers> peers = std::make_shared<Peers>());

}  // namespace harmonic
