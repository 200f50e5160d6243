#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include <torch/types.h>

#include "worker/group/collectives.hpp"
#include "worker/train/flat_parameters.hpp"

namespace harmonic {

/// Sums gradients over the ranks while backward still runs. The flat buffer is cut into buckets from its end, where
/// backward begins; a bucket leaves when the last of its gradients is there, and never before those behind it, so that
/// all ranks send in the same order.
class GradientExchange {
 public:
  /// Half a MiB: several in all but the smallest network. On a GPU, where starting a sum costs more than its bytes, 4.
  static constexpr std::int64_t kBucketElements = 128 * 1024, kBucketElementsOnGpu = 1024 * 1024;

  /// @param bucket_elements 0: as above
  GradientExchange(FlatParameters& flat, Collectives& group, std::int64_t bucket_elements = 0);
  ~GradientExchange();
  GradientExchange(const GradientExchange&) = delete;
  GradientExchange& operator=(const GradientExchange&) = delete;

  /// Backward of a step's last loss, then the sum of all that the step's losses left in the buffer. Collective.
  /// @throws RunError when a rank is missing or has given up
  void backward_and_sum(const torch::Tensor& loss);

  /// Seconds this rank has waited for sums after its own backward was through: what overlapping did not hide.
  [[nodiscard]] double seconds_waited() const { return waited_s_; }
  [[nodiscard]] std::size_t buckets() const { return buckets_.size(); }
  /// How many buckets of the last call left before backward was through.
  [[nodiscard]] std::size_t sent_early() const { return sent_early_; }

 private:
  struct Bucket {
    torch::Tensor values;
    int pending = 0;  ///< gradients that this backward has yet to give
    std::unique_ptr<PendingSum> sum;
  };
  class Hook;

  void expect(const torch::Tensor& loss);
  void gradient_ready(std::size_t bucket);
  void send_complete();

  FlatParameters& flat_;
  Collectives& group_;
  std::vector<Bucket> buckets_;  ///< from the end of the buffer to its start
  std::unordered_map<const torch::TensorImpl*, std::size_t> bucket_of_;
  std::size_t next_ = 0;  ///< first bucket that has not left
  std::size_t sent_early_ = 0;
  bool armed_ = false;
  double waited_s_ = 0;
};

}  // namespace harmonic
