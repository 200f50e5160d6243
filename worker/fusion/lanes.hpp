#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

/// Lanes: fusion networks of one shape, each with samples and weights of its own, that run as one network. A GPU that a
/// single small network leaves idle does the work of all of them in as many kernel launches; a CPU runs the fused cells
/// lane by lane.
///
/// Samples stand lane by lane, (lanes * N, L, C), and every parameter and buffer is the lanes' own ones one after
/// another on its first dimension, (lanes * C_out, C_in) of a weight. So each operator needs only its way of taking
/// lanes apart: a 1x1 convolution or linear layer is a batched product, (lanes, N * L, C_in) x (lanes, C_in, C_out); a
/// batch norm takes moments over dimension 1 of (lanes, N * L, C); a layer norm, which is a sample's own affair, only
/// its weights by lane; a weight of the architecture is (lanes), repeated for the rows of its lane. The losses of the
/// lanes are added up, and the gradient of a sum reaches each lane as if it were alone; Adam works number by number.
/// Hence nothing flows between lanes, not even what is no number any more: each learns what it would learn alone, but
/// for rounding and for the order in which dropout draws.
namespace harmonic {

struct Labels;

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
[[nodiscard]] torch::Tensor lane_losses(const torch::Tensor& logits, const Labels& labels, std::int64_t lanes);

/// A number a lane, so that it can be multiplied with the lanes' rows (lanes * N, L, C).
/// @param numbers (lanes); of one lane a scalar
[[nodiscard]] torch::Tensor for_rows(const torch::Tensor& numbers, const torch::Tensor& rows, std::int64_t lanes);

}  // namespace harmonic
