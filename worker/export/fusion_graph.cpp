#include "worker/export/fusion_graph.hpp"

#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

using torch::Tensor;
using Value = GraphBuilder::Value;

constexpr float kLayerNormEpsilon = 1e-5F;  // torch::nn::LayerNorm's own

/// A fusion network on its way into a graph.
class FusionWriter {
 public:
  FusionWriter(GraphBuilder& graph, const TensorMap& tensors, const StateShape& shape, int side)
      : graph_(graph), tensors_(tensors), channels_(shape.channels), positions_(shape.positions), side_(side) {}

  Value network(const Genotype& genotype, const FusionValues& values, bool backbone_logits) {
    std::vector<Value> states;
    for (std::size_t i = 0; i < values.inputs.size(); ++i)
      states.push_back(values.inputs[i].value.empty() ? Value() : reshaped(i, values.inputs[i]));
    for (std::size_t c = 0; c < genotype.cells.size(); ++c)
      states.push_back(cell(fmt::format("cell_{}", c), genotype.cells[c], states));
    std::vector<Value> joined;
    for (const int state : genotype.concat) joined.push_back(states.at(static_cast<std::size_t>(state)));
    Value logits = head(joined);
    if (!backbone_logits) return logits;
    const Tensor scales = tensor("head.scales");
    for (std::size_t b = 0; b < values.logits.size(); ++b) {
      const std::string name = fmt::format("head/backbone_{}", b);
      const Value scale = constant(name + "/scale", scales[static_cast<std::int64_t>(b)].view({1}));
      logits = add("Add", name, {logits, add("Mul", name + "/scaled", {values.logits[b], scale})});
    }
    return logits;
  }

  Value late(LateFusion kind, const FusionValues& values) {
    if (kind == LateFusion::sum) return late_sum(values);
    std::vector<Value> parts = values.logits;
    Tensor weight = tensor("late.weight");
    if (kind == LateFusion::maps) {
      parts.clear();
      std::vector<Tensor> turned;
      std::int64_t first = 0;
      for (const int input : values.last) {
        const auto& feature = values.inputs.at(static_cast<std::size_t>(input));
        const std::int64_t places = feature.size > 0 ? positions_ : 1, count = places * feature.channels;
        // The program counts positions before channels, a flattened map channels before positions.
        turned.push_back(
            weight.narrow(1, first, count).reshape({weight.size(0), places, -1}).transpose(1, 2).flatten(1));
        first += count;
        const std::string name = fmt::format("late/{}", parts.size());
        parts.push_back(feature.size > 0 ? flat(name + "/flat", pooled(name + "/pool", feature)) : feature.value);
      }
      weight = at::cat(turned, 1);
    }
    return graph_.linear(path("late/linear"), joined("late/joined", parts), {weight, tensor("late.bias")});
  }

 private:
  [[nodiscard]] static std::string path(const std::string& name) { return "fusion/" + name; }
  [[nodiscard]] const Tensor& tensor(const std::string& name) const { return tensor_of(tensors_, name); }
  Value add(const std::string& op, const std::string& name, std::vector<Value> inputs,
            GraphAttributes attributes = {}) {
    return graph_.add(op, path(name), std::move(inputs), std::move(attributes));
  }
  Value constant(const std::string& name, const Tensor& value) { return graph_.constant(path(name), value); }
  Value flat(const std::string& name, const Value& x) { return add("Flatten", name, {x}, {{"axis", std::int64_t{1}}}); }
  Value joined(const std::string& name, const std::vector<Value>& parts) {
    return parts.size() == 1 ? parts.front() : add("Concat", name, parts, {{"axis", std::int64_t{1}}});
  }

  Value pooled(const std::string& name, const GraphFeature& feature) {
    return graph_.adaptive_max_pool(path(name), feature.value, feature.size, side_);
  }

  /// 1x1 convolution of maps by a weight (out, in, 1) with the batch norm behind it.
  Value convolved(const std::string& name, const Value& x, const FoldedLayer& layer) {
    return graph_.conv(path(name), x, {layer.weight.flatten(1).unsqueeze(2).unsqueeze(3), layer.bias});
  }
  [[nodiscard]] FoldedLayer folded(const std::string& name) const {
    return fold_norm_behind(tensor(name + ".conv.weight"), tensor(name + ".conv.bias"), tensors_, name + ".bn");
  }

