#include "worker/fusion/operators.hpp"

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/error.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "golden.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/fusion/reshape_layer.hpp"

namespace harmonic {
namespace {

using testing::golden_tensor;
using testing::relative_error;
using testing::turned;
using torch::Tensor;

constexpr double kTolerance = 1e-4;

/// Compares the gradients of (out . upstream) with a group's dx, dy, dparam, whose names end in `suffix`.
void check_gradients(const Hdf5File& file, const std::string& group, const std::string& suffix, FusionOperator& op,
                     const Tensor& x, const Tensor& y, const Tensor& out, const Tensor& upstream) {
  op.zero_grad();
  x.mutable_grad() = Tensor();
  y.mutable_grad() = Tensor();
  out.backward(upstream, /*retain_graph=*/true);
  CHECK(relative_error(turned(x.grad()), golden_tensor(file, group + "/dx" + suffix)) < kTolerance);
  CHECK(relative_error(turned(y.grad()), golden_tensor(file, group + "/dy" + suffix)) < kTolerance);
  for (const auto& item : op.named_parameters()) {
    INFO("gradient of " << item.key() << suffix);
    // A bias before batch norm gets 128 terms of order 1 that cancel to 0: rounding is all that is left of them.
    const double floor = item.key() == "conv.bias" ? 10.0 : 1.0;
    const Tensor expected = golden_tensor(file, group + "/dparam" + suffix + "/" + item.key());
    CHECK(relative_error(item.value().grad(), expected, floor) < kTolerance);
  }
}

}  // namespace

TEST_CASE("Every fusion operator agrees with its golden outputs and gradients", "[fusion][shared]") {
  const auto path = testing::shared_data("golden/fusion_ops.h5");
  if (!path) return;
  const Hdf5File file(*path, Hdf5File::Mode::read);
  const Tensor upstream = turned(golden_tensor(file, "/upstream"));
  for (const std::string name : {"Sum", "ScaleDotAttn", "LinearGLU", "ConcatFC", "SE1", "CatConvMish", "SE2"})
    for (const Mode mode : {Mode::eval, Mode::train}) {
      const std::string group = "/" + name + (mode == Mode::eval ? "/eval" : "/train");
      INFO(group);
      const auto op = make_fusion_operator(name, {192, 16, 0.0});
      testing::load_golden(*op, file, "/" + name + "/params");
      const Tensor x = turned(golden_tensor(file, "/x")).requires_grad_();
      const Tensor y = turned(golden_tensor(file, "/y")).requires_grad_();
      const Tensor out = op->forward(x, y, mode);
      CHECK(relative_error(turned(out), golden_tensor(file, group + "/out")) < kTolerance);
      check_gradients(file, group, "", *op, x, y, out, torch::ones_like(out));
      check_gradients(file, group, "_up", *op, x, y, out, upstream);
      if (mode == Mode::train && file.exists(group + "/bn_after"))
        for (const auto& item : op->named_buffers())
          if (item.value().is_floating_point()) {
            const auto stored = "bn/" + item.key().substr(3);
            CHECK(relative_error(item.value(), golden_tensor(file, group + "/bn_after/" + stored)) < kTolerance);
          }
    }
}

TEST_CASE("Every reshape layer agrees with its golden output and input gradient", "[fusion][shared]") {
  const auto path = testing::shared_data("golden/reshape_layers.h5");
  if (!path) return;
  const Hdf5File file(*path, Hdf5File::Mode::read);
  for (const auto& layer : file.members("/"))
    for (const Mode mode : {Mode::eval, Mode::train}) {
      const std::string group = "/" + layer + (mode == Mode::eval ? "/eval" : "/train");
      INFO(group);
      const Tensor input = golden_tensor(file, "/" + layer + "/input").requires_grad_();
      ReshapeLayer reshape(static_cast<int>(input.size(1)), {192, 16, 0.0});
      testing::load_golden(reshape, file, "/" + layer + "/params");
      const Tensor out = reshape.forward(feature_rows(pooled_feature(input, 4)), mode);
      CHECK(relative_error(turned(out), golden_tensor(file, group + "/out")) < kTolerance);
      out.backward(torch::ones_like(out));
      CHECK(relative_error(input.grad(), golden_tensor(file, group + "/dinput")) < kTolerance);
      if (mode == Mode::train)
        for (const std::string name : {"running_mean", "running_var"})
          CHECK(relative_error(reshape.named_buffers()["bn." + name],
                               golden_tensor(file, group + "/bn_after/" + name)) < kTolerance);
    }
}

TEST_CASE("A vector feature is reshaped like the 4x4 map that repeats it", "[fusion]") {
  torch::manual_seed(3);
  ReshapeLayer vector(6, {8, 16, 0.0});
  ReshapeLayer map(6, {8, 16, 0.0});
  {
    torch::NoGradGuard no_grad;
    for (auto& item : map.named_parameters()) item.value().copy_(vector.named_parameters()[item.key()]);
  }
  const Tensor features = torch::randn({5, 6});
  const Tensor repeated = features.view({5, 6, 1, 1}).expand({5, 6, 4, 4}).contiguous();
  const Tensor a = vector.forward(feature_rows(pooled_feature(features, 4)), Mode::train);
  const Tensor b = map.forward(feature_rows(pooled_feature(repeated, 4)), Mode::train);
  CHECK(relative_error(a, b) < 1e-5);
  CHECK(relative_error(vector.bn->running_var, map.bn->running_var) < 1e-5);
}

TEST_CASE("Low-rank tensor fusion is the sum over ranks of products of projections", "[fusion]") {
  torch::manual_seed(4);
  const StateShape shape{3, 2, 0.0};
  LowRankTensorFusion op(shape);
  const Tensor x = torch::randn({1, 2, 3}), y = torch::randn({1, 2, 3});
  const Tensor out = op.forward(x, y, Mode::eval);
  const auto with_one = [](const Tensor& state) {
    return torch::cat({torch::ones({1}), state.transpose(1, 2).flatten()});  // 1, then channel by channel
  };
  Tensor expected = op.fusion_bias.detach().clone()[0];
  for (int r = 0; r < LowRankTensorFusion::kRank; ++r)
    expected += op.fusion_weights[0][r].detach() * at::matmul(with_one(x), op.factor_x[r].detach()) *
                at::matmul(with_one(y), op.factor_y[r].detach());
  CHECK(relative_error(turned(out).flatten(), expected) < 1e-5);
}

TEST_CASE("Every fusion operator of core's table can be computed, with the parameters that the table counts",
          "[fusion]") {
  constexpr int kChannels = 6, kPositions = 4;
  for (const auto& row : fusion_operator_table()) {
    INFO(row.name);
    const auto op = make_fusion_operator(row.name, {kChannels, kPositions, 0.0});
    const Tensor x = torch::randn({3, kPositions, kChannels}), y = torch::randn({3, kPositions, kChannels});
    CHECK(op->forward(x, y, Mode::eval).sizes() == x.sizes());
    double counted = 0, held = 0;
    for (const auto& kernel : row.kernels(kChannels, kPositions)) counted += kernel.parameters;
    for (const auto& parameter : op->parameters()) held += static_cast<double>(parameter.numel());
    CHECK(counted == held);
  }
}

TEST_CASE("An unknown fusion operator is refused with the nearest name", "[fusion]") {
  CHECK_THROWS_WITH(make_fusion_operator("LinearGlu", {}),
                    Catch::Contains("LinearGlu") && Catch::Contains("LinearGLU?"));
  CHECK_THROWS_AS(check_fusion_operators({"Sum", "Sum"}), InputError);
  CHECK_THROWS_AS(check_fusion_operators({}), InputError);
}

}  // namespace harmonic
