// What a fusion search costs against the published way of doing it, both in this run, each in a process of its own.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/nn.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "against_random.hpp"
#include "bench_main.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/config/search_settings.hpp"
#include "core/space/layers.hpp"
#include "fusion_inputs.hpp"
#include "measured_child.hpp"
#include "published_fusion.hpp"
#include "published_subnet.hpp"
#include "worker/data/metrics.hpp"
#include "worker/fusion/batches.hpp"
#include "worker/fusion/learning_rate.hpp"
#include "worker/fusion/mixed_search.hpp"
#include "worker/group/placement.hpp"

namespace harmonic::bench {
namespace {

using torch::Tensor;

/// Row 1 of the published AV-MNIST table.
constexpr const char* kImageGenome = "K=5,5,5,5;E=3,3,4,3;D=2";
constexpr const char* kAudioGenome = "K=3,3,7,3;E=3,3,3,6;D=2";
constexpr int kFeatures = 4;  // that each modality offers

/// One way's epochs.
struct Measurement {
  double start_mib = 0;          ///< peak memory before the first epoch: the program, data, backbones, features
  double peak_mib = 0;           ///< in the end
  double once_s = 0;             ///< wall time of what is done once before the epochs
  double wall_s = 0, cpu_s = 0;  ///< of the fastest epoch
  std::vector<double> losses;    ///< mean training loss of every epoch

  [[nodiscard]] std::vector<double> numbers() const {
    std::vector<double> all{start_mib, peak_mib, once_s, wall_s, cpu_s};
    all.insert(all.end(), losses.begin(), losses.end());
    return all;
  }
  [[nodiscard]] static Measurement from(const std::vector<double>& all) {
    return {all.at(0), all.at(1), all.at(2), all.at(3), all.at(4), {all.begin() + 5, all.end()}};
  }
};

/// Times epochs as they end and keeps the fastest: the first pays for buffers and code that later ones find in place.
class EpochTimer {
 public:
  explicit EpochTimer(Measurement& into) : into_(into) {}
  void start() {
    into_.start_mib = peak_memory_mib();
    last_ = Clock::now();
  }
  void epoch_done(double loss) {
    const Clock now = Clock::now();
    const double wall = now.wall_s - last_.wall_s, cpu = now.cpu_s - last_.cpu_s;
    const bool first = into_.losses.empty();
    into_.wall_s = first ? wall : std::min(into_.wall_s, wall);
    into_.cpu_s = first ? cpu : std::min(into_.cpu_s, cpu);
    into_.losses.push_back(loss);
    last_ = Clock::now();
  }

 private:
  Measurement& into_;
  Clock last_;
};

/// The published learning rates, steps and softmax, on which both ways run.
FusionSettings published_settings(int epochs, double dropout) {
  FusionSettings settings = published_values({});
  settings.epochs = epochs;
  settings.dropout = dropout;
  settings.cost_weights = every_quantity(0.0);  // whose gradient the published code loses
  return settings;
}

std::vector<BackboneGenome> table_genomes(const FusionInputs& inputs) {
  return {parse_genome(kImageGenome, inputs.modalities[0].backbones.supernet().space()),
          parse_genome(kAudioGenome, inputs.modalities[1].backbones.supernet().space())};
}

OperatorCosts no_costs(const FusionSettings& settings) {
  return {{1.0}, {{{std::vector<double>(settings.operators.size(), 1.0)}, {{}}}}};
}

Measurement run_harmonic(const InputOptions& options, MacroArchitecture macro, const FusionSettings& settings) {
  const FusionInputs inputs = load_inputs(options);
  torch::set_num_threads(options.threads);
  Measurement measured;
  EpochTimer timer(measured);
  const Clock begin = Clock::now();
  const FusionSamples samples = fusion_samples(inputs, table_genomes(inputs), kFeatures, settings.side);
  measured.once_s = Clock::now().wall_s - begin.wall_s;
  FusionHooks hooks;
  bool searched = false;
  hooks.progress = [&](const FusionProgress& progress) {
    timer.epoch_done(progress.loss);
    searched = progress.epoch == progress.epochs;
  };
  hooks.cancelled = [&] { return searched; };
  timer.start();
  try {
    (void)search_fusion(samples, macro, settings, no_costs(settings), options.seed, hooks);
  } catch (const Cancelled&) {  // before the discrete network is retrained
  }
  measured.peak_mib = peak_memory_mib();
  return measured;
}

enum class Backbones {
  trained_along,  ///< as in the published code: in training mode, frozen by leaving their weights out of the optimiser,
                  ///< so that every backward pass goes through them
  without_graph,  ///< in training mode, but nothing flows back into them
  same_as_ours,   ///< in eval mode with re-estimated statistics, for equal losses
};

/// The published way.
class PublishedSearch {
 public:
  PublishedSearch(const FusionInputs& inputs, MacroArchitecture macro, const FusionSettings& settings,
                  std::uint64_t seed, Backbones backbones)
      : inputs_(inputs), settings_(settings), seed_(seed), backbones_(backbones) {
    const auto genomes = table_genomes(inputs);
    for (std::size_t m = 0; m < inputs.modalities.size(); ++m) {
      const auto& ours = inputs.modalities[m].backbones;
      const auto& space = ours.supernet().space();
      offered_.push_back(offered_features(feature_count(space, genomes[m]), kFeatures));
      const auto channels = feature_channels(space, genomes[m], inputs.classes);
      for (const int index : offered_[m]) layout_.input_channels.push_back(channels[static_cast<std::size_t>(index)]);
      if (backbones == Backbones::same_as_ours)
        calibrated_.push_back(ours.subnet(genomes[m]));
      else
        subnets_.emplace_back(ours.supernet(), genomes[m]);
    }
    layout_.macro = macro;
    layout_.operators = settings.operators;
    layout_.multiplier = settings.multiplier;
    layout_.classes = inputs.classes;
    layout_.shape = {settings.channels, settings.side * settings.side, settings.dropout};
    torch::manual_seed(seed);
    MixedNetwork start(layout_);  // draws as the search does
    logits_ = random_architecture(static_cast<int>(layout_.input_channels.size()), macro,
                                  static_cast<int>(settings.operators.size()), torch::kCPU);
    network_ = std::make_shared<PublishedNetwork>(layout_);
    torch::NoGradGuard no_grad;
    const auto parameters = start.named_parameters();
    for (auto& item : network_->named_parameters()) item.value().copy_(parameters[item.key()]);
  }

