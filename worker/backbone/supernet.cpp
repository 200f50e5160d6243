#include "worker/backbone/supernet.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/space/layers.hpp"

namespace harmonic {
namespace {

/// Draws initial weights; every tensor from a stream of its own, so that none depends on what else the network has.
class Initialiser {
 public:
  explicit Initialiser(Seed seed) : seed_(seed) {}

  torch::Tensor normal(const std::string& name, std::vector<std::int64_t> shape, double deviation) const {
    RandomStream random(seed_, "weights of " + name);
    return fill(shape, [&] { return deviation * random.normal(); });
  }
  torch::Tensor uniform(const std::string& name, std::vector<std::int64_t> shape, double bound) const {
    RandomStream random(seed_, "weights of " + name);
    return fill(shape, [&] { return random.uniform(-bound, bound); });
  }
  /// (out, in / groups, k, k), He initialisation on the fan-out
  torch::Tensor conv(const std::string& name, int out, int in_of_group, int kernel, int groups) const {
    return normal(name, {out, in_of_group, kernel, kernel}, std::sqrt(2.0 * groups / (kernel * kernel * out)));
  }

 private:
  template <class Draw>
  static torch::Tensor fill(const std::vector<std::int64_t>& shape, Draw draw) {
    auto tensor = torch::empty(shape, torch::kFloat32);
    std::generate_n(tensor.data_ptr<float>(), tensor.numel(), [&] { return static_cast<float>(draw()); });
    return tensor;
  }

  Seed seed_;
};

}  // namespace

bool is_buffer(const std::string& tensor_name) {
  return tensor_name.ends_with(".running_mean") || tensor_name.ends_with(".running_var");
}

std::string kernel_matrix_name(int from, int to) {
  return fmt::format("{}to{}_matrix", from, to);
}

std::string maxout_linear_name(int index, bool last) {
  return last ? "hid2val" : fmt::format("op_list.{}.lin", 2 * index);
}

std::string maxout_norm_name(int index) {
  return fmt::format("op_list.{}.0", 2 * index - 1);
}

Supernet::Supernet(BackboneSpace space, int classes, Seed seed) : space_(std::move(space)), classes_(classes) {
  if (classes < 1) throw InputError(fmt::format("a network of {} classes", classes), "give at least one class");
  if (space_.family == BackboneSpace::Family::maxout)
    build_maxout(seed);
  else
    build_mobilenet(seed);
  layers_ = bind_layers(*this);
}

void Supernet::add(std::string name, torch::Tensor value) {
  index_.emplace(name, tensors_.size());
  tensors_.emplace_back(std::move(name), std::move(value));
}

void Supernet::add_norm(const std::string& name, int channels) {
  add(name + ".weight", torch::ones({channels}));
  add(name + ".bias", torch::zeros({channels}));
  add(name + ".running_mean", torch::zeros({channels}));
  add(name + ".running_var", torch::ones({channels}));
}

void Supernet::build_mobilenet(Seed seed) {
  const Initialiser init(seed);
  const auto conv = [&](const std::string& name, int out, int in_of_group, int kernel, int groups) {
    add(name + ".weight", init.conv(name, out, in_of_group, kernel, groups));
  };
  const auto linear = [&](const std::string& name, std::vector<std::int64_t> shape) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(shape[1]));
    add(name + ".weight", init.uniform(name, shape, bound));
    add(name + ".bias", torch::zeros({shape[0]}));
  };
  const auto elastic_block = [&](const Layer& layer) {
    const std::string block = fmt::format("blocks.{}.conv.", layer.position + 1);
    const int mid = layer.mid_channels;
    conv(block + "inverted_bottleneck.conv.conv", mid, layer.in_channels, 1, 1);
    add_norm(block + "inverted_bottleneck.bn.bn", mid);
    auto kernels = space_.kernels;
    std::ranges::sort(kernels, std::greater{});
    conv(block + "depth_conv.conv.conv", mid, 1, kernels.front(), mid);
    for (std::size_t i = 0; i + 1 < kernels.size(); ++i)
      add(block + "depth_conv.conv." + kernel_matrix_name(kernels[i], kernels[i + 1]),
          torch::eye(kernels[i + 1] * kernels[i + 1]));
    add_norm(block + "depth_conv.bn.bn", mid);
    if (layer.squeeze_excite) {
      const int squeezed = make_divisible(mid / 4, 8);
      linear(block + "depth_conv.se.fc.reduce", {squeezed, mid, 1, 1});
      linear(block + "depth_conv.se.fc.expand", {mid, squeezed, 1, 1});
    }
    conv(block + "point_linear.conv.conv", layer.out_channels, mid, 1, 1);
    add_norm(block + "point_linear.bn.bn", layer.out_channels);
    if (const int widest = -std::min(0, std::ranges::min(space_.expands)); widest > 0) {
      const int fused = make_divisible(layer.in_channels * static_cast<double>(widest), 8);
      conv(block + "fused_conv.conv.conv", fused, layer.in_channels, kernels.front(), 1);
      add_norm(block + "fused_conv.bn.bn", fused);
      conv(block + "fused_linear.conv.conv", layer.out_channels, fused, 1, 1);
      add_norm(block + "fused_linear.bn.bn", layer.out_channels);
    }
  };

  const auto layers = backbone_layers(space_, largest_genome(space_), classes_);
  const Layer &first = layers[0], &fixed = layers[1];
  conv("first_conv.conv", first.out_channels, first.in_channels, first.kernel, 1);
  add_norm("first_conv.bn", first.out_channels);
  conv("blocks.0.conv.depth_conv.conv", fixed.mid_channels, 1, fixed.kernel, fixed.mid_channels);
  add_norm("blocks.0.conv.depth_conv.bn", fixed.mid_channels);
  conv("blocks.0.conv.point_linear.conv", fixed.out_channels, fixed.mid_channels, 1, 1);
  add_norm("blocks.0.conv.point_linear.bn", fixed.out_channels);
  for (const auto& layer : layers)
    if (layer.position >= 0) elastic_block(layer);
  const Layer &expand = layers[layers.size() - 3], &mix = layers[layers.size() - 2];
  conv("final_expand_layer.conv", expand.out_channels, expand.in_channels, 1, 1);
  add_norm("final_expand_layer.bn", expand.out_channels);
  conv("feature_mix_layer.conv", mix.out_channels, mix.in_channels, 1, 1);
  linear("classifier.linear", {classes_, mix.out_channels});
}

