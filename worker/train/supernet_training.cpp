#include "worker/train/supernet_training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <torch/torch.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/space/layers.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/train/augmentation.hpp"
#include "worker/train/flat_parameters.hpp"
#include "worker/train/metrics.hpp"
#include "worker/train/training_mode.hpp"

namespace harmonic {
namespace {

constexpr int kSyncBelow = 64;  ///< samples of a rank's share under which batch norms are synchronised

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Part `index` of `parts` nearly equal contiguous parts of 0 … total-1.
struct Range {
  std::int64_t first = 0, last = 0;
  static Range part(std::int64_t total, std::int64_t index, std::int64_t parts) {
    return {total * index / parts, total * (index + 1) / parts};
  }
  [[nodiscard]] std::int64_t size() const { return last - first; }
};

std::vector<std::int64_t> epoch_order(Seed seed, int epoch, std::int64_t samples) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(samples));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  RandomStream random(seed, "training order", static_cast<std::uint64_t>(epoch));
  random.shuffle(order);
  return order;
}

int shortcuts(const BackboneSpace& space, const BackboneGenome& genome, int classes) {
  const auto layers = backbone_layers(space, genome, classes);
  return static_cast<int>(std::ranges::count_if(layers, &Layer::shortcut));
}

/// Cross-entropy against the teacher's probabilities; per class for multilabel.
torch::Tensor distillation_loss(const torch::Tensor& logits, const torch::Tensor& teacher, LabelKind kind) {
  if (kind == LabelKind::multilabel) return torch::binary_cross_entropy_with_logits(logits, torch::sigmoid(teacher));
  return -(torch::softmax(teacher, 1) * torch::log_softmax(logits, 1)).sum(1).mean();
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const SupernetTrainingSettings& settings,
                                                        FlatParameters& flat) {
  // The one flat buffer is the optimiser's only parameter; decay is applied here, where the mask is known.
  flat.values().mutable_grad() = flat.gradients();
  if (settings.optimizer == "sgd")
    return std::make_unique<torch::optim::SGD>(
        std::vector{flat.values()}, torch::optim::SGDOptions(settings.lr).momentum(settings.momentum).nesterov(true));
  return std::make_unique<torch::optim::Adam>(std::vector{flat.values()}, torch::optim::AdamOptions(settings.lr));
}

void set_learning_rate(torch::optim::Optimizer& optimizer, double lr) {
  for (auto& group : optimizer.param_groups()) group.options().set_lr(lr);
}

void check_data(const BackboneSpace& space, const TrainingData& data) {
  if (data.train_inputs.size(0) < 2 || data.val_inputs.size(0) < 1)
    throw InputError("the train or validation split is empty", "give a data set with both");
  check_input(space, data.train_inputs);
  check_input(space, data.val_inputs);
}

/// One training run on this rank.
class Trainer {
 public:
  Trainer(const Supernet& initial, const TrainingData& data, const SupernetTrainingSettings& settings,
          Collectives& group, torch::Device device)
      : data_(data),
        settings_(settings),
        group_(group),
        device_(device),
        seed_(settings.seed),
        supernet_(initial.clone_to(device)),
        flat_(supernet_),
        average_(flat_.values().clone()),
        optimizer_(make_optimizer(settings, flat_)),
        inputs_(data.train_inputs.to(device)),
        labels_(data.train_labels.to(device)),
        augmentation_(parse_augmentation(settings.augmentation, initial.space())),
        largest_(largest_genome(initial.space())),
        shortcuts_(shortcuts(initial.space(), largest_, initial.classes())),
        steps_an_epoch_(std::max<std::int64_t>(1, (inputs_.size(0) + settings.batch / 2) / settings.batch)) {
    if (inputs_.size(0) / steps_an_epoch_ / group.size() < 1)
      throw InputError(fmt::format("batches of {} cannot be shared by {} ranks", settings.batch, group.size()),
                       "take fewer ranks or a larger batch");
    if (settings.optimizer == "sgd" || settings.optimizer == "adam") return;
    throw InputError(fmt::format("no optimizer '{}'", settings.optimizer), "give adam or sgd");
  }

  TrainedSupernet run(const std::function<void(const TrainingProgress&)>& report) {
    TrainingProgress progress{.epochs = settings_.epochs};
    TrainedSupernet best{.supernet = supernet_.clone_to(torch::kCPU), .largest_percent = -1, .smallest_percent = -1};
    for (int epoch = 1; epoch <= settings_.epochs; ++epoch) {
      progress.loss = train_epoch(epoch);
      if (epoch % settings_.validate_every == 0 || epoch == settings_.epochs) {
        if (group_.rank().value == 0) {
          const Supernet candidate = averaged();
          const auto [largest, smallest] = validate(candidate);
          progress.largest_percent = largest;
          progress.smallest_percent = smallest;
          if (largest + smallest >= best.largest_percent + best.smallest_percent)
            best = {candidate, epoch, largest, smallest, 0};
        }
        group_.barrier();
      }
      progress.epoch = epoch;
      progress.seconds = seconds_since(start_);
      if (group_.rank().value == 0) report(progress);
    }
    best.seconds = seconds_since(start_);
    return best;
  }

