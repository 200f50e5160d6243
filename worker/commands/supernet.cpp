#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <optional>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/mpi/communicator.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/checkpoint_import.hpp"
#include "worker/backbone/sample_batches.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/commands/commands.hpp"
#include "worker/commands/supernet_actions.hpp"
#include "worker/data/dataset.hpp"
#include "worker/group/placement.hpp"
#include "worker/train/metrics.hpp"

namespace harmonic {
namespace {

const std::vector<std::string> kActions = {"train", "import", "eval"};
constexpr const char* kHelp =
    "harmonic supernet: weight-sharing backbones\n\n"
    "  train   trains a supernet by the sandwich rule; data-parallel under mpirun\n"
    "  import  reads a published checkpoint (.pth.tar)\n"
    "  eval    measures one sub-network; can write every feature it returns\n\n"
    "harmonic supernet ACTION --help lists an action's options.\n";

// ---- import

ExitCode import(const Arguments& args) {
  std::string in, space_name, out, modality;
  bool json = false;
  OptionSet options("harmonic supernet import", "Reads a published checkpoint into a supernet file.");
  options.add("in", in, "checkpoint (.pth.tar) with a state_dict").required();
  options.add("space", space_name, fmt::format("search space: {}", join(space_names(), ", "))).required();
  options.add("out", out, "supernet file to write (HDF5)").required();
  options.add("modality", modality, "modality it belongs to, noted in the file");
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  check_output(out, "out");
  const Supernet supernet = import_checkpoint(in, find_space(space_name));
  if (Communicator().rank().value != 0) return ExitCode::done;
  save_supernet(out, supernet,
                {modality, fmt::format("imported from checkpoint {}", std::filesystem::path(in).filename().string())});
  log::info("{}: {} tensors, {} classes", out, supernet.tensors().size(), supernet.classes());
  for (const auto& twin : spaces_of_same_tensors(supernet.space()))
    log::warning(
        "{} would fit space {} as well, whose tensors have the same shapes: be sure that it was trained for {}", in,
        twin, space_name);
  if (json)
    std::cout << json_text(nlohmann::ordered_json{
                     {"weights", out}, {"tensors", supernet.tensors().size()}, {"classes", supernet.classes()}})
              << '\n';
  return ExitCode::done;
}

// ---- eval

struct EvalOptions {
  std::string weights, space, genome = "largest", data, modality, split = "val", features_out, compute = "auto";
  bool recalibrate = false, json = false;
  int limit = 0, threads = 0, calibration_samples = 0, calibration_batch = 256;
};

/// The modality named, else the one the weights were trained on, else the data's only one.
std::string modality_for(const EvalOptions& chosen, const SupernetNotes& notes, const DatasetFile& data) {
  if (!chosen.modality.empty()) return chosen.modality;
  if (!notes.modality.empty()) return notes.modality;
  if (data.info().modalities.size() == 1) return data.info().modalities.front().name;
  throw InputError(fmt::format("{} does not say which modality it is for", chosen.weights), "name one with --modality");
}

torch::Tensor first(const torch::Tensor& samples, int limit) {
  return limit > 0 ? samples.narrow(0, 0, std::min<std::int64_t>(limit, samples.size(0))) : samples;
}

/// Every feature and the logits, in the data's order.
SubnetOutput run(const Subnet& subnet, const torch::Tensor& inputs, torch::Device device, bool keep_features) {
  const torch::NoGradGuard no_grad;
  std::vector<std::vector<torch::Tensor>> features;
  std::vector<torch::Tensor> logits;
  for (const auto& chunk : inputs.split(evaluation_chunk(inputs))) {
    const auto output = subnet.forward(chunk.to(device));
    logits.push_back(output.logits.cpu());
    if (!keep_features) continue;
    features.resize(output.features.size());
    for (std::size_t i = 0; i < features.size(); ++i) features[i].push_back(output.features[i].cpu());
  }
  SubnetOutput joined;
  for (const auto& parts : features) joined.features.push_back(torch::cat(parts));
  joined.logits = torch::cat(logits);
  return joined;
}

void write_features(const std::string& path, const SubnetOutput& output) {
  replace_file(path, [&](const std::filesystem::path& temporary) {
    Hdf5File file(temporary, Hdf5File::Mode::create);
    const auto write = [&](const std::string& name, const torch::Tensor& tensor) {
      const auto values = tensor.contiguous();
      file.write<float>("/" + name, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())},
                        {values.sizes().begin(), values.sizes().end()});
    };
    for (std::size_t i = 0; i < output.features.size(); ++i) write(fmt::format("feature_{}", i), output.features[i]);
    write("logits", output.logits);
    file.flush();
  });
}

