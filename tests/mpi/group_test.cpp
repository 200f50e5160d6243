// Collectives over MPI on 1, 2 and 4 ranks, and what training builds on them.
#include <catch2/catch.hpp>
#include <torch/torch.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/space/search_space.hpp"
#include "worker/group/collectives.hpp"
#include "worker/group/placement.hpp"
#include "worker/train/supernet_training.hpp"
#include "worker/train/sync_batch_norm.hpp"

namespace harmonic {
namespace {

torch::Tensor noise(std::vector<std::int64_t> shape, const std::string& purpose) {
  auto values = torch::empty(shape);
  RandomStream random(Seed{1}, purpose);
  auto* data = values.data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i) data[i] = static_cast<float>(random.normal());
  return values;
}

/// This rank's contiguous share of the rows.
torch::Tensor share_of(const torch::Tensor& rows, const Collectives& group) {
  const auto n = rows.size(0), first = n * group.rank().value / group.size(),
             last = n * (group.rank().value + 1) / group.size();
  return rows.narrow(0, first, last - first).clone();
}

double relative_error(const torch::Tensor& found, const torch::Tensor& expected) {
  return ((found - expected).abs().max() / expected.abs().max()).item<double>();
}

}  // namespace

TEST_CASE("All-reduce leaves every rank with the sum of every tensor", "[group]") {
  const auto group = world_collectives(torch::kCPU);
  const double n = group->size(), me = group->rank().value;
  auto a = torch::full({3, 2}, me + 1), b = torch::full({5}, 10 * me),
       strided = torch::zeros({4, 4}).t().narrow(0, 0, 2);
  strided.fill_(1);
  group->all_reduce_sum({a, b, strided});
  CHECK(torch::equal(a, torch::full({3, 2}, n * (n + 1) / 2)));
  CHECK(torch::equal(b, torch::full({5}, 10 * n * (n - 1) / 2)));
  CHECK(torch::equal(strided, torch::full({2, 4}, n)));
  auto precise = torch::full({1}, 1e-12, torch::kFloat64);
  group->all_reduce_sum({precise});
  CHECK(precise.item<double>() == Approx(n * 1e-12).epsilon(1e-12));
}

TEST_CASE("A broadcast gives every rank the root's tensors", "[group]") {
  const auto group = world_collectives(torch::kCPU);
  const Rank root{group->size() - 1};
  auto a = torch::full({7}, static_cast<double>(group->rank().value));
  group->broadcast({a}, root);
  CHECK(torch::equal(a, torch::full({7}, static_cast<double>(root.value))));
  group->barrier();
}

TEST_CASE("A rank that is kept waiting past the limit says so instead of hanging", "[group]") {
  const auto group = world_collectives(torch::kCPU, 0.2);
  if (group->size() > 1) {
    if (group->rank().value == 0) {
      auto a = torch::ones({1});
      // The others stay away.
      CHECK_THROWS_WITH(group->all_reduce_sum({a}), Catch::Contains("rank 0 of") && Catch::Contains("lost or stuck"));
    }
  }
  world_collectives(torch::kCPU)->barrier();
}

TEST_CASE("Types that are no sums of reals are refused", "[group]") {
  const auto group = world_collectives(torch::kCPU);
  auto counts = torch::ones({2}, torch::kInt64);
  if (group->size() > 1) CHECK_THROWS_AS(group->all_reduce_sum({counts}), RunError);
}

TEST_CASE("Synchronised batch norm equals batch norm of the joined batch, forward and backward", "[group]") {
  const auto group = world_collectives(torch::kCPU);
  const auto whole = noise({10, 6, 5, 4}, "input") * 2 + 3, upstream = noise({10, 6, 5, 4}, "upstream");
  auto x = whole.clone().requires_grad_();
  auto weight = (noise({6}, "weight") + 1).requires_grad_(), bias = noise({6}, "bias").requires_grad_();
  auto mean = torch::zeros({6}), variance = torch::ones({6});
  const auto expected = torch::batch_norm(x, weight, bias, mean, variance, true, 0.1, 1e-5, false);
  expected.backward(upstream);

  auto my_x = share_of(whole, *group).requires_grad_();
  auto my_weight = weight.detach().clone().requires_grad_(), my_bias = bias.detach().clone().requires_grad_();
  auto my_mean = torch::zeros({6}), my_variance = torch::ones({6});
  const auto found = sync_batch_norm(my_x, my_weight, my_bias, my_mean, my_variance, 0.1, 1e-5, *group);
  found.backward(share_of(upstream, *group));
  auto d_weight = my_weight.grad().clone(), d_bias = my_bias.grad().clone();
  group->all_reduce_sum({d_weight, d_bias});

  CHECK(relative_error(found.detach(), share_of(expected.detach(), *group)) < 1e-5);
  CHECK(relative_error(my_x.grad(), share_of(x.grad(), *group)) < 1e-5);
  CHECK(relative_error(d_weight, weight.grad()) < 1e-5);
  CHECK(relative_error(d_bias, bias.grad()) < 1e-5);
  CHECK(relative_error(my_mean, mean) < 1e-5);
  CHECK(relative_error(my_variance, variance) < 1e-5);
}

TEST_CASE("Training on several ranks ends with the weights of one rank", "[group]") {
  const auto group = world_collectives(torch::kCPU);
  const auto solo = solo_collectives();
  BackboneSpace space = find_space("avmnist-audio");
  const TrainingData data{noise({48, 1, 20, 20}, "train"), torch::arange(48).remainder(4),
                          noise({12, 1, 20, 20}, "val"), torch::arange(12).remainder(4), LabelKind::classification};
  SupernetTrainingSettings settings;
  settings.epochs = 1;
  settings.batch = 16;
  settings.dropout = settings.drop_connect = 0;
  settings.ema = 0;
  settings.warmup_epochs = 0;
  settings.optimizer = "sgd";  // Adam's first steps turn gradients that are 0 but for rounding into whole steps
  settings.lr = 0.02;
  const Supernet initial(space, 4, Seed{1});
  const auto ignore = [](const TrainingProgress&) {};
  const auto alone = train_supernet(initial, data, settings, *solo, torch::kCPU, ignore);
  const auto together = train_supernet(initial, data, settings, *group, torch::kCPU, ignore);
  if (group->rank().value != 0) return;  // the others hand back no result
  for (std::size_t i = 0; i < initial.tensors().size(); ++i) {
    const auto& [name, start] = initial.tensors()[i];
    INFO(name);
    CHECK((together.supernet.tensors()[i].second - alone.supernet.tensors()[i].second).abs().max().item<double>() <
          1e-3);
  }
  const std::string moved = "classifier.linear.weight";
  CHECK((alone.supernet.tensor(moved) - initial.tensor(moved)).abs().max().item<double>() > 1e-3);
}

TEST_CASE("Every rank of a machine gets its share of the threads", "[group]") {
  const auto place = local_place();
  CHECK(place.rank < place.size);
  const int before = at::get_num_threads();
  CHECK(use_threads(0, place) >= 1);
  CHECK(use_threads(3, place) == 3);
  at::set_num_threads(before);
  CHECK_THROWS_AS(choose_device("abacus", place), InputError);
  CHECK(choose_device("cpu", place) == torch::kCPU);
}

}  // namespace harmonic
