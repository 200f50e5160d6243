#include "worker/backbone/elastic_layers.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "worker/tensor/map_type.hpp"

namespace harmonic {
namespace {

torch::Tensor activate(Activation activation, torch::Tensor x) {
  return activation == Activation::relu ? x.relu_() : torch::hardswish(x);
}

const BlockTensors& block_of(const LayerTensors& tensors, const Layer& block) {
  return tensors.blocks.at(static_cast<std::size_t>(block.position + 1));
}

// A layer computes in the type of what it is given, whatever its weights are kept in.

torch::Tensor convolved(const torch::Tensor& x, const torch::Tensor& weight, int stride = 1, int padding = 0,
                        int groups = 1) {
  return torch::conv2d(x, typed_as(weight, x), {}, stride, padding, 1, groups);
}

torch::Tensor affine(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias) {
  return torch::linear(x, typed_as(weight, x), typed_as(bias, x));
}

/// Global average, kept as a 1x1 map.
torch::Tensor global_average(const torch::Tensor& x) {
  return x.mean({2, 3}, /*keepdim=*/true);
}

/// Convolution, batch norm, activation: the first conv and the final expansion.
class ConvLayer : public SubnetLayer {
 public:
  ConvLayer(const ConvTensors& tensors, const LayerKey& key) : SubnetLayer(key), tensors_(tensors) {}

  torch::Tensor forward(const torch::Tensor& x, ForwardMode& mode) const override {
    const Layer& layer = key().layer;
    // Channels last, which the CPU's depthwise convolutions and batch norms are much faster on, and a GPU's units for
    // products in few bits; kept from here on.
    const bool last = x.is_cpu() || x.scalar_type() != torch::kFloat32;
    const auto format = last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    const auto y = convolved(x, tensors_.weight, layer.stride, layer.kernel / 2).contiguous(format);
    return activate(layer.activation, mode.batch_norm(tensors_.norm, 0, y));
  }
  bool is_feature() const override { return !expands(); }
  const torch::Tensor* final_expansion() const override { return expands() ? &tensors_.weight : nullptr; }
  std::span<const BatchNormView> batch_norms() const override { return {&tensors_.norm, 1}; }
  std::vector<std::string> batch_norm_names() const override { return {"bn"}; }
  std::vector<NamedTensor> weights() const override { return {{"conv.weight", tensors_.weight}}; }
  std::string name(int) const override { return expands() ? "final_expand_layer" : "first_conv"; }

 private:
  [[nodiscard]] bool expands() const { return key().layer.kernel == 1; }

  ConvTensors tensors_;
};

/// 1x1 convolution of the globally averaged map, without batch norm and bias.
class FeatureMixLayer : public SubnetLayer {
 public:
  FeatureMixLayer(const LayerTensors& tensors, const LayerKey& key) : SubnetLayer(key), weight_(tensors.feature_mix) {}

  torch::Tensor forward(const torch::Tensor& x, ForwardMode&) const override {
    return activate(key().layer.activation, convolved(global_average(x), weight_)).flatten(1);
  }
  bool is_feature() const override { return false; }
  std::vector<NamedTensor> weights() const override { return {{"conv.weight", weight_}}; }
  std::string name(int) const override { return "feature_mix_layer"; }

 private:
  torch::Tensor weight_;
};

class ClassifierLayer : public SubnetLayer {
 public:
  ClassifierLayer(const LayerTensors& tensors, const LayerKey& key)
      : SubnetLayer(key), weight_(tensors.classifier), bias_(tensors.classifier_bias) {}

  torch::Tensor forward(const torch::Tensor& x, ForwardMode& mode) const override {
    return affine(mode.dropout(x), weight_, bias_);
  }
  bool is_feature() const override { return true; }
  std::vector<NamedTensor> weights() const override { return {{"linear.weight", weight_}, {"linear.bias", bias_}}; }
  std::string name(int) const override { return "classifier"; }