  void run(EpochTimer& timer) {
    torch::optim::Adam weight_adam(network_->parameters(),
                                   torch::optim::AdamOptions(settings_.weight_lr).weight_decay(settings_.weight_decay));
    torch::optim::Adam arch_adam(
        logits_.parameters(),
        torch::optim::AdamOptions(settings_.arch_lr).betas({0.5, 0.999}).weight_decay(settings_.arch_weight_decay));
    BatchCycle val_batches({.seeds = {seed_},
                            .purpose = kArchitectureBatches,
                            .samples = inputs_.val_labels.size(0),
                            .batch = settings_.batch},
                           torch::kCPU);
    timer.start();
    for (int epoch = 0; epoch < settings_.epochs; ++epoch) {
      const auto batches = lane_batches({.seeds = {seed_},
                                         .purpose = kWeightBatches,
                                         .samples = inputs_.train_labels.size(0),
                                         .batch = settings_.batch},
                                        epoch, torch::kCPU);
      double loss_sum = 0;
      std::int64_t samples = 0;
      for (std::size_t b = 0; b < batches.size(); ++b) {
        const double t = epoch + static_cast<double>(b) / static_cast<double>(batches.size());
        for (auto& group : weight_adam.param_groups())
          static_cast<torch::optim::AdamOptions&>(group.options())
              .lr(cosine_restarts(t, settings_.weight_lr, settings_.weight_lr_min));
        loss_sum += step(weight_adam, batches[b], true) * static_cast<double>(batches[b].size(0));
        samples += batches[b].size(0);
        (void)step(arch_adam, val_batches.next(), false);
      }
      timer.epoch_done(loss_sum / static_cast<double>(samples));
    }
  }

 private:
  std::vector<Tensor> maps(const Tensor& indices, bool train) {
    const torch::AutoGradMode graph(backbones_ == Backbones::trained_along);
    std::vector<Tensor> all;
    for (std::size_t m = 0; m < inputs_.modalities.size(); ++m) {
      const auto& modality = inputs_.modalities[m];
      const Tensor batch = (train ? modality.train : modality.val).index_select(0, indices);
      const auto features = subnets_.empty() ? calibrated_[m].forward(batch).features : subnets_[m].forward(batch);
      for (const int index : offered_[m]) all.push_back(features[static_cast<std::size_t>(index)].contiguous());
    }
    return all;
  }

