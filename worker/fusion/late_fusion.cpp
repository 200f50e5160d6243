#include "worker/fusion/late_fusion.hpp"

#include <functional>

#include <fmt/format.h>
#include <torch/optim/lbfgs.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/error.hpp"
#include "worker/data/metrics.hpp"
#include "worker/fusion/epoch_choice.hpp"
#include "worker/fusion/predict.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

const std::string kTemperatures = "late.temperatures", kWeight = "late.weight", kBias = "late.bias";

// Of the mean loss, with inputs of unit variance. Measured over 17 pairs of AV-MNIST and of the quick start's stand-in,
// of 1e-4 … 3e-1: validation of the two linear layers, mean of both, is 98.78 % at 1e-3, 98.75 at 1e-4, 98.73 at 1e-2.
constexpr double kWeightDecay = 1e-3;
// Temperatures are held near 1 by this much: where every sample is right the loss alone would send them to 0.
constexpr double kTemperatureDecay = 1e-2;
constexpr int kIterations = 100;

/// Minimises a convex loss of some parameters.
void minimise(const std::vector<Tensor>& parameters, const std::function<Tensor()>& loss) {
  torch::optim::LBFGS optimizer(parameters,
                                torch::optim::LBFGSOptions(1).max_iter(kIterations).line_search_fn("strong_wolfe"));
  (void)optimizer.step([&] {
    optimizer.zero_grad();
    const Tensor value = loss();
    value.backward();
    return value;
  });
}

/// (rows, numbers) what the linear layer reads.
Tensor inputs_of(LateFusion late, const Samples& samples, const std::vector<int>& modalities) {
  if (late == LateFusion::logits) return at::cat(samples.logits, 1);
  std::vector<Tensor> last;
  std::size_t end = 0;
  for (const int own : modalities) {
    end += static_cast<std::size_t>(own);
    last.push_back(samples.features.at(end - 1).flatten(1));
  }
  return at::cat(last, 1);
}

Tensor summed(const std::vector<Tensor>& logits, const Tensor& temperatures) {
  Tensor sum = logits.front() / temperatures[0];
  for (std::size_t b = 1; b < logits.size(); ++b) sum = sum + logits[b] / temperatures[static_cast<std::int64_t>(b)];
  return sum;  // of logits: log-probabilities differ by a number a sample, which changes nothing
}

const Tensor& find(const std::map<std::string, Tensor>& weights, const std::string& name) {
  const auto found = weights.find(name);
  if (found == weights.end())
    throw InputError(fmt::format("a late fusion has no tensor {}", name), "use weights that belong to this genotype");
  return found->second;
}

std::map<std::string, Tensor> fit_linear(LateFusion late, const FusionSamples& samples) {
  const Labels& labels = samples.train.labels;
  Tensor inputs = inputs_of(late, samples.train, samples.modalities), mean, scale;
  {
    const torch::NoGradGuard no_grad;
    mean = inputs.mean(0);
    const Tensor deviation = inputs.std(0, /*unbiased=*/false);
    scale = at::where(deviation > 1e-6, deviation, at::ones_like(deviation)).reciprocal();  // a constant tells nothing
    inputs = (inputs - mean) * scale;
  }
  const auto options = torch::TensorOptions(inputs.device()).requires_grad(true);
  const Tensor weight = torch::zeros({labels.classes, inputs.size(1)}, options),
               bias = torch::zeros({labels.classes}, options);
  minimise({weight, bias}, [&] {
    return task_loss(at::linear(inputs, weight, bias), labels.values, labels.kind) +
           0.5 * kWeightDecay * weight.square().sum();
  });
  const torch::NoGradGuard no_grad;
  const Tensor unscaled = weight.detach() * scale;
  return {{kWeight, unscaled.cpu()}, {kBias, (bias.detach() - at::mv(unscaled, mean)).cpu()}};
}

}  // namespace

std::map<std::string, Tensor> plain_late_sum(std::size_t backbones) {
  return {{kTemperatures, at::ones({static_cast<std::int64_t>(backbones)})}};
}

std::map<std::string, Tensor> fit_late_sum(const Samples& samples) {
  const Tensor logs = torch::zeros({static_cast<std::int64_t>(samples.logits.size())},
                                   torch::TensorOptions(samples.device()).requires_grad(true));
  minimise({logs}, [&] {
    const Tensor loss = task_loss(summed(samples.logits, logs.exp()), samples.labels.values, samples.labels.kind);
    return loss + kTemperatureDecay * logs.square().sum();
  });
  return {{kTemperatures, logs.detach().exp().cpu()}};
}

Tensor predict_late_fusion(const std::map<std::string, Tensor>& weights, LateFusion late, const Samples& samples,
                           const std::vector<int>& modalities) {
  const torch::NoGradGuard no_grad;
  const auto on_device = [&](const std::string& name) { return find(weights, name).to(samples.device()); };
  if (late == LateFusion::sum) {
    const Tensor temperatures = on_device(kTemperatures);
    if (temperatures.sizes() != std::vector{static_cast<std::int64_t>(samples.logits.size())})
      throw InputError(
          fmt::format("a late fusion has not one temperature for each of {} backbones", samples.logits.size()),
          "use weights that belong to this genotype");
    return summed(samples.logits, temperatures);
  }
  const Tensor inputs = inputs_of(late, samples, modalities), weight = on_device(kWeight), bias = on_device(kBias);
  if (weight.dim() != 2 || weight.size(1) != inputs.size(1) || weight.size(0) != samples.labels.classes ||
      bias.sizes() != std::vector{weight.size(0)})
    throw InputError(fmt::format("a late fusion reads {} numbers, the samples have {}",
                                 weight.dim() == 2 ? weight.size(1) : 0, inputs.size(1)),
                     "use weights that belong to these backbones");
  return at::linear(inputs, weight, bias);
}

TrainedLateFusion train_late_fusion(const FusionSamples& samples, LateFusion late) {
  TrainedLateFusion trained;
  trained.weights = late == LateFusion::sum ? fit_late_sum(samples.val) : fit_linear(late, samples);
  const Labels& labels = samples.val.labels;
  const Tensor logits = predict_late_fusion(trained.weights, late, samples.val, samples.modalities);
  (void)checked_metric(logits, labels, "the late fusion");
  // As many right answers are then the same number as a network's, to the last digit.
  EpochChoice choice(labels);
  choice.add_epoch(logits);
  trained.metric_val = choice.metric();
  return trained;
}

double evaluate_late_fusion(const std::map<std::string, Tensor>& weights, LateFusion late, const Samples& samples,
                            const std::vector<int>& modalities) {
  return checked_metric(predict_late_fusion(weights, late, samples, modalities), samples.labels, "the late fusion");
}

}  // namespace harmonic
