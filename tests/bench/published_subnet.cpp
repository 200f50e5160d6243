#include "tests/bench/published_subnet.hpp"

#include <map>

#include <torch/nn.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/space/layers.hpp"
#include "worker/backbone/subnet.hpp"

namespace harmonic::bench {
namespace {

namespace nn = torch::nn;

torch::Tensor activate(Activation activation, const torch::Tensor& x) {
  return activation == Activation::relu ? torch::relu(x) : torch::hardswish(x);
}

/// Convolution and batch norm, named as in a published sub-network.
struct ConvNormImpl : nn::Module {
  ConvNormImpl(int in, int out, int kernel, int stride, int groups)
      : conv(register_module(
            "conv",
            nn::Conv2d(
                nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).groups(groups).bias(false)))),
        bn(register_module("bn", nn::BatchNorm2d(nn::BatchNorm2dOptions(out).momentum(std::nullopt)))) {}
  torch::Tensor forward(const torch::Tensor& x) { return bn(conv(x)); }
  nn::Conv2d conv;
  nn::BatchNorm2d bn;
};
TORCH_MODULE(ConvNorm);

struct SqueezeExciteImpl : nn::Module {
  SqueezeExciteImpl(int channels, int squeezed)
      : reduce(register_module("reduce", nn::Conv2d(channels, squeezed, 1))),
        expand(register_module("expand", nn::Conv2d(squeezed, channels, 1))) {}
  torch::Tensor forward(const torch::Tensor& x) {
    return x * torch::hardsigmoid(expand(torch::relu(reduce(x.mean({2, 3}, true)))));
  }
  nn::Conv2d reduce, expand;
};
TORCH_MODULE(SqueezeExcite);

struct BlockImpl : nn::Module {
  explicit BlockImpl(const Layer& l) : layer(l) {
    if (l.position >= 0)
      expand = register_module("inverted_bottleneck", ConvNorm(l.in_channels, l.mid_channels, 1, 1, 1));
    depthwise =
        register_module("depth_conv", ConvNorm(l.mid_channels, l.mid_channels, l.kernel, l.stride, l.mid_channels));
    if (l.squeeze_excite) {
      auto se = std::make_shared<nn::Module>();
      squeeze = SqueezeExcite(l.mid_channels, make_divisible(l.mid_channels / 4, 8));
      se->register_module("fc", squeeze.ptr());
      depthwise->register_module("se", se);
    }
    project = register_module("point_linear", ConvNorm(l.mid_channels, l.out_channels, 1, 1, 1));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    auto y = expand ? activate(layer.activation, expand(x)) : x;
    y = activate(layer.activation, depthwise(y));
    if (squeeze) y = squeeze(y);
    y = project(y);
    return layer.shortcut ? y + x : y;
  }
  Layer layer;
  ConvNorm expand{nullptr}, depthwise{nullptr}, project{nullptr};
  SqueezeExcite squeeze{nullptr};
};
TORCH_MODULE(Block);

}  // namespace

struct PublishedSubnet::Network : nn::Module {
  explicit Network(const std::vector<Layer>& layers) {
    auto list = std::make_shared<nn::Module>();
    const std::size_t n = layers.size();
    const auto conv_norm = [](const Layer& l) {
      return ConvNorm(l.in_channels, l.out_channels, l.kernel, l.stride, 1);
    };
    first = register_module("first_conv", conv_norm(layers.front()));
    for (std::size_t i = 1; i + 3 < n; ++i) {
      auto block = std::make_shared<nn::Module>();
      blocks.emplace_back(layers[i]);
      block->register_module("conv", blocks.back().ptr());
      list->register_module(std::to_string(i - 1), block);
    }
    register_module("blocks", list);
    final_expand = register_module("final_expand_layer", conv_norm(layers[n - 3]));
    mix = nn::Conv2d(nn::Conv2dOptions(layers[n - 2].in_channels, layers[n - 2].out_channels, 1).bias(false));
    linear = nn::Linear(layers[n - 1].in_channels, layers[n - 1].out_channels);
    auto mix_layer = register_module("feature_mix_layer", std::make_shared<nn::Module>());
    mix_layer->register_module("conv", mix.ptr());
    auto classifier = register_module("classifier", std::make_shared<nn::Module>());
    classifier->register_module("linear", linear.ptr());
  }
  std::vector<torch::Tensor> forward(const torch::Tensor& inputs) {
    std::vector<torch::Tensor> features = {torch::hardswish(first(inputs))};
    for (auto& block : blocks) features.push_back(block(features.back()));
    const auto x = torch::hardswish(final_expand(features.back())).mean({2, 3}, true);
    features.push_back(linear(torch::hardswish(mix(x)).flatten(1)));
    return features;
  }
  ConvNorm first{nullptr}, final_expand{nullptr};
  std::vector<Block> blocks;
  nn::Conv2d mix{nullptr};
  nn::Linear linear{nullptr};
};

PublishedSubnet::PublishedSubnet(const Supernet& supernet, const BackboneGenome& genome)
    : network_(std::make_shared<Network>(backbone_layers(supernet.space(), genome, supernet.classes()))) {
  const torch::NoGradGuard no_grad;
  const auto state = Subnet(supernet, genome).state();
  const std::map<std::string, torch::Tensor> values(state.begin(), state.end());
  for (auto& parameter : network_->named_parameters()) parameter.value().copy_(values.at(parameter.key()));
  network_->to(state.front().second.device());
}

PublishedSubnet::~PublishedSubnet() = default;
PublishedSubnet::PublishedSubnet(PublishedSubnet&&) noexcept = default;

std::vector<torch::Tensor> PublishedSubnet::forward(const torch::Tensor& inputs) {
  return network_->forward(inputs);
}

void PublishedSubnet::train(bool on) {
  network_->train(on);
}

void PublishedSubnet::reset_statistics() {
  for (const auto& module : network_->modules())
    if (auto* norm = module->as<nn::BatchNorm2d>()) norm->reset_running_stats();
}

void PublishedSubnet::arrange(at::MemoryFormat format) {
  for (auto& parameter : network_->parameters())
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(format));
}

torch::Tensor published_logits(const Supernet& supernet, const BackboneGenome& genome,
                               const std::vector<torch::Tensor>& calibration, const torch::Tensor& inputs,
                               at::MemoryFormat format) {
  const torch::NoGradGuard no_grad;
  PublishedSubnet network(supernet, genome);
  network.reset_statistics();
  network.arrange(format);
  network.train(true);
  for (const auto& batch : calibration) (void)network.forward(batch.contiguous(format));
  network.train(false);
  return network.forward(inputs.contiguous(format)).back();
}

}  // namespace harmonic::bench
