#include "worker/train/sync_batch_norm.hpp"

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

#include "tests/support/test_device.hpp"

namespace harmonic {

TEST_CASE("Synchronised batch norm of a group of one is batch norm, forward, backward and in its statistics",
          "[train][device]") {
  const auto device = testing::test_device();
  const auto group = solo_collectives();
  const auto shape = GENERATE(std::vector<std::int64_t>{6, 5, 3, 4}, std::vector<std::int64_t>{7, 5});
  const bool channels_last = GENERATE(false, true);
  torch::manual_seed(4);
  auto whole = torch::randn(shape) * 2 + 3;
  if (channels_last && whole.dim() == 4) whole = whole.contiguous(at::MemoryFormat::ChannelsLast);
  const auto upstream = torch::randn(shape), weight = torch::rand({5}) + 0.5, bias = torch::rand({5});
  const auto leaf = [](const torch::Tensor& t, torch::Device at) { return t.detach().clone().to(at).requires_grad_(); };

  auto x = leaf(whole, torch::kCPU), w = leaf(weight, torch::kCPU), b = leaf(bias, torch::kCPU);
  auto mean = torch::zeros({5}), variance = torch::ones({5});
  const auto expected = torch::batch_norm(x, w, b, mean, variance, /*training=*/true, 0.1, 1e-5, false);
  expected.backward(upstream);

  auto own_x = leaf(whole, device), own_w = leaf(weight, device), own_b = leaf(bias, device);
  auto own_mean = torch::zeros({5}, device), own_variance = torch::ones({5}, device);
  const auto found = sync_batch_norm(own_x, own_w, own_b, own_mean, own_variance, 0.1, 1e-5, *group);
  found.backward(upstream.to(device));

  const auto close = [](const torch::Tensor& there, const torch::Tensor& here) {
    return torch::allclose(there.cpu(), here, 1e-5, 1e-5);  // float32, means of 7 to 72 numbers of order 1
  };
  CHECK(close(found.detach(), expected.detach()));
  CHECK(close(own_x.grad(), x.grad()));
  CHECK(close(own_w.grad(), w.grad()));
  CHECK(close(own_b.grad(), b.grad()));
  CHECK(close(own_mean, mean));
  CHECK(close(own_variance, variance));
  CHECK_NOTHROW(sync_batch_norm(own_x, own_w, own_b, {}, {}, 0.1, 1e-5, *group));
}

}  // namespace harmonic