void Supernet::build_maxout(Seed seed) {
  const Initialiser init(seed);
  const auto linear = [&](const std::string& name, int out, int in) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    add(name + ".weight", init.uniform(name, {out, in}, bound));
    add(name + ".bias", init.uniform(name + ".bias", {out}, bound));
  };
  int in = space_.in_features;
  int width = space_.hidden;
  for (int block = 0; block < space_.blocks; ++block) {
    linear(maxout_linear_name(block, false), width * space_.pool, in);
    add_norm(maxout_norm_name(block + 1), width);
    in = width;
    width *= space_.factor;
  }
  linear(maxout_linear_name(space_.blocks, true), classes_, in);
}

std::vector<torch::Tensor> Supernet::parameters() const {
  std::vector<torch::Tensor> found;
  for (const auto& [name, tensor] : tensors_)
    if (!is_buffer(name)) found.push_back(tensor);
  return found;
}

std::vector<torch::Tensor> Supernet::buffers() const {
  std::vector<torch::Tensor> found;
  for (const auto& [name, tensor] : tensors_)
    if (is_buffer(name)) found.push_back(tensor);
  return found;
}

const torch::Tensor& Supernet::tensor(const std::string& name) const {
  const auto it = index_.find(name);
  if (it == index_.end()) throw RunError(fmt::format("supernet {} has no tensor {}", space_.name, name));
  return tensors_[it->second].second;
}

Supernet Supernet::clone_to(torch::Device device) const {
  Supernet copy = *this;
  for (auto& [name, tensor] : copy.tensors_) tensor = tensor.detach().to(device, /*non_blocking=*/false, /*copy=*/true);
  copy.layers_ = bind_layers(copy);
  return copy;
}

}  // namespace harmonic
