#include "worker/train/supernet_training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/error.hpp"
#include "core/base/seconds_since.hpp"
#include "core/base/text.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/tensor/device_room.hpp"
#include "worker/tensor/tensor_hash.hpp"
#include "worker/train/flat_optimizer.hpp"
#include "worker/train/flat_parameters.hpp"
#include "worker/train/sandwich_step.hpp"
#include "worker/train/supernet_validation.hpp"
#include "worker/train/training_batches.hpp"
#include "worker/train/training_state.hpp"

namespace harmonic {
namespace {

/// A loss so many times that of guessing is of weights that were blown up: without training it is about once that.
constexpr double kDivergedLoss = 5;

using SteadyClock = std::chrono::steady_clock;

/// What a training's outcome depends on, but for rounding.
Conditions conditions_of(const Supernet& initial, const TrainingData& data, const SupernetTrainingSettings& settings) {
  std::uint64_t data_hash = 0, weights_hash = 0;
  for (const auto& [inputs, labels] :
       {std::pair{&data.train_inputs, &data.train_labels}, {&data.val_inputs, &data.val_labels}})
    data_hash = tensor_hash(*labels, samples_hash(*inputs, data_hash));
  for (const auto& [name, tensor] : initial.tensors()) weights_hash = tensor_hash(tensor, weights_hash);
  Conditions conditions = settings.values();
  if (settings.arithmetic == Arithmetic::float32)
    std::erase_if(conditions, [](const auto& c) { return c.first == "precision"; });
  for (auto& condition : deterministic_conditions()) conditions.push_back(std::move(condition));
  for (auto& condition : space_conditions(initial.space())) conditions.push_back(std::move(condition));
  conditions.emplace_back("classes", std::to_string(initial.classes()));
  conditions.emplace_back("training data", fmt::format("{:016x}", data_hash));
  conditions.emplace_back("first weights", fmt::format("{:016x}", weights_hash));
  return conditions;
}

/// One training run on this rank.
class Trainer {
 public:
  Trainer(const Supernet& initial, const TrainingData& data, const SupernetTrainingSettings& settings,
          Collectives& group, torch::Device device, const TrainingControl& control)
      : settings_(settings),
        group_(group),
        device_(device),
        control_(control),
        supernet_(initial.clone_to(device)),
        flat_(supernet_),
        optimizer_(settings, flat_),
        batches_(data.train_inputs.size(), settings, group.rank(), group.size()),
        step_(supernet_, flat_, data, settings, group, device),
        guessing_loss_(std::log(data.kind == LabelKind::classification ? initial.classes() : 2)) {
    if (leads()) validation_.emplace(data, settings, device);
    state_.average = flat_.values().clone();
    if (!leads() || control_.state_file.empty()) return;
    conditions_ = conditions_of(initial, data, settings);
    if (control_.resume && std::filesystem::exists(control_.state_file))
      loaded_ = load_training_state(control_.state_file, conditions_,
                                    {.parameters = flat_.values().numel(),
                                     .buffers = flattened(supernet_.buffers()).numel(),
                                     .moments = optimizer_.moments().size()});
  }

  TrainedSupernet run() {
    share_state();
    first_step_ = state_.step;
    start_ = saved_ = SteadyClock::now();
    bool stop = false;
    while (state_.step < steps() && !stop) {
      const int epoch = batches_.epoch_of(state_.step);
      const auto step_start = SteadyClock::now();
      const double waited_before_s = group_.peers().seconds_waited();
      stop = next_step(epoch);
      times_.seconds += seconds_since(step_start);
      waited_s_ += group_.peers().seconds_waited() - waited_before_s;
      ++times_.steps;
      if (!diverged() && state_.step % batches_.steps_an_epoch() == 0) finish_epoch(epoch);
      if (diverged()) break;
      report(false);
      if (stop || seconds_since(saved_) >= control_.save_every_s) save();
    }
    return result();
  }

  /// @throws RunError when numbers ceased to be finite, which leaves nothing to use
  void check_finite(const TrainedSupernet& trained) const {
    if (diverged()) fail(divergence_);
    if (!leads() || trained.stopped) return;
    for (const auto& [name, tensor] : trained.supernet.tensors())
      if (!tensor.isfinite().all().item<bool>())
        fail(fmt::format("{} is not finite after epoch {}", name, trained.best_epoch));
  }

