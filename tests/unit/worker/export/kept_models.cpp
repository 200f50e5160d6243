#include "kept_models.hpp"

#include <map>
#include <numeric>

#include <torch/utils.h>

#include "core/space/layers.hpp"
#include "core/work/fitted_settings.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/fusion/derived_network.hpp"

namespace harmonic::testing {
namespace {

using Tensors = std::map<std::string, torch::Tensor>;

/// Numbers that no layer leaves as they are, of a size that training gives.
void make_up(const std::string& name, const torch::Tensor& tensor) {
  if (name.ends_with("running_var")) {
    tensor.uniform_(0.5, 1.5);
  } else if (name.ends_with("running_mean") || name.ends_with("bias")) {
    tensor.normal_(0, 0.1);
  } else if (tensor.dim() == 1 || name.find("ln.") != std::string::npos) {
    tensor.uniform_(0.5, 1.5);
  } else if (name.starts_with("head.classifier") || name.starts_with("late.")) {
    tensor.normal_(0, 0.02);
  }
}

Tensors made_up(const std::vector<NamedTensor>& named) {
  Tensors all;
  for (const auto& [name, tensor] : named) {
    all[name] = tensor.clone();
    make_up(name, all[name]);
  }
  return all;
}

Tensors fusion_of(const ModelKind& kind, const Genotype& genotype, const std::vector<int>& channels,
                  const std::vector<int>& last_numbers, const StateShape& shape) {
  const auto backbones = static_cast<int>(kind.spaces.size());
  Tensors all;
  switch (genotype.late) {
    case LateFusion::none: {
      const DerivedNetwork network(genotype, channels, kind.classes, shape, kind.backbone_logits ? backbones : 0);
      all = network.tensors();
      break;
    }
    case LateFusion::sum:
      return {{"late.temperatures", torch::empty({backbones}).uniform_(0.5, 2)}};
    case LateFusion::logits:
    case LateFusion::maps: {
      int numbers = backbones * kind.classes;
      if (genotype.late == LateFusion::maps) numbers = std::accumulate(last_numbers.begin(), last_numbers.end(), 0);
      all = {{"late.weight", torch::empty({kind.classes, numbers})}, {"late.bias", torch::empty({kind.classes})}};
    }
  }
  for (auto& [name, tensor] : all) make_up(name, tensor);
  return all;
}

}  // namespace

const std::vector<ModelKind>& model_kinds() {
  static const std::vector<ModelKind> kinds = {
      {"cells",
       {"avmnist-image", "avmnist-audio"},
       "1+5:Sum(0,1),ScaleDotAttn(2,1),LinearGLU(3,0),ScaleDotAttn(4,4) | "
       "3+8:ConcatFC(0,1),SE1(2,0),SE2(1,2),CatConvMish(3,3) -> 8,9"},
      {"largest",
       {"avmnist-image", "avmnist-audio"},
       "0+7:LinearGLU(0,1) | 2+4:CatConvMish(1,0) -> 8,9",
       10,
       4,
       192,
       4,
       true,
       true},
      {"sum", {"avmnist-image", "avmnist-audio"}, "late:sum"},
      {"logits", {"avmnist-image", "avmnist-audio"}, "late:logits"},
      {"maps", {"harmp-image", "maxout"}, "late:maps", 2, 2},
      {"three", {"avmnist-image", "avmnist-audio", "maxout"}, "0+3:Sum(0,1) | 5+6:ConcatFC(0,1) -> 6,7", 10, 2},
      {"harmp", {"harmp-image", "maxout"}, "0+3:LinearGLU(0,1) -> 4", 2, 2},
      {"mmimdb", {"mmimdb-image", "maxout"}, "1+2:ConcatFC(0,1),Sum(2,0) -> 4", 23, 2},
      {"low_rank", {"avmnist-image", "avmnist-audio"}, "3+7:LowRankTensorFusion(0,1) -> 8", 10, 4, 8, 2},
      {"one_reads_nothing", {"avmnist-image", "avmnist-audio"}, "0+2:Sum(0,1) -> 8", 10, 4, 16, 3, false},
  };
  return kinds;
}

SearchSettings settings_of(const ModelKind& kind) {
  SearchSettings settings;
  SampleShapes shapes;
  for (const auto& space : kind.spaces) {
    const std::string name = space.substr(space.find('-') + 1);
    settings.modalities.push_back({name, find_space(space), {}});
    shapes[name] = space == "maxout" ? std::vector{kVectorLength} : sample_shape(find_space(space));
  }
  settings.fusion.channels = kind.channels;
  settings.fusion.side = kind.side;
  settings.fusion.features = {kind.features};
  settings.fusion.backbone_logits = kind.backbone_logits;
  return fitted_settings(std::move(settings), shapes);
}

KeptModel keep_model(const std::filesystem::path& folder, const ModelKind& kind) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(7);
  const SearchSettings settings = settings_of(kind);
  RandomStream random(Seed{7}, "made up");
  ModelFile model;
  model.genotype = parse_genotype(kind.genotype);
  model.classes = kind.classes;
  model.metric_val = 50;
  std::vector<int> channels, last_numbers;
  for (std::size_t m = 0; m < settings.modalities.size(); ++m) {
    const auto& [name, space, weights] = settings.modalities[m];
    model.modalities.push_back(name);
    model.spaces.push_back(space.name);
    const auto& genome =
        model.genome.backbones.emplace_back(kind.largest ? largest_genome(space) : random_genome(space, random));
    model.backbones.push_back(made_up(Subnet(Supernet(space, kind.classes, Seed{m}), genome).state()));
    const auto all = feature_channels(space, genome, kind.classes);
    for (const int f : offered_features(feature_count(space, genome), kind.features))
      channels.push_back(all[static_cast<std::size_t>(f)]);
    const bool vector = space.family == BackboneSpace::Family::maxout;
    last_numbers.push_back(channels.back() * (vector ? 1 : kind.side * kind.side));
  }
  model.fusion = fusion_of(kind, model.genotype, channels, last_numbers, state_shape(settings.fusion_in_force()));
  save_model(folder, model);
  return {folder, settings};
}

std::vector<torch::Tensor> noise(const ModelKind& kind, std::int64_t samples) {
  torch::manual_seed(8);
  std::vector<torch::Tensor> all;
  for (const auto& modality : settings_of(kind).modalities) {
    const auto sample = sample_shape(modality.space);
    std::vector<std::int64_t> shape = {samples};
    shape.insert(shape.end(), sample.begin(), sample.end());
    all.push_back(torch::randn(shape));
  }
  return all;
}

}  // namespace harmonic::testing
