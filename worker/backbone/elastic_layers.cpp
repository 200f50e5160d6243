#include "worker/backbone/elastic_layers.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace harmonic {
namespace {

torch::Tensor activate(Activation activation, torch::Tensor x) {
  return activation == Activation::relu ? x.relu_() : torch::hardswish(x);
}

BatchNormView view_norm(const Supernet& supernet, const std::string& module, std::string name, int channels) {
  const auto cut = [&](const char* part) { return supernet.tensor(module + part).narrow(0, 0, channels); };
  return {std::move(name), cut(".weight"), cut(".bias"), cut(".running_mean"), cut(".running_var")};
}

/// Global average, kept as a 1x1 map.
torch::Tensor global_average(const torch::Tensor& x) {
  return x.mean({2, 3}, /*keepdim=*/true);
}

/// Convolution, batch norm, activation: the first conv and the final expansion.
class ConvLayer : public SubnetLayer {
 public:
  ConvLayer(const Supernet& supernet, const LayerKey& key, std::string module)
      : SubnetLayer(key),
        module_(std::move(module)),
        weight_(supernet.tensor(module_ + ".conv.weight")),
        norm_(view_norm(supernet, module_ + ".bn", "bn", key.layer.out_channels)) {}

  torch::Tensor forward(const torch::Tensor& x, ForwardMode& mode) const override {
    const Layer& layer = key().layer;
    // Channels last, which the CPU's depthwise convolutions and batch norms are much faster on; kept from here on.
    const auto format = x.is_cpu() ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    const auto y = torch::conv2d(x, weight_, {}, layer.stride, layer.kernel / 2).contiguous(format);
    return activate(layer.activation, mode.batch_norm(norm_, 0, y));
  }
  bool is_feature() const override { return !is_final_expansion(); }
  bool is_final_expansion() const override { return module_ == "final_expand_layer"; }
  std::vector<BatchNormView> batch_norms() const override { return {norm_}; }
  std::vector<NamedTensor> weights() const override { return {{"conv.weight", weight_}}; }
  std::string name(int) const override { return module_; }

 private:
  std::string module_;
  torch::Tensor weight_;
  BatchNormView norm_;
};

/// 1x1 convolution of the globally averaged map, without batch norm and bias.
class FeatureMixLayer : public SubnetLayer {
 public:
  FeatureMixLayer(const Supernet& supernet, const LayerKey& key)
      : SubnetLayer(key), weight_(supernet.tensor("feature_mix_layer.conv.weight")) {}

  torch::Tensor forward(const torch::Tensor& x, ForwardMode&) const override {
    return torch::hardswish(torch::conv2d(global_average(x), weight_)).flatten(1);
  }
  bool is_feature() const override { return false; }
  std::vector<NamedTensor> weights() const override { return {{"conv.weight", weight_}}; }
  std::string name(int) const override { return "feature_mix_layer"; }

 private:
  torch::Tensor weight_;
};

class ClassifierLayer : public SubnetLayer {
 public:
  ClassifierLayer(const Supernet& supernet, const LayerKey& key)
      : SubnetLayer(key),
        weight_(supernet.tensor("classifier.linear.weight")),
        bias_(supernet.tensor("classifier.linear.bias")) {}

  torch::Tensor forward(const torch::Tensor& x, ForwardMode& mode) const override {
    return torch::linear(mode.dropout(x), weight_, bias_);
  }
  bool is_feature() const override { return true; }
  std::vector<NamedTensor> weights() const override { return {{"linear.weight", weight_}, {"linear.bias", bias_}}; }
  std::string name(int) const override { return "classifier"; }