 private:
  [[noreturn]] void fail(const std::string& divergence) const {
    throw RunError(
        fmt::format("the training has diverged: {}; lower the learning rate --lr (it is {}), or clip the gradient more "
                    "(--clip is {}, and 0 is not at all)",
                    divergence, shortest(settings_.lr), shortest(settings_.clip)));
  }
  [[nodiscard]] bool diverged() const { return !divergence_.empty(); }
  [[nodiscard]] bool leads() const { return group_.rank().value == 0; }
  [[nodiscard]] std::int64_t steps() const { return settings_.epochs * batches_.steps_an_epoch(); }

  /// Rank 0's state, when it has loaded one, to all.
  void share_state() {
    auto told = torch::zeros({2}, torch::kFloat64);  // steps, loss of the epoch under way: all judge it alike
    if (loaded_) {
      told[0] = static_cast<double>(loaded_->step);
      told[1] = loaded_->loss;
    }
    told = told.to(device_);
    group_.broadcast({told}, Rank{0});
    if (told[0].item<double>() == 0) return;
    if (loaded_) {
      flat_.values().copy_(loaded_->values);
      state_.average.copy_(loaded_->average);
      for (std::size_t i = 0; i < optimizer_.moments().size(); ++i)
        optimizer_.moments()[i].copy_(loaded_->moments.at(i));
      unflatten(loaded_->buffers, supernet_.buffers());
      loaded_->average = state_.average;
      state_ = std::move(*loaded_);
    }
    state_.step = static_cast<std::int64_t>(told[0].item<double>());
    state_.loss = told[1].item<double>();
    std::vector<torch::Tensor> shared = {flat_.values(), state_.average};
    for (const auto& moments : optimizer_.moments()) shared.push_back(moments);
    for (const auto& buffer : supernet_.buffers()) shared.push_back(buffer);
    group_.broadcast(shared, Rank{0});
  }

  void save() {
    saved_ = SteadyClock::now();
    if (!leads() || control_.state_file.empty()) return;
    TrainingState state = state_;
    state.seconds = seconds();
    state.values = flat_.values();
    state.moments = optimizer_.moments();
    state.buffers = flattened(supernet_.buffers());
    save_training_state(control_.state_file, state, conditions_, control_.source);
  }

  [[nodiscard]] double seconds() const { return state_.seconds + seconds_since(start_); }

  void report(bool validating) {
    if (!leads()) return;
    const std::int64_t epoch = batches_.steps_an_epoch();
    const double pace_s = seconds_since(start_) / static_cast<double>(state_.step - first_step_);
    control_.report({.epoch = static_cast<int>(state_.step / epoch),
                     .epochs = settings_.epochs,
                     .share = static_cast<double>(state_.step % epoch) / static_cast<double>(epoch),
                     .loss = state_.last_loss,
                     .seconds_left = pace_s * static_cast<double>(steps() - state_.step),
                     .largest_percent = state_.largest_percent,
                     .smallest_percent = state_.smallest_percent,
                     .validating = validating});
  }

  void finish_epoch(int epoch) {
    const auto of_step = [&](double& sum) {
      return std::exchange(sum, 0) / static_cast<double>(batches_.steps_an_epoch());
    };
    state_.last_loss = of_step(state_.loss);
    TrainedEpoch done{.epoch = epoch,
                      .learning_rate = learning_rate(settings_, state_.step - 1, batches_.steps_an_epoch()),
                      .losses = {state_.last_loss}};
    const double smallest = of_step(state_.loss_smallest), random = of_step(state_.loss_random);
    if (supernet_.space().positions() > 0) {
      done.losses.smallest = smallest;
      if (settings_.random_subnets > 0) done.losses.random = random;
    }
    if (!(state_.last_loss < kDivergedLoss * guessing_loss_)) {  // as on all ranks
      divergence_ = fmt::format("the loss of epoch {} is {:.4g}, that of guessing is {:.3g}", epoch, state_.last_loss,
                                guessing_loss_);
      return;
    }
    const bool validates = epoch % settings_.validate_every == 0 || epoch == settings_.epochs;
    if (validates) {
      report(true);
      if (leads()) done.validated = validate(epoch);
      group_.barrier();
    }
    if (leads()) control_.epoch_done(done);
  }

