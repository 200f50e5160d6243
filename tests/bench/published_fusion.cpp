#include "published_fusion.hpp"

#include <cmath>
#include <string>

#include <fmt/format.h>
#include <torch/nn.h>
#include <torch/types.h>

#include "core/base/error.hpp"

namespace harmonic::bench {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

struct Reshape final : nn::Module {
  Reshape(int in_channels, const StateShape& shape)
      : conv(register_module("conv", nn::Conv1d(nn::Conv1dOptions(in_channels, shape.channels, 1)))),
        bn(register_module("bn", nn::BatchNorm1d(shape.channels))),
        dropout(register_module("dropout", nn::Dropout(shape.dropout))),
        side(static_cast<int>(std::lround(std::sqrt(shape.positions)))) {}
  Tensor forward(const Tensor& map) {
    const Tensor pooled = std::get<0>(torch::adaptive_max_pool2d(map, {side, side})).flatten(2);
    return dropout(torch::relu(bn(conv(pooled))));
  }
  nn::Conv1d conv;
  nn::BatchNorm1d bn;
  nn::Dropout dropout;
  int side;
};

struct Operator : nn::Module {
  virtual Tensor forward(const Tensor& x, const Tensor& y) = 0;
};

struct Sum final : Operator {
  Tensor forward(const Tensor& x, const Tensor& y) override { return x + y; }
};

struct ScaleDotAttn final : Operator {
  explicit ScaleDotAttn(const StateShape& shape)
      : ln(register_module("ln", nn::LayerNorm(nn::LayerNormOptions({shape.channels, shape.positions})))),
        dropout(register_module("dropout", nn::Dropout(shape.dropout > 0 ? 0.1 : 0.0))) {}
  Tensor forward(const Tensor& x, const Tensor& y) override {
    const Tensor query = x.transpose(1, 2), value = y.transpose(1, 2);
    const Tensor scores = torch::matmul(query, y) / std::sqrt(static_cast<double>(x.size(1)));
    return ln(dropout(torch::matmul(torch::softmax(scores, 2), value).transpose(1, 2)));
  }
  nn::LayerNorm ln;
  nn::Dropout dropout;
};

struct Convolving : Operator {
  Convolving(const StateShape& shape, int width)
      : conv(register_module("conv", nn::Conv1d(nn::Conv1dOptions(2 * shape.channels, width, 1)))),
        bn(register_module("bn", nn::BatchNorm1d(width))),
        dropout(register_module("dropout", nn::Dropout(shape.dropout))) {}
  Tensor forward(const Tensor& x, const Tensor& y) override {
    return dropout(activation(bn(conv(torch::cat({x, y}, 1)))));
  }
  virtual Tensor activation(const Tensor& v) = 0;
  nn::Conv1d conv;
  nn::BatchNorm1d bn;
  nn::Dropout dropout;
};

struct LinearGLU final : Convolving {
  explicit LinearGLU(const StateShape& shape) : Convolving(shape, 2 * shape.channels) {}
  Tensor activation(const Tensor& v) override { return torch::glu(v, 1); }
};
struct ConcatFC final : Convolving {
  explicit ConcatFC(const StateShape& shape) : Convolving(shape, shape.channels) {}
  Tensor activation(const Tensor& v) override { return torch::relu(v); }
};
struct CatConvMish final : Convolving {
  explicit CatConvMish(const StateShape& shape) : Convolving(shape, shape.channels) {}
  Tensor activation(const Tensor& v) override { return v * torch::tanh(nn::functional::softplus(v)); }
};

struct SE1 final : Operator {
  explicit SE1(const StateShape& shape)
      : fc_squeeze(register_module("fc_squeeze", nn::Linear(shape.channels, shape.channels))) {}
  Tensor forward(const Tensor& x, const Tensor& y) override {
    return y * torch::sigmoid(torch::relu(fc_squeeze(x.mean(2)))).unsqueeze(2);
  }
  nn::Linear fc_squeeze;
};

std::shared_ptr<Operator> make_operator(const std::string& name, const StateShape& shape) {
  if (name == "Sum") return std::make_shared<Sum>();
  if (name == "ScaleDotAttn") return std::make_shared<ScaleDotAttn>(shape);
  if (name == "LinearGLU") return std::make_shared<LinearGLU>(shape);
  if (name == "ConcatFC") return std::make_shared<ConcatFC>(shape);
  if (name == "SE1") return std::make_shared<SE1>(shape);
  if (name == "CatConvMish") return std::make_shared<CatConvMish>(shape);
  throw InputError(fmt::format("the published search has no operator {}", name), "leave it out");
}

/// Every edge a weighted sum of `none` (zeros) and `skip`.
Tensor mixed_edges(const std::vector<Tensor>& states, const Tensor& edges, std::int64_t& row) {
  Tensor sum;
  for (const auto& state : states) {
    const Tensor edge = edges[row][0] * state.mul(0.0) + edges[row][1] * state;
    sum = sum.defined() ? sum + edge : edge;
    ++row;
  }
  return sum;
}

struct Cell final : nn::Module {
  Cell(int nodes, const std::vector<std::string>& operators, const StateShape& shape)
      : ln(register_module("ln", nn::LayerNorm(nn::LayerNormOptions({shape.channels, shape.positions})))) {
    for (int step = 0; step < nodes; ++step) {
      auto& candidates = steps.emplace_back();
      const auto holder = register_module(fmt::format("{}", step), std::make_shared<nn::Module>());
      for (const auto& name : operators)
        candidates.push_back(holder->register_module(name, make_operator(name, shape)));
    }
  }
  Tensor forward(const Tensor& x, const Tensor& beta, const Tensor& gamma) {
    std::vector<Tensor> states{x, x};
    std::int64_t row = 0;
    for (std::size_t step = 0; step < steps.size(); ++step) {
      const Tensor input = mixed_edges(states, beta, row);
      Tensor sum;
      for (std::size_t i = 0; i < steps[step].size(); ++i) {
        const Tensor weighted = gamma[static_cast<std::int64_t>(step)][static_cast<std::int64_t>(i)] *
                                steps[step][i]->forward(input, input);
        sum = sum.defined() ? sum + weighted : weighted;
      }
      states.push_back(sum);
    }
    return ln(states.back() + x);
  }
  std::vector<std::vector<std::shared_ptr<Operator>>> steps;
  nn::LayerNorm ln;
};

struct Head final : nn::Module {
  Head(int states, int classes, const StateShape& shape)
      : ln(register_module("ln", nn::LayerNorm(nn::LayerNormOptions({states * shape.channels, shape.positions})))),
        classifier(register_module("classifier", nn::Linear(states * shape.channels * shape.positions, classes))) {}
  Tensor forward(const std::vector<Tensor>& states) {
    return classifier(torch::relu(ln(torch::cat(states, 1))).flatten(1));
  }
  nn::LayerNorm ln;
  nn::Linear classifier;
};

}  // namespace

