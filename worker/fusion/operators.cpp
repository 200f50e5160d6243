#include "worker/fusion/operators.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>
#include <torch/types.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/hardware/fusion_operators.hpp"

namespace harmonic {

using torch::Tensor;

Tensor Sum::forward(const Tensor& x, const Tensor& y, Mode) {
  return x + y;
}

ScaleDotAttn::ScaleDotAttn(const StateShape& shape)
    : ln(torch::nn::LayerNormOptions({shape.lanes * shape.channels, shape.positions})),
      dropout(shape.dropout > 0 ? 0.1 : 0.0),
      lanes_(shape.lanes) {
  register_module("ln", ln);
}

Tensor ScaleDotAttn::forward(const Tensor& x, const Tensor& y, Mode mode) {
  const double scale = 1 / std::sqrt(static_cast<double>(x.size(2)));
  const Tensor attention = at::softmax(at::bmm(x, y.transpose(1, 2)) * scale, 2);
  return layer_norm_rows(ln, dropout_rows(at::bmm(attention, y), dropout, mode), lanes_);
}

ConvolvingOperator::ConvolvingOperator(const StateShape& shape, int width, Nonlinearity kind)
    : conv(torch::nn::Conv1dOptions(shape.lanes * 2 * shape.channels, shape.lanes * width, 1).groups(shape.lanes)),
      bn(shape.lanes * width),
      nonlinearity(kind),
      dropout(shape.dropout),
      lanes_(shape.lanes) {
  register_module("conv", conv);
  register_module("bn", bn);
}

Tensor ConvolvingOperator::forward(const Tensor& x, const Tensor& y, Mode mode) {
  return norm_activate(conv_rows(conv, x, y, lanes_), bn, nonlinearity, dropout, lanes_, mode);
}

SqueezeExcite::SqueezeExcite(const StateShape& shape)
    : fc_squeeze(shape.channels, shape.lanes * shape.channels), lanes_(shape.lanes) {
  register_module("fc_squeeze", fc_squeeze);
}

Tensor SqueezeExcite::excitation(const Tensor& squeezed) {
  return at::sigmoid(at::relu(linear_rows(squeezed.mean(1), fc_squeeze->weight, fc_squeeze->bias, lanes_)));
}

Tensor SE1::forward(const Tensor& x, const Tensor& y, Mode) {
  return y * excitation(x).unsqueeze(1);
}
Tensor SE2::forward(const Tensor& x, const Tensor& y, Mode) {
  return x * excitation(y).unsqueeze(1);
}

LowRankTensorFusion::LowRankTensorFusion(const StateShape& shape) {
  if (shape.lanes > 1)
    throw InputError("fusion operator LowRankTensorFusion does not run in several lanes", "set pairs-at-once to 1");
  const std::int64_t length = static_cast<std::int64_t>(shape.channels) * shape.positions;
  factor_x = register_parameter("factor_x", torch::nn::init::xavier_normal_(torch::empty({kRank, length + 1, length})));
  factor_y = register_parameter("factor_y", torch::nn::init::xavier_normal_(torch::empty({kRank, length + 1, length})));
  fusion_weights = register_parameter("fusion_weights", torch::nn::init::xavier_normal_(torch::empty({1, kRank})));
  fusion_bias = register_parameter("fusion_bias", torch::zeros({1, length}));
}

Tensor LowRankTensorFusion::forward(const Tensor& x, const Tensor& y, Mode) {
  const auto projected = [](const Tensor& state, const Tensor& factor) {  // (rank, N, C*L)
    const Tensor flat = state.transpose(1, 2).flatten(1);
    return at::matmul(flat, factor.slice(1, 1)) + factor.slice(1, 0, 1);
  };
  const Tensor ranks = projected(x, factor_x) * projected(y, factor_y);
  const Tensor flat = at::einsum("r,rnf->nf", {fusion_weights[0], ranks}) + fusion_bias;
  return flat.view({x.size(0), x.size(2), x.size(1)}).transpose(1, 2).contiguous();
}

namespace {

using Maker = std::function<std::shared_ptr<FusionOperator>(const StateShape&)>;

template <class Operator>
std::pair<const std::string, Maker> maker(const char* name) {
  return {name, [](const StateShape& shape) { return std::make_shared<Operator>(shape); }};
}

/// One for every row of fusion_operator_table().
const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> table = {
      maker<Sum>("Sum"),
      maker<ScaleDotAttn>("ScaleDotAttn"),
      maker<LinearGLU>("LinearGLU"),
      maker<ConcatFC>("ConcatFC"),
      maker<SE1>("SE1"),
      maker<SE2>("SE2"),
      maker<CatConvMish>("CatConvMish"),
      maker<LowRankTensorFusion>("LowRankTensorFusion"),
  };
  return table;
}

const Maker& find_maker(std::string_view name) {
  return makers().at(find_fusion_operator(name).name);
}

}  // namespace

std::shared_ptr<FusionOperator> make_fusion_operator(std::string_view name, const StateShape& shape) {
  return find_maker(name)(shape);
}

bool runs_in_lanes(const std::vector<std::string>& names) {
  return std::ranges::all_of(names, [](const auto& name) { return find_fusion_operator(name).in_lanes; });
}

void check_fusion_operators(const std::vector<std::string>& names) {
  if (names.empty()) throw InputError("fusion has no operators", "list them as operators in [fusion]");
  std::set<std::string> seen;
  for (const auto& name : names) {
    (void)find_maker(name);
    if (!seen.insert(name).second)
      throw InputError(fmt::format("fusion operator {} is listed twice", name), "list every operator once");
  }
}

}  // namespace harmonic
