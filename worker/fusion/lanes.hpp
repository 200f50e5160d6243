#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

#include "core/data/dataset_file.hpp"

/// Lanes: fusion networks of one shape, each with samples and weights of its own, that run as one network. A GPU that a
/// single small network leaves idle does the work of all of them in as many kernel launches; a CPU runs the fused cells
/// lane by lane. Samples stand lane by
/// lane, (lanes * N, L, C); every parameter and buffer is the lanes' own ones stacked on their first dimension; a
/// convolution is grouped. Nothing flows between lanes: each learns what it would learn alone.
namespace harmonic {

/// x weight^T + bias, lane by lane: (lanes * N, ..., C_in) -> (lanes * N, ..., C_out).
/// @param weight (lanes * C_out, C_in) @param bias (lanes * C_out), or undefined
[[nodiscard]] torch::Tensor linear_rows(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                                        std::int64_t lanes);

/// Fills a network of several lanes with the weights and statistics of networks of one. Where a lane has fewer inputs
/// than the widest its weights are filled up with 0: they meet inputs of 0 (join_lanes of Samples) and stay 0.
void fill_lanes(torch::nn::Module& network, const std::vector<std::shared_ptr<torch::nn::Module>>& singles);

/// The batch norms of single lanes, on the lanes' own parts of the parameters and running statistics.
[[nodiscard]] std::vector<torch::nn::BatchNorm1d> lane_norms(const torch::nn::BatchNorm1d& norm, std::int64_t lanes);

/// The task loss (task_loss) of every lane, (lanes). @param logits, labels (lanes * N, …)
[[nodiscard]] torch::Tensor lane_losses(const torch::Tensor& logits, const torch::Tensor& labels, LabelKind kind,
                                        std::int64_t lanes);

/// A number a lane, (lanes), so that it can be multiplied with the lanes' rows (lanes * N, L, C). A scalar serves all.
[[nodiscard]] torch::Tensor for_rows(const torch::Tensor& numbers, const torch::Tensor& rows);

}  // namespace harmonic