 private:
  torch::Tensor weight_, bias_;
};

/// Inverted bottleneck: 1x1 expansion (absent in the fixed first block), depthwise conv, squeeze-and-excite where the
/// stage has it, 1x1 projection; identity shortcut where the layer has one.
class MbConvLayer : public SubnetLayer {
 public:
  MbConvLayer(const BlockTensors& tensors, const LayerKey& key, const torch::Tensor& depthwise) : SubnetLayer(key) {
    const Layer& layer = key.layer;
    const int mid = layer.mid_channels;
    if (tensors.expand.weight.defined()) {
      views_.expand = first_slices(tensors.expand.weight, 0, mid);
      norms_.push_back(tensors.expand.norm.first(mid));
    }
    views_.depthwise =
        depthwise.defined() ? first_slices(depthwise, 0, mid) : depthwise_kernel(tensors.depthwise, mid, layer.kernel);
    norms_.push_back(tensors.depthwise_norm.first(mid));
    if (layer.squeeze_excite) {
      const int squeezed = make_divisible(mid / 4, 8);
      views_.reduce = first_slices(first_slices(tensors.reduce, 0, squeezed), 1, mid);
      views_.reduce_bias = first_slices(tensors.reduce_bias, 0, squeezed);
      views_.excite = first_slices(first_slices(tensors.excite, 0, mid), 1, squeezed);
      views_.excite_bias = first_slices(tensors.excite_bias, 0, mid);
    }
    views_.project = first_slices(tensors.project.weight, 1, mid);
    norms_.push_back(tensors.project.norm);
  }

  torch::Tensor forward(const torch::Tensor& x, ForwardMode& mode) const override {
    const Layer& layer = key().layer;
    std::size_t norm = 0;
    const auto normalised = [&](const torch::Tensor& y) {
      const std::size_t index = norm++;
      return mode.batch_norm(norms_[index], index, y);
    };
    auto y = x;
    if (views_.expand.defined()) y = activate(layer.activation, normalised(convolved(y, views_.expand)));
    y = convolved(y, views_.depthwise, layer.stride, layer.kernel / 2, layer.mid_channels);
    y = activate(layer.activation, normalised(y));
    if (views_.reduce.defined()) y = y * views_.gate(y.mean({2, 3})).unsqueeze(2).unsqueeze(3);
    y = normalised(convolved(y, views_.project));
    return layer.shortcut ? mode.drop_connect(y) + x : y;
  }
  bool is_feature() const override { return true; }
  std::span<const BatchNormView> batch_norms() const override { return norms_; }
  std::vector<std::string> batch_norm_names() const override {
    std::vector<std::string> names = {"conv.inverted_bottleneck.bn", "conv.depth_conv.bn", "conv.point_linear.bn"};
    if (!views_.expand.defined()) names.erase(names.begin());
    return names;
  }
  std::vector<NamedTensor> weights() const override {
    std::vector<NamedTensor> all;
    if (views_.expand.defined()) all.emplace_back("conv.inverted_bottleneck.conv.weight", views_.expand);
    all.emplace_back("conv.depth_conv.conv.weight", views_.depthwise);
    if (views_.reduce.defined()) {
      all.emplace_back("conv.depth_conv.se.fc.reduce.weight", views_.reduce);
      all.emplace_back("conv.depth_conv.se.fc.reduce.bias", views_.reduce_bias);
      all.emplace_back("conv.depth_conv.se.fc.expand.weight", views_.excite);
      all.emplace_back("conv.depth_conv.se.fc.expand.bias", views_.excite_bias);
    }
    all.emplace_back("conv.point_linear.conv.weight", views_.project);
    return all;
  }
  const BlockViews* block() const override { return &views_; }
  std::string name(int block) const override { return fmt::format("blocks.{}", block); }

 private:
  BlockViews views_;
  std::vector<BatchNormView> norms_;
};

/// Fused inverted bottleneck: a dense convolution to the middle channels, 1x1 projection; identity shortcut where the
/// layer has one.
class FusedLayer : public SubnetLayer {
 public:
  FusedLayer(const BlockTensors& tensors, const LayerKey& key) : SubnetLayer(key) {
    const Layer& layer = key.layer;
    const auto all = first_slices(tensors.fused.weight, 0, layer.mid_channels);
    const auto margin = (all.size(2) - layer.kernel) / 2;
    conv_ = all.narrow(2, margin, layer.kernel).narrow(3, margin, layer.kernel);
    project_ = first_slices(tensors.fused_project.weight, 1, layer.mid_channels);
    norms_ = {tensors.fused.norm.first(layer.mid_channels), tensors.fused_project.norm};
  }

  torch::Tensor forward(const torch::Tensor& x, ForwardMode& mode) const override {
    const Layer& layer = key().layer;
    auto y = convolved(x, conv_, layer.stride, layer.kernel / 2);
    y = activate(layer.activation, mode.batch_norm(norms_[0], 0, y));
    y = mode.batch_norm(norms_[1], 1, convolved(y, project_));
    return layer.shortcut ? mode.drop_connect(y) + x : y;
  }
  bool is_feature() const override { return true; }
  std::span<const BatchNormView> batch_norms() const override { return norms_; }
  std::vector<std::string> batch_norm_names() const override { return {"conv.fused_conv.bn", "conv.fused_linear.bn"}; }
  std::vector<NamedTensor> weights() const override {
    return {{"conv.fused_conv.conv.weight", conv_}, {"conv.fused_linear.conv.weight", project_}};
  }
  std::string name(int block) const override { return fmt::format("blocks.{}", block); }

