// Collectives over MPI on 1, 2 and 4 ranks, and what training builds on them.
#include <chrono>
#include <limits>
#include <thread>

#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <torch/types.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/mpi/communicator.hpp"
#include "core/space/search_space.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/group/collectives.hpp"
#include "worker/group/placement.hpp"
#include "worker/train/gradient_exchange.hpp"
#include "worker/train/supernet_training.hpp"
#include "worker/train/sync_batch_norm.hpp"
#include "worker/train/training_mode.hpp"

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

TEST_CASE("A sum may go on while its rank computes", "[group]") {
  const auto group = world_collectives(torch::kCPU);
  const double n = group->size(), me = group->rank().value;
  std::vector<torch::Tensor> tensors;
  std::vector<std::unique_ptr<PendingSum>> sums;
  for (int i = 0; i < 4; ++i) {
    tensors.push_back(torch::full({1000}, me + i));
    sums.push_back(group->start_all_reduce_sum(tensors.back()));
    sums.front()->advance();
  }
  for (int i = 3; i >= 0; --i) {
    const auto at = static_cast<std::size_t>(i);
    sums[at]->wait();
    CHECK(torch::equal(tensors[at], torch::full({1000}, n * (n - 1) / 2 + n * i)));
  }
}

TEST_CASE("A rank that is kept waiting past its patience names the one that is missing", "[group]") {
  const auto peers = std::make_shared<Peers>(0.2);
  const auto group = world_collectives(torch::kCPU, peers);
  if (group->size() > 1 && group->rank().value == 0) {
    auto a = torch::ones({1});
    // The others stay away.
    CHECK_THROWS_WITH(group->all_reduce_sum({a}), Catch::Contains(peers->name(Rank{1})) && Catch::Contains("lost"));
    CHECK(peers->broken());
  }
  world_collectives(torch::kCPU)->barrier();
}

TEST_CASE("A wait on another thread, as autograd's, names who is missing, and tells the others", "[group]") {
  const auto peers = std::make_shared<Peers>(0.2);
  const auto waiting = [&] {
    std::string told;
    std::thread([&] {
      try {
        peers->wait([] { return false; }, "a sum");
      } catch (const RunError& e) {
        told = e.what();
      }
    }).join();
    return told;
  };
  const bool several = peers->size() > 1;
  std::string told;
  if (several && peers->rank() == Rank{0}) told = waiting();  // the others stay away
  world_collectives(torch::kCPU)->barrier();
  if (several && peers->rank() != Rank{0}) told = waiting();
  if (several) CHECK_THAT(told, Catch::Contains(peers->name(Rank{1})) && Catch::Contains("lost"));
  CHECK(peers->gave_up() == (several && peers->rank() == Rank{0}));
}

TEST_CASE("A rank at work is waited for past all patience, as long as it says so", "[group]") {
  const auto peers = std::make_shared<Peers>();
  peers->set_patience(0.4);
  const auto group = world_collectives(torch::kCPU, peers);
  if (group->rank().value == 0) {
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(1500)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      peers->at_work();
    }
  }
  CHECK_NOTHROW(group->barrier());
  CHECK_FALSE(peers->broken());
}

