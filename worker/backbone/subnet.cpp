#include "worker/backbone/subnet.hpp"

#include <fmt/format.h>

namespace harmonic {
namespace {

void collect(SubnetOutput& output, const SubnetLayer& layer, const torch::Tensor& x, bool last) {
  if (last)
    output.logits = x;
  else if (layer.is_feature())
    output.features.push_back(x);
}

std::string joined(const std::string& layer, const std::string& local) {
  return layer.empty() ? local : layer + "." + local;
}

}  // namespace

torch::Tensor CalibratedLayer::forward(const torch::Tensor& x) const {
  if (statistics == nullptr) {
    StoredStatistics mode;
    return layer->forward(x, mode);
  }
  GivenStatistics mode(*statistics);
  return layer->forward(x, mode);
}

Subnet::Subnet(const Supernet& supernet, const BackboneGenome& genome) {
  for (const auto& key : layer_keys(supernet.space(), genome, supernet.classes()))
    layers_.push_back({view_layer(supernet, key), nullptr});
}

SubnetOutput Subnet::forward(const torch::Tensor& inputs) const {
  SubnetOutput output;
  auto x = inputs;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = layers_[i].forward(x);
    collect(output, *layers_[i].layer, x, i + 1 == layers_.size());
  }
  return output;
}

std::vector<NamedTensor> Subnet::state() const {
  std::vector<NamedTensor> all;
  int block = 0;
  for (const auto& [layer, statistics] : layers_) {
    const std::string name = layer->name(block);
    block += layer->key().maxout < 0 && layer->key().layer.kind == Layer::Kind::mbconv ? 1 : 0;
    for (const auto& [local, tensor] : layer->weights()) all.emplace_back(joined(name, local), tensor);
    const auto norms = layer->batch_norms();
    const auto norm_names = layer->batch_norm_names();
    for (std::size_t i = 0; i < norms.size(); ++i) {
      const std::string norm = joined(name, norm_names[i]);
      all.emplace_back(norm + ".weight", norms[i].weight);
      all.emplace_back(norm + ".bias", norms[i].bias);
      all.emplace_back(norm + ".running_mean", statistics ? (*statistics)[i].mean : norms[i].mean);
      all.emplace_back(norm + ".running_var", statistics ? (*statistics)[i].variance : norms[i].variance);
    }
  }
  return all;
}

SubnetOutput forward(const Supernet& supernet, const BackboneGenome& genome, const torch::Tensor& inputs,
                     ForwardMode& mode) {
  SubnetOutput output;
  auto x = inputs;
  const auto keys = layer_keys(supernet.space(), genome, supernet.classes());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto layer = view_layer(supernet, keys[i]);
    x = layer->forward(x, mode);
    collect(output, *layer, x, i + 1 == keys.size());
  }
  return output;
}

}  // namespace harmonic
