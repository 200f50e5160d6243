// What a device makes of the program: sub-networks scored, steps of a supernet's training, fusion searches of many
// pairs at once, retraining; each beside plain LibTorch code for the same in this process, and beside what the device's
// own rate of matrix products would allow. And what a step asks of a device, counted on the stand-in accelerator.
// Random weights and samples: no time depends on their values. On a machine without a GPU it says so and measures the
// CPU.
#include <chrono>
#include <fstream>
#include <iostream>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <torch/cuda.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/rng.hpp"
#include "core/base/seconds_since.hpp"
#include "core/config/options.hpp"
#include "core/config/search_settings.hpp"
#include "core/hardware/model_size.hpp"
#include "tests/bench/bench_main.hpp"
#include "tests/bench/published_fusion.hpp"
#include "tests/bench/published_subnet.hpp"
#include "tests/bench/subnet_inputs.hpp"
#include "tests/support/stand_in_accelerator.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/data/metrics.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/fusion/derived_network.hpp"
#include "worker/fusion/fusion_search.hpp"
#include "worker/fusion/retraining.hpp"
#include "worker/train/supernet_training.hpp"
#include "worker/train/training_mode.hpp"

namespace harmonic::bench {
namespace {

using torch::Tensor;
using Json = nlohmann::ordered_json;

struct Options {
  std::string file, space = "avmnist-image", only = "all";
  int genomes = 32, samples = 900, steps = 10, epochs = 2, threads = 2;
  std::vector<int> pairs = {1, 8, 32};
  bool on_cpu = false;
};

/// Wall time of `body` on a device: until it is through with it.
template <class Body>
double seconds_on(torch::Device device, Body body) {
  const auto wait = [&] {
    if (device.is_cuda()) torch::cuda::synchronize(device.index());
  };
  wait();
  const auto start = std::chrono::steady_clock::now();
  body();
  wait();
  return seconds_since(start);
}

/// Of a second run: the first pays for buffers and code that later ones find in place.
template <class Body>
double warm_seconds_on(torch::Device device, Body body) {
  body();
  return seconds_on(device, body);
}

/// What the device itself does in a second.
struct Rates {
  double flops = 0, bytes = 0;
};
Rates rates_of(torch::Device device) {
  const auto options = torch::TensorOptions(device);
  const std::int64_t side = device.is_cpu() ? 512 : 4096;
  const Tensor a = torch::rand({side, side}, options), b = torch::rand({side, side}, options);
  const double product_s = warm_seconds_on(device, [&] {
    for (int i = 0; i < 10; ++i) (void)at::mm(a, b);
  });
  const Tensor from = torch::rand({device.is_cpu() ? 8 << 20 : 256 << 20}, options), to = torch::empty_like(from);
  const double copy_s = warm_seconds_on(device, [&] {
    for (int i = 0; i < 10; ++i) to.copy_(from);
  });
  const auto n = static_cast<double>(side);
  return {10 * 2 * n * n * n / product_s, 10 * 2 * static_cast<double>(from.nbytes()) / copy_s};
}

/// Figures as they are found: a line each, and all of them in the end.
class Figures {
 public:
  /// @param plain, bound the same of plain code, and of the device's rates alone
  void add(const std::string& what, const std::string& unit, double value, std::optional<double> plain = {},
           std::optional<double> bound = {}) {
    std::string line = fmt::format("{:<44} {:12.4g} {}", what, value, unit);
    Json figure{{"what", what}, {"unit", unit}, {"value", value}};
    if (plain) {
      line += fmt::format("; plain code {:.4g}, {:.2f} times as many", *plain, value / *plain);
      figure["plain"] = *plain;
    }
    if (bound) {
      line += fmt::format("; bound {:.4g}", *bound);
      figure["bound"] = *bound;
    }
    std::cout << line << std::endl;
    all_.push_back(figure);
  }
  [[nodiscard]] const Json& all() const { return all_; }

