#include <iostream>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/commands/supernet_actions.hpp"
#include "worker/data/dataset.hpp"
#include "worker/group/collectives.hpp"
#include "worker/group/placement.hpp"
#include "worker/train/supernet_training.hpp"

namespace harmonic {
namespace {

std::string provenance(const DatasetFile& data, const SupernetTrainingSettings& settings,
                       const TrainedSupernet& trained) {
  return fmt::format(
      "trained by harmonic supernet train on {} (training data {:016x}: {}); seed {}, {} epochs, best epoch {}; "
      "validation {:.2f} % largest, {:.2f} % smallest",
      data.path().filename().string(), data.training_hash(), data.info().provenance, settings.seed, settings.epochs,
      trained.best_epoch, trained.largest_percent, trained.smallest_percent);
}

void show_progress(const TrainingProgress& progress, int validate_every) {
  const double left_s = progress.seconds / progress.epoch * (progress.epochs - progress.epoch);
  const std::string validated = progress.largest_percent > 0
                                    ? fmt::format(", validation {:.2f} % largest, {:.2f} % smallest",
                                                  progress.largest_percent, progress.smallest_percent)
                                    : "";
  const auto line = fmt::format("epoch {}/{}, loss {:.4f}{}, {} left", progress.epoch, progress.epochs, progress.loss,
                                validated, human_duration(left_s));
  if (log::stderr_is_terminal())
    log::progress(line);
  else if (progress.epoch % validate_every == 0 || progress.epoch == progress.epochs)
    log::info("{}", line);
}

}  // namespace

ExitCode supernet_train(const Arguments& args) {
  std::string data_path, modality, space_name, out, compute = "auto";
  int threads = 0;
  bool json = false;
  SupernetTrainingSettings settings;
  OptionSet options(
      "harmonic supernet train",
      "Trains a modality's supernet by the sandwich rule; under mpirun every rank takes its share of a batch.");
  options.add("data", data_path, "data set file").required();
  options.add("modality", modality, "modality of the data set").required();
  options.add("space", space_name, fmt::format("search space: {}", join(space_names(), ", "))).required();
  options.add("out", out, "supernet file to write (HDF5)").required();
  options.add("threads", threads, "compute threads of a rank; 0: the machine's cores shared by its ranks", {0, 1024});
  options.add_choice("compute", compute, {"auto", "cpu", "cuda"}, "where to compute");
  options.add("json", json, "print the result as one JSON object");
  settings.declare(options);
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  check_output(out, "out");

  const DatasetFile data(data_path);
  const BackboneSpace space = space_for(space_name, data.modality(modality));
  const LocalPlace place = local_place();
  const torch::Device device = choose_device(compute, place);
  const int used_threads = use_threads(threads, place);
  const auto group = world_collectives(device);
  const bool speaks = group->rank().value == 0;
  const TrainingData training{load_samples(data, modality, Split::train), load_labels(data, Split::train),
                              load_samples(data, modality, Split::val), load_labels(data, Split::val),
                              data.info().labels};
  check_input(space, training.train_inputs);
  check_input(space, training.val_inputs);
  if (speaks)
    log::info("training {} on {}: {} samples, {} rank(s) x {} thread(s), {}", space.name, modality,
              data.samples(Split::train), group->size(), used_threads, device.str());
  const auto trained =
      train_supernet(Supernet(space, data.info().classes, Seed{settings.seed}), training, settings, *group, device,
                     [&](const TrainingProgress& progress) { show_progress(progress, settings.validate_every); });
  if (!speaks) return ExitCode::done;
  save_supernet(out, trained.supernet, {modality, provenance(data, settings, trained)});
  log::info("{}: best epoch {}, validation {:.2f} % largest, {:.2f} % smallest, {}", out, trained.best_epoch,
            trained.largest_percent, trained.smallest_percent, human_duration(trained.seconds));
  if (json)
    std::cout << json_text(nlohmann::ordered_json{{"weights", out},
                                                  {"best_epoch", trained.best_epoch},
                                                  {"largest", trained.largest_percent},
                                                  {"smallest", trained.smallest_percent},
                                                  {"seconds", trained.seconds}})
              << '\n';
  return ExitCode::done;
}

}  // namespace harmonic
