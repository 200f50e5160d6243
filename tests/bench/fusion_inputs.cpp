#include "fusion_inputs.hpp"

#include <torch/types.h>
#include <torch/utils.h>

#include "core/data/dataset_file.hpp"
#include "core/space/layers.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/data/dataset.hpp"

namespace harmonic::bench {
namespace {

using torch::Tensor;

constexpr int kCalibrationBatch = 256;
constexpr int kDrawnTrain = 900, kDrawnVal = 300, kDrawnClasses = 10;  // as AV-MNIST

/// One pattern a class, in noise.
Tensor drawn_samples(const Tensor& labels, int side) {
  return torch::randn({kDrawnClasses, 1, side, side}).index_select(0, labels) +
         torch::randn({labels.size(0), 1, side, side});
}

FusionInputs drawn_inputs(std::uint64_t seed) {
  torch::manual_seed(seed);
  FusionInputs inputs;
  inputs.classes = kDrawnClasses;
  inputs.train_labels = torch::randint(kDrawnClasses, {kDrawnTrain});
  inputs.val_labels = torch::randint(kDrawnClasses, {kDrawnVal});
  const Tensor labels = torch::cat({inputs.train_labels, inputs.val_labels});
  for (const auto* name : {"avmnist-image", "avmnist-audio"}) {
    const BackboneSpace& space = find_space(name);
    const auto samples = drawn_samples(labels, space.resolution).split_with_sizes({kDrawnTrain, kDrawnVal});
    const Supernet supernet(space, kDrawnClasses, Seed{seed});
    inputs.modalities.push_back(
        {BackboneEvaluator(supernet, samples[0], kCalibrationBatch, torch::kCPU), samples[0], samples[1]});
  }
  return inputs;
}

}  // namespace

void InputOptions::declare(OptionSet& options) {
  options.add("data", data, "data set file of AV-MNIST; without it samples of the same shapes are drawn")
      .add("image", image, "its image supernet")
      .add("audio", audio, "its audio supernet")
      .add("threads", threads, "compute threads of each way", {1, 256})
      .add("seed", seed, "of weights, batches and drawn samples");
}

FusionInputs load_inputs(const InputOptions& options) {
  if (options.data.empty()) return drawn_inputs(options.seed);
  if (options.image.empty() || options.audio.empty())
    throw InputError("a data set is given without its supernets", "name them with --image and --audio");
  const auto file = std::make_shared<DatasetFile>(options.data);
  DataMemory memory(kDataMemoryMib, 1);
  FusionInputs inputs;
  inputs.classes = file->info().classes;
  inputs.train_labels = load_labels(*file, Split::train);
  inputs.val_labels = load_labels(*file, Split::val);
  const std::vector<std::pair<std::string, std::string>> modalities = {{"image", options.image},
                                                                       {"audio", options.audio}};
  for (const auto& [name, weights] : modalities) {
    const Tensor train = open_samples(file, name, Split::train, memory).all();
    const Supernet supernet = load_supernet(weights, find_space("avmnist-" + name), inputs.classes);
    inputs.modalities.push_back({BackboneEvaluator(supernet, train, kCalibrationBatch, torch::kCPU), train,
                                 open_samples(file, name, Split::val, memory).all()});
  }
  return inputs;
}

FusionSamples fusion_samples(const FusionInputs& inputs, const std::vector<BackboneGenome>& genomes, int features,
                             int side, torch::Device device) {
  BackboneOutputs train, val;
  for (std::size_t m = 0; m < inputs.modalities.size(); ++m) {
    const auto& [backbones, train_inputs, val_inputs] = inputs.modalities[m];
    const auto offered = offered_features(feature_count(backbones.supernet().space(), genomes[m]), features);
    const auto maps = backbones.features(genomes[m], {train_inputs, val_inputs}, offered, side);
    train.add(maps[0]);
    val.add(maps[1]);
  }
  const auto samples = [&](const BackboneOutputs& outputs, const Tensor& labels) {
    return make_samples(outputs.features, outputs.logits, {labels, LabelKind::classification, inputs.classes},
                        side * side, device);
  };
  return {samples(train, inputs.train_labels), samples(val, inputs.val_labels),
          std::vector<int>(inputs.modalities.size(), features)};
}

}  // namespace harmonic::bench
