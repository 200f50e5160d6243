#include <filesystem>
#include <iostream>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/mpi/communicator.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/hdf5_file.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/subnet_tree.hpp"
#include "worker/commands/supernet_actions.hpp"
#include "worker/commands/supernet_evaluation.hpp"
#include "worker/data/metrics.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/tensor/map_type.hpp"
#include "worker/tensor/tensor_file.hpp"

namespace harmonic {
namespace {

/// Every feature and the logits, in the data's order.
SubnetOutput run(const Subnet& subnet, const SampleSource& inputs, Arithmetic arithmetic, bool keep_features) {
  const torch::NoGradGuard no_grad;
  std::vector<std::vector<torch::Tensor>> features;
  std::vector<torch::Tensor> logits;
  const auto on_cpu = [](const torch::Tensor& made) { return made.cpu().to(torch::kFloat32); };
  for_chunks(inputs, SubnetTree({&subnet, 1}, arithmetic).chunk(inputs), [&](const torch::Tensor& chunk) {
    const auto output = subnet.forward(chunk.to(map_type(arithmetic)));
    logits.push_back(on_cpu(output.logits));
    if (!keep_features) return;
    features.resize(output.features.size());
    for (std::size_t i = 0; i < features.size(); ++i) features[i].push_back(on_cpu(output.features[i]));
  });
  SubnetOutput joined;
  for (const auto& parts : features) joined.features.push_back(torch::cat(parts));
  joined.logits = torch::cat(logits);
  return joined;
}

void write_features(const std::string& path, const SubnetOutput& output) {
  replace_file(path, [&](const std::filesystem::path& temporary) {
    Hdf5File file(temporary, Hdf5File::Mode::create);
    for (std::size_t i = 0; i < output.features.size(); ++i)
      write_tensor(file, fmt::format("/feature_{}", i), output.features[i]);
    write_tensor(file, "/logits", output.logits);
    file.flush();
  });
}

}  // namespace

ExitCode supernet_eval(const Arguments& args) {
  EvaluationOptions chosen;
  std::string genome_text = "largest", features_out;
  bool recalibrate = true, json = false;
  OptionSet options("harmonic supernet eval", "Measures one sub-network of a supernet on a split.");
  chosen.declare(options);
  options.add("genome", genome_text, "sub-network: \"K=5,5,5,5;E=3,3,4,3;D=2\", smallest, largest, or fixed (Maxout)");
  options.add("recalibrate", recalibrate,
              "re-estimate batch-norm statistics on train samples first, as a search does: those in the file are of no "
              "sub-network in particular; --recalibrate=false takes them as they are");
  options.add("features-out", features_out,
              "HDF5 file for every returned feature and the logits; its folder is made where there is none");
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  const bool leads = Communicator().rank().value == 0;
  std::optional<OutputFolder> folder;
  if (leads && !features_out.empty()) {
    folder.emplace(features_out, "features-out", chosen.files());
    check_own_kind(features_out, "features-out", "a file of features",
                   [](const auto& path) { return Hdf5File(path, Hdf5File::Mode::read).exists("/logits"); });
  }

  const LocalPlace place = local_place();
  EvaluationInputs loaded = load_evaluation(chosen, place, recalibrate);
  const BackboneSpace& space = loaded.supernet.space();
  const BackboneGenome genome = parse_genome(genome_text, space);
  const Subnet subnet = recalibrate ? BackboneEvaluator(loaded.supernet, std::move(loaded.calibration), loaded.device,
                                                        /*kept_bytes=*/0, chosen.arithmetic)
                                          .subnet(genome)
                                    : Subnet(loaded.supernet, genome);
  const auto output = run(subnet, loaded.inputs, chosen.arithmetic, !features_out.empty());
  check_predictions(output.logits, space, genome);
  const double metric = metric_percent(output.logits, loaded.labels, loaded.kind);
  const double loss = task_loss(output.logits, loaded.labels, loaded.kind).item<double>();
  const auto samples = loaded.inputs.size();
  if (!leads) return ExitCode::done;  // every rank has found the same
  say_notices(options);
  warn_of_other_data(chosen, loaded.modality);
  if (!features_out.empty()) write_features(features_out, output);
  if (json)
    std::cout << json_text(nlohmann::ordered_json{{"metric", metric}, {"samples", samples}, {"loss", loss}}) << '\n';
  else
    fmt::print("{} of {}, {} samples of {}: {} {:.2f} %, loss {:.4f}, batch norms {}\n", to_text(genome), space.name,
               samples, to_text(chosen.split), metric_name(loaded.kind), metric, loss,
               recalibrate ? "re-estimated" : "as in the file");
  return ExitCode::done;
}

}  // namespace harmonic
