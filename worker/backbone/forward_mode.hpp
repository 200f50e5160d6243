#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "worker/backbone/layer_tensors.hpp"
#include "worker/tensor/batch_norm.hpp"

namespace harmonic {

/// Re-estimated running statistics of one batch norm.
struct BatchNormStatistics {
  torch::Tensor mean, variance;  ///< (C); the variance unbiased
  std::int64_t batches = 0;      ///< how many batches they are the average of
};

/// What differs between the ways of running a network: whose statistics a batch norm uses, and what is dropped.
class ForwardMode {
 public:
  virtual ~ForwardMode() = default;
  /// @param index which of its layer's batch norms this is, in order of execution
  virtual torch::Tensor batch_norm(const BatchNormView& norm, std::size_t index, const torch::Tensor& x) = 0;
  /// Before a linear layer.
  virtual torch::Tensor dropout(const torch::Tensor& x) { return x; }
  /// On the residual branch of a block with a shortcut.
  virtual torch::Tensor drop_connect(const torch::Tensor& x) { return x; }
};

/// Evaluation with the supernet's own running statistics.
class StoredStatistics : public ForwardMode {
 public:
  torch::Tensor batch_norm(const BatchNormView& norm, std::size_t index, const torch::Tensor& x) override;
};

/// Evaluation of one layer with re-estimated statistics. Refers to them.
class GivenStatistics : public ForwardMode {
 public:
  explicit GivenStatistics(const std::vector<BatchNormStatistics>& statistics) : statistics_(statistics) {}
  torch::Tensor batch_norm(const BatchNormView& norm, std::size_t index, const torch::Tensor& x) override;

 private:
  const std::vector<BatchNormStatistics>& statistics_;
};

/// Re-estimation of one layer's statistics: every batch is normalised with its own statistics, of which the cumulative
/// average over the batches is kept. Refers to them.
class EstimatingStatistics : public ForwardMode {
 public:
  explicit EstimatingStatistics(std::vector<BatchNormStatistics>& statistics) : statistics_(statistics) {}
  torch::Tensor batch_norm(const BatchNormView& norm, std::size_t index, const torch::Tensor& x) override;

 private:
  std::vector<BatchNormStatistics>& statistics_;
};

/// Takes a batch into the running average of norm `index`; the first batch makes it.
/// @param batch of the norm's channels, or of more that come behind them
void add_batch(std::vector<BatchNormStatistics>& statistics, std::size_t index, const BatchNormView& norm,
               const Moments& batch);

}  // namespace harmonic