 private:
  torch::Tensor weight_, bias_;
};

/// Of the sides that the space has; none above the largest.
std::optional<int> next_larger(const BackboneSpace& space, int kernel) {
  std::optional<int> found;
  for (const int side : space.kernels)
    if (side > kernel && (!found || side < *found)) found = side;
  return found;
}

/// (C, 1, to, to) of a filter of side `from`: its centre, flattened, times the learned matrix of that size.
torch::Tensor centre_transformed(const Supernet& supernet, const std::string& block, const torch::Tensor& filter,
                                 int from, int to) {
  const int margin = (from - to) / 2;
  const auto channels = filter.size(0);
  const auto centre = filter.narrow(2, margin, to).narrow(3, margin, to).reshape({channels, to * to});
  return torch::linear(centre, supernet.tensor(block + "." + kernel_matrix_name(from, to))).view({channels, 1, to, to});
}

/// Inverted bottleneck: 1x1 expansion (absent in the fixed first block), depthwise conv, squeeze-and-excite where the
/// stage has it, 1x1 projection; identity shortcut where the layer has one.
class MbConvLayer : public SubnetLayer {
 public:
  MbConvLayer(const Supernet& supernet, const LayerKey& key, DepthwiseKernels* kernels) : SubnetLayer(key) {
    const Layer& layer = key.layer;
    const int mid = layer.mid_channels;
    const bool elastic = layer.position >= 0;
    const std::string block = fmt::format("blocks.{}.conv.", layer.position + 1);
    const std::string wrapped_norm = elastic ? ".bn.bn" : ".bn";
    const std::string wrapped_conv = elastic ? ".conv.conv.weight" : ".conv.weight";
    const auto norm = [&](const std::string& part, int channels) {
      return view_norm(supernet, block + part + wrapped_norm, "conv." + part + ".bn", channels);
    };
    if (elastic) {
      views_.expand = supernet.tensor(block + "inverted_bottleneck" + wrapped_conv).narrow(0, 0, mid);
      norms_.push_back(norm("inverted_bottleneck", mid));
      const std::string conv = block + "depth_conv.conv";
      views_.depthwise = kernels != nullptr ? kernels->of(supernet, conv, layer.kernel).narrow(0, 0, mid)
                                            : depthwise_kernel(supernet, conv, mid, layer.kernel);
    } else {
      views_.depthwise = supernet.tensor(block + "depth_conv" + wrapped_conv);
    }
    norms_.push_back(norm("depth_conv", mid));
    if (layer.squeeze_excite) {
      const int squeezed = make_divisible(mid / 4, 8);
      const std::string fc = block + "depth_conv.se.fc.";
      views_.reduce = supernet.tensor(fc + "reduce.weight").narrow(0, 0, squeezed).narrow(1, 0, mid);
      views_.reduce_bias = supernet.tensor(fc + "reduce.bias").narrow(0, 0, squeezed);
      views_.excite = supernet.tensor(fc + "expand.weight").narrow(0, 0, mid).narrow(1, 0, squeezed);
      views_.excite_bias = supernet.tensor(fc + "expand.bias").narrow(0, 0, mid);
    }
    views_.project = supernet.tensor(block + "point_linear" + wrapped_conv).narrow(1, 0, mid);
    norms_.push_back(norm("point_linear", layer.out_channels));
  }

  torch::Tensor forward(const torch::Tensor& x, ForwardMode& mode) const override {
    const Layer& layer = key().layer;
    std::size_t norm = 0;
    const auto normalised = [&](const torch::Tensor& y) {
      const std::size_t index = norm++;
      return mode.batch_norm(norms_[index], index, y);
    };
    auto y = x;
    if (views_.expand.defined()) y = activate(layer.activation, normalised(torch::conv2d(y, views_.expand)));
    y = torch::conv2d(y, views_.depthwise, {}, layer.stride, layer.kernel / 2, 1, layer.mid_channels);
    y = activate(layer.activation, normalised(y));
    if (views_.reduce.defined()) y = y * views_.gate(y.mean({2, 3})).unsqueeze(2).unsqueeze(3);
    y = normalised(torch::conv2d(y, views_.project));
    return layer.shortcut ? mode.drop_connect(y) + x : y;
  }
  bool is_feature() const override { return true; }
  std::vector<BatchNormView> batch_norms() const override { return norms_; }
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

/// Layer i of a Maxout network: the batch norm and dropout that follow layer i-1, then `pool` linear pieces a unit, of
/// which the largest counts. Its output, before its own batch norm, is what fusion is offered. The last layer is
/// linear.
class MaxoutLayer : public SubnetLayer {
 public:
  MaxoutLayer(const Supernet& supernet, const LayerKey& key)
      : SubnetLayer(key), pool_(key.maxout < supernet.space().blocks ? supernet.space().pool : 1) {
    const int index = key.maxout;
    if (index > 0) {
      const std::string module = fmt::format("op_list.{}.0", 2 * index - 1);
      const auto channels = static_cast<int>(supernet.tensor(module + ".weight").size(0));
      norms_.push_back(view_norm(supernet, module, module, channels));
    }
    linear_ = index < supernet.space().blocks ? fmt::format("op_list.{}.lin", 2 * index) : "hid2val";
    weight_ = supernet.tensor(linear_ + ".weight");
    bias_ = supernet.tensor(linear_ + ".bias");
  }