 private:
  Json all_ = Json::array();
};

void measure_scores(const Options& chosen, torch::Device device, const Rates& rates, Figures& figures) {
  const auto& space = find_space(chosen.space);
  const Supernet supernet(space, 10, Seed{1});
  const auto train = random_samples(space, chosen.samples), val = random_samples(space, chosen.samples / 6 + 1);
  const auto labels = torch::arange(val.size(0)).remainder(10);
  const auto genomes = random_genomes(space, chosen.genomes);
  const BackboneEvaluator evaluator(supernet, train, 256, device);
  const double own =
      warm_seconds_on(device, [&] { (void)evaluator.evaluate(genomes, val, labels, LabelKind::classification); });
  const Supernet there = supernet.clone_to(device);
  const auto batches = calibration_batches(train.to(device), 256);
  const double plain = warm_seconds_on(device, [&] {
    for (const auto& genome : genomes)
      (void)metric_percent(published_logits(there, genome, batches, val.to(device), at::MemoryFormat::Contiguous).cpu(),
                           labels, LabelKind::classification);
  });
  const auto count = static_cast<double>(genomes.size());
  double macs = 0;  // of a sample, all sub-networks
  for (const auto& genome : genomes) macs += backbone_size(space, genome, 10).macs;
  const double bound_s = 2 * macs * static_cast<double>(train.size(0) + val.size(0)) / rates.flops;
  figures.add(fmt::format("sub-networks scored, {}", space.name), "1/s", count / own, count / plain, count / bound_s);
}

TrainingData training_data(const BackboneSpace& space, std::int64_t samples) {
  const auto inputs = random_samples(space, samples);
  const auto labels = torch::arange(samples).remainder(10);
  return {inputs, labels, inputs.narrow(0, 0, 32), labels.narrow(0, 0, 32), LabelKind::classification};
}

/// The sandwich step in plain code: an optimiser of LibTorch's over every tensor, losses read as they come.
double plain_training_step_s(const Supernet& initial, const TrainingData& data, int batch, int steps,
                             torch::Device device) {
  const Supernet supernet = initial.clone_to(device);
  auto parameters = supernet.parameters();
  for (auto& parameter : parameters) parameter.requires_grad_(true);
  torch::optim::AdamW optimizer(parameters, torch::optim::AdamWOptions(1e-3));
  const auto inputs = data.train_inputs.to(device);
  const auto labels = data.train_labels.to(device);
  const auto step = [&](int index) {
    const auto ids = torch::arange(index * batch, (index + 1) * batch).remainder(labels.size(0));
    const auto x = inputs.at(ids);
    const auto y = labels.index_select(0, ids.to(device));
    optimizer.zero_grad();
    auto genomes = random_genomes(supernet.space(), 3);
    genomes.push_back(smallest_genome(supernet.space()));
    genomes.push_back(largest_genome(supernet.space()));
    for (const auto& genome : genomes) {
      TrainingMode mode(nullptr, /*update_running=*/true, {});
      const auto loss = task_loss(forward(supernet, genome, x, mode).logits, y, data.kind);
      loss.backward();
      (void)loss.item<double>();
    }
    torch::nn::utils::clip_grad_norm_(parameters, 5.0);
    optimizer.step();
  };
  step(0);
  return seconds_on(device,
                    [&] {
                      for (int i = 1; i <= steps; ++i) step(i);
                    }) /
         steps;
}

SupernetTrainingSettings training_settings(int steps) {
  SupernetTrainingSettings settings;
  settings.epochs = 1;
  settings.batch = 64;
  settings.calibration_samples = 32;
  settings.validate_every = steps + 1;
  return settings;
}

void measure_training(const Options& chosen, torch::Device device, Figures& figures) {
  const auto& space = find_space(chosen.space);
  const Supernet supernet(space, 10, Seed{1});
  const auto settings = training_settings(chosen.steps);
  const auto data = training_data(space, std::int64_t{settings.batch} * chosen.steps);
  (void)train_supernet(supernet, training_data(space, 2 * settings.batch), settings, *solo_collectives(), device);
  const auto times = train_supernet(supernet, data, settings, *solo_collectives(), device).times;
  figures.add(fmt::format("supernet steps of {}, {}", settings.batch, space.name), "1/s",
              static_cast<double>(times.steps) / times.seconds,
              1 / plain_training_step_s(supernet, data, settings.batch, chosen.steps, device));
}

FusionSettings fusion_settings(int epochs) {
  FusionSettings settings;
  settings.epochs = settings.retrain_epochs = settings.retrain_patience = epochs;
  settings.warmup_epochs = 0;
  settings.settle_epochs = 0;
  settings.trials = 1;
  return settings;
}

const std::vector<int> kChannels = {24, 40, 80, 160, 24, 40, 80, 160};  // of what AV-MNIST's backbones offer, about

FusionSamples fusion_samples(const Options& chosen, const FusionSettings& settings, torch::Device device) {
  const auto split = [&](std::int64_t count) {
    std::vector<Tensor> features;
    for (const int channels : kChannels)
      features.push_back(torch::rand({count, channels, settings.side * settings.side}));
    return make_samples(features, {torch::rand({count, 10}), torch::rand({count, 10})},
                        {torch::arange(count).remainder(10), LabelKind::classification, 10},
                        settings.side * settings.side, device);
  };
  return {split(chosen.samples), split(chosen.samples / 6 + 2), {4, 4}};
}

OperatorCosts equal_costs(const FusionSettings& settings) {
  return {{1.0}, {{{std::vector<double>(settings.operators.size(), 1.0)}, {{}}}}};
}

/// Floating-point operations of the convolutions of an epoch of one pair, forward and backward, of both turns.
double fusion_flops(const Options& chosen, const FusionSettings& settings, MacroArchitecture macro) {
  double macs = 0;  // a position
  for (const int channels : kChannels) macs += static_cast<double>(channels) * settings.channels;
  macs += static_cast<double>(macro.cells) * macro.nodes * 4.0 * settings.channels * settings.channels;
  return 2 * 3 * 2 * macs * settings.side * settings.side * chosen.samples;
}

/// Seconds of an epoch of pairs that train together, after a first one.
double search_epoch_s(const FusionSamples& samples, int pairs, MacroArchitecture macro, const FusionSettings& settings,
                      torch::Device device) {
  std::vector<FusionJob> jobs;
  for (int k = 0; k < pairs; ++k) jobs.push_back({samples, static_cast<std::uint64_t>(k + 1)});
  std::vector<double> ended_s;
  const auto start = std::chrono::steady_clock::now();
  FusionHooks hooks;
  hooks.progress = [&](const FusionProgress&) {
    if (device.is_cuda()) torch::cuda::synchronize(device.index());
    ended_s.push_back(seconds_since(start));
  };
  hooks.cancelled = [&] { return ended_s.size() >= static_cast<std::size_t>(settings.epochs); };
  try {
    (void)search_fusions(jobs, macro, settings, equal_costs(settings), hooks);
  } catch (const Cancelled&) {  // before the discrete networks
  }
  return (ended_s.back() - ended_s.front()) / static_cast<double>(ended_s.size() - 1);
}

/// A published network in plain code: one step of its weights, and one of its architecture.
class PlainSearch {
 public:
  PlainSearch(const FusionSamples& samples, MacroArchitecture macro, const FusionSettings& settings)
      : samples_(samples),
        side_(settings.side),
        network_({kChannels, macro, settings.operators, 2, 10, state_shape(settings)}),
        logits_(random_architecture(static_cast<int>(kChannels.size()), macro,
                                    static_cast<int>(settings.operators.size()), samples.train.device())) {
    network_.to(samples.train.device());
    weights_adam_.emplace(network_.parameters(), torch::optim::AdamOptions(1e-3));
    logits_adam_.emplace(logits_.parameters(), torch::optim::AdamOptions(1e-3));
  }
  void step_weights(const Tensor& ids) { step(*weights_adam_, samples_.train.at(ids)); }
  void step_both(const Tensor& ids) {
    step_weights(ids);
    step(*logits_adam_, samples_.val.at(ids.remainder(samples_.val.rows())));
  }

