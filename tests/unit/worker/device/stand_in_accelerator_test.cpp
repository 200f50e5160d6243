#include "tests/support/stand_in_accelerator.hpp"

#include <functional>
#include <vector>

#include <catch2/catch.hpp>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "worker/fusion/fused_adam.hpp"
#include "worker/tensor/upload.hpp"

namespace harmonic {
namespace {

using testing::device_calls_of;
using testing::stand_in_accelerator;
using torch::Tensor;

/// Losses of three steps of a small network on some device.
std::vector<Tensor> small_training(torch::Device device) {
  torch::manual_seed(5);
  torch::nn::Sequential network(torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 8, 3).padding(1)),
                                torch::nn::BatchNorm2d(8));
  const auto x = torch::randn({6, 3, 8, 8}).to(device);
  const auto labels = torch::arange(6).remainder(4).to(device);
  const auto classifier = torch::randn({8, 4}).to(device).requires_grad_();
  network->to(device);
  auto parameters = network->parameters();
  parameters.push_back(classifier);
  torch::optim::SGD sgd(parameters, torch::optim::SGDOptions(0.1).momentum(0.9));
  std::vector<Tensor> told;
  for (int step = 0; step < 3; ++step) {
    sgd.zero_grad();
    const auto pooled = at::relu(network->forward(x)).mean({2, 3});
    const auto loss = at::cross_entropy_loss(at::matmul(pooled, classifier), labels);
    loss.backward();
    sgd.step();
    told.push_back(loss.detach().cpu());
  }
  for (const auto& buffer : network->buffers()) told.push_back(buffer.cpu());
  return told;
}

}  // namespace

TEST_CASE("On the stand-in accelerator a training gives the CPU's numbers, running statistics too", "[device]") {
  const auto there = small_training(stand_in_accelerator()), here = small_training(torch::kCPU);
  REQUIRE(there.size() == here.size());
  for (std::size_t i = 0; i < here.size(); ++i) CHECK(torch::equal(there[i], here[i]));
  CHECK(here[2].item<double>() < here[0].item<double>());
}

TEST_CASE("Attention, layer norm and the fused optimiser run there, and gradients are the CPU's", "[device]") {
  const auto run = [](torch::Device device) {
    torch::manual_seed(6);
    const auto x = torch::randn({4, 5, 6}).to(device).requires_grad_();
    const auto weight = torch::randn({5, 6}).to(device).requires_grad_();
    FusedAdam adam({x, weight}, {.lr = 0.1});
    const auto attention = at::softmax(at::bmm(x, x.transpose(1, 2)), 2);
    at::layer_norm(at::bmm(attention, x), {5, 6}, weight).square().sum().backward();
    const auto gradient = x.grad().cpu();
    adam.step();
    return std::vector{gradient, x.detach().cpu(), weight.detach().cpu()};
  };
  const auto there = run(stand_in_accelerator()), here = run(torch::kCPU);
  for (std::size_t i = 0; i < here.size(); ++i) CHECK(torch::equal(there[i], here[i]));
}

TEST_CASE("An operator whose tensors lie on different devices is refused, but for a single number", "[device]") {
  const auto there = torch::ones({3, 2}).to(stand_in_accelerator());
  const auto here = torch::ones({3, 2});
  CHECK_THROWS_WITH(there + here, Catch::Contains("aten::add"));
  CHECK_THROWS_WITH(here * there, Catch::Contains("aten::mul"));
  CHECK_THROWS_WITH(torch::cat({there, here}), Catch::Contains("aten::cat"));
  CHECK_THROWS_WITH(there.index_select(0, torch::arange(2)), Catch::Contains("aten::index_select"));
  CHECK_THROWS_WITH(torch::conv2d(there.view({1, 1, 3, 2}), torch::ones({1, 1, 1, 1})), Catch::Contains("convolution"));
  CHECK_THROWS(
      torch::add_out(const_cast<Tensor&>(here), there, there));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  CHECK((there + torch::tensor(2.0F)).sum().item<double>() == 18);
  CHECK((there * 2).sum().item<double>() == 12);
}

TEST_CASE("Views share their memory there, and results may be asked for at another size", "[device]") {
  const auto device = stand_in_accelerator();
  const auto x = torch::zeros({4, 6}).to(device);
  x.narrow(1, 2, 2).transpose(0, 1)[0].fill_(3);
  x.view({24})[0] = 1;
  x.unfold(1, 2, 2).select(1, 2).add_(1);
  const auto expected = [&] {
    auto y = torch::zeros({4, 6});
    y.narrow(1, 2, 2).transpose(0, 1)[0].fill_(3);
    y.view({24})[0] = 1;
    y.unfold(1, 2, 2).select(1, 2).add_(1);
    return y;
  }();
  CHECK(torch::equal(x.cpu(), expected));
  auto out = torch::empty({0}, torch::TensorOptions(device));
  torch::mm_out(out, x, x.t());
  CHECK(torch::equal(out.cpu(), torch::mm(expected, expected.t())));
  CHECK(out.device() == device);
}

TEST_CASE("What a GPU would be asked for is counted: kernels, waits, copies to it", "[device]") {
  const auto device = stand_in_accelerator();
  const auto x = torch::ones({4, 4}).to(device);
  const auto of = [&](const std::function<void()>& body) { return device_calls_of(body); };
  CHECK(of([&] { (void)(x + x); }).launches == 1);
  CHECK(of([&] { (void)x.t().narrow(0, 1, 2).unsqueeze(0); }).launches == 0);
  CHECK(of([&] { (void)torch::empty({5}, torch::TensorOptions(device)); }).launches == 0);
  CHECK(of([&] { (void)x.t().contiguous(); }).launches == 1);
  const auto reading = of([&] { (void)x.sum().item<float>(); });
  CHECK(reading.launches == 1);
  CHECK(reading.waits == 1);
  CHECK(of([&] { (void)x.cpu(); }).waits == 1);
  const auto sending = of([&] { (void)torch::ones({2}).to(device); });
  CHECK(sending.waits == 1);
  CHECK(sending.uploads == 1);
  const auto passing = of([&] { (void)uploaded(torch::ones({2}), device); });
  CHECK(passing.waits == 0);
  CHECK(passing.uploads == 1);
  CHECK(of([&] { (void)x.nonzero(); }).waits == 1);
  const auto training = of([&] {
    const auto y = torch::ones({4, 4}).to(device).requires_grad_();
    (y * x).sum().backward();
  });
  CHECK(training.by_operator.contains("aten::mul"));  // backward's, on a thread of LibTorch's own, among them
  CHECK(training.by_operator.at("aten::mul") >= 2);
}

}  // namespace harmonic
