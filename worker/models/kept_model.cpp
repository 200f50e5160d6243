#include "worker/models/kept_model.hpp"

#include <fmt/format.h>
#include <torch/utils.h>

#include "core/base/error.hpp"
#include "core/space/layers.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/subnet_tree.hpp"
#include "worker/fusion/derived_network.hpp"
#include "worker/fusion/late_fusion.hpp"
#include "worker/fusion/samples.hpp"

namespace harmonic {
namespace {

/// A stand-alone sub-network of the tensors that were kept of it, which are cut to their channels and transformed
/// already.
Subnet kept_subnet(const BackboneSpace& space, const BackboneGenome& genome, int classes,
                   const std::map<std::string, torch::Tensor>& kept) {
  const torch::NoGradGuard no_grad;
  Subnet subnet(Supernet(space, classes, Seed{0}), genome);
  for (auto& [name, tensor] : subnet.state()) {
    const auto found = kept.find(name);
    if (found == kept.end() || found->second.sizes() != tensor.sizes())
      throw InputError(fmt::format("a kept backbone has no tensor {} of the right shape", name),
                       "keep the run's files as it wrote them");
    tensor.copy_(found->second);  // the layer's own memory
  }
  return subnet;
}

}  // namespace

KeptModel::KeptModel(const std::filesystem::path& folder, const SearchSettings& settings)
    : fusion_(settings.fusion_in_force()) {
  std::vector<std::string> names;
  for (const auto& modality : settings.modalities) {
    names.push_back(modality.name);
    spaces_.push_back(modality.space);
  }
  file_ = load_model(folder, spaces_);
  if (file_.modalities != names)
    throw InputError(fmt::format("the model in {} has the modalities {}, its run's config.cfg {}", folder.string(),
                                 join(file_.modalities, ", "), join(names, ", ")),
                     "keep the run's files as it wrote them");
  if (file_.fusion.empty())
    throw InputError(
        fmt::format("the model in {} has no weights of its fusion: the published protocol retrains nothing",
                    folder.string()),
        "search with protocol = honest");
  for (std::size_t m = 0; m < spaces_.size(); ++m) {
    const auto& genome = file_.genome.backbones[m];
    offered_.push_back(offered_features(feature_count(spaces_[m], genome), fusion_.features_of(m)));
    subnets_.push_back(kept_subnet(spaces_[m], genome, file_.classes, file_.backbones[m]));
  }
}

void KeptModel::check_classes(const DatasetFile& data) const {
  if (data.info().classes != file_.classes)
    throw InputError(fmt::format("{} has {} classes, the model tells {} apart", data.path().string(),
                                 data.info().classes, file_.classes),
                     "give data of the classes that it was trained on");
}

Samples KeptModel::samples(const std::vector<torch::Tensor>& inputs) const {
  const torch::NoGradGuard no_grad;
  Samples samples;
  for (std::size_t m = 0; m < subnets_.size(); ++m) {
    const auto output = SubnetTree({&subnets_[m], 1}).outputs(inputs.at(m)).front();
    for (const int feature : offered_[m])
      samples.features.push_back(
          feature_rows(pooled_feature(output.features.at(static_cast<std::size_t>(feature)), fusion_.side)));
    samples.logits.push_back(output.logits);
  }
  const auto rows = inputs.front().size(0);
  samples.labels = {torch::zeros({rows}, torch::kInt64), LabelKind::classification, file_.classes};  // nobody asks
  return samples;
}

torch::Tensor KeptModel::logits(const Samples& samples) const {
  const torch::NoGradGuard no_grad;
  if (file_.genotype.late != LateFusion::none) {
    std::vector<int> modalities;
    for (const auto& own : offered_) modalities.push_back(static_cast<int>(own.size()));
    return predict_late_fusion(file_.fusion, file_.genotype.late, samples, modalities);
  }
  DerivedNetwork network(file_.genotype, samples.channels(), file_.classes, state_shape(fusion_),
                         added_backbones(samples, fusion_));
  network.load(file_.fusion);
  return network.forward(samples.features, Mode::eval, samples.logits);
}

}  // namespace harmonic