struct PublishedNetwork::Parts {
  std::vector<std::shared_ptr<Reshape>> reshape;
  std::vector<std::shared_ptr<Cell>> cells;
  std::shared_ptr<Head> head;
  int multiplier = 0;
};

PublishedNetwork::PublishedNetwork(const FusionLayout& layout) : parts_(std::make_unique<Parts>()) {
  for (std::size_t i = 0; i < layout.input_channels.size(); ++i)
    parts_->reshape.push_back(register_module(fmt::format("reshape_{}", i),
                                              std::make_shared<Reshape>(layout.input_channels[i], layout.shape)));
  for (int i = 0; i < layout.macro.cells; ++i)
    parts_->cells.push_back(register_module(
        fmt::format("cell_{}", i), std::make_shared<Cell>(layout.macro.nodes, layout.operators, layout.shape)));
  parts_->head = register_module("head", std::make_shared<Head>(layout.multiplier, layout.classes, layout.shape));
  parts_->multiplier = layout.multiplier;
}

PublishedNetwork::~PublishedNetwork() = default;

Tensor PublishedNetwork::forward(const std::vector<Tensor>& maps, const Architecture& weights) {
  std::vector<Tensor> states;
  for (std::size_t i = 0; i < maps.size(); ++i) states.push_back(parts_->reshape[i]->forward(maps[i]));
  std::int64_t row = 0;
  for (std::size_t c = 0; c < parts_->cells.size(); ++c)
    states.push_back(
        parts_->cells[c]->forward(mixed_edges(states, weights.alphas, row), weights.betas[c], weights.gammas[c]));
  return parts_->head->forward({states.end() - parts_->multiplier, states.end()});
}

}  // namespace harmonic::bench
