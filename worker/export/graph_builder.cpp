#include "worker/export/graph_builder.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "worker/export/graph_tensors.hpp"
#include "worker/tensor/batch_norm.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

/// What a batch norm does to a channel, in double.
struct ChannelMap {
  Tensor scale, shift;
};

ChannelMap channel_map(const TensorMap& tensors, const std::string& norm) {
  const auto of = [&](const char* part) { return tensor_of(tensors, norm + part).to(torch::kFloat64); };
  const Tensor scale = of(".weight") / (of(".running_var") + kBatchNormEpsilon).sqrt();
  return {scale, of(".bias") - of(".running_mean") * scale};
}

/// Window i of an adaptive pool reads positions first … last - 1.
struct Window {
  std::int64_t first, last;
};

std::vector<Window> adaptive_windows(std::int64_t size, std::int64_t side) {
  std::vector<Window> windows;
  for (std::int64_t i = 0; i < side; ++i) windows.push_back({i * size / side, ((i + 1) * size + side - 1) / side});
  return windows;
}

/// Whether they all have one length and one distance, which is none where a map is stretched.
bool are_regular(const std::vector<Window>& windows) {
  if (windows.size() > 1 && windows[1].first == 0) return false;
  for (std::size_t i = 1; i < windows.size(); ++i)
    if (windows[i].last - windows[i].first != windows[0].last ||
        windows[i].first != static_cast<std::int64_t>(i) * windows[1].first)
      return false;
  return true;
}

}  // namespace

const Tensor& tensor_of(const TensorMap& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  if (found == tensors.end())
    throw InputError(fmt::format("the kept model has no tensor {}", name), "keep the run's files as it wrote them");
  return found->second;
}

FoldedLayer fold_norm_behind(const Tensor& weight, const Tensor& bias, const TensorMap& tensors,
                             const std::string& norm) {
  const auto [scale, shift] = channel_map(tensors, norm);
  std::vector<std::int64_t> per_output(static_cast<std::size_t>(weight.dim()), 1);
  per_output[0] = -1;
  const Tensor scaled = weight.to(torch::kFloat64) * scale.view(per_output);
  const Tensor moved = bias.defined() ? shift + bias.to(torch::kFloat64) * scale : shift;
  return {scaled.to(torch::kFloat32), moved.to(torch::kFloat32)};
}

FoldedLayer fold_norm_before(const Tensor& weight, const Tensor& bias, const TensorMap& tensors,
                             const std::string& norm) {
  const auto [scale, shift] = channel_map(tensors, norm);
  const Tensor exact = weight.to(torch::kFloat64);
  const Tensor moved = bias.to(torch::kFloat64) + at::mv(exact, shift);
  return {(exact * scale).to(torch::kFloat32), moved.to(torch::kFloat32)};
}

std::string GraphBuilder::unused(const std::string& name) {
  std::string found = name;
  for (int number = 2; !names_.insert(found).second; ++number) found = fmt::format("{}_{}", name, number);
  return found;
}

GraphBuilder::Value GraphBuilder::input(const std::string& name, NumberType type,
                                        const std::vector<std::int64_t>& sample_shape) {
  graph_.inputs.push_back({unused(name), type, sample_shape});
  return graph_.inputs.back().name;
}

GraphBuilder::Value GraphBuilder::constant(const std::string& name, const Tensor& tensor) {
  graph_.constants.push_back(to_constant(unused(name), tensor));
  return graph_.constants.back().name;
}

GraphBuilder::Value GraphBuilder::add(const std::string& op, const std::string& name, std::vector<Value> inputs,
                                      GraphAttributes attributes) {
  const std::string own = unused(name);
  graph_.nodes.push_back({op, own, std::move(inputs), {own}, std::move(attributes)});
  return own;
}

std::vector<GraphBuilder::Value> GraphBuilder::add_many(const std::string& op, const std::string& name,
                                                        std::vector<Value> inputs, int outputs,
                                                        GraphAttributes attributes) {
  GraphNode node{op, unused(name), std::move(inputs), {}, std::move(attributes)};
  for (int i = 0; i < outputs; ++i) node.outputs.push_back(unused(fmt::format("{}/{}", node.name, i)));
  graph_.nodes.push_back(node);
  return node.outputs;
}

void GraphBuilder::output(const Value& value, const std::string& name, const std::vector<std::int64_t>& sample_shape) {
  const std::string own = unused(name);
  for (auto& node : graph_.nodes) {
    std::ranges::replace(node.outputs, value, own);
    std::ranges::replace(node.inputs, value, own);
  }
  graph_.outputs.push_back({own, NumberType::float32, sample_shape});
}

GraphBuilder::Value GraphBuilder::conv(const std::string& name, const Value& x, const FoldedLayer& layer, int stride,
                                       int groups) {
  std::vector<Value> inputs = {x, constant(name + "/weight", layer.weight)};
  if (layer.bias.defined()) inputs.push_back(constant(name + "/bias", layer.bias));
  const std::int64_t kernel = layer.weight.size(2), margin = kernel / 2;
  return add("Conv", name, std::move(inputs),
             {{"kernel_shape", std::vector{kernel, kernel}},
              {"strides", std::vector<std::int64_t>{stride, stride}},
              {"pads", std::vector{margin, margin, margin, margin}},
              {"group", std::int64_t{groups}}});
}

GraphBuilder::Value GraphBuilder::linear(const std::string& name, const Value& x, const FoldedLayer& layer) {
  return add("Gemm", name, {x, constant(name + "/weight", layer.weight), constant(name + "/bias", layer.bias)},
             {{"transB", std::int64_t{1}}});
}

GraphBuilder::Value GraphBuilder::reshape(const std::string& name, const Value& x,
                                          const std::vector<std::int64_t>& shape) {
  return add("Reshape", name, {x, constant(name + "/shape", torch::tensor(shape, torch::kInt64))});
}

GraphBuilder::Value GraphBuilder::adaptive_max_pool(const std::string& name, const Value& x, int size, int side) {
  if (size == side) return x;
  const auto windows = adaptive_windows(size, side);
  if (are_regular(windows)) {
    const std::int64_t kernel = windows[0].last, stride = side > 1 ? windows[1].first : kernel;
    return add("MaxPool", name, {x},
               {{"kernel_shape", std::vector{kernel, kernel}}, {"strides", std::vector{stride, stride}}});
  }
  // Windows of different lengths, at different distances: the positions of each are gathered, the shorter ones' last
  // one again, which changes no maximum; rows first, then columns.
  std::int64_t longest = 0;
  for (const auto& window : windows) longest = std::max(longest, window.last - window.first);
  const Tensor positions = torch::empty({side, longest}, torch::kInt64);
  auto* position = positions.data_ptr<std::int64_t>();
  for (const auto& window : windows)
    for (std::int64_t i = 0; i < longest; ++i) *position++ = std::min(window.first + i, window.last - 1);
  const Value indices = constant(name + "/positions", positions);
  Value y = x;
  for (const std::int64_t axis : {2, 3}) {
    const char* what = axis == 2 ? "rows" : "columns";
    y = add("Gather", fmt::format("{}/{}", name, what), {y, indices}, {{"axis", axis}});
    y = add("ReduceMax", fmt::format("{}/{}_max", name, what), {y},
            {{"axes", std::vector{axis + 1}}, {"keepdims", std::int64_t{0}}});
  }
  return y;
}

}  // namespace harmonic
