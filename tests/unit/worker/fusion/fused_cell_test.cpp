#include "worker/fusion/fused_cell.hpp"

#include <mutex>
#include <set>
#include <thread>

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

#include "golden.hpp"
#include "worker/fusion/fused_chunks.hpp"
#include "worker/fusion/mixed_network.hpp"

namespace harmonic {
namespace {

using testing::relative_error;
using torch::Tensor;

const std::vector<std::string> kOperators = {"Sum", "ScaleDotAttn", "LinearGLU", "ConcatFC", "SE1", "CatConvMish"};

struct Outcome {
  std::vector<std::pair<std::string, Tensor>> tensors;
};

/// Output, gradients and running statistics of a cell of drawn weights; composed in `type`, or fused in float32.
Outcome run(bool fused, torch::ScalarType type, const std::vector<std::string>& operators, int nodes,
            const StateShape& shape, std::int64_t samples, Mode mode) {
  torch::manual_seed(31);
  MixedNode cell(nodes, operators, shape);
  {
    torch::NoGradGuard no_grad;
    for (auto& item : cell.named_parameters())
      if (item.value().dim() < 3) item.value().add_(torch::randn_like(item.value()), 0.3);
    for (auto& item : cell.named_buffers())
      if (item.value().is_floating_point()) item.value().uniform_(0.5, 2);
  }
  const std::int64_t edges = nodes * (nodes + 3) / 2;
  const auto drawn = [&](at::IntArrayRef sizes) { return torch::randn(sizes).to(type).requires_grad_(); };
  const Tensor x = drawn({samples, shape.positions, shape.channels});
  const Tensor beta = drawn({edges, 2}), gamma = drawn({nodes, static_cast<std::int64_t>(operators.size())});
  const Tensor upstream = torch::randn(x.sizes()).to(type);
  cell.to(type);
  if (mode == Mode::architecture)
    for (auto& parameter : cell.parameters()) parameter.set_requires_grad(false);
  if (mode == Mode::train) {
    beta.set_requires_grad(false);
    gamma.set_requires_grad(false);
  }
  const Tensor out = fused ? cell.forward(x, beta, gamma, mode) : cell.forward_composed(x, beta, gamma, mode);
  out.backward(upstream);
  Outcome outcome{{{"output", out}, {"x", x.grad()}}};
  if (mode != Mode::train) {
    outcome.tensors.emplace_back("beta", beta.grad());
    outcome.tensors.emplace_back("gamma", gamma.grad());
  }
  for (auto& item : cell.named_parameters())
    if (mode != Mode::architecture) outcome.tensors.emplace_back(item.key(), item.value().grad());
  for (auto& item : cell.named_buffers())
    if (item.value().is_floating_point()) outcome.tensors.emplace_back(item.key(), item.value());
  return outcome;
}

void check_agreement(const std::vector<std::string>& operators, int nodes, const StateShape& shape,
                     std::int64_t samples) {
  for (const Mode mode : {Mode::train, Mode::architecture, Mode::eval}) {
    const Outcome fused = run(true, torch::kFloat32, operators, nodes, shape, samples, mode);
    const Outcome exact = run(false, torch::kFloat64, operators, nodes, shape, samples, mode);
    REQUIRE(fused.tensors.size() == exact.tensors.size());
    for (std::size_t i = 0; i < fused.tensors.size(); ++i) {
      const auto& [name, tensor] = fused.tensors[i];
      INFO("mode " << static_cast<int>(mode) << ", " << name);
      REQUIRE(tensor.defined());
      // The gradient of a bias before batch norm is 0: what double precision leaves of it is no scale.
      CHECK(relative_error(tensor.to(torch::kFloat64), exact.tensors[i].second, 1.0) < 1e-4);
    }
  }
}

}  // namespace

TEST_CASE("A fused cell agrees with the one put together from LibTorch's operators in double precision", "[fusion]") {
  check_agreement(kOperators, 1, {12, 16, 0.0}, 37);  // three chunks, the last one shorter
  check_agreement(kOperators, 3, {24, 4, 0.0}, 20);   // inner edges
  check_agreement(kOperators, 2, {40, 9, 0.0}, 3);    // odd sizes
}

TEST_CASE("A fused cell takes any candidates that it knows, in any order", "[fusion]") {
  check_agreement({"CatConvMish", "SE2", "Sum"}, 2, {10, 4, 0.0}, 9);
  check_agreement({"LinearGLU"}, 2, {10, 4, 0.0}, 9);
  check_agreement({"ConcatFC", "ScaleDotAttn"}, 1, {10, 4, 0.0}, 9);
}

TEST_CASE("Candidates that a fused cell does not know run by themselves", "[fusion]") {
  check_agreement({"LowRankTensorFusion", "ConcatFC"}, 1, {3, 4, 0.0}, 9);
  check_agreement({"SE1", "SE2", "ConcatFC"}, 1, {3, 4, 0.0}, 9);
  check_agreement({"Sum", "ScaleDotAttn"}, 1, {6, 4, 0.0}, 9);
}

TEST_CASE("A fused cell's chunks are shared out among the threads, which change nothing", "[fusion]") {
  const int before = at::get_num_threads();
  std::mutex mutex;
  std::set<std::thread::id> seen;
  at::set_num_threads(2);
  fused::for_chunks({64, 16, 8}, [&](const fused::Chunk&) {
    const std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  CHECK(seen.size() == 2);
  const Outcome two = run(true, torch::kFloat32, kOperators, 3, {24, 16, 0.2}, 100, Mode::train);
  at::set_num_threads(1);
  const Outcome one = run(true, torch::kFloat32, kOperators, 3, {24, 16, 0.2}, 100, Mode::train);
  at::set_num_threads(before);
  REQUIRE(two.tensors.size() == one.tensors.size());
  for (std::size_t i = 0; i < one.tensors.size(); ++i) {
    INFO(one.tensors[i].first);
    CHECK(relative_error(two.tensors[i].second, one.tensors[i].second, 1.0) < 1e-6);
  }
}

TEST_CASE("A fused cell's dropout is the same in both directions", "[fusion]") {
  torch::manual_seed(33);
  MixedNode cell(2, kOperators, {8, 4, 0.4});
  const Tensor beta = torch::rand({5, 2}), gamma = torch::rand({2, 6});
  const auto value = [&](const Tensor& x) {  // the same masks every time
    torch::manual_seed(34);
    return cell.forward(x, beta, gamma, Mode::train);
  };
  const Tensor x = torch::randn({300, 4, 8}).requires_grad_();
  const Tensor upstream = torch::randn(x.sizes()), direction = torch::randn(x.sizes());
  const Tensor out = value(x);
  out.backward(upstream);
  const double predicted = (x.grad() * direction).sum().item<double>();
  torch::NoGradGuard no_grad;
  const double step = 1e-3;
  const Tensor up = value(x + step * direction), down = value(x - step * direction);
  const double measured = ((up - down).to(torch::kFloat64) * upstream).sum().item<double>() / (2 * step);
  CHECK(predicted == Approx(measured).epsilon(0.02));
  torch::manual_seed(35);
  CHECK(relative_error(cell.forward(x, beta, gamma, Mode::train), out) > 0.01);  // other masks
}

}  // namespace harmonic
