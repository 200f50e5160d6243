#include "worker/fusion/late_fusion.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>
#include <torch/optim/lbfgs.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/error.hpp"
#include "worker/data/metrics.hpp"
#include "worker/fusion/epoch_choice.hpp"
#include "worker/fusion/predict.hpp"
#include "worker/tensor/scratch_tensor.hpp"

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

/// Minimises a convex loss of some parameters. @param loss also adds its gradients to theirs
void minimise(const std::vector<Tensor>& parameters, const std::function<Tensor()>& loss) {
  torch::optim::LBFGS optimizer(parameters,
                                torch::optim::LBFGSOptions(1).max_iter(kIterations).line_search_fn("strong_wolfe"));
  (void)optimizer.step([&] {
    optimizer.zero_grad();
    return loss();
  });
}

/// What a linear layer reads: numbers of every backbone, side by side, but not copied there.
class LinearInputs {
 public:
  LinearInputs(LateFusion late, const Samples& samples, const std::vector<int>& modalities) {
    std::size_t end = 0;
    for (std::size_t m = 0; m < modalities.size(); ++m) {
      end += static_cast<std::size_t>(modalities[m]);
      parts_.push_back(late == LateFusion::logits ? samples.logits.at(m) : samples.features.at(end - 1).flatten(1));
    }
  }

  /// Numbers of a sample.
  [[nodiscard]] std::int64_t width() const {
    std::int64_t all = 0;
    for (const auto& part : parts_) all += part.size(1);
    return all;
  }
  /// Of every number, over the rows: (width).
  [[nodiscard]] Tensor means() const {
    return joined([](const Tensor& part) { return part.mean(0); });
  }
  [[nodiscard]] Tensor deviations() const {
    return joined([](const Tensor& part) { return part.std(0, /*unbiased=*/false); });
  }
  /// Calls `use` with rows from `first` on, [backbone] (rows, numbers), until all have had their turn: all at once, but
  /// where they lie in a file.
  void visit(const std::function<void(const std::vector<Tensor>& rows, std::int64_t first)>& use) const {
    constexpr std::int64_t kRowsFromFile = 4096;
    const std::int64_t all = parts_.front().size(0);
    const std::int64_t most = std::ranges::any_of(parts_, is_scratch) ? kRowsFromFile : all;
    for (std::int64_t first = 0; first < all; first += most) {
      std::vector<Tensor> rows;
      for (const auto& part : parts_) rows.push_back(part.narrow(0, first, std::min(most, all - first)));
      use(rows, first);
      for (const auto& part : parts_) let_go(part);
    }
  }

 private:
  [[nodiscard]] Tensor joined(const std::function<Tensor(const Tensor&)>& of) const {
    std::vector<Tensor> all;
    for (const auto& part : parts_) {
      all.push_back(of(part));
      let_go(part);
    }
    return at::cat(all);
  }

  std::vector<Tensor> parts_;  ///< [backbone] (rows, numbers)
};

/// The layer of `rows` side by side: (rows, classes). @param weight (classes, width) @param bias (classes)
Tensor linear(const std::vector<Tensor>& rows, const Tensor& weight, const Tensor& bias) {
  Tensor outputs = bias;
  std::int64_t column = 0;
  for (const auto& own : rows) {
    outputs = outputs + at::linear(own, weight.narrow(1, column, own.size(1)));
    column += own.size(1);
  }
  return outputs;
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
  const LinearInputs inputs(late, samples.train, samples.modalities);
  Tensor mean, scale;
  {
    const torch::NoGradGuard no_grad;
    mean = inputs.means();
    const Tensor deviation = inputs.deviations();
    scale = at::where(deviation > 1e-6, deviation, at::ones_like(deviation)).reciprocal();  // a constant tells nothing
  }
  const auto options = torch::TensorOptions(mean.device()).requires_grad(true);
  // Of inputs of no mean and unit variance, which are never made: what they would meet is.
  const Tensor weight = torch::zeros({labels.classes, inputs.width()}, options),
               bias = torch::zeros({labels.classes}, options);
  minimise({weight, bias}, [&] {
    const Tensor decay = 0.5 * kWeightDecay * weight.square().sum();
    decay.backward();
    Tensor sum = decay.detach();
    inputs.visit([&](const std::vector<Tensor>& rows, std::int64_t first) {
      const Tensor unscaled = weight * scale;
      const std::int64_t count = rows.front().size(0);
      const Tensor loss = task_loss(linear(rows, unscaled, bias - at::mv(unscaled, mean)),
                                    labels.values.narrow(0, first, count), labels.kind) *
                          (static_cast<double>(count) / static_cast<double>(samples.train.rows()));
      loss.backward();
      sum += loss.detach();
    });
    return sum;
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
    const Tensor loss = task_loss(summed(samples.logits, logs.exp()), samples.labels.values, samples.labels.kind) +
                        kTemperatureDecay * logs.square().sum();
    loss.backward();
    return loss.detach();
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
  const LinearInputs inputs(late, samples, modalities);
  const Tensor weight = on_device(kWeight), bias = on_device(kBias);
  if (weight.dim() != 2 || weight.size(1) != inputs.width() || weight.size(0) != samples.labels.classes ||
      bias.sizes() != std::vector{weight.size(0)})
    throw InputError(fmt::format("a late fusion reads {} numbers, the samples have {}",
                                 weight.dim() == 2 ? weight.size(1) : 0, inputs.width()),
                     "use weights that belong to these backbones");
  std::vector<Tensor> logits;
  inputs.visit([&](const auto& rows, auto) { logits.push_back(linear(rows, weight, bias)); });
  return at::cat(logits);
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