  torch::Tensor forward(const torch::Tensor& x, ForwardMode& mode) const override {
    const auto input = norms_.empty() ? x : mode.dropout(mode.batch_norm(norms_[0], 0, x));
    const auto y = torch::linear(input, weight_, bias_);
    return pool_ == 1 ? y : y.view({y.size(0), -1, pool_}).amax(2);
  }
  bool is_feature() const override { return true; }
  std::vector<BatchNormView> batch_norms() const override { return norms_; }
  std::vector<NamedTensor> weights() const override {
    return {{linear_ + ".weight", weight_}, {linear_ + ".bias", bias_}};
  }
  std::string name(int) const override { return ""; }

 private:
  int pool_;
  std::string linear_;
  torch::Tensor weight_, bias_;
  std::vector<BatchNormView> norms_;
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
                                              DepthwiseKernels* kernels) {
  if (key.maxout >= 0) return std::make_unique<MaxoutLayer>(supernet, key);
  switch (key.layer.kind) {
    case Layer::Kind::mbconv:
      return std::make_unique<MbConvLayer>(supernet, key, kernels);
    case Layer::Kind::linear:
      return std::make_unique<ClassifierLayer>(supernet, key);
    case Layer::Kind::conv:
      break;
  }
  if (!key.layer.batch_norm) return std::make_unique<FeatureMixLayer>(supernet, key);
  return std::make_unique<ConvLayer>(supernet, key, key.layer.kernel == 1 ? "final_expand_layer" : "first_conv");
}

torch::Tensor BlockViews::gate(const torch::Tensor& averages) const {
  const auto squeezed = torch::linear(averages, reduce.flatten(1), reduce_bias).relu_();
  return torch::hardsigmoid(torch::linear(squeezed, excite.flatten(1), excite_bias));
}

std::shared_ptr<const SubnetLayer> LayerViews::layer(const LayerKey& key) {
  const auto known = std::ranges::find_if(layers_, [&](const auto& l) { return l->key() == key; });
  if (known != layers_.end()) return *known;
  return layers_.emplace_back(view_layer(supernet_, key, &kernels_));
}

torch::Tensor DepthwiseKernels::of(const Supernet& supernet, const std::string& block, int kernel) {
  auto& known = found_[{block, kernel}];
  if (known.defined()) return known;
  const auto larger = next_larger(supernet.space(), kernel);
  known = larger ? centre_transformed(supernet, block, of(supernet, block, *larger), *larger, kernel)
                 : supernet.tensor(block + ".conv.weight");
  return known;
}

torch::Tensor depthwise_kernel(const Supernet& supernet, const std::string& block, int channels, int kernel) {
  const auto larger = next_larger(supernet.space(), kernel);
  if (!larger) return supernet.tensor(block + ".conv.weight").narrow(0, 0, channels);
  return centre_transformed(supernet, block, depthwise_kernel(supernet, block, channels, *larger), *larger, kernel);
}

}  // namespace harmonic
