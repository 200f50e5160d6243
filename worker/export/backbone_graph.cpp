#include "worker/export/backbone_graph.hpp"

#include <fmt/format.h>

#include "core/space/layers.hpp"
#include "worker/backbone/supernet.hpp"

namespace harmonic {
namespace {

using torch::Tensor;
using Value = GraphBuilder::Value;

/// One sub-network on its way into a graph.
class BackboneWriter {
 public:
  BackboneWriter(GraphBuilder& graph, const TensorMap& tensors, std::string prefix, const NeededOutputs& needed)
      : graph_(graph), tensors_(tensors), prefix_(std::move(prefix)), needed_(needed) {}

  BackboneValues mobilenet(const std::vector<Layer>& layers, Value x) {
    int block = 0;
    for (const Layer& layer : layers) {
      if (is_complete()) break;
      if (layer.kind == Layer::Kind::mbconv) {
        x = add_block(layer, fmt::format("blocks.{}", block++), x);
        feature(x, layer);
      } else if (layer.kind == Layer::Kind::linear) {
        values_.logits = graph_.linear(path("classifier"), x, layer_of("classifier.linear"));
      } else if (!layer.batch_norm) {
        x = feature_mix(layer, x);
      } else if (layer.kernel == 1) {
        x = convolved("final_expand_layer", layer, x);
      } else {
        x = convolved("first_conv", layer, x);
        feature(x, layer);
      }
    }
    return std::move(values_);
  }

  BackboneValues maxout(const BackboneSpace& space, Value x) {
    for (int i = 0; i <= space.blocks && !is_complete(); ++i) {
      const bool last = i == space.blocks;
      const std::string name = maxout_linear_name(i, last);
      FoldedLayer layer = layer_of(name);
      if (const auto norm = maxout_norm_name(i); i > 0)
        layer = fold_norm_before(layer.weight, layer.bias, tensors_, norm);
      x = graph_.linear(path(name), x, layer);
      if (last) {
        values_.logits = x;
        continue;
      }
      const std::int64_t units = layer.weight.size(0) / space.pool;
      x = graph_.reshape(path(name + "/pieces"), x, {0, units, space.pool});
      x = graph_.add("ReduceMax", path(name + "/max"), {x},
                     {{"axes", std::vector<std::int64_t>{2}}, {"keepdims", std::int64_t{0}}});
      feature({x, static_cast<int>(units), 0});
    }
    return std::move(values_);
  }

 private:
  [[nodiscard]] std::string path(const std::string& name) const { return prefix_ + "/" + name; }
  [[nodiscard]] const Tensor& tensor(const std::string& name) const { return tensor_of(tensors_, name); }
  [[nodiscard]] FoldedLayer layer_of(const std::string& name) const {
    return {tensor(name + ".weight"), tensor(name + ".bias")};
  }
  [[nodiscard]] FoldedLayer folded(const std::string& conv, const std::string& norm) const {
    return fold_norm_behind(tensor(conv), {}, tensors_, norm);
  }

  /// Whether nothing behind what was added so far is read.
  [[nodiscard]] bool is_complete() const {
    return !needed_.logits && (needed_.features.empty() || next_ > *needed_.features.rbegin());
  }
  void feature(const GraphFeature& found) {
    if (needed_.features.contains(next_)) values_.features[next_] = found;
    ++next_;
  }
  void feature(const Value& x, const Layer& layer) {
    feature({x, layer.out_channels, strided(layer.resolution, layer.stride)});
  }

  Value activated(const std::string& name, Activation activation, const Value& x) {
    return graph_.add(activation == Activation::relu ? "Relu" : "HardSwish", path(name), {x});
  }

  Value convolved(const std::string& name, const Layer& layer, const Value& x) {
    const Value y = graph_.conv(path(name), x, folded(name + ".conv.weight", name + ".bn"), layer.stride);
    return activated(name + "/activation", layer.activation, y);
  }

  Value feature_mix(const Layer& layer, const Value& x) {
    const std::string name = "feature_mix_layer";
    Value y = graph_.add("GlobalAveragePool", path(name + "/average"), {x});
    y = graph_.conv(path(name), y, {tensor(name + ".conv.weight"), {}});
    y = activated(name + "/activation", layer.activation, y);
    return graph_.add("Flatten", path(name + "/flat"), {y}, {{"axis", std::int64_t{1}}});
  }

  Value add_block(const Layer& layer, const std::string& name, const Value& x) {
    const std::string of = name + ".conv.";
    Value y = x;
    if (layer.fused) {
      y = graph_.conv(path(name + "/fused"), y, folded(of + "fused_conv.conv.weight", of + "fused_conv.bn"),
                      layer.stride);
      y = activated(name + "/fused/activation", layer.activation, y);
      y = graph_.conv(path(name + "/project"), y, folded(of + "fused_linear.conv.weight", of + "fused_linear.bn"));
      return layer.shortcut ? graph_.add("Add", path(name + "/shortcut"), {y, x}) : y;
    }
    if (tensors_.contains(of + "inverted_bottleneck.conv.weight")) {
      y = graph_.conv(path(name + "/expand"), y,
                      folded(of + "inverted_bottleneck.conv.weight", of + "inverted_bottleneck.bn"));
      y = activated(name + "/expand/activation", layer.activation, y);
    }
    y = graph_.conv(path(name + "/depthwise"), y, folded(of + "depth_conv.conv.weight", of + "depth_conv.bn"),
                    layer.stride, layer.mid_channels);
    y = activated(name + "/depthwise/activation", layer.activation, y);
    if (layer.squeeze_excite) y = graph_.add("Mul", path(name + "/excited"), {y, gate(name, y)});
    y = graph_.conv(path(name + "/project"), y, folded(of + "point_linear.conv.weight", of + "point_linear.bn"));
    return layer.shortcut ? graph_.add("Add", path(name + "/shortcut"), {y, x}) : y;
  }

  Value gate(const std::string& name, const Value& x) {
    const std::string se = name + ".conv.depth_conv.se.fc.";
    Value y = graph_.add("GlobalAveragePool", path(name + "/squeeze"), {x});
    y = graph_.conv(path(name + "/reduce"), y, layer_of(se + "reduce"));
    y = activated(name + "/reduce/activation", Activation::relu, y);
    y = graph_.conv(path(name + "/excite"), y, layer_of(se + "expand"));
    return graph_.add("HardSigmoid", path(name + "/gate"), {y}, {{"alpha", 1.0F / 6}, {"beta", 0.5F}});
  }

  GraphBuilder& graph_;
  const TensorMap& tensors_;
  std::string prefix_;
  const NeededOutputs& needed_;
  BackboneValues values_;
  int next_ = 0;  ///< index of the next feature
};

}  // namespace

BackboneValues add_backbone(GraphBuilder& graph, const BackboneSpace& space, const BackboneGenome& genome, int classes,
                            const TensorMap& tensors, const Value& input, const std::string& prefix,
                            const NeededOutputs& needed) {
  check_genome(genome, space);
  BackboneWriter writer(graph, tensors, prefix, needed);
  if (space.family == BackboneSpace::Family::maxout) return writer.maxout(space, input);
  return writer.mobilenet(backbone_layers(space, genome, classes), input);
}

}  // namespace harmonic
