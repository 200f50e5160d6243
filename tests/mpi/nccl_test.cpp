// NCCL's collectives on as many ranks as are started, each with a GPU of its own; on a machine without one it says so.
// With one rank it is a world of one, which a search never makes: what is called and how it ends is the same.
#include <iostream>
#include <memory>

#include <catch2/catch.hpp>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "worker/group/backends.hpp"
#include "worker/group/placement.hpp"
#include "worker/train/sync_batch_norm.hpp"

namespace harmonic {
namespace {

struct World {
  std::shared_ptr<Peers> peers = std::make_shared<Peers>();
  torch::Device device = choose_device(Compute::cuda, local_place());
  std::unique_ptr<Collectives> group = nccl_collectives(device, peers);
};

bool has_gpu() {
  if (torch::cuda::is_available()) return true;
  std::cout << "SKIPPED: no GPU here\n";
  return false;
}

}  // namespace

TEST_CASE("NCCL sums, gives round and meets, and what is computed next on the stream finds the sum", "[nccl]") {
  if (!has_gpu()) return;
  World world;
  auto& group = *world.group;
  const double n = group.size(), me = group.rank().value;
  const auto options = torch::TensorOptions(world.device);
  auto a = torch::full({3, 2}, me + 1, options), strided = torch::zeros({4, 4}, options).t().narrow(0, 0, 2);
  strided.fill_(1);
  group.all_reduce_sum({a, strided});
  const auto next = a * 2;  // no wait between them
  group.settle();
  CHECK(torch::equal(next.cpu(), torch::full({3, 2}, n * (n + 1))));
  CHECK(torch::equal(strided.cpu(), torch::full({2, 4}, n)));
  auto large = torch::full({1 << 20}, me, options);
  const auto sum = group.start_all_reduce_sum(large);
  (void)(a + a);
  sum->wait();
  group.settle();
  CHECK(large[12345].item<double>() == n * (n - 1) / 2);
  auto told = torch::full({7}, me, options);
  group.broadcast({told}, Rank{group.size() - 1});
  CHECK(torch::equal(told.cpu(), torch::full({7}, n - 1)));
  group.barrier();
}

TEST_CASE("Synchronised batch norm on GPUs is batch norm of the whole batch", "[nccl]") {
  if (!has_gpu()) return;
  World world;
  torch::manual_seed(4);
  const int ranks = world.group->size();
  const auto whole = torch::randn({4 * ranks, 5, 3, 3}), upstream = torch::randn_like(whole);
  const auto share = [&](const torch::Tensor& all) {
    return all.narrow(0, 4 * world.group->rank().value, 4).to(world.device);
  };
  auto x = share(whole).requires_grad_();
  const auto weight = torch::rand({5}), bias = torch::rand({5});
  const auto out = sync_batch_norm(x, weight.to(world.device), bias.to(world.device), {}, {}, 0.1, 1e-5, *world.group);
  out.backward(share(upstream));
  auto all = whole.clone().requires_grad_();
  const auto expected = torch::batch_norm(all, weight, bias, {}, {}, true, 0.1, 1e-5, false);
  expected.backward(upstream);
  world.group->settle();
  CHECK(torch::allclose(out.cpu(), share(expected.detach()).cpu(), 1e-4, 1e-4));
  CHECK(torch::allclose(x.grad().cpu(), share(all.grad()).cpu(), 1e-4, 1e-4));
}

}  // namespace harmonic
