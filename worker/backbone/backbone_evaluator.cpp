#include "worker/backbone/backbone_evaluator.hpp"

#include <array>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "worker/data/metrics.hpp"
#include "worker/tensor/scratch_tensor.hpp"

namespace harmonic {

void check_input(const BackboneSpace& space, const SampleSource& samples) {
  const std::vector<std::size_t> sample(samples.sizes().begin() + 1, samples.sizes().end());
  check_samples_fit(space, sample, "the data");
}

void check_predictions(const torch::Tensor& logits, const BackboneSpace& space, const BackboneGenome& genome) {
  if (logits.isfinite().all().item<bool>()) return;
  throw CandidateError(
      fmt::format("sub-network {} of {} predicts values that are not finite: its weights are too large",
                  to_text(genome), space.name));
}

torch::Tensor pooled_feature(const torch::Tensor& feature, int side) {
  if (feature.dim() == 2) return feature.unsqueeze(2);
  return std::get<0>(torch::adaptive_max_pool2d(feature, {side, side})).flatten(2);
}

namespace {

std::size_t bytes_of_statistics(const Subnet& subnet) {
  std::size_t bytes = 0;
  for (const auto& layer : subnet.layers())
    for (const auto& norm : *layer.statistics) bytes += norm.mean.nbytes() + norm.variance.nbytes();
  return bytes;
}

}  // namespace

BackboneEvaluator::BackboneEvaluator(const Supernet& supernet, const SampleBatches& batches, torch::Device device,
                                     std::size_t kept_bytes, Arithmetic arithmetic)
    : device_(device),
      arithmetic_(arithmetic),
      views_(supernet.clone_to(device)),
      batches_(batches.to(device)),
      kept_(kept_bytes) {
  batches_.check([&](const SampleSource& samples) { check_input(supernet.space(), samples); });
}

BackboneEvaluator::BackboneEvaluator(const Supernet& supernet, const torch::Tensor& calibration, int calibration_batch,
                                     torch::Device device)
    : BackboneEvaluator(supernet, calibration_batches(calibration, calibration_batch), device) {}

std::vector<Subnet> BackboneEvaluator::recalibrated(const std::vector<BackboneGenome>& genomes,
                                                    const std::function<void()>& at_work) const {
  std::vector<std::string> keys;
  std::vector<std::shared_ptr<const Subnet>> found;
  std::vector<BackboneGenome> missing;
  for (const auto& genome : genomes) {
    check_genome(genome, supernet().space());
    keys.push_back(to_text(canonical(genome)));
    found.push_back(kept_.find(keys.back()));
    if (found.back() == nullptr) missing.push_back(genome);
  }
  if (!missing.empty()) {
    SubnetTree tree(views_, missing, arithmetic_);
    tree.recalibrate(batches_, at_work);
    std::size_t next = 0;  // of the missing
    for (std::size_t i = 0; i < genomes.size(); ++i) {
      if (found[i] != nullptr) continue;
      found[i] = std::make_shared<const Subnet>(tree.subnet(next++));
      kept_.keep(keys[i], found[i], bytes_of_statistics(*found[i]));
    }
  }
  std::vector<Subnet> subnets;
  for (const auto& subnet : found) subnets.push_back(*subnet);
  return subnets;
}

std::vector<double> BackboneEvaluator::evaluate(const std::vector<BackboneGenome>& genomes, const SampleSource& inputs,
                                                const torch::Tensor& labels, LabelKind kind,
                                                const std::function<void()>& at_work) const {
  check_input(supernet().space(), inputs);
  if (inputs.size() == 0) throw InputError("no samples to evaluate on", "give a split that is not empty");
  const SubnetTree tree(recalibrated(genomes, at_work), arithmetic_);
  std::vector<double> percent;
  const auto expected = labels.cpu();
  for (const auto& on_device : tree.logits(inputs.to(device_), at_work)) {
    const auto logits = on_device.cpu();
    check_predictions(logits, supernet().space(), genomes[percent.size()]);
    percent.push_back(metric_percent(logits, expected, kind));
  }
  return percent;
}

Subnet BackboneEvaluator::subnet(const BackboneGenome& genome) const {
  return recalibrated({genome}, [] {}).front();
}

std::vector<std::vector<torch::Tensor>> BackboneEvaluator::features(const BackboneGenome& genome,
                                                                    const std::vector<SampleSource>& inputs,
                                                                    const std::vector<int>& offered, int side,
                                                                    std::size_t memory_bytes) const {
  const torch::NoGradGuard no_grad;
  const SubnetTree network(recalibrated({genome}, [] {}), arithmetic_);
  const auto samples = std::accumulate(inputs.begin(), inputs.end(), std::int64_t{0},
                                       [](auto sum, const auto& split) { return sum + split.size(); });
  std::vector<std::vector<torch::Tensor>> all;
  for (const auto& split : inputs) {
    check_input(supernet().space(), split);
    // Positions before channels in memory, as fusion reads them: it then needs no copy of its own. Each chunk is put
    // where it belongs at once: the whole is held once.
    std::vector<torch::Tensor> joined(offered.size()), logits;
    std::int64_t first = 0;
    for_chunks(split, network.chunk(split), [&](const torch::Tensor& chunk) {
      for (const auto& inputs_of_part : evaluation_parts(chunk.to(device_))) {
        const auto output = network.outputs(inputs_of_part).front();
        std::vector<torch::Tensor> parts;
        for (const int feature : offered)
          parts.push_back(pooled_feature(output.features.at(static_cast<std::size_t>(feature)), side));
        if (first == 0) {
          std::int64_t numbers = 0;  // of a sample
          for (const auto& part : parts) numbers += part.size(1) * part.size(2);
          const bool in_memory = static_cast<std::size_t>(numbers * samples) * sizeof(float) <= memory_bytes;
          for (std::size_t i = 0; i < parts.size(); ++i) {
            const std::array sizes = {split.size(), parts[i].size(2), parts[i].size(1)};
            joined[i] = in_memory ? torch::empty(sizes) : scratch_tensor(sizes);
          }
        }
        for (std::size_t i = 0; i < parts.size(); ++i)
          joined[i].narrow(0, first, parts[i].size(0)).copy_(parts[i].transpose(1, 2));
        logits.push_back(output.logits.cpu());
        first += inputs_of_part.size(0);
      }
      for (const auto& feature : joined) let_go(feature);
    });
    auto& of_split = all.emplace_back();
    for (const auto& feature : joined) of_split.push_back(feature.transpose(1, 2));
    of_split.push_back(torch::cat(logits));
  }
  return all;
}

std::vector<NamedTensor> BackboneEvaluator::subnet_state(const BackboneGenome& genome) const {
  auto state = subnet(genome).state();
  for (auto& [name, tensor] : state)
    tensor = tensor.detach().to(torch::kCPU, /*non_blocking=*/false, /*copy=*/true).contiguous();
  return state;
}

}  // namespace harmonic
