#include "worker/backbone/subnet_tree.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "worker/backbone/activation_bytes.hpp"
#include "worker/backbone/map_ops.hpp"
#include "worker/tensor/device_room.hpp"
#include "worker/tensor/map_type.hpp"

namespace harmonic {
namespace {

/// Maps with their channels last, as the tree passes them on; vectors as they are.
torch::Tensor channels_last(const torch::Tensor& x) {
  return x.dim() == 4 ? x.permute({0, 2, 3, 1}) : x;
}

constexpr std::int64_t kBytesOfInput = 3 * sizeof(float);  ///< a value: as read, as normalised, in the type of maps

std::int64_t bytes_a_sample(const torch::Tensor& batch) {
  return batch.numel() / std::max<std::int64_t>(1, batch.size(0)) * kBytesOfInput;
}

}  // namespace

struct SubnetTree::Node {
  std::shared_ptr<const SubnetLayer> layer;
  std::span<const BatchNormView> norms;                         ///< of the layer
  LayerStatistics statistics;                                   ///< null: the supernet's own
  std::shared_ptr<std::vector<BatchNormStatistics>> estimated;  ///< the same, where this tree is recalibrating them
  std::vector<std::unique_ptr<Node>> children;
  std::vector<std::size_t> ends;  ///< genomes whose last layer this is
  bool norms_from_here = false;   ///< in this layer or one behind it

  [[nodiscard]] const Layer& shape() const { return layer->key().layer; }
};

/// One batch on its way through the tree.
class SubnetTree::Traversal {
 public:
  /// A node and its output, (N, H, W, C) or (N, F).
  using Visitor = std::function<void(const Node&, const torch::Tensor&)>;

  /// Runs with the statistics there are and shows every output to `visitor`, or, with none, estimates them on the way.
  /// @param at_once samples that blocks take at a time
  Traversal(const Visitor* visitor, const std::function<void()>& at_work, std::int64_t at_once = kAllAtOnce)
      : estimating_(visitor == nullptr), visitor_(visitor), at_work_(at_work), at_once_(at_once) {}

  /// Everything behind `parent`, whose output is `x`: (N, H, W, C), or (N, F). It is let go as soon as the last layer
  /// behind it has read it, before what comes behind that one.
  void visit(const Node& parent, torch::Tensor x) {
    at_work_();
    std::vector<const Node*> blocks, others;
    for (const auto& child : parent.children)
      if (!estimating_ || child->norms_from_here)
        (child->layer->block() != nullptr ? blocks : others).push_back(child.get());
    for (const auto* node : others) {
      auto y = node->layer->final_expansion() != nullptr ? final_expansion(*node, x) : whole_layer(*node, x);
      if (blocks.empty() && node == others.back()) x.reset();
      go_on(*node, std::move(y));
    }
    std::ranges::sort(blocks, {}, [](const Node* node) {
      return std::tuple(node->shape().position, node->shape().kernel, width(*node));
    });
    // A stage may end here or go on: only variants of the same block have an expansion in common.
    for_runs(
        blocks, [](const Node* node) { return node->shape().position; },
        [&](Blocks variants_of_one) {
          auto outputs = variants(variants_of_one, x);
          if (variants_of_one.back() == blocks.back()) x.reset();
          for (std::size_t i = 0; i < outputs.size(); ++i) go_on(*variants_of_one[i], std::exchange(outputs[i], {}));
        });
  }

 private:
  using Blocks = std::span<const Node* const>;

  /// Calls `body` with every longest run of blocks of the same `key`.
  template <class Key, class Body>
  static void for_runs(Blocks blocks, Key key, Body body) {
    for (std::size_t begin = 0, end = 0; begin < blocks.size(); begin = end) {
      while (end < blocks.size() && key(blocks[end]) == key(blocks[begin])) ++end;
      body(blocks.subspan(begin, end - begin));
    }
  }

  void go_on(const Node& node, torch::Tensor y) {
    if (!estimating_) (*visitor_)(node, y);
    if (!node.children.empty()) visit(node, std::move(y));
  }

  torch::Tensor whole_layer(const Node& node, const torch::Tensor& x) const {
    const auto map = x.dim() == 4 ? x.permute({0, 3, 1, 2}) : x;
    if (!estimating_) return channels_last(CalibratedLayer{node.layer, node.statistics}.forward(map)).contiguous();
    EstimatingStatistics estimating(*node.estimated);
    const auto y = node.layer->forward(map, estimating);
    return channels_last(y).contiguous();
  }

  torch::Tensor final_expansion(const Node& node, const torch::Tensor& x) const {
    const auto weight = node.layer->final_expansion()->flatten(1);
    const auto y = pointwise(x, {}, {}, weight, {static_cast<int>(weight.size(1))}, estimating_, at_once_).front();
    note(node, 0, y.moments);
    if (estimating_) return {};  // no batch norm comes after it
    return average(y.map, norm(node, 0, y.moments)).view({x.size(0), 1, 1, -1});
  }