  /// As published, every step computes all gradients and uses those of its own parameters.
  double step(torch::optim::Adam& adam, const Tensor& indices, bool train) {
    adam.zero_grad();
    const Tensor labels = (train ? inputs_.train_labels : inputs_.val_labels).index_select(0, indices);
    const Tensor loss =
        torch::nn::functional::cross_entropy(network_->forward(maps(indices, train), weights_of(logits_)), labels);
    loss.backward();
    adam.step();
    return loss.item<double>();
  }

  const FusionInputs& inputs_;
  FusionSettings settings_;
  std::uint64_t seed_;
  Backbones backbones_;
  std::vector<std::vector<int>> offered_;
  std::vector<PublishedSubnet> subnets_;
  std::vector<Subnet> calibrated_;
  FusionLayout layout_;
  Architecture logits_;
  std::shared_ptr<PublishedNetwork> network_;
};

Measurement run_published(const InputOptions& options, MacroArchitecture macro, const FusionSettings& settings,
                          Backbones backbones) {
  const FusionInputs inputs = load_inputs(options);
  torch::set_num_threads(options.threads);
  Measurement measured;
  EpochTimer timer(measured);
  PublishedSearch(inputs, macro, settings, options.seed, backbones).run(timer);
  measured.peak_mib = peak_memory_mib();
  return measured;
}

Measurement measure(const std::function<Measurement()>& way) {
  return Measurement::from(in_child([&] { return way().numbers(); }));
}

struct Options {
  InputOptions inputs;
  std::vector<std::string> macro = {"2x1", "3x4"};
  std::string only = "both";
  int epochs = 3;
  double dropout = 0.1;
  bool losses = true, backbone_graph = true;
  int generation = 0, pairs_at_once = 1;
  Compute compute = Compute::cpu;
};

MacroArchitecture parse_macro(const std::string& text) {
  const auto parts = split(text, 'x');
  if (parts.size() != 2) throw InputError(fmt::format("--macro {} is no macro-architecture", text), "give e.g. 2x1");
  return {parse_int(parts[0], "cells"), parse_int(parts[1], "nodes")};
}

void compare(const Options& options, MacroArchitecture macro) {
  const auto settings = published_settings(options.epochs, options.dropout);
  const auto show = [&](const char* way, const Measurement& m) {
    std::cout << fmt::format("  {:<10} {:8.3f} s wall, {:8.3f} s CPU an epoch, peak {:6.0f} MiB ({:.0f} before it){}\n",
                             way, m.wall_s, m.cpu_s, m.peak_mib, m.start_mib,
                             m.once_s > 0 ? fmt::format(", {:.2f} s once for features", m.once_s) : "")
              << std::flush;
  };
  std::cout << fmt::format("{} cells x {} nodes, batch {}\n", macro.cells, macro.nodes, settings.batch);
  std::optional<Measurement> ours, published;
  if (options.only != "published") {
    ours = measure([&] { return run_harmonic(options.inputs, macro, settings); });
    show("harmonic", *ours);
  }
  if (options.only != "harmonic") {
    published = measure([&] {
      return run_published(options.inputs, macro, settings,
                           options.backbone_graph ? Backbones::trained_along : Backbones::without_graph);
    });
    show("published", *published);
  }
  if (ours && published)
    std::cout << fmt::format("  {:.2f} times faster ({:.2f} in CPU time), {:.3f} of the memory\n",
                             published->wall_s / ours->wall_s, published->cpu_s / ours->cpu_s,
                             ours->peak_mib / published->peak_mib)
              << std::flush;
  if (!ours || !published || !options.losses) return;
  const auto exact = published_settings(options.epochs, 0);
  ours = measure([&] { return run_harmonic(options.inputs, macro, exact); });
  published = measure([&] { return run_published(options.inputs, macro, exact, Backbones::same_as_ours); });
  double worst = 0;
  std::cout << "  training loss without dropout, harmonic and published:";
  for (std::size_t e = 0; e < ours->losses.size(); ++e) {
    std::cout << fmt::format("  {:.5f} {:.5f}", ours->losses[e], published->losses[e]);
    worst = std::max(worst, std::abs(ours->losses[e] - published->losses[e]));
  }
  std::cout << fmt::format("; largest difference {:.1e}\n", worst) << std::flush;
}

/// Pairs that may train in one pass.
struct Pairs {
  MacroArchitecture macro;
  std::vector<FusionSamples> samples;
};

/// As many pairs of random backbones and macro-architectures (or the one that is asked for), in groups of at most
/// `at_once` that go together.
std::vector<Pairs> draw_pairs(const FusionInputs& inputs, const FusionSettings& settings, const Options& options,
                              torch::Device device) {
  RandomStream random(Seed{options.inputs.seed}, "bench-generation");
  std::vector<Pairs> groups;
  for (int pair = 0; pair < options.generation; ++pair) {
    std::vector<BackboneGenome> genomes;
    for (const auto& modality : inputs.modalities)
      genomes.push_back(random_genome(modality.backbones.supernet().space(), random));
    const MacroArchitecture drawn = draw_macro({}, random);
    const MacroArchitecture macro = options.macro.size() == 1 ? parse_macro(options.macro.front()) : drawn;
    const auto fits = [&](const Pairs& group) {
      return group.macro == macro && group.samples.size() < static_cast<std::size_t>(options.pairs_at_once);
    };
    auto group = std::find_if(groups.begin(), groups.end(), fits);
    if (group == groups.end()) group = groups.insert(groups.end(), Pairs{macro, {}});
    group->samples.push_back(fusion_samples(inputs, genomes, kFeatures, settings.side, device));
  }
  return groups;
}

/// Whole fusion searches, features and retraining included, of as many drawn pairs, with the default settings: one
/// validation view, operators that all cost the same.
void run_generation(const Options& options) {
  const auto numbers = in_child([&]() -> std::vector<double> {
    const FusionInputs inputs = load_inputs(options.inputs);
    torch::set_num_threads(options.inputs.threads);
    const auto device = choose_device(options.compute, {});
    const FusionSettings settings;
    const Clock begin = Clock::now();
    for (const auto& group : draw_pairs(inputs, settings, options, device)) {
      std::vector<FusionJob> jobs;
      for (const auto& samples : group.samples) jobs.push_back({samples, options.inputs.seed});
      const Clock start = Clock::now();
      Clock mixed = start;
      FusionHooks hooks;
      hooks.progress = [&](const FusionProgress& progress) {
        if (!progress.retraining) mixed = Clock::now();
      };
      double metric = 0;
      for (const auto& found : search_fusions(jobs, group.macro, settings, no_costs(settings), hooks))
        metric += found.metric_val / static_cast<double>(jobs.size());
      std::cout
          << fmt::format(
                 "  {} x {}, {} pair(s) at once: {:6.1f} s wall, {:6.1f} s CPU, of it {:.1f} s the search and the "
                 "rest retraining; validation {:.2f} %\n",
                 group.macro.cells, group.macro.nodes, jobs.size(), Clock::now().wall_s - start.wall_s,
                 Clock::now().cpu_s - start.cpu_s, mixed.wall_s - start.wall_s, metric)
          << std::flush;
    }
    return {Clock::now().wall_s - begin.wall_s, Clock::now().cpu_s - begin.cpu_s, peak_memory_mib()};
  });
  std::cout << fmt::format("a generation of {} pairs: {:.2f} pairs a minute ({:.2f} a CPU minute), peak {:.0f} MiB\n",
                           options.generation, 60 * options.generation / numbers.at(0),
                           60 * options.generation / numbers.at(1), numbers.at(2));
}

int run(std::vector<std::string> args) {
  if (!args.empty() && args.front() == "--against-random") {
    args.erase(args.begin());
    return against_random(args);
  }
  Options options;
  OptionSet set("bench_fusion",
                "Seconds and memory of a fusion search's epoch against the published way. bench_fusion "
                "--against-random, as the first "
                "word, instead compares found fusion architectures with random ones.");
  options.inputs.declare(set);
  set.add("macro", options.macro,
          "cells x nodes to compare at, repeated; with --generation a single one is every pair's")
      .add_choice("only", options.only, {"both", "harmonic", "published"}, "which way to run")
      .add("epochs", options.epochs, "of each way; the fastest counts", {1, 1000})
      .add("dropout", options.dropout, "probability in the timed runs", {0, 0.9})
      .add("losses", options.losses, "compare the loss curves without dropout too")
      .add("backbone-graph", options.backbone_graph,
           "the published way goes back through its backbones, as published; false: a kinder one does not")
      .add("generation", options.generation, "instead: search this many drawn pairs from start to end", {0, 1000})
      .add("pairs-at-once", options.pairs_at_once, "with --generation: pairs that train in one pass", {1, 64})
      .add_choice("compute", options.compute, kComputes, "with --generation: where to train");
  if (set.parse(args) == OptionSet::Parsed::help_printed) return 0;
  if (options.generation > 0) {
    run_generation(options);
    return 0;
  }
  for (const auto& macro : options.macro) compare(options, parse_macro(macro));
  return 0;
}

}  // namespace
}  // namespace harmonic::bench

int main(int argc, char** argv) {
  return harmonic::bench::bench_main(argc, argv, harmonic::bench::run);
}