TEST_CASE("What fails on one rank fails on all, with that rank's words and the same kind of error", "[group]") {
  const auto peers = std::make_shared<Peers>();
  const Rank unlucky{peers->size() - 1};
  const auto body = [&] {
    if (peers->rank() == unlucky) throw InputError("no such file", "check the path");
  };
  CHECK_THROWS_AS(peers->together(body), InputError);
  CHECK_THROWS_WITH(peers->together(body), Catch::Contains("no such file; check the path"));
  if (peers->rank() != unlucky) CHECK_THROWS_WITH(peers->together(body), Catch::Contains(peers->name(unlucky)));
  if (peers->rank() == unlucky) CHECK_THROWS(peers->together(body));
  CHECK_FALSE(peers->broken());
  CHECK_NOTHROW(peers->together([] {}));
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

TEST_CASE("Gradients that leave in buckets while backward runs are the sums that one call would give", "[group]") {
  const auto group = world_collectives(torch::kCPU);
  const auto space = find_space("avmnist-audio");
  const auto inputs = noise({4, 1, 20, 20}, fmt::format("inputs of rank {}", group->rank().value));
  const auto gradients = [&](std::int64_t bucket_elements) {
    Supernet supernet(space, 4, Seed{1});
    FlatParameters flat(supernet);
    GradientExchange exchange(flat, *group, bucket_elements);
    // Two sub-networks: what the first leaves behind is summed too, though the last does not touch all of it.
    for (const auto* genome : {"largest", "smallest"}) {
      TrainingMode mode(nullptr, false, {});
      const auto loss = forward(supernet, parse_genome(genome, space), inputs, mode).logits.square().mean();
      if (std::string_view(genome) == "largest")
        loss.backward();
      else
        exchange.backward_and_sum(loss);
    }
    if (group->size() > 1) CHECK(exchange.buckets() > 0);
    if (group->size() > 1 && bucket_elements == 1) CHECK(exchange.sent_early() > exchange.buckets() / 2);
    return flat.gradients().clone();
  };
  const auto whole = gradients(std::numeric_limits<std::int64_t>::max() / 2);
  CHECK(relative_error(gradients(1), whole) < 1e-6);
  CHECK(relative_error(gradients(5000), whole) < 1e-6);
}

namespace {

TrainingData small_data() {
  return {noise({48, 1, 20, 20}, "train"), torch::arange(48).remainder(4), noise({12, 1, 20, 20}, "val"),
          torch::arange(12).remainder(4), LabelKind::classification};
}

SupernetTrainingSettings small_training() {
  SupernetTrainingSettings settings;
  settings.epochs = 1;
  settings.batch = 16;
  settings.dropout = settings.drop_connect = 0;
  settings.ema = 0;
  settings.warmup_epochs = 0;
  return settings;
}

}  // namespace

TEST_CASE("Training on several ranks takes the steps of one rank and ends with its weights", "[group]") {
  const auto group = world_collectives(torch::kCPU);
  const auto solo = solo_collectives();
  const auto data = small_data();
  auto settings = small_training();
  // Steps in proportion to gradients keep the ranks' rounding small enough to compare gradients of later steps.
  settings.optimizer = Optimizer::sgd;
  settings.lr = 0.02;
  const Supernet initial(find_space("avmnist-audio"), 4, Seed{1});
  const auto train = [&](Collectives& ranks, std::vector<torch::Tensor>& gradients) {
    TrainingControl control;
    control.inspect = [&](const torch::Tensor& sums) { gradients.push_back(sums.clone()); };
    return train_supernet(initial, data, settings, ranks, torch::kCPU, control);
  };
  std::vector<torch::Tensor> of_one, of_all;
  const auto alone = train(*solo, of_one), together = train(*group, of_all);
  REQUIRE(of_one.size() == 3);
  REQUIRE(of_all.size() == 3);
  for (std::size_t step = 0; step < of_one.size(); ++step) {
    INFO("step " << step);
    CHECK(relative_error(of_all[step], of_one[step]) < 1e-5);  // of the step's largest gradient
  }
  if (group->rank().value != 0) return;  // the others hand back no result
  for (std::size_t i = 0; i < initial.tensors().size(); ++i) {
    const auto& [name, start] = initial.tensors()[i];
    INFO(name);
    CHECK((together.supernet.tensors()[i].second - alone.supernet.tensors()[i].second).abs().max().item<double>() <
          1e-3);
  }
  const std::string moved = "classifier.linear.weight";
  CHECK((alone.supernet.tensor(moved) - initial.tensor(moved)).abs().max().item<double>() > 1e-3);
  CHECK(together.times.steps == 3);
}

TEST_CASE("An epoch of the default training ends with the same weights on any number of ranks", "[group]") {
  const auto group = world_collectives(torch::kCPU);
  // Of four classes, each a pattern of its own under noise: gradients of a size as real data give them.
  const auto samples = [](std::int64_t count, const std::string& seed) {
    const auto labels = torch::arange(count).remainder(4);
    return std::pair(noise({4, 1, 20, 20}, "patterns").index_select(0, labels) + noise({count, 1, 20, 20}, seed),
                     labels);
  };
  const auto [train, train_labels] = samples(512, "train");
  const auto [val, val_labels] = samples(16, "val");
  const TrainingData data{train, train_labels, val, val_labels, LabelKind::classification};
  SupernetTrainingSettings settings;
  settings.epochs = 1;
  settings.dropout = settings.drop_connect = 0;
  settings.sync_batch_norm = SyncBatchNorm::on;
  const Supernet initial(find_space("avmnist-audio"), 4, Seed{1});
  const auto alone = train_supernet(initial, data, settings, *solo_collectives(), torch::kCPU);
  const auto together = train_supernet(initial, data, settings, *group, torch::kCPU);
  if (group->rank().value != 0) return;  // the others hand back no result
  CHECK(together.times.steps == 8);
  for (std::size_t i = 0; i < initial.parameters().size(); ++i)
    CHECK((together.supernet.parameters()[i] - alone.supernet.parameters()[i]).abs().max().item<double>() < 1e-3);
}

TEST_CASE("A training that fails on one rank ends on all", "[group]") {
  const auto group = world_collectives(torch::kCPU);
  auto data = small_data();
  data.train_labels[17] = 9;  // of 4 classes; one rank alone meets it
  const Supernet initial(find_space("avmnist-audio"), 4, Seed{1});
  CHECK_THROWS_WITH(train_supernet(initial, data, small_training(), *group, torch::kCPU),
                    Catch::Contains("out of bounds"));
  CHECK(group->peers().broken() == (group->size() > 1));
  world_collectives(torch::kCPU)->barrier();
}

TEST_CASE("A batch that is smaller than the group is refused on every rank", "[group]") {
  const auto group = world_collectives(torch::kCPU);
  auto settings = small_training();
  settings.batch = 2;
  const Supernet initial(find_space("avmnist-audio"), 4, Seed{1});
  if (group->size() > 2)
    CHECK_THROWS_AS(train_supernet(initial, small_data(), settings, *group, torch::kCPU), InputError);
  CHECK_FALSE(group->peers().broken());
}

TEST_CASE("A wish to stop on one rank stops all after the same step", "[group]") {
  const auto group = world_collectives(torch::kCPU);
  TrainingControl control;
  int asked = 0;
  control.stop = [&] { return ++asked == 2 && group->rank().value == group->size() - 1; };
  const Supernet initial(find_space("avmnist-audio"), 4, Seed{1});
  const auto trained = train_supernet(initial, small_data(), small_training(), *group, torch::kCPU, control);
  CHECK(trained.stopped);
  CHECK(trained.times.steps == 2);
}

TEST_CASE("Every rank of a machine gets its share of the threads", "[group]") {
  const auto place = local_place();
  CHECK(place.rank < place.size);
  const int before = at::get_num_threads();
  CHECK(use_threads(0, place) >= 1);
  CHECK(use_threads(3, place) == 3);
  at::set_num_threads(before);
  CHECK(choose_device(Compute::cpu, place) == torch::kCPU);
}

#ifdef HARMONIC_WITH_CUDA
TEST_CASE("The part for NCCL finds all that it needs of the program that loads it, with a GPU or without", "[group]") {
  if (Communicator().rank().value != 0) return;  // once is enough
  void* module = ::dlopen("harmonic-nccl.so", RTLD_NOW);
  INFO((module == nullptr ? ::dlerror() : ""));
  REQUIRE(module != nullptr);
  CHECK(::dlsym(module, "harmonic_make_nccl_collectives") != nullptr);
}
#endif

}  // namespace harmonic
