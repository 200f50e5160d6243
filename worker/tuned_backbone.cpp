#include "worker/tuned_backbone.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include <torch/utils.h>

#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/data/augmentation.hpp"
#include "worker/data/metrics.hpp"
#include "worker/tensor/upload.hpp"
#include "worker/train/training_batches.hpp"
#include "worker/train/training_mode.hpp"

namespace harmonic {
namespace {

constexpr double kMomentum = 0.9, kWeightDecay = 1e-4, kLabelSmoothing = 0.1;
constexpr double kLargestGradient = 5;  // norm

/// SGD over those parameters of a supernet that one of its networks has.
class NetworkSgd {
 public:
  explicit NetworkSgd(const Supernet& supernet) : parameters_(supernet.parameters()) {
    for (auto& parameter : parameters_) parameter.requires_grad_(true);
    momentum_.resize(parameters_.size());
  }

  /// Moves the parameters that the loss reached, and forgets its gradients.
  void step(double lr) {
    const torch::NoGradGuard no_grad;
    const double factor = std::min(1.0, kLargestGradient / std::max(norm(), 1e-12));
    for (std::size_t p = 0; p < parameters_.size(); ++p) {
      auto& parameter = parameters_[p];
      if (!parameter.grad().defined()) continue;
      torch::Tensor gradient = parameter.grad() * factor;
      if (parameter.dim() > 1) gradient += kWeightDecay * parameter;  // not on norms and biases
      momentum_[p] = momentum_[p].defined() ? momentum_[p].mul_(kMomentum).add_(gradient) : gradient;
      parameter.add_(momentum_[p], -lr);
      parameter.mutable_grad().reset();
    }
  }

 private:
  [[nodiscard]] double norm() const {
    std::vector<torch::Tensor> squares;
    for (const auto& parameter : parameters_)
      if (parameter.grad().defined()) squares.push_back(parameter.grad().square().sum());
    if (squares.empty()) return 0;
    const auto told = torch::stack(squares).cpu().to(torch::kFloat64);  // together: the device is waited for once
    const auto* numbers = told.const_data_ptr<double>();
    return std::sqrt(std::accumulate(numbers, numbers + told.numel(), 0.0));
  }

  std::vector<torch::Tensor> parameters_, momentum_;
};

}  // namespace

TunedBackbone tune_backbone(const Supernet& supernet, const BackboneGenome& genome, const TrainingData& data,
                            const SampleBatches& calibration, const TuningSettings& settings, std::uint64_t seed,
                            torch::Device device, const std::function<void(double share)>& at_work) {
  check_data(supernet.space(), data);
  const Supernet tuned = supernet.clone_to(device);
  const auto inputs = data.train_inputs.to(device);
  const auto labels = data.train_labels.to(device);
  const auto augmentation = usual_augmentation(supernet.space());
  const std::int64_t samples = inputs.size();
  const std::int64_t batches = std::max<std::int64_t>(1, samples / settings.batch);
  const auto steps = static_cast<double>(batches * settings.epochs);
  NetworkSgd sgd(tuned);
  double done = 0;
  for (int epoch = 1; epoch <= settings.epochs; ++epoch)
    for (const auto& ids : epoch_order(Seed{seed}, epoch, samples).tensor_split(batches)) {
      const auto varied = augment(augmentation, inputs.at(ids), ids, Seed{seed}, static_cast<std::uint64_t>(epoch));
      TrainingMode mode(nullptr, /*update_running=*/false, {});
      const auto logits = forward(tuned, genome, varied, mode).logits;
      check_predictions(logits.detach(), supernet.space(), genome);
      task_loss(logits, labels.index_select(0, uploaded(ids, device)), data.kind, kLabelSmoothing).backward();
      sgd.step(settings.lr * 0.5 * (1 + std::cos(std::numbers::pi * done / steps)));
      at_work(++done / steps);
    }
  const torch::NoGradGuard no_grad;
  const BackboneEvaluator evaluator(tuned, calibration, device);
  return {evaluator.evaluate({genome}, data.val_inputs, data.val_labels, data.kind).front(),
          evaluator.subnet_state(genome)};
}

}  // namespace harmonic