  /// Outputs of blocks that differ in kernel and expansion only, and are sorted by them.
  std::vector<torch::Tensor> variants(Blocks blocks, const torch::Tensor& x) const {
    const Node& widest = **std::ranges::max_element(blocks, {}, [](const Node* node) { return width(*node); });
    std::optional<ExpandedMap> expanded;
    FoldedNorm entry;
    std::size_t next = 0;  // batch norm
    if (const auto& weight = widest.layer->block()->expand; weight.defined()) {
      expanded.emplace(x, weight.flatten(1), estimating_, at_once_);
      for (const auto* node : blocks) note(*node, next, expanded->moments());
      entry = norm(widest, next++, expanded->moments());
    }
    std::vector<torch::Tensor> outputs;
    for_runs(
        blocks, [](const Node* node) { return node->shape().kernel; },
        [&](Blocks of_kernel) {
          for (auto& output : of_one_kernel(of_kernel, x, expanded, entry, next)) outputs.push_back(std::move(output));
        });
    return outputs;
  }

  /// @param blocks by ascending width @param expanded x, where the blocks have an expansion
  std::vector<torch::Tensor> of_one_kernel(Blocks blocks, const torch::Tensor& x,
                                           const std::optional<ExpandedMap>& expanded, const FoldedNorm& entry,
                                           std::size_t next) const {
    const Node& widest = *blocks.back();
    const Layer& shape = widest.shape();
    const auto& weight = widest.layer->block()->depthwise;
    const auto own_entry = entry.first(width(widest));
    const auto y =
        expanded ? expanded->depthwise(own_entry, weight, shape.stride, estimating_)
                 : depthwise(x.narrow(3, 0, width(widest)), own_entry, weight, shape.stride, estimating_, at_once_);
    for (const auto* node : blocks) note(*node, next, y.moments);
    auto inner = norm(widest, next, y.moments);
    inner.activation = shape.activation;
    std::vector<MeasuredMap> projected;
    if (shape.squeeze_excite) {
      for (const auto* node : blocks) {
        const auto own = y.map.narrow(3, 0, width(*node));
        const auto own_norm = inner.first(width(*node));
        const auto gate = node->layer->block()->gate(average(own, own_norm, at_once_)).contiguous();
        projected.push_back(
            pointwise(own, own_norm, gate, project(*node), {width(*node)}, estimating_, at_once_).front());
      }
    } else {
      std::vector<int> widths;
      for (const auto* node : blocks) widths.push_back(width(*node));
      projected = pointwise(y.map, inner, {}, project(widest), widths, estimating_, at_once_);
    }
    std::vector<torch::Tensor> outputs;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      note(*blocks[i], next + 1, projected[i].moments);
      outputs.push_back(normalise(projected[i].map, norm(*blocks[i], next + 1, projected[i].moments),
                                  shape.shortcut ? x : torch::Tensor()));
    }
    return outputs;
  }

  static int width(const Node& node) { return node.shape().mid_channels; }
  static torch::Tensor project(const Node& node) { return node.layer->block()->project.flatten(1); }

  /// Takes a batch's statistics into a norm's, as many channels as it has.
  void note(const Node& node, std::size_t index, const Moments& batch) const {
    if (estimating_) add_batch(*node.estimated, index, node.norms[index], batch);
  }

  /// With the batch's statistics while estimating, else with the node's.
  [[nodiscard]] FoldedNorm norm(const Node& node, std::size_t index, const Moments& batch) const {
    const auto& view = node.norms[index];
    const auto& mean = estimating_ ? batch.mean : node.statistics ? (*node.statistics)[index].mean : view.mean;
    const auto& variance = estimating_       ? batch.variance
                           : node.statistics ? (*node.statistics)[index].variance
                                             : view.variance;
    const auto scale = view.weight * torch::rsqrt(variance + kBatchNormEpsilon);
    return {scale, view.bias - mean * scale, node.shape().activation};
  }

  bool estimating_;
  const Visitor* visitor_;
  const std::function<void()>& at_work_;
  std::int64_t at_once_;
};

SubnetTree::SubnetTree(LayerViews& views, std::span<const BackboneGenome> genomes, Arithmetic arithmetic)
    : type_(map_type(arithmetic)), root_(std::make_unique<Node>()) {
  const Supernet& supernet = views.supernet();
  for (const auto& genome : genomes) {
    std::vector<CalibratedLayer> layers;
    for (const auto& key : layer_keys(supernet.space(), genome, supernet.classes()))
      layers.push_back({views.layer(key), nullptr});
    add(layers);
  }
}

SubnetTree::SubnetTree(std::span<const Subnet> subnets, Arithmetic arithmetic)
    : type_(map_type(arithmetic)), root_(std::make_unique<Node>()) {
  for (const auto& subnet : subnets) add(subnet.layers());
}

SubnetTree::~SubnetTree() = default;

