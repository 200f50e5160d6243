#include "worker/train/sandwich_step.hpp"

#include <algorithm>

#include <torch/types.h>

#include "core/base/rng.hpp"
#include "core/space/layers.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/data/metrics.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/tensor/map_type.hpp"
#include "worker/tensor/upload.hpp"

namespace harmonic {
namespace {

int shortcuts(const BackboneSpace& space, const BackboneGenome& genome, int classes) {
  const auto layers = backbone_layers(space, genome, classes);
  return static_cast<int>(std::ranges::count_if(layers, &Layer::shortcut));
}

/// Cross-entropy against the teacher's probabilities; per class for multilabel.
torch::Tensor distillation_loss(const torch::Tensor& logits, const torch::Tensor& teacher, LabelKind kind) {
  if (kind == LabelKind::multilabel) return torch::binary_cross_entropy_with_logits(logits, torch::sigmoid(teacher));
  return -(torch::softmax(teacher, 1) * torch::log_softmax(logits, 1)).sum(1).mean();
}

}  // namespace

SandwichStep::SandwichStep(const Supernet& supernet, FlatParameters& flat, const TrainingData& data,
                           const SupernetTrainingSettings& settings, Collectives& group, torch::Device device)
    : supernet_(supernet),
      flat_(flat),
      settings_(settings),
      group_(group),
      exchange_(flat, group),
      seed_(settings.seed),
      device_(device),
      inputs_(data.train_inputs.to(device)),
      labels_(data.train_labels.to(device)),
      kind_(data.kind),
      augmentation_(settings.augmentation.value_or(usual_augmentation(supernet.space()))),
      largest_(largest_genome(supernet.space())),
      shortcuts_(shortcuts(supernet.space(), largest_, supernet.classes())) {
  if (augmentation_ != Augmentation::mfcc || settings.augmentation_strength <= 0) return;
  // Once, before any is on the device: to ask it for those of a batch is to wait for it in every step.
  std::vector<torch::Tensor> frames;
  for_chunks(data.train_inputs, evaluation_chunk(data.train_inputs),
             [&](const torch::Tensor& chunk) { frames.push_back(frames_of(chunk)); });
  frames_ = torch::cat(frames);
}

void SandwichStep::run(std::int64_t step, int epoch, const BatchShare& share, const torch::Tensor& next_ids) {
  const auto inputs =
      augment(augmentation_, inputs_.at(share.ids), share.ids, seed_, static_cast<std::uint64_t>(epoch),
              settings_.augmentation_strength, frames_.defined() ? frames_.index_select(0, share.ids) : torch::Tensor())
          .to(map_type(settings_.arithmetic));
  const auto labels = labels_.index_select(0, uploaded(share.ids, device_));
  if (next_ids.defined()) inputs_.expect(next_ids);
  const double weight = share.weight();

  const TrainingMode::Drops drops{
      settings_.dropout, settings_.drop_connect, shortcuts_, seed_, static_cast<std::uint64_t>(step), share.first};
  const auto teacher = logits(largest_, inputs, true, drops, share.batch);
  auto loss = task_loss(teacher, labels, kind_, settings_.label_smoothing);
  flat_.scalar(StepScalar::loss).copy_(loss.detach().to(torch::kFloat64) * weight);
  const auto soft_targets = teacher.detach();
  const auto genomes = others(step);
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    (loss * weight).backward();
    const auto student = logits(genomes[i], inputs, false, {}, share.batch);
    loss = task_loss(student, labels, kind_, settings_.label_smoothing);
    if (i == 0)
      flat_.scalar(StepScalar::loss_smallest).add_(loss.detach(), weight);
    else
      flat_.scalar(StepScalar::loss_random).add_(loss.detach(), weight / settings_.random_subnets);
    loss = loss * (1 - settings_.distillation);
    if (settings_.distillation > 0)
      loss = loss + distillation_loss(student, soft_targets, kind_) * settings_.distillation;
  }
  exchange_.backward_and_sum(loss * weight);
}

torch::Tensor SandwichStep::logits(const BackboneGenome& genome, const torch::Tensor& inputs, bool update_running,
                                   const TrainingMode::Drops& drops, std::int64_t batch) {
  const bool synchronised = synchronises_batch_norms(settings_, batch, group_.size());
  TrainingMode mode(synchronised ? &group_ : nullptr, update_running, drops);
  return forward(supernet_, genome, inputs, mode).logits.to(torch::kFloat32);
}

/// The sandwich without its top slice. A network without genes has none.
std::vector<BackboneGenome> SandwichStep::others(std::int64_t step) const {
  if (supernet_.space().positions() == 0) return {};
  std::vector<BackboneGenome> genomes = {smallest_genome(supernet_.space())};
  RandomStream random(seed_, "sub-networks of a step", static_cast<std::uint64_t>(step));
  for (int i = 0; i < settings_.random_subnets; ++i) genomes.push_back(random_genome(supernet_.space(), random));
  return genomes;
}

}  // namespace harmonic
