#include "worker/train/training_settings.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace harmonic {

void SupernetTrainingSettings::declare(OptionSet& options) {
  options.section("supernet")
      .add("seed", seed, "seed of weights, order, sub-networks, augmentation and dropout")
      .add("epochs", epochs, "passes over the train split", {1, 100'000})
      .add("batch", batch, "samples a step, over all ranks", {2, 65'536})
      .add("random-subnets", random_subnets, "random sub-networks a step, besides the largest and the smallest",
           {0, 64})
      .add_choice("optimizer", optimizer, {{"adam", Optimizer::adam}, {"sgd", Optimizer::sgd}},
                  "adam with decoupled weight decay, or sgd with Nesterov momentum")
      .add("lr", lr, "learning rate after the warm-up", {1e-8, 100.0})
      .add("lr-min", lr_min, "learning rate at the end of the cosine", {0.0, 100.0})
      .add("warmup-epochs", warmup_epochs, "epochs of linear warm-up", {0.0, 1e5})
      .add("momentum", momentum, "of sgd", {0.0, 1.0})
      .idle_while([this] { return optimizer == Optimizer::sgd ? "" : "optimizer is adam"; })
      .add("weight-decay", weight_decay, "decoupled; not on batch norms and biases", {0.0, 10.0})
      .add("clip", clip, "largest norm of the gradient; 0: no clipping", {0.0, 1e9})
      .add("label-smoothing", label_smoothing, "share of the target spread over all classes", {0.0, 0.9})
      .add("dropout", dropout, "of the largest sub-network, before its classifier", {0.0, 0.9})
      .add("drop-connect", drop_connect, "of the largest sub-network, at its last block", {0.0, 0.9})
      .add("distillation", distillation, "share of the largest's soft targets in the others' loss; 0: off", {0.0, 1.0})
      .add("ema", ema, "decay of the averaged weights, a step; 0: off", {0.0, 0.99999})
      .add_choice("augmentation", augmentation,
                  {{"auto", std::nullopt},
                   {"none", Augmentation::none},
                   {"digits", Augmentation::digits},
                   {"pictures", Augmentation::pictures},
                   {"mfcc", Augmentation::mfcc}},
                  "how train samples are varied; auto: pictures for 3 channels, mfcc for a space whose name ends in "
                  "audio, else digits; none for vectors")
      .add("augmentation-strength", augmentation_strength, "1: as designed", {0.0, 10.0})
      .add("validate-every", validate_every, "epochs between validations", {1, 100'000})
      .add("calibration-samples", calibration_samples, "train samples that batch norms are re-estimated on, at most",
           {2, 10'000'000})
      .add("calibration-batch", calibration_batch, "samples of a re-estimation batch", {2, 65'536})
      .add_choice("sync-batch-norm", sync_batch_norm,
                  {{"auto", SyncBatchNorm::automatic}, {"on", SyncBatchNorm::on}, {"off", SyncBatchNorm::off}},
                  "batch statistics over all ranks; auto: when a rank's share is under 64 samples");
  declare_precision(options, arithmetic);
}

std::vector<std::pair<std::string, std::string>> SupernetTrainingSettings::values() const {
  SupernetTrainingSettings copy = *this;
  OptionSet options("", "");
  copy.declare(options);
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [name, value] : options.values()) found.emplace_back(name, value.front());
  return found;
}

bool synchronises_batch_norms(const SupernetTrainingSettings& settings, std::int64_t batch, int ranks) {
  constexpr int kFewSamples = 64;  // of a rank's share
  const auto wanted = settings.sync_batch_norm;
  if (wanted != SyncBatchNorm::automatic) return wanted == SyncBatchNorm::on;  // one rank, too: same rounding
  return ranks > 1 && batch / ranks < kFewSamples;
}

double learning_rate(const SupernetTrainingSettings& settings, std::int64_t step, std::int64_t steps_an_epoch) {
  const double warmup = settings.warmup_epochs * static_cast<double>(steps_an_epoch);
  const double total = static_cast<double>(settings.epochs * steps_an_epoch);
  const double now = static_cast<double>(step) + 1;
  if (now < warmup) return settings.lr * now / warmup;
  const double done = total > warmup ? std::clamp((now - warmup) / (total - warmup), 0.0, 1.0) : 1.0;
  return settings.lr_min + (settings.lr - settings.lr_min) * 0.5 * (1 + std::cos(std::numbers::pi * done));
}

}  // namespace harmonic