 private:
  /// @return the largest sub-network's mean loss on this rank
  double train_epoch(int epoch) {
    const auto order = epoch_order(seed_, epoch, inputs_.size(0));
    double loss = 0;
    for (std::int64_t step = 0; step < steps_an_epoch_; ++step) {
      const Range batch = Range::part(inputs_.size(0), step, steps_an_epoch_);
      const Range share = Range::part(batch.size(), group_.rank().value, group_.size());
      const std::vector<std::int64_t> ids(order.begin() + batch.first + share.first,
                                          order.begin() + batch.first + share.last);
      loss += train_step((epoch - 1) * steps_an_epoch_ + step, epoch, ids, share, batch.size());
    }
    return loss / static_cast<double>(steps_an_epoch_);
  }

  double train_step(std::int64_t step, int epoch, const std::vector<std::int64_t>& ids, Range share,
                    std::int64_t batch_size) {
    const auto index = torch::tensor(ids).to(device_);
    const auto inputs = augment(augmentation_, inputs_.index_select(0, index), ids, seed_,
                                static_cast<std::uint64_t>(epoch), settings_.augmentation_strength);
    const auto labels = labels_.index_select(0, index);
    const double weight = static_cast<double>(ids.size()) / static_cast<double>(batch_size);
    flat_.gradients().zero_();

    const TrainingMode::Drops drops{
        settings_.dropout, settings_.drop_connect, shortcuts_, seed_, static_cast<std::uint64_t>(step), share.first};
    const auto teacher = pass(largest_, inputs, true, drops, batch_size);
    const auto loss = task_loss(teacher, labels, data_.kind, settings_.label_smoothing);
    (loss * weight).backward();
    const auto soft_targets = teacher.detach();
    for (const auto& genome : others(step)) {
      const auto logits = pass(genome, inputs, false, {}, batch_size);
      auto other = task_loss(logits, labels, data_.kind, settings_.label_smoothing) * (1 - settings_.distillation);
      if (settings_.distillation > 0)
        other = other + distillation_loss(logits, soft_targets, data_.kind) * settings_.distillation;
      (other * weight).backward();
    }
    group_.all_reduce_sum({flat_.gradients()});
    update(step);
    return loss.item<double>();
  }

  torch::Tensor pass(const BackboneGenome& genome, const torch::Tensor& inputs, bool update_running,
                     const TrainingMode::Drops& drops, std::int64_t batch_size) {
    TrainingMode mode(synchronised(batch_size) ? &group_ : nullptr, update_running, drops);
    return forward(supernet_, genome, inputs, mode).logits;
  }

  bool synchronised(std::int64_t batch_size) const {
    if (group_.size() == 1 || settings_.sync_batch_norm == "off") return false;
    return settings_.sync_batch_norm == "on" || batch_size / group_.size() < kSyncBelow;
  }

  /// The sandwich without its top slice. A network without genes has none.
  std::vector<BackboneGenome> others(std::int64_t step) const {
    if (supernet_.space().positions() == 0) return {};
    std::vector<BackboneGenome> genomes = {smallest_genome(supernet_.space())};
    RandomStream random(seed_, "sub-networks of a step", static_cast<std::uint64_t>(step));
    for (int i = 0; i < settings_.random_subnets; ++i) genomes.push_back(random_genome(supernet_.space(), random));
    return genomes;
  }

  void update(std::int64_t step) {
    const torch::NoGradGuard no_grad;
    auto& gradients = flat_.gradients();
    if (settings_.clip > 0) {
      const double norm = gradients.norm().item<double>();
      if (norm > settings_.clip) gradients.mul_(settings_.clip / norm);
    }
    const double lr = learning_rate(settings_, step, steps_an_epoch_);
    set_learning_rate(*optimizer_, lr);
    if (settings_.weight_decay > 0)
      flat_.values().addcmul_(flat_.values(), flat_.decayed(), -lr * settings_.weight_decay);
    optimizer_->step();
    // Early on the average follows closely: the start is soon forgotten.
    const double decay = std::min(settings_.ema, static_cast<double>(step + 1) / static_cast<double>(step + 10));
    if (settings_.ema > 0)
      average_.lerp_(flat_.values(), 1 - decay);
    else
      average_.copy_(flat_.values());
  }

