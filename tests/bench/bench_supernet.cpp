// How fast sub-networks are scored: one by one, grouped and all of a space, against the usual way with LibTorch's own
// modules; and what a step of training takes, under mpirun on all ranks. Random weights and samples: no time depends on
// their values.
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/config/options.hpp"
#include "core/mpi/session.hpp"
#include "core/space/prefix_groups.hpp"
#include "tests/bench/measured_child.hpp"
#include "tests/bench/published_subnet.hpp"
#include "tests/bench/subnet_inputs.hpp"
#include "tests/bench/timing.hpp"
#include "tests/bench/training_step.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/data/metrics.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/group/placement.hpp"

namespace harmonic::bench {
namespace {

struct Options {
  std::string space = "avmnist-image", only = "all";
  int genomes = 64, train = 900, val = 150, batch = 256, threads = 2, repeats = 3, sweep = 910;
  int training_batch = 64, steps = 20;
  bool memory = true;
  [[nodiscard]] bool measures(const std::string& part) const { return only == "all" || only == part; }
};

/// Whether mpirun made this process its rank 0, or nobody did; known before MPI is started.
bool leads() {
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  return rank == nullptr || std::string(rank) == "0";
}

void print(const std::string& what, std::size_t networks, double seconds, double against) {
  fmt::print("{:<34} {:9.3f} s {:9.1f} networks/s {:7.2f}\n", what, seconds, static_cast<double>(networks) / seconds,
             against / seconds);
  std::cout.flush();
}

void measure_scores(const Options& chosen, const BackboneSpace& space, const Supernet& supernet) {
  const auto train = random_samples(space, chosen.train), val = random_samples(space, chosen.val);
  const auto labels = torch::arange(chosen.val).remainder(supernet.classes());
  const auto genomes = random_genomes(space, chosen.genomes);
  const BackboneEvaluator evaluator(supernet, train, chosen.batch, torch::kCPU);
  const auto batches = calibration_batches(train, chosen.batch);
  fmt::print(
      "{}, {} random genomes, {} + {} samples, batches of {}, {} threads; last column: speed over the published "
      "way\n",
      space.name, chosen.genomes, chosen.train, chosen.val, batches.front().size(0), chosen.threads);

  const auto published = [&](at::MemoryFormat format) {
    return best_seconds(chosen.repeats, [&] {
      for (const auto& genome : genomes)
        (void)metric_percent(published_logits(supernet, genome, batches, val, format), labels,
                             LabelKind::classification);
    });
  };
  const double usual = published(at::MemoryFormat::Contiguous);
  print("published way", genomes.size(), usual, usual);
  print("published way, channels last", genomes.size(), published(at::MemoryFormat::ChannelsLast), usual);
  print("one by one", genomes.size(),
        best_seconds(chosen.repeats,
                     [&] {
                       for (const auto& genome : genomes)
                         (void)evaluator.evaluate({genome}, val, labels, LabelKind::classification);
                     }),
        usual);
  print(
      "grouped", genomes.size(),
      best_seconds(chosen.repeats, [&] { (void)evaluator.evaluate(genomes, val, labels, LabelKind::classification); }),
      usual);
}

/// What the backbones of a generation come to: a population scored, group by group, and a quarter of it run once more
/// for what fusion learns from. As a search does it, against the plain way: recalibrated on all train samples each
/// time, features by the sub-network's own forward pass. In CPU time.
void measure_stage(const Options& chosen, const BackboneSpace& space, const Supernet& supernet) {
  const torch::NoGradGuard no_grad;
  constexpr int kCalibrationSamples = 512;  // the default of calibration-samples
  const auto train = random_samples(space, chosen.train), val = random_samples(space, chosen.val);
  const auto labels = torch::arange(chosen.val).remainder(supernet.classes());
  const auto genomes = random_genomes(space, chosen.genomes);
  const std::vector<int> offered = {0, 1, 2, 3};
  const auto stage = [&](int calibration, std::size_t kept_bytes, const auto& features) {
    return best_cpu_seconds(chosen.repeats, [&] {
      const BackboneEvaluator evaluator(
          supernet, calibration_batches(train.narrow(0, 0, std::min(chosen.train, calibration)), chosen.batch),
          torch::kCPU, kept_bytes);
      for (const auto& group : prefix_groups(genomes))
        (void)evaluator.evaluate(group, val, labels, LabelKind::classification);
      for (std::size_t i = 0; i < genomes.size(); i += 4) features(evaluator, genomes[i]);
    });
  };
  const double plain = stage(chosen.train, 0, [&](const BackboneEvaluator& evaluator, const BackboneGenome& genome) {
    const Subnet network = evaluator.subnet(genome);
    for (const auto& split : {train, val})
      for (const auto& chunk : split.split(evaluation_chunk(split))) {
        const auto output = network.forward(chunk);
        for (const int i : offered) (void)pooled_feature(output.features.at(static_cast<std::size_t>(i)), 4);
      }
  });
  print("a generation's, plainly (CPU)", genomes.size(), plain, plain);
  const double as_searched = stage(kCalibrationSamples, std::size_t{256} << 20U,
                                   [&](const BackboneEvaluator& evaluator, const BackboneGenome& genome) {
                                     (void)evaluator.features(genome, {train, val}, offered, 4);
                                   });
  print("a generation's, searched (CPU)", genomes.size(), as_searched, plain);
}

/// Networks of the sweep, from the start of the space, as `harmonic supernet sweep` groups them.
void measure_sweep(const Options& chosen, const BackboneSpace& space, const Supernet& supernet) {
  const auto train = random_samples(space, chosen.train), val = random_samples(space, chosen.val);
  const auto labels = torch::arange(chosen.val).remainder(supernet.classes());
  const BackboneEvaluator evaluator(supernet, train, chosen.batch, torch::kCPU);
  const auto genomes = all_genomes(space);
  std::size_t done = 0;
  const double took = seconds([&] {
    for (const auto& group : prefix_groups(genomes, 96)) {
      if (done >= static_cast<std::size_t>(chosen.sweep)) break;
      (void)evaluator.evaluate(group, val, labels, LabelKind::classification);
      done += group.size();
    }
  });
  const double rate = static_cast<double>(done) / took;
  fmt::print("sweep: {} of {} networks in {:.2f} s, {:.1f} networks/s, all in {:.0f} s\n", done, genomes.size(), took,
             rate, static_cast<double>(genomes.size()) / rate);
}

/// Peak memory of scoring sub-networks of the largest published space.
void measure_memory(const Options& chosen) {
  const auto peak = in_child([&] {
    torch::manual_seed(1);
    at::set_num_threads(chosen.threads);
    const auto& space = find_space("mmimdb-image");
    const double before = peak_memory_mib();
    const BackboneEvaluator evaluator(Supernet(space, 23, Seed{1}), random_samples(space, 48), 16, torch::kCPU);
    auto genomes = random_genomes(space, 3);
    genomes.push_back(largest_genome(space));
    const auto labels = torch::zeros({16, 23});
    (void)evaluator.evaluate(genomes, random_samples(space, 16), labels, LabelKind::multilabel);
    return std::vector{before, peak_memory_mib()};
  });
  fmt::print(
      "memory: mmimdb-image at 224x224, batches of 16, the largest and 3 random genomes: peak {:.0f} MiB resident, "
      "{:.0f} MiB before\n",
      peak.at(1), peak.at(0));
  std::cout.flush();
}

/// What one process measures by itself.
void measure_alone(const Options& chosen) {
  if (chosen.memory && chosen.measures("memory")) measure_memory(chosen);  // first: no fork after threads or MPI
  torch::manual_seed(1);
  at::set_num_threads(chosen.threads);
  const auto& space = find_space(chosen.space);
  const Supernet supernet(space, 10, Seed{1});
  if (chosen.measures("scores")) measure_scores(chosen, space, supernet);
  if (chosen.measures("stage")) measure_stage(chosen, space, supernet);
  if (chosen.sweep > 0 && chosen.measures("sweep")) measure_sweep(chosen, space, supernet);
}

void measure_training_on_ranks(const Options& chosen, int& argc, char**& argv) {
  MpiSession session(argc, argv);
  const auto peers = std::make_shared<Peers>();
  try {
    const auto group = world_collectives(torch::kCPU, peers);
    const int threads = std::max(1, chosen.threads / local_place().size);
    measure_training(find_space(chosen.space), chosen.training_batch, chosen.steps, threads, *group);
  } catch (const std::exception&) {
    if (peers->broken()) session.abandon();
    throw;
  }
}

void run(int argc, char** argv) {
  Options chosen;
  OptionSet options("bench_supernet", "Measures how fast sub-networks are scored and a supernet is trained.");
  options.add("space", chosen.space, "search space");
  options.add_choice("only", chosen.only, {"all", "memory", "scores", "stage", "sweep", "training"}, "what to measure");
  options.add("genomes", chosen.genomes, "random genomes", {1, 100'000});
  options.add("train", chosen.train, "samples that batch norms are re-estimated on", {2, 1'000'000});
  options.add("val", chosen.val, "samples that are classified", {1, 1'000'000});
  options.add("batch", chosen.batch, "samples of a re-estimation batch", {2, 65'536});
  options.add("threads", chosen.threads, "compute threads; in training shared by the ranks of a machine", {1, 1024});
  options.add("repeats", chosen.repeats, "the best of so many", {1, 1000});
  options.add("sweep", chosen.sweep, "networks of the space to sweep, about; 0: none", {0, 100'000});
  options.add("training-batch", chosen.training_batch, "samples of a training step, over all ranks", {1, 65'536});
  options.add("steps", chosen.steps, "training steps", {1, 100'000});
  options.add("memory", chosen.memory, "whether to measure the memory that MM-IMDB's space needs");
  if (options.parse({argv + 1, argv + argc}) == OptionSet::Parsed::help_printed) return;
  if (leads()) measure_alone(chosen);  // before MPI is started, where the other ranks wait without a stir
  if (chosen.measures("training")) measure_training_on_ranks(chosen, argc, argv);
}

}  // namespace
}  // namespace harmonic::bench

int main(int argc, char** argv) try { harmonic::bench::run(argc, argv); } catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
