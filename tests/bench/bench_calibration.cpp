// How few train samples batch norms can be re-estimated on: the metrics of random sub-networks of a trained supernet,
// recalibrated on some of the samples, against those of all. What a search's calibration-samples is chosen by. The
// measure is what all samples owe to chance: how far two halves of them agree.
#include <algorithm>
#include <cmath>
#include <iostream>

#include <fmt/format.h>
#include <torch/types.h>

#include "core/base/rng.hpp"
#include "core/base/statistics.hpp"
#include "core/config/options.hpp"
#include "tests/bench/timing.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/commands/supernet_evaluation.hpp"
#include "worker/data/dataset.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/tensor/permutation.hpp"

namespace harmonic::bench {
namespace {

using Metrics = std::vector<double>;  ///< in percent, of every genome

double mean_difference(const Metrics& a, const Metrics& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

/// One line: agreements with `against`, averaged over `draws`.
void print(const std::string& what, const std::vector<Metrics>& draws, const Metrics& against, double seconds) {
  double tau = 0, lowest = 1, difference = 0;
  for (const auto& metrics : draws) {
    const double own = kendall_tau(metrics, against);
    tau += own / static_cast<double>(draws.size());
    lowest = std::min(lowest, own);
    difference += mean_difference(metrics, against) / static_cast<double>(draws.size());
  }
  fmt::print("{:<22} {:7.3f} {:7.3f} {:9.3f} {:9.3f}\n", what, tau, lowest, difference, seconds);
  std::cout.flush();
}

class Measurement {
 public:
  Measurement(const EvaluationOptions& chosen, int genomes)
      : loaded_(load_evaluation(chosen, {}, /*calibration=*/false)), batch_(chosen.calibration_batch) {
    const auto data = std::make_shared<DatasetFile>(chosen.data);
    DataMemory memory(chosen.data_memory_mib, 1);
    train_ = open_samples(data, loaded_.modality, Split::train, memory).all();
    labels_ = load_labels(*data, Split::train);
    for (int i = 0; i < genomes; ++i) {
      RandomStream random(Seed{1}, "genomes to measure", static_cast<std::uint64_t>(i));
      genomes_.push_back(random_genome(loaded_.supernet.space(), random));
    }
  }

  [[nodiscard]] std::int64_t samples() const { return train_.size(0); }

  /// Metrics after recalibration on `limit` samples. @param draw 0: the search's own choice; another: as it would be if
  ///   the file held its samples in another order
  [[nodiscard]] Metrics some(std::int64_t limit, std::uint64_t draw) const {
    auto order = torch::arange(samples());
    RandomStream random(Seed{draw}, "order of the file");
    if (draw > 0) order = permutation(samples(), random);
    return metrics(
        batches_of(train_.index_select(0, order), calibration_ids(labels_.index_select(0, order), limit, batch_)));
  }
  /// Of a half of the samples, and of the other half.
  [[nodiscard]] std::pair<Metrics, Metrics> halves() const {
    const auto ids = calibration_ids(labels_, samples() / 2, batch_);
    auto other = torch::ones({samples()}, torch::kBool);
    for (const auto& of_batch : ids) other.index_fill_(0, of_batch, false);
    return {metrics(batches_of(train_, ids)), metrics(calibration_batches(train_.index({other}), batch_))};
  }

 private:
  [[nodiscard]] Metrics metrics(std::vector<torch::Tensor> batches) const {
    return BackboneEvaluator(loaded_.supernet, std::move(batches), loaded_.device)
        .evaluate(genomes_, loaded_.inputs, loaded_.labels, loaded_.kind);
  }

  EvaluationInputs loaded_;
  int batch_;
  torch::Tensor train_, labels_;
  std::vector<BackboneGenome> genomes_;
};

void run(int argc, char** argv) {
  EvaluationOptions chosen;
  int genomes = 64, draws = 5;
  std::vector<int> samples = {64, 128, 256, 512};
  OptionSet options("bench_calibration", "Measures how recalibration on few train samples ranks sub-networks.");
  chosen.declare(options);
  options.add("genomes", genomes, "random sub-networks", {2, 100'000});
  options.add("samples", samples, "train samples to recalibrate on, separated by commas");
  options.add("draws", draws, "choices of that many samples: the search's own, and others", {1, 1000});
  if (options.parse({argv + 1, argv + argc}) == OptionSet::Parsed::help_printed) return;

  const Measurement measurement(chosen, genomes);
  const auto all = measurement.some(measurement.samples(), 0);
  const auto [lowest, highest] = std::ranges::minmax(all);
  fmt::print("{} sub-networks, {:.2f} to {:.2f} % after recalibration on all {} samples; agreement with these:\n",
             genomes, lowest, highest, measurement.samples());
  fmt::print("{:<22} {:>7} {:>7} {:>9} {:>9}\n", "samples", "tau", "lowest", "points", "seconds");
  for (const int n : samples) {
    std::vector<Metrics> drawn;
    const double took = seconds([&] { drawn.push_back(measurement.some(n, 0)); });
    for (int draw = 1; draw < draws; ++draw) drawn.push_back(measurement.some(n, static_cast<std::uint64_t>(draw)));
    print(fmt::format("{}, as chosen", n), {drawn.front()}, all, took);
    if (draws > 1) print(fmt::format("{}, {} choices", n, draws), drawn, all, took);
  }
  print("all, in another order", {measurement.some(measurement.samples(), 1)}, all,
        seconds([&] { (void)measurement.some(measurement.samples(), 0); }));
  const auto [one, other] = measurement.halves();
  fmt::print("one half against the other: tau {:.3f}, {:.3f} points\n", kendall_tau(one, other),
             mean_difference(one, other));
}

}  // namespace
}  // namespace harmonic::bench

int main(int argc, char** argv) try { harmonic::bench::run(argc, argv); } catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