 private:
  void step(torch::optim::Adam& adam, const Samples& batch) {
    adam.zero_grad();
    std::vector<Tensor> maps;
    for (const auto& feature : batch.features)
      maps.push_back(feature.transpose(1, 2).unflatten(2, {side_, side_}).contiguous());
    const auto loss = task_loss(network_.forward(maps, weights_of(logits_)), batch.labels.values, batch.labels.kind);
    loss.backward();
    adam.step();
    (void)loss.item<double>();
  }

  const FusionSamples& samples_;
  std::int64_t side_;
  PublishedNetwork network_;
  Architecture logits_;
  std::optional<torch::optim::Adam> weights_adam_, logits_adam_;
};

void measure_fusion(const Options& chosen, torch::Device device, const Rates& rates, Figures& figures) {
  const MacroArchitecture macro{2, 1};
  const auto settings = fusion_settings(chosen.epochs + 1);
  const auto samples = fusion_samples(chosen, settings, device);
  PlainSearch plain(samples, macro, settings);
  const auto plain_epoch = [&] {
    for (std::int64_t first = 0; first + settings.batch <= samples.train.rows(); first += settings.batch)
      plain.step_both(torch::arange(first, first + settings.batch).to(device));
  };
  const double plain_s = warm_seconds_on(device, plain_epoch);
  for (const int pairs : chosen.pairs)
    figures.add(fmt::format("fusion epochs of {} pairs at once, 2x1", pairs), "pairs/s",
                pairs / search_epoch_s(samples, pairs, macro, settings, device), 1 / plain_s,
                rates.flops / fusion_flops(chosen, settings, macro));
  const auto genotype = parse_genotype("0+4:ConcatFC(0,1) | 1+5:LinearGLU(0,1) -> 8,9");
  const auto retrain = [&](std::size_t lanes) {
    std::vector<std::uint64_t> seeds;
    for (std::size_t k = 0; k < lanes; ++k) seeds.push_back(k + 1);
    return warm_seconds_on(device, [&] { (void)retrain_in_lanes(samples, genotype, settings, seeds); }) /
           settings.retrain_epochs;
  };
  const auto plain_retraining = [&] {
    DerivedNetwork network(genotype, samples.train.channels(), 10, state_shape(settings), 2);
    network.to(device);
    torch::optim::Adam adam(network.parameters(), torch::optim::AdamOptions(1e-3));
    for (std::int64_t first = 0; first + settings.retrain_batch <= samples.train.rows();
         first += settings.retrain_batch) {
      const auto batch = samples.train.at(torch::arange(first, first + settings.retrain_batch).to(device));
      adam.zero_grad();
      const auto loss =
          task_loss(network.forward(batch.features, Mode::train, batch.logits), batch.labels.values, batch.labels.kind);
      loss.backward();
      adam.step();
      (void)loss.item<double>();
    }
  };
  const double plain_retraining_s = warm_seconds_on(device, plain_retraining);
  for (const std::size_t lanes : {1, 5})
    figures.add(fmt::format("retraining epochs of {} seeds at once", lanes), "seeds/s",
                static_cast<double>(lanes) / retrain(lanes), 1 / plain_retraining_s);
}

/// What a step asks of a device: kernels and waits, beside the plain code's. On the stand-in accelerator.
void count_calls(const Options& chosen, Figures& figures) {
  const auto device = testing::stand_in_accelerator();
  const MacroArchitecture macro{2, 1};
  auto settings = fusion_settings(2);
  settings.warmup_epochs = 1;
  Options few = chosen;
  few.samples = 4 * settings.batch;
  const auto samples = fusion_samples(few, settings, device);
  PlainSearch plain(samples, macro, settings);
  const auto ids = torch::arange(settings.batch).to(device);
  plain.step_weights(ids);  // the optimiser makes its state
  const auto of_plain = testing::device_calls_of([&] { plain.step_weights(ids); });
  for (const int pairs : chosen.pairs) {
    std::vector<FusionJob> jobs;
    for (int k = 0; k < pairs; ++k) jobs.push_back({samples, static_cast<std::uint64_t>(k + 1)});
    std::vector<testing::DeviceCalls> steps;
    FusionHooks hooks;
    hooks.cancelled = [&] {
      steps.push_back(testing::device_calls());
      testing::reset_device_calls();
      return steps.size() == 3;
    };
    try {
      (void)search_fusions(jobs, macro, settings, equal_costs(settings), hooks);
    } catch (const Cancelled&) {
    }
    const auto all = static_cast<double>(pairs);
    figures.add(fmt::format("kernels of a weight step of {} pairs, 2x1", pairs), "1",
                static_cast<double>(steps[2].launches), all * static_cast<double>(of_plain.launches));
    figures.add("waits in it", "1", static_cast<double>(steps[2].waits), all * static_cast<double>(of_plain.waits));
  }
  const auto& space = find_space("avmnist-audio");
  const auto training = training_settings(4);
  std::vector<testing::DeviceCalls> steps;
  TrainingControl control;
  control.report = [&](const TrainingProgress&) {
    steps.push_back(testing::device_calls());
    testing::reset_device_calls();
  };
  (void)train_supernet(Supernet(space, 10, Seed{1}), training_data(space, 4 * training.batch), training,
                       *solo_collectives(), device, control);
  figures.add("kernels of a supernet step, avmnist-audio", "1", static_cast<double>(steps.at(2).launches));
  figures.add("waits in it", "1", static_cast<double>(steps.at(2).waits));
}

int run(const std::vector<std::string>& arguments) {
  Options chosen;
  OptionSet options("bench_gpu", "Measures what a device makes of the program, beside plain LibTorch code.");
  options.add("out", chosen.file, "file for the figures as JSON; without it they are printed alone");
  options.add("space", chosen.space, "search space of the backbones");
  options.add_choice("only", chosen.only, {"all", "scores", "training", "fusion", "counts"}, "what to measure");
  options.add("genomes", chosen.genomes, "sub-networks to score", {1, 100'000});
  options.add("samples", chosen.samples, "training samples", {200, 1'000'000});
  options.add("steps", chosen.steps, "training steps", {1, 100'000});
  options.add("epochs", chosen.epochs, "epochs of fusion networks, after a first one", {1, 1000});
  options.add("pairs", chosen.pairs, "pairs that train at once");
  options.add("threads", chosen.threads, "compute threads, on the CPU", {1, 1024});
  options.add("cpu", chosen.on_cpu, "measure the CPU, whatever there is");
  if (options.parse(arguments) == OptionSet::Parsed::help_printed) return 0;
  at::set_num_threads(chosen.threads);
  torch::manual_seed(1);
  const bool gpu = torch::cuda::is_available() && !chosen.on_cpu;
  const torch::Device device = gpu ? torch::Device(torch::kCUDA, 0) : torch::Device(torch::kCPU);
  if (!gpu) std::cout << "no GPU here: these are figures of the CPU, " << chosen.threads << " thread(s)" << std::endl;
  const auto measures = [&](const char* part) { return chosen.only == "all" || chosen.only == part; };
  Figures figures;
  Rates rates;
  if (chosen.only != "counts") {
    rates = rates_of(device);
    figures.add("matrix products, float32", "FLOP/s", rates.flops);
    figures.add("memory read and written", "B/s", rates.bytes);
  }
  if (measures("scores")) measure_scores(chosen, device, rates, figures);
  if (measures("training")) measure_training(chosen, device, figures);
  if (measures("fusion")) measure_fusion(chosen, device, rates, figures);
  if (measures("counts")) {
    if (torch::cuda::is_available())
      std::cout << "calls are counted where no GPU is seen: CUDA_VISIBLE_DEVICES= bench_gpu --only counts" << std::endl;
    else
      count_calls(chosen, figures);
  }
  if (!chosen.file.empty())
    std::ofstream(chosen.file) << Json{{"device", gpu ? "cuda" : "cpu"}, {"figures", figures.all()}}.dump(1) << '\n';
  return 0;
}

}  // namespace
}  // namespace harmonic::bench

int main(int argc, char** argv) {
  return harmonic::bench::bench_main(argc, argv, harmonic::bench::run);
}
