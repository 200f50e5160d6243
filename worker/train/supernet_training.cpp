#include "worker/train/supernet_training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <torch/torch.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/base/seconds_since.hpp"
#include "core/base/text.hpp"
#include "core/space/layers.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/data/augmentation.hpp"
#include "worker/data/metrics.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/tensor/permutation.hpp"
#include "worker/tensor/tensor_hash.hpp"
#include "worker/train/flat_optimizer.hpp"
#include "worker/train/flat_parameters.hpp"
#include "worker/train/gradient_exchange.hpp"
#include "worker/train/training_mode.hpp"
#include "worker/train/training_state.hpp"

namespace harmonic {
namespace {

constexpr int kSyncBelow = 64;  ///< samples of a rank's share under which batch norms are synchronised
constexpr double kReportEveryS = 30;
constexpr std::int64_t kLossRider = -2, kStopRider = -1;  ///< of FlatParameters::exchanged

using Clock = std::chrono::steady_clock;

/// Part `index` of `parts` nearly equal contiguous parts of 0 … total-1.
struct Range {
  std::int64_t first = 0, last = 0;
  static Range part(std::int64_t total, std::int64_t index, std::int64_t parts) {
    return {total * index / parts, total * (index + 1) / parts};
  }
  [[nodiscard]] std::int64_t size() const { return last - first; }
};

torch::Tensor epoch_order(Seed seed, int epoch, std::int64_t samples) {
  RandomStream random(seed, "training order", static_cast<std::uint64_t>(epoch));
  return permutation(samples, random);
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

/// What a training's outcome depends on, but for rounding.
Conditions conditions_of(const Supernet& initial, const TrainingData& data, const SupernetTrainingSettings& settings) {
  std::uint64_t data_hash = 0, weights_hash = 0;
  for (const auto* tensor : {&data.train_inputs, &data.train_labels, &data.val_inputs, &data.val_labels})
    data_hash = tensor_hash(*tensor, data_hash);
  for (const auto& [name, tensor] : initial.tensors()) weights_hash = tensor_hash(tensor, weights_hash);
  Conditions conditions = settings.values();
  for (auto& condition : space_conditions(initial.space())) conditions.push_back(std::move(condition));
  conditions.emplace_back("classes", std::to_string(initial.classes()));
  conditions.emplace_back("training data", fmt::format("{:016x}", data_hash));
  conditions.emplace_back("first weights", fmt::format("{:016x}", weights_hash));
  return conditions;
}

void check_data(const BackboneSpace& space, const TrainingData& data) {
  const auto need = [](const torch::Tensor& inputs, std::string_view split, std::int64_t fewest) {
    if (inputs.size(0) < fewest)
      throw InputError(
          fmt::format("samples of split {}: {}; a training needs at least {}", split, inputs.size(0), fewest),
          "give another data set");
  };
  need(data.train_inputs, "train", 2);  // one alone has no variance
  need(data.val_inputs, "val", 1);
  check_input(space, data.train_inputs);
  check_input(space, data.val_inputs);
}

/// What sub-networks are recalibrated on before they are validated.
torch::Tensor first_of_shuffle(const torch::Tensor& samples, const SupernetTrainingSettings& settings) {
  const auto order = epoch_order(Seed{settings.seed}, 0, samples.size(0));
  const auto count = std::min<std::int64_t>(settings.calibration_samples, samples.size(0));
  return samples.index_select(0, order.narrow(0, 0, count));
}

/// One training run on this rank.
class Trainer {
 public:
  Trainer(const Supernet& initial, const TrainingData& data, const SupernetTrainingSettings& settings,
          Collectives& group, torch::Device device, const TrainingControl& control)
      : data_(data),
        settings_(settings),
        group_(group),
        device_(device),
        control_(control),
        seed_(settings.seed),
        supernet_(initial.clone_to(device)),
        flat_(supernet_),
        optimizer_(settings, flat_),
        exchange_(flat_, group),
        inputs_(data.train_inputs.to(device)),
        labels_(data.train_labels.to(device)),
        augmentation_(parse_augmentation(settings.augmentation, initial.space())),
        largest_(largest_genome(initial.space())),
        shortcuts_(shortcuts(initial.space(), largest_, initial.classes())),
        steps_an_epoch_(std::max<std::int64_t>(1, (inputs_.size(0) + settings.batch / 2) / settings.batch)) {
    const std::int64_t smallest_batch = inputs_.size(0) / steps_an_epoch_, share = smallest_batch / group.size();
    if (share < 1)
      throw InputError(fmt::format("batches of {} cannot be shared by {} ranks", settings.batch, group.size()),
                       "take fewer ranks or a larger batch");
    if (share < 2 && !synchronised(smallest_batch))
      throw InputError(
          fmt::format("batches of {} leave one of {} ranks a single sample, of which batch norm makes nothing",
                      settings.batch, group.size()),
          "take a larger batch, or fewer ranks, or leave --sync-batch-norm to auto");
    if (leads())
      calibration_ = calibration_batches(first_of_shuffle(data.train_inputs, settings), settings.calibration_batch);
    state_.average = flat_.values().clone();
    if (!leads() || control_.state_file.empty()) return;
    conditions_ = conditions_of(initial, data, settings);
    if (control_.resume && std::filesystem::exists(control_.state_file))
      loaded_ = load_training_state(control_.state_file, conditions_,
                                    {.parameters = flat_.values().numel(),
                                     .buffers = end_to_end(supernet_.buffers()).numel(),
                                     .moments = optimizer_.moments().size()});
  }

  TrainedSupernet run() {
    share_state();
    first_step_ = state_.step;
    start_ = saved_ = reported_ = Clock::now();
    bool stop = false;
    while (state_.step < steps() && !stop) {
      const int epoch = static_cast<int>(state_.step / steps_an_epoch_) + 1;
      const auto step_start = Clock::now();
      const double waited_before_s = group_.peers().seconds_waited();
      stop = next_step(epoch);
      times_.seconds += seconds_since(step_start);
      waited_s_ += group_.peers().seconds_waited() - waited_before_s;
      ++times_.steps;
      if (diverged()) break;
      if (state_.step % steps_an_epoch_ == 0)
        finish_epoch(epoch);
      else if (seconds_since(reported_) > kReportEveryS)
        report(false);
      if (stop || seconds_since(saved_) >= control_.save_every_s) save();
    }
    return result();
  }

  /// @throws RunError when numbers ceased to be finite, which leaves nothing to use
  void check_finite(const TrainedSupernet& trained) const {
    const auto fail = [&](const std::string& what) {
      throw RunError(
          fmt::format("the training has diverged: {}; lower --lr (it is {}), or clip the gradient more "
                      "(--clip is {}, and 0 is not at all)",
                      what, shortest(settings_.lr), shortest(settings_.clip)));
    };
    if (diverged()) fail(divergence_);
    if (!leads() || trained.stopped) return;
    for (const auto& [name, tensor] : trained.supernet.tensors())
      if (!tensor.isfinite().all().item<bool>())
        fail(fmt::format("{} is not finite after epoch {}", name, trained.best_epoch));
  }

 private:
  [[nodiscard]] bool diverged() const { return !divergence_.empty(); }
  [[nodiscard]] bool leads() const { return group_.rank().value == 0; }
  [[nodiscard]] std::int64_t steps() const { return settings_.epochs * steps_an_epoch_; }

  /// Rank 0's state, when it has loaded one, to all.
  void share_state() {
    auto step = torch::full({1}, loaded_ ? static_cast<double>(loaded_->step) : 0.0, torch::kFloat64).to(device_);
    group_.broadcast({step}, Rank{0});
    if (step.item<double>() == 0) return;
    if (loaded_) {
      flat_.values().copy_(loaded_->values);
      state_.average.copy_(loaded_->average);
      for (std::size_t i = 0; i < optimizer_.moments().size(); ++i)
        optimizer_.moments()[i].copy_(loaded_->moments.at(i));
      copy_back(loaded_->buffers, supernet_.buffers());
      loaded_->average = state_.average;
      state_ = std::move(*loaded_);
    }
    state_.step = static_cast<std::int64_t>(step.item<double>());
    std::vector<torch::Tensor> shared = {flat_.values(), state_.average};
    for (const auto& moments : optimizer_.moments()) shared.push_back(moments);
    for (const auto& buffer : supernet_.buffers()) shared.push_back(buffer);
    group_.broadcast(shared, Rank{0});
  }

  void save() {
    saved_ = Clock::now();
    if (!leads() || control_.state_file.empty()) return;
    TrainingState state = state_;
    state.seconds = seconds();
    state.values = flat_.values();
    state.moments = optimizer_.moments();
    state.buffers = end_to_end(supernet_.buffers());
    save_training_state(control_.state_file, state, conditions_);
  }

  [[nodiscard]] double seconds() const { return state_.seconds + seconds_since(start_); }

  void report(bool validated) {
    reported_ = Clock::now();
    if (!leads()) return;
    const double pace_s = seconds_since(start_) / static_cast<double>(state_.step - first_step_);
    control_.report({.epoch = static_cast<int>(state_.step / steps_an_epoch_),
                     .epochs = settings_.epochs,
                     .share = static_cast<double>(state_.step % steps_an_epoch_) / static_cast<double>(steps_an_epoch_),
                     .loss = state_.last_loss,
                     .seconds_left = pace_s * static_cast<double>(steps() - state_.step),
                     .largest_percent = state_.largest_percent,
                     .smallest_percent = state_.smallest_percent,
                     .validated = validated});
  }

  void finish_epoch(int epoch) {
    state_.last_loss = state_.loss / static_cast<double>(steps_an_epoch_);
    state_.loss = 0;
    const bool validates = epoch % settings_.validate_every == 0 || epoch == settings_.epochs;
    if (validates) {
      if (leads()) validate(epoch);
      group_.barrier();
    }
    report(validates);
  }

  TrainedSupernet result() const {
    Supernet best = supernet_.clone_to(torch::kCPU);
    if (state_.best_epoch > 0) {
      const auto values = state_.best.narrow(0, 0, state_.average.numel());
      copy_back(values, best.parameters());
      copy_back(state_.best.narrow(0, values.numel(), state_.best.numel() - values.numel()), best.buffers());
    }
    StepTimes times = times_;
    times.gradient_wait_s = exchange_.seconds_waited();
    times.batch_norm_wait_s = std::max(0.0, waited_s_ - times.gradient_wait_s);
    return {best,
            state_.best_epoch,
            state_.best_largest_percent,
            state_.best_smallest_percent,
            seconds(),
            state_.step < steps(),
            times};
  }

  /// @return whether a rank wants to stop
  bool next_step(int epoch) {
    const std::int64_t step_of_epoch = state_.step % steps_an_epoch_;
    if (!order_.defined() || step_of_epoch == 0) order_ = epoch_order(seed_, epoch, inputs_.size(0));
    const Range batch = Range::part(inputs_.size(0), step_of_epoch, steps_an_epoch_);
    const Range share = Range::part(batch.size(), group_.rank().value, group_.size());
    const auto ids = order_.narrow(0, batch.first + share.first, share.size());
    flat_.exchanged().zero_();
    if (control_.stop()) flat_.exchanged()[kStopRider] = 1;
    train_step(epoch, ids, share, batch.size());
    state_.loss += flat_.exchanged()[kLossRider].item<double>();
    ++state_.step;
    return flat_.exchanged()[kStopRider].item<double>() > 0;
  }

  void train_step(int epoch, const torch::Tensor& ids, Range share, std::int64_t batch_size) {
    const auto index = ids.to(device_);
    const auto inputs = augment(augmentation_, inputs_.index_select(0, index), ids, seed_,
                                static_cast<std::uint64_t>(epoch), settings_.augmentation_strength);
    const auto labels = labels_.index_select(0, index);
    const double weight = static_cast<double>(share.size()) / static_cast<double>(batch_size);

    const TrainingMode::Drops drops{
        settings_.dropout, settings_.drop_connect, shortcuts_, seed_, static_cast<std::uint64_t>(state_.step),
        share.first};
    const auto teacher = pass(largest_, inputs, true, drops, batch_size);
    auto loss = task_loss(teacher, labels, data_.kind, settings_.label_smoothing);
    flat_.exchanged()[kLossRider] = loss.item<double>() * weight;
    const auto soft_targets = teacher.detach();
    // Every loss but the last is gone through at once, which frees its activations; the last one's backward sums.
    for (const auto& genome : others()) {
      (loss * weight).backward();
      const auto logits = pass(genome, inputs, false, {}, batch_size);
      loss = task_loss(logits, labels, data_.kind, settings_.label_smoothing) * (1 - settings_.distillation);
      if (settings_.distillation > 0)
        loss = loss + distillation_loss(logits, soft_targets, data_.kind) * settings_.distillation;
    }
    exchange_.backward_and_sum(loss * weight);
    control_.inspect(flat_.gradients());
    update();
  }

  torch::Tensor pass(const BackboneGenome& genome, const torch::Tensor& inputs, bool update_running,
                     const TrainingMode::Drops& drops, std::int64_t batch_size) {
    TrainingMode mode(synchronised(batch_size) ? &group_ : nullptr, update_running, drops);
    return forward(supernet_, genome, inputs, mode).logits;
  }

  bool synchronised(std::int64_t batch_size) const {
    if (settings_.sync_batch_norm != "auto") return settings_.sync_batch_norm == "on";  // one rank, too: same rounding
    return group_.size() > 1 && batch_size / group_.size() < kSyncBelow;
  }

  /// The sandwich without its top slice. A network without genes has none.
  std::vector<BackboneGenome> others() const {
    if (supernet_.space().positions() == 0) return {};
    std::vector<BackboneGenome> genomes = {smallest_genome(supernet_.space())};
    RandomStream random(seed_, "sub-networks of a step", static_cast<std::uint64_t>(state_.step));
    for (int i = 0; i < settings_.random_subnets; ++i) genomes.push_back(random_genome(supernet_.space(), random));
    return genomes;
  }

  void update() {
    const torch::NoGradGuard no_grad;
    const std::int64_t step = state_.step;
    auto& gradients = flat_.gradients();
    const double norm = gradients.norm().item<double>();
    if (!std::isfinite(norm)) {  // as on all ranks, which have the same sums
      divergence_ = fmt::format("the loss or its gradient is not finite in epoch {}, step {} of {}",
                                step / steps_an_epoch_ + 1, step % steps_an_epoch_ + 1, steps_an_epoch_);
      return;
    }
    if (settings_.clip > 0 && norm > settings_.clip) gradients.mul_(settings_.clip / norm);
    optimizer_.update(step, learning_rate(settings_, step, steps_an_epoch_));
    // Early on the average follows closely: the start is soon forgotten.
    const double decay = std::min(settings_.ema, static_cast<double>(step + 1) / static_cast<double>(step + 10));
    if (settings_.ema > 0)
      state_.average.lerp_(flat_.values(), 1 - decay);
    else
      state_.average.copy_(flat_.values());
  }

  /// Largest and smallest with the averaged weights, recalibrated on the first of a fixed shuffle of the train samples.
  void validate(int epoch) {
    Supernet candidate = supernet_.clone_to(torch::kCPU);
    copy_back(state_.average, candidate.parameters());
    const BackboneEvaluator evaluator(candidate, calibration_, device_);
    const auto percent = evaluator.evaluate({largest_, smallest_genome(candidate.space())}, data_.val_inputs,
                                            data_.val_labels, data_.kind, [&] { group_.peers().at_work(); });
    state_.largest_percent = percent[0];
    state_.smallest_percent = percent[1];
    if (percent[0] + percent[1] < state_.best_largest_percent + state_.best_smallest_percent) return;
    state_.best_epoch = epoch;
    state_.best_largest_percent = percent[0];
    state_.best_smallest_percent = percent[1];
    state_.best = torch::cat({state_.average.cpu(), end_to_end(candidate.buffers())});
  }

  const TrainingData& data_;
  const SupernetTrainingSettings& settings_;
  Collectives& group_;
  torch::Device device_;
  const TrainingControl& control_;
  Seed seed_;
  Supernet supernet_;
  FlatParameters flat_;
  FlatOptimizer optimizer_;
  GradientExchange exchange_;
  torch::Tensor inputs_, labels_;
  std::vector<torch::Tensor> calibration_;  ///< batches, on rank 0 alone, which validates
  Augmentation augmentation_;
  BackboneGenome largest_;
  int shortcuts_;
  std::int64_t steps_an_epoch_;
  Conditions conditions_;
  std::optional<TrainingState> loaded_;
  TrainingState state_;  ///< `values`, `moments` and `buffers` are in flat_, optimizer_ and supernet_ while it runs
  torch::Tensor order_;
  std::string divergence_;  ///< what and when; empty while all is finite
  std::int64_t first_step_ = 0;
  StepTimes times_;
  double waited_s_ = 0;
  Clock::time_point start_, saved_, reported_;
};

}  // namespace

TrainedSupernet train_supernet(const Supernet& initial, const TrainingData& data,
                               const SupernetTrainingSettings& settings, Collectives& group, torch::Device device,
                               const TrainingControl& control) {
  std::optional<Trainer> trainer;
  group.peers().together([&] {
    check_data(initial.space(), data);
    trainer.emplace(initial, data, settings, group, device, control);
  });
  auto trained = group.peers().or_give_up([&] { return trainer->run(); });
  group.peers().together([&] { trainer->check_finite(trained); });
  return trained;
}

}  // namespace harmonic