ExitCode eval(const Arguments& args) {
  EvalOptions chosen;
  OptionSet options("harmonic supernet eval", "Measures one sub-network of a supernet on a split.");
  options.add("weights", chosen.weights, "supernet file").required();
  options.add("space", chosen.space, "search space; default: the file's");
  options.add("genome", chosen.genome,
              "sub-network: \"K=5,5,5,5;E=3,3,4,3;D=2\", smallest, largest, or fixed (Maxout)");
  options.add("data", chosen.data, "data set file").required();
  options.add("modality", chosen.modality, "modality of the data set; default: the file's");
  options.add("recalibrate", chosen.recalibrate, "re-estimate batch-norm statistics on train samples first");
  options.add("calibration-samples", chosen.calibration_samples, "train samples for that; 0: all", {0, 100'000'000});
  options.add("calibration-batch", chosen.calibration_batch, "samples of a batch of that", {2, 65'536});
  options.add_choice("split", chosen.split, {"train", "val", "test"}, "split to measure");
  options.add("limit", chosen.limit, "first samples of the split, at most; 0: all", {0, 100'000'000});
  options.add("features-out", chosen.features_out, "HDF5 file for every returned feature and the logits");
  options.add("threads", chosen.threads, "compute threads; 0: all cores", {0, 1024});
  options.add_choice("compute", chosen.compute, {"auto", "cpu", "cuda"}, "where to compute");
  options.add("json", chosen.json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  if (!chosen.features_out.empty()) check_output(chosen.features_out, "features-out");

  const LocalPlace place = local_place();
  const torch::Device device = choose_device(chosen.compute, place);
  use_threads(chosen.threads, place);
  const DatasetFile data(chosen.data);
  SupernetNotes notes;
  Supernet supernet = load_supernet(chosen.weights, &notes);
  const std::string modality = modality_for(chosen, notes, data);
  const BackboneSpace space =
      chosen.space.empty() ? supernet.space() : space_for(chosen.space, data.modality(modality));
  supernet = load_supernet(chosen.weights, space, data.info().classes).clone_to(device);
  const BackboneGenome genome = parse_genome(chosen.genome, space);

  const Split split = parse_split(chosen.split);
  const auto inputs = first(load_samples(data, modality, split), chosen.limit);
  const auto labels = first(load_labels(data, split), chosen.limit);
  check_input(space, inputs);
  if (inputs.size(0) == 0)
    throw InputError(fmt::format("split {} of {} is empty", chosen.split, chosen.data), "name another split");
  const Subnet subnet =
      chosen.recalibrate
          ? BackboneEvaluator(supernet, first(load_samples(data, modality, Split::train), chosen.calibration_samples),
                              chosen.calibration_batch, device)
                .subnet(genome)
          : Subnet(supernet, genome);
  const auto output = run(subnet, inputs, device, !chosen.features_out.empty());
  const double metric = metric_percent(output.logits, labels, data.info().labels);
  const double loss = task_loss(output.logits, labels, data.info().labels).item<double>();
  if (Communicator().rank().value != 0) return ExitCode::done;  // every rank has found the same
  if (!chosen.features_out.empty()) write_features(chosen.features_out, output);
  if (chosen.json)
    std::cout << json_text(nlohmann::ordered_json{{"metric", metric}, {"samples", inputs.size(0)}, {"loss", loss}})
              << '\n';
  else
    fmt::print("{} of {}, {} samples of {}: {} {:.2f} %, loss {:.4f}\n", to_text(genome), space.name, inputs.size(0),
               chosen.split, data.info().labels == LabelKind::classification ? "accuracy" : "weighted F1", metric,
               loss);
  return ExitCode::done;
}

}  // namespace

/// The published space of that name, with a vector's length taken from the data.
BackboneSpace space_for(const std::string& name, const ModalityInfo& modality) {
  BackboneSpace space = find_space(name);
  if (space.family == BackboneSpace::Family::maxout && modality.sample_shape.size() == 1)
    space.in_features = static_cast<int>(modality.sample_shape[0]);
  return space;
}

ExitCode supernet_command(const Arguments& args, const std::function<void()>& abandon_mpi) {
  if (args.empty())
    throw InputError("harmonic supernet names no action", fmt::format("give one of: {}", join(kActions, ", ")));
  const std::string& action = args.front();
  if (action == "--help" || action == "-h" || action == "help") {
    std::cout << kHelp;
    return ExitCode::done;
  }
  const Arguments rest(args.begin() + 1, args.end());
  if (action == "train") return supernet_train(rest, abandon_mpi);
  if (action == "import") return import(rest);
  if (action == "eval") return eval(rest);
  throw InputError(fmt::format("harmonic supernet knows no action '{}'", action),
                   fmt::format("did you mean {}? There are: {}", nearest(action, kActions), join(kActions, ", ")));
}

}  // namespace harmonic