  TrainedSupernet result() const {
    Supernet best = supernet_.clone_to(torch::kCPU);
    if (state_.best_epoch > 0) {
      const auto values = state_.best.narrow(0, 0, state_.average.numel());
      unflatten(values, best.parameters());
      unflatten(state_.best.narrow(0, values.numel(), state_.best.numel() - values.numel()), best.buffers());
    }
    StepTimes times = times_;
    times.gradient_wait_s = step_.seconds_waited();
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
    flat_.reduced().zero_();
    if (control_.stop()) flat_.scalar(StepScalar::stop).fill_(1);
    const auto share = batches_.share(state_.step);
    const auto next = state_.step + 1 < steps() ? batches_.share(state_.step + 1).ids : torch::Tensor();
    step_.run(state_.step, epoch, share, next);
    control_.inspect(flat_.gradients());
    update();
    group_.settle();
    const auto told = flat_.scalars().cpu();  // the step's only wait for a device
    const auto value = [&](StepScalar which) { return told[static_cast<std::int64_t>(which)].item<double>(); };
    if (!std::isfinite(value(StepScalar::norm))) {  // as on all ranks, which have the same sums
      const std::int64_t step = state_.step, epoch_steps = batches_.steps_an_epoch();
      divergence_ =
          fmt::format("the loss or its gradient is not finite in epoch {}, step {} of {} (the loss is {:.4g})",
                      step / epoch_steps + 1, step % epoch_steps + 1, epoch_steps, value(StepScalar::loss));
    }
    state_.loss += value(StepScalar::loss);
    state_.loss_smallest += value(StepScalar::loss_smallest);
    state_.loss_random += value(StepScalar::loss_random);
    ++state_.step;
    return value(StepScalar::stop) > 0;
  }

  /// Moves the weights, whatever the gradients are: that these are numbers is seen later, when the host looks at the
  /// step for the first time.
  void update() {
    const torch::NoGradGuard no_grad;
    const std::int64_t step = state_.step, epoch = batches_.steps_an_epoch();
    auto& gradients = flat_.gradients();
    const auto norm = gradients.norm();
    flat_.scalar(StepScalar::norm).copy_(norm);
    if (settings_.clip > 0)
      gradients.mul_((settings_.clip / norm.to(torch::kFloat64)).clamp_max(1).to(norm.scalar_type()));
    optimizer_.update(step, learning_rate(settings_, step, epoch));
    // Early on the average follows closely: the start is soon forgotten.
    const double decay = std::min(settings_.ema, static_cast<double>(step + 1) / static_cast<double>(step + 10));
    if (settings_.ema > 0)
      state_.average.lerp_(flat_.values(), 1 - decay);
    else
      state_.average.copy_(flat_.values());
  }

  /// With the averaged weights, which are what is kept. @throws RunError when predictions are not finite
  SupernetValidation::Percents validate(int epoch) try {
    Supernet candidate = supernet_.clone_to(torch::kCPU);
    unflatten(state_.average.cpu(), candidate.parameters());
    const auto percents = validation_->measure(candidate, epoch, [&] { group_.peers().at_work(); });
    state_.largest_percent = percents.largest;
    state_.smallest_percent = percents.smallest;
    if (percents.largest + percents.smallest < state_.best_largest_percent + state_.best_smallest_percent)
      return percents;
    state_.best_epoch = epoch;
    state_.best_largest_percent = percents.largest;
    state_.best_smallest_percent = percents.smallest;
    state_.best = torch::cat({state_.average.cpu(), flattened(candidate.buffers())});
    return percents;
  } catch (const CandidateError& e) {
    fail(fmt::format("after epoch {} {}", epoch, e.what()));
  }

  const SupernetTrainingSettings& settings_;
  Collectives& group_;
  torch::Device device_;
  const TrainingControl& control_;
  Supernet supernet_;
  FlatParameters flat_;
  FlatOptimizer optimizer_;
  TrainingBatches batches_;
  SandwichStep step_;
  std::optional<SupernetValidation> validation_;  ///< on rank 0 alone
  Conditions conditions_;
  std::optional<TrainingState> loaded_;
  TrainingState state_;     ///< `values`, `moments` and `buffers` are in flat_, optimizer_ and supernet_ while it runs
  double guessing_loss_;    ///< of even chances for all classes
  std::string divergence_;  ///< what and when; empty while all is finite
  std::int64_t first_step_ = 0;
  StepTimes times_;
  double waited_s_ = 0;
  SteadyClock::time_point start_, saved_;
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