 private:
  torch::Tensor conv_, project_;
  std::vector<BatchNormView> norms_;
};

/// Layer i of a Maxout network: the batch norm and dropout that follow layer i-1, then `pool` linear pieces a unit, of
/// which the largest counts. Its output, before its own batch norm, is what fusion is offered. The last layer is
/// linear.
class MaxoutLayer : public SubnetLayer {
 public:
  MaxoutLayer(const Supernet& supernet, const LayerKey& key)
      : SubnetLayer(key),
        last_(key.maxout == supernet.space().blocks),
        pool_(supernet.space().pool),
        tensors_(supernet.layers().maxout.at(static_cast<std::size_t>(key.maxout))) {}

  torch::Tensor forward(const torch::Tensor& x, ForwardMode& mode) const override {
    const auto input = batch_norms().empty() ? x : mode.dropout(mode.batch_norm(tensors_.norm, 0, x));
    const auto y = affine(input, tensors_.weight, tensors_.bias);
    return last_ ? y : y.view({y.size(0), -1, pool_}).amax(2);
  }
  bool is_feature() const override { return true; }
  std::span<const BatchNormView> batch_norms() const override {
    return {&tensors_.norm, tensors_.norm.weight.defined() ? std::size_t{1} : 0};
  }
  std::vector<std::string> batch_norm_names() const override { return {maxout_norm_name(key().maxout)}; }
  std::vector<NamedTensor> weights() const override {
    const auto linear = maxout_linear_name(key().maxout, last_);
    return {{linear + ".weight", tensors_.weight}, {linear + ".bias", tensors_.bias}};
  }
  std::string name(int) const override { return ""; }

 private:
  bool last_;
  int pool_;
  MaxoutTensors tensors_;
};

}  // namespace

std::vector<LayerKey> layer_keys(const BackboneSpace& space, const BackboneGenome& genome, int classes) {
  check_genome(genome, space);
  std::vector<LayerKey> keys;
  for (const auto& layer : backbone_layers(space, genome, classes)) keys.push_back({layer});
  if (space.family == BackboneSpace::Family::maxout)
    for (int i = 0; i <= space.blocks; ++i) keys.push_back({{}, i});
  return keys;
}

std::unique_ptr<const SubnetLayer> view_layer(const Supernet& supernet, const LayerKey& key,
                                              const torch::Tensor& depthwise) {
  if (key.maxout >= 0) return std::make_unique<MaxoutLayer>(supernet, key);
  const LayerTensors& tensors = supernet.layers();
  switch (key.layer.kind) {
    case Layer::Kind::mbconv:
      if (key.layer.fused) return std::make_unique<FusedLayer>(block_of(tensors, key.layer), key);
      return std::make_unique<MbConvLayer>(block_of(tensors, key.layer), key, depthwise);
    case Layer::Kind::linear:
      return std::make_unique<ClassifierLayer>(tensors, key);
    case Layer::Kind::conv:
      break;
  }
  if (!key.layer.batch_norm) return std::make_unique<FeatureMixLayer>(tensors, key);
  return std::make_unique<ConvLayer>(key.layer.kernel == 1 ? tensors.final_expand : tensors.first, key);
}

torch::Tensor BlockViews::gate(const torch::Tensor& averages) const {
  const auto squeezed = affine(averages, reduce.flatten(1), reduce_bias).relu_();
  return torch::hardsigmoid(affine(squeezed, excite.flatten(1), excite_bias));
}

std::shared_ptr<const SubnetLayer> LayerViews::layer(const LayerKey& key) {
  const auto known = std::ranges::find_if(layers_, [&](const auto& l) { return l->key() == key; });
  if (known != layers_.end()) return *known;
  const bool is_block = key.maxout < 0 && key.layer.kind == Layer::Kind::mbconv && !key.layer.fused;
  return layers_.emplace_back(view_layer(supernet_, key, is_block ? kernels(key.layer) : torch::Tensor()));
}

torch::Tensor LayerViews::kernels(const Layer& block) {
  auto& known = kernels_[{block.position, block.kernel}];
  if (!known.defined()) {
    const auto& all = block_of(supernet_.layers(), block).depthwise;
    known = depthwise_kernel(all, all.largest.size(0), block.kernel);
  }
  return known;
}

}  // namespace harmonic