void SubnetTree::add(const std::vector<CalibratedLayer>& layers) {
  std::vector<Node*> path = {root_.get()};
  for (const auto& [layer, statistics] : layers) {
    auto& siblings = path.back()->children;
    auto found = std::ranges::find_if(siblings, [&](const auto& node) { return node->layer->key() == layer->key(); });
    if (found == siblings.end()) {
      auto node = std::make_unique<Node>();
      node->layer = layer;
      node->norms = layer->batch_norms();
      node->statistics = statistics;
      found = siblings.insert(siblings.end(), std::move(node));
      ++layers_;
    }
    path.push_back(found->get());
  }
  path.back()->ends.push_back(paths_.size());
  bool norms = false;
  for (auto node = path.rbegin(); node != path.rend(); ++node) {
    norms = norms || !(*node)->norms.empty();
    (*node)->norms_from_here = (*node)->norms_from_here || norms;
  }
  paths_.emplace_back(path.begin() + 1, path.end());
}

void SubnetTree::recalibrate(const SampleBatches& batches, const std::function<void()>& at_work) {
  const torch::NoGradGuard no_grad;
  const auto reset = [](const auto& self, Node& node) -> void {
    node.statistics = node.estimated = std::make_shared<std::vector<BatchNormStatistics>>();
    for (const auto& child : node.children) self(self, *child);
  };
  reset(reset, *root_);
  const auto taken = taken_behind(*root_);
  const std::int64_t room = activation_room(device());
  batches.visit([&](const torch::Tensor& batch) {
    const std::int64_t held = batch.size(0) * (taken.held + bytes_a_sample(batch));
    Traversal(nullptr, at_work, samples_in_room(room - held, taken.working)).visit(*root_, entering(batch));
  });
}

torch::Device SubnetTree::device() const {
  return root_->children.empty() ? torch::kCPU : root_->children.front()->layer->weights().front().second.device();
}

torch::Tensor SubnetTree::entering(const torch::Tensor& inputs) const {
  return channels_last(inputs.to(type_));
}

/// All children's outputs are taken to be there at once: they are mostly variants of one block.
SubnetTree::Taken SubnetTree::taken_behind(const Node& parent) const {
  Taken most;
  std::int64_t outputs = 0, whole = 0;
  for (const auto& child : parent.children) {
    const auto [output, working] = activation_bytes(*child->layer, elementSize(type_));
    const bool in_parts = child->layer->block() != nullptr || child->layer->final_expansion() != nullptr;
    outputs += output;
    whole = std::max(whole, in_parts ? 0 : working);
    const auto behind = taken_behind(*child);
    most.held = std::max(most.held, behind.held);
    most.working = std::max({most.working, behind.working, in_parts ? working : 0});
  }
  return {outputs + std::max(most.held, whole), most.working};
}

std::int64_t SubnetTree::chunk(const SampleSource& inputs) const {
  const auto there = device();
  if (there.is_cpu()) return evaluation_chunk(inputs);
  const auto [held, working] = taken_behind(*root_);
  const auto bytes = held + working + inputs.values_a_sample() * kBytesOfInput;
  return device_chunk(inputs, samples_in_room(activation_room(there), bytes));
}

std::vector<torch::Tensor> SubnetTree::logits(const SampleSource& inputs, const std::function<void()>& at_work) const {
  const torch::NoGradGuard no_grad;
  std::vector<std::vector<torch::Tensor>> found(paths_.size());
  const Traversal::Visitor keep_logits = [&](const Node& node, const torch::Tensor& y) {
    for (const auto genome : node.ends) found[genome].push_back(y);
  };
  for_chunks(inputs, chunk(inputs), [&](const torch::Tensor& samples) {
    for (const auto& part : evaluation_parts(samples)) Traversal(&keep_logits, at_work).visit(*root_, entering(part));
  });
  std::vector<torch::Tensor> logits;
  for (const auto& parts : found) logits.push_back(torch::cat(parts).to(torch::kFloat32));
  return logits;
}

std::vector<SubnetOutput> SubnetTree::outputs(const torch::Tensor& inputs) const {
  const torch::NoGradGuard no_grad;
  std::unordered_map<const Node*, torch::Tensor> kept;
  const Traversal::Visitor keep = [&](const Node& node, const torch::Tensor& y) {
    if (!node.ends.empty())
      kept.emplace(&node, y);
    else if (node.layer->is_feature())
      kept.emplace(&node, y.dim() == 4 ? y.permute({0, 3, 1, 2}) : y);
  };
  Traversal(&keep, [] {}).visit(*root_, entering(inputs));
  std::vector<SubnetOutput> outputs;
  for (const auto& path : paths_) {
    auto& [features, logits] = outputs.emplace_back();
    for (const auto* node : path)
      if (const auto found = kept.find(node); found != kept.end() && node != path.back())
        features.push_back(found->second);
    logits = kept.at(path.back()).to(torch::kFloat32);
  }
  return outputs;
}

Subnet SubnetTree::subnet(std::size_t genome) const {
  std::vector<CalibratedLayer> layers;
  for (const auto* node : paths_[genome]) layers.push_back({node->layer, node->statistics});
  return Subnet(std::move(layers));
}

}  // namespace harmonic