  Supernet averaged() const {
    Supernet candidate = supernet_.clone_to(torch::kCPU);
    flat_.store(average_, candidate);
    return candidate;
  }

  /// Validation metrics of largest and smallest, recalibrated on the first of a fixed shuffle of the train samples.
  std::pair<double, double> validate(const Supernet& candidate) {
    if (!calibration_.defined()) {
      const auto order = epoch_order(seed_, 0, data_.train_inputs.size(0));
      const auto count = std::min<std::int64_t>(settings_.calibration_samples, data_.train_inputs.size(0));
      calibration_ = data_.train_inputs.index_select(0, torch::tensor(order).narrow(0, 0, count));
    }
    const BackboneEvaluator evaluator(candidate, calibration_, settings_.calibration_batch, device_);
    const auto metrics = evaluator.evaluate({largest_, smallest_genome(candidate.space())}, data_.val_inputs,
                                            data_.val_labels, data_.kind);
    return {metrics[0], metrics[1]};
  }

  const TrainingData& data_;
  const SupernetTrainingSettings& settings_;
  Collectives& group_;
  torch::Device device_;
  Seed seed_;
  Supernet supernet_;
  FlatParameters flat_;
  torch::Tensor average_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  torch::Tensor inputs_, labels_, calibration_;
  Augmentation augmentation_;
  BackboneGenome largest_;
  int shortcuts_;
  std::int64_t steps_an_epoch_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

void SupernetTrainingSettings::declare(OptionSet& options) {
  options.section("supernet")
      .add("seed", seed, "seed of weights, order, sub-networks, augmentation and dropout")
      .add("epochs", epochs, "passes over the train split", {1, 100'000})
      .add("batch", batch, "samples a step, over all ranks", {2, 65'536})
      .add("random-subnets", random_subnets, "random sub-networks a step, besides the largest and the smallest",
           {0, 64})
      .add_choice("optimizer", optimizer, {"adam", "sgd"},
                  "adam with decoupled weight decay, or sgd with Nesterov momentum")
      .add("lr", lr, "learning rate after the warm-up", {1e-8, 100.0})
      .add("lr-min", lr_min, "learning rate at the end of the cosine", {0.0, 100.0})
      .add("warmup-epochs", warmup_epochs, "epochs of linear warm-up", {0.0, 1e5})
      .add("momentum", momentum, "of sgd", {0.0, 1.0})
      .add("weight-decay", weight_decay, "decoupled; not on batch norms and biases", {0.0, 10.0})
      .add("clip", clip, "largest norm of the gradient; 0: no clipping", {0.0, 1e9})
      .add("label-smoothing", label_smoothing, "share of the target spread over all classes", {0.0, 0.9})
      .add("dropout", dropout, "of the largest sub-network, before its classifier", {0.0, 0.9})
      .add("drop-connect", drop_connect, "of the largest sub-network, at its last block", {0.0, 0.9})
      .add("distillation", distillation, "share of the largest's soft targets in the others' loss; 0: off", {0.0, 1.0})
      .add("ema", ema, "decay of the averaged weights, a step; 0: off", {0.0, 0.99999})
      .add_choice("augmentation", augmentation, {"auto", "none", "digits", "pictures", "mfcc"},
                  "how train samples are varied")
      .add("augmentation-strength", augmentation_strength, "1: as designed", {0.0, 10.0})
      .add("validate-every", validate_every, "epochs between validations", {1, 100'000})
      .add("calibration-samples", calibration_samples, "train samples that batch norms are re-estimated on, at most",
           {2, 10'000'000})
      .add("calibration-batch", calibration_batch, "samples of a re-estimation batch", {2, 65'536})
      .add_choice("sync-batch-norm", sync_batch_norm, {"auto", "on", "off"},
                  "batch statistics over all ranks; auto: when a rank's share is under 64 samples");
}

double learning_rate(const SupernetTrainingSettings& settings, std::int64_t step, std::int64_t steps_an_epoch) {
  const double warmup = settings.warmup_epochs * static_cast<double>(steps_an_epoch);
  const double total = static_cast<double>(settings.epochs * steps_an_epoch);
  const double now = static_cast<double>(step) + 1;
  if (now < warmup) return settings.lr * now / warmup;
  const double done = total > warmup ? std::clamp((now - warmup) / (total - warmup), 0.0, 1.0) : 1.0;
  return settings.lr_min + (settings.lr - settings.lr_min) * 0.5 * (1 + std::cos(std::numbers::pi * done));
}

TrainedSupernet train_supernet(const Supernet& initial, const TrainingData& data,
                               const SupernetTrainingSettings& settings, Collectives& group, torch::Device device,
                               const std::function<void(const TrainingProgress&)>& report) {
  check_data(initial.space(), data);
  return Trainer(initial, data, settings, group, device).run(report);
}

}  // namespace harmonic