  Value layer_norm(const std::string& name, const Value& x, const std::string& of) {
    const auto as_map = [&](const char* part) { return tensor(of + part).view({-1, side_, side_}); };
    return add("LayerNormalization", name,
               {x, constant(name + "/weight", as_map(".weight")), constant(name + "/bias", as_map(".bias"))},
               {{"axis", std::int64_t{1}}, {"epsilon", kLayerNormEpsilon}});
  }

  Value reshaped(std::size_t input, const GraphFeature& feature) {
    const std::string name = fmt::format("reshape_{}", input);
    Value x = feature.size > 0 ? pooled(name + "/pool", feature)
                               : graph_.reshape(path(name + "/map"), feature.value, {0, feature.channels, 1, 1});
    x = add("Relu", name + "/relu", {convolved(name, x, folded(name))});
    if (feature.size > 0 || side_ == 1) return x;
    const Value shape = constant(name + "/shape", torch::tensor(std::vector<std::int64_t>{1, 1, side_, side_}));
    return add("Expand", name + "/repeated", {x, shape});
  }

  Value cell(const std::string& name, const FusionCell& cell, const std::vector<Value>& states) {
    std::vector<Value> own = {states.at(static_cast<std::size_t>(cell.first)),
                              states.at(static_cast<std::size_t>(cell.second))};
    for (std::size_t s = 0; s < cell.steps.size(); ++s) {
      const auto& step = cell.steps[s];
      own.push_back(operation(step.op, fmt::format("{}.{}", name, s), own.at(static_cast<std::size_t>(step.first)),
                              own.at(static_cast<std::size_t>(step.second))));
    }
    return layer_norm(name + "/ln", add("Add", name + "/sum", {own.back(), own.front()}), name + ".ln");
  }

  Value head(const std::vector<Value>& states) {
    const Value normed = layer_norm("head/ln", joined("head/joined", states), "head.ln");
    const Value rows = flat("head/flat", add("Relu", "head/relu", {normed}));
    return graph_.linear(path("head/classifier"), rows,
                         {tensor("head.classifier.weight"), tensor("head.classifier.bias")});
  }

  Value late_sum(const FusionValues& values) {
    const Tensor temperatures = tensor("late.temperatures");
    Value sum;
    for (std::size_t b = 0; b < values.logits.size(); ++b) {
      const std::string name = fmt::format("late/backbone_{}", b);
      const Value temperature = constant(name + "/temperature", temperatures[static_cast<std::int64_t>(b)].view({1}));
      const Value own = add("Div", name, {values.logits[b], temperature});
      sum = b == 0 ? own : add("Add", name + "/sum", {sum, own});
    }
    return sum;
  }

  // ---- the operators of cells, as worker/fusion/operators.hpp has them

  /// Convolution of x and y joined, with its norm.
  Value convolved_pair(const std::string& name, const Value& x, const Value& y) {
    FoldedLayer layer = folded(name);
    if (x != y) return convolved(name, add("Concat", name + "/joined", {x, y}, {{"axis", std::int64_t{1}}}), layer);
    const auto halves = layer.weight.chunk(2, 1);
    return convolved(name, x, {halves[0] + halves[1], layer.bias});
  }

  Value gated(const std::string& name, const Value& squeezed, const Value& excited) {
    const FoldedLayer fc = {tensor(name + ".fc_squeeze.weight"), tensor(name + ".fc_squeeze.bias")};
    const Value mean = add("GlobalAveragePool", name + "/squeeze", {squeezed});
    const Value hidden = add("Relu", name + "/relu", {convolved(name + "/fc", mean, fc)});
    return add("Mul", name, {excited, add("Sigmoid", name + "/gate", {hidden})});
  }

  Value attention(const std::string& name, const Value& x, const Value& y) {
    const auto rows = [&](const char* of, const Value& map) {  // (N, L, C)
      const Value columns = graph_.reshape(path(fmt::format("{}/{}", name, of)), map, {0, channels_, positions_});
      return add("Transpose", fmt::format("{}/{}_rows", name, of), {columns},
                 {{"perm", std::vector<std::int64_t>{0, 2, 1}}});
    };
    const Value of_x = rows("x", x);
    const Value of_y = x == y ? of_x : rows("y", y);
    const Value y_columns = graph_.reshape(path(name + "/y_columns"), y, {0, channels_, positions_});
    const Tensor scale = torch::full({1}, 1 / std::sqrt(static_cast<double>(channels_)), torch::kFloat32);
    const Value scores = add("Mul", name + "/scaled",
                             {add("MatMul", name + "/scores", {of_x, y_columns}), constant(name + "/scale", scale)});
    const Value weights = add("Softmax", name + "/softmax", {scores}, {{"axis", std::int64_t{2}}});
    const Value read = add("Transpose", name + "/read_columns", {add("MatMul", name + "/read", {weights, of_y})},
                           {{"perm", std::vector<std::int64_t>{0, 2, 1}}});
    return layer_norm(name, graph_.reshape(path(name + "/map"), read, {0, channels_, side_, side_}), name + ".ln");
  }

  Value low_rank(const std::string& name, const Value& x, const Value& y) {
    const auto projected = [&](const char* of, const Value& map) {  // (rank, N, C * L)
      const Tensor factor = tensor(fmt::format("{}.factor_{}", name, of));
      const std::string own = fmt::format("{}/{}", name, of);
      const Value product =
          add("MatMul", own, {flat(own + "/flat", map), constant(own + "/factor", factor.slice(1, 1))});
      return add("Add", own + "/sum", {product, constant(own + "/offset", factor.slice(1, 0, 1))});
    };
    const Value ranks = add("Mul", name + "/ranks", {projected("x", x), projected("y", y)});
    const Value weights = constant(name + "/weights", tensor(name + ".fusion_weights").view({-1, 1, 1}));
    const Value axes = constant(name + "/axes", torch::tensor({0}, torch::kInt64));
    const Value sum = add("ReduceSum", name + "/sum", {add("Mul", name + "/weighted", {ranks, weights}), axes},
                          {{"keepdims", std::int64_t{0}}});
    const Value moved = add("Add", name + "/moved", {sum, constant(name + "/bias", tensor(name + ".fusion_bias"))});
    return graph_.reshape(path(name), moved, {0, channels_, side_, side_});
  }

  Value operation(const std::string& op, const std::string& name, const Value& x, const Value& y) {
    using Writer = std::function<Value()>;
    const std::map<std::string, Writer> writers = {
        {"Sum",
         [&] {
           return add("Add", name, {x, y});
         }},
        {"ScaleDotAttn", [&] { return attention(name, x, y); }},
        {"LinearGLU",
         [&] {
           const auto halves = graph_.add_many("Split", path(name + "/halves"), {convolved_pair(name, x, y)}, 2,
                                               {{"axis", std::int64_t{1}}});
           return add("Mul", name + "/glu", {halves[0], add("Sigmoid", name + "/gate", {halves[1]})});
         }},
        {"ConcatFC", [&] { return add("Relu", name + "/relu", {convolved_pair(name, x, y)}); }},
        {"SE1", [&] { return gated(name, x, y); }},
        {"SE2", [&] { return gated(name, y, x); }},
        {"CatConvMish",
         [&] {
           const Value u = convolved_pair(name, x, y);
           return add("Mul", name + "/mish",
                      {u, add("Tanh", name + "/tanh", {add("Softplus", name + "/softplus", {u})})});
         }},
        {"LowRankTensorFusion", [&] { return low_rank(name, x, y); }},
    };
    const auto found = writers.find(op);
    if (found == writers.end())
      throw InputError(fmt::format("fusion operator {} cannot be exported", op),
                       "leave it out of operators in [fusion] and search again");
    return found->second();
  }

  GraphBuilder& graph_;
  const TensorMap& tensors_;
  const std::int64_t channels_, positions_, side_;
};

}  // namespace

bool reads_logits(const Genotype& genotype, bool backbone_logits) {
  return genotype.late == LateFusion::none ? backbone_logits : genotype.late != LateFusion::maps;
}

std::set<int> read_inputs(const Genotype& genotype, const std::vector<int>& last) {
  if (genotype.late == LateFusion::maps) return {last.begin(), last.end()};
  std::set<int> read(genotype.concat.begin(), genotype.concat.end());
  for (const auto& cell : genotype.cells) read.insert({cell.first, cell.second});
  return read;
}

Value add_fusion(GraphBuilder& graph, const Genotype& genotype, const FusionValues& values, const TensorMap& tensors,
                 const StateShape& shape, int side, bool backbone_logits) {
  FusionWriter writer(graph, tensors, shape, side);
  return genotype.late == LateFusion::none ? writer.network(genotype, values, backbone_logits)
                                           : writer.late(genotype.late, values);
}

}  // namespace harmonic
