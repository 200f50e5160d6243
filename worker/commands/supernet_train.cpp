#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/progress_display.hpp"
#include "core/base/text.hpp"
#include "core/config/data_memory.hpp"
#include "core/config/space_config.hpp"
#include "core/data/training_mark.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "core/work/stop_signal.hpp"
#include "proto/curve_log.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/commands/on_peers.hpp"
#include "worker/commands/supernet_actions.hpp"
#include "worker/data/dataset.hpp"
#include "worker/group/collectives.hpp"
#include "worker/group/placement.hpp"
#include "worker/tensor/device_room.hpp"
#include "worker/train/supernet_training.hpp"
#include "worker/train/training_state.hpp"

namespace harmonic {
namespace {

/// @param init file of the first weights; "": fresh ones
std::string provenance(const DatasetFile& data, const std::string& init, const SupernetTrainingSettings& settings,
                       const TrainedSupernet& trained) {
  return fmt::format(
      "trained by harmonic supernet train on {}{}; seed {}, {} epochs{}{}, best epoch {}; "
      "validation {:.2f} % largest, {:.2f} % smallest",
      training_mark(data),
      init.empty() ? "" : fmt::format(" from the weights of {}", std::filesystem::path(init).filename().string()),
      settings.seed, settings.epochs,
      settings.arithmetic == Arithmetic::float32 ? "" : " in " + word_of(kArithmetics, settings.arithmetic),
      computes_deterministically() ? ", deterministic on a GPU" : "", trained.best_epoch, trained.largest_percent,
      trained.smallest_percent);
}

ProgressLine progress_line(const TrainingProgress& progress) {
  const std::string loss = progress.epoch > 0 ? fmt::format(", loss {:.4f}", progress.loss) : "";
  const std::string validated = progress.largest_percent > 0
                                    ? fmt::format(", validation {:.2f} % largest, {:.2f} % smallest",
                                                  progress.largest_percent, progress.smallest_percent)
                                    : "";
  return {fmt::format("epoch {:.2f}/{}{}{}{}", progress.epoch + progress.share, progress.epochs, loss, validated,
                      progress.validating ? ", validating" : ""),
          progress.seconds_left};
}

/// The training's curves by epoch, in `folder`.
CurveLog curve_log(const std::string& folder) {
  return {folder,
          "epoch",
          {"learning_rate", "loss_train/largest", "loss_train/smallest", "loss_train/random", "metric_val/largest",
           "metric_val/smallest", "metric_val/random"}};
}

CurveRow curve_row(const TrainedEpoch& done) {
  CurveRow row{done.epoch,
               {done.learning_rate, done.losses.largest, done.losses.smallest, done.losses.random, {}, {}, {}},
               wall_time_s()};
  if (const auto& percents = done.validated)
    std::ranges::copy(std::vector<std::optional<double>>{percents->largest, percents->smallest, percents->random},
                      row.values.end() - 3);
  return row;
}

/// The words of the command line.
struct TrainOptions {
  std::string data, modality, space, init, out;
  Compute compute = Compute::automatic;
  SpaceCatalog spaces;
  int threads = 0, data_memory_mib = kDataMemoryMib;
  DeviceUse device_use;
  double save_every_s = 30, patience_s = kPatienceS;
  bool resume = false, json = false;
  SupernetTrainingSettings settings;
  std::string going_on;                      ///< the line that resumes it
  std::optional<RecordedTraining> recorded;  ///< what it goes on with

  void declare(OptionSet& options) {
    options.add("data", data, "data set file").required();
    options.add("modality", modality, "modality of the data set (required, but with --resume)");
    options.add("space", space,
                fmt::format("search space (required, but with --resume): {}", join(spaces.names(), ", ")));
    options.add("init", init,
                "supernet file whose weights it goes on from: an imported one, or of another training; default: fresh "
                "weights by the seed");
    options.add("out", out, "supernet file to write (HDF5); its folder is made where there is none").required();
    options.add("resume", resume,
                "go on with a training that was cut off: its state, and all its settings, are in OUT.training; nothing "
                "to do for one that is finished");
    options.add_seconds("save-every", save_every_s, "seconds between writes of that state", {0.0, 1e9});
    options.add("threads", threads, "compute threads of a rank; 0: the machine's cores shared by its ranks", {0, 1024});
    declare_data_memory(options, data_memory_mib);
    options.add_seconds("patience", patience_s,
                        "seconds that ranks wait for one another before a missing one ends the training", {0.1, 1e9});
    options.add_choice("compute", compute, kComputes, "where to compute");
    declare_device_use(options, device_use);
    options.add("json", json, "print the result as one JSON object");
    settings.declare(options);
    declare_spaces(options, spaces);
  }
  [[nodiscard]] std::string state_file() const { return out + ".training"; }
  [[nodiscard]] std::string curves_folder() const { return out + ".tensorboard"; }
  [[nodiscard]] std::string previous_state_file() const { return previous_version(state_file()); }

  /// Settings of the training that was cut off, which are in force where nothing given says otherwise; nothing where
  /// none is to go on.
  std::optional<RecordedSettings> find_recorded() {
    if (!resume) return std::nullopt;
    recorded = recorded_training(state_file());
    if (!recorded) return std::nullopt;
    const auto known = settings.values();
    std::string text = "[supernet]\n";
    for (const auto& [name, value] : recorded->conditions)
      if (std::ranges::find(known, name, &Conditions::value_type::first) != known.end()) text += ini_line(name, value);
    return RecordedSettings{text, state_file()};
  }
  /// Likewise the modality. @throws InputError: neither given nor recorded, or both and not the same
  [[nodiscard]] std::string modality_in_force() const {
    const auto before = recorded ? recorded->source.modality : "";
    if (modality.empty() && before.empty()) throw lacks("modality");
    if (!modality.empty() && !before.empty() && modality != before)
      throw InputError(fmt::format("{} is the training of modality {}, not {}", state_file(), before, modality),
                       "leave --modality out, or give another --out");
    return modality.empty() ? before : modality;
  }
  /// Likewise the file of the first weights; one that is given and holds others is found out by the state's conditions.
  [[nodiscard]] std::string init_in_force() const { return init.empty() && recorded ? recorded->source.init : init; }
  /// Likewise the space, for such samples; one that is given as another is found out by the state's conditions.
  [[nodiscard]] BackboneSpace space_in_force(std::span<const std::size_t> sample) const {
    const auto before = recorded ? find_space_in(recorded->conditions) : std::nullopt;
    const auto names = spaces.names();
    const bool is_known = std::ranges::find(names, space) != names.end();
    if (before && (space.empty() || (space == before->name && !is_known))) return *before;
    if (space.empty()) throw lacks("space");
    return fitted_space(spaces.find(space), sample);
  }

 private:
  [[nodiscard]] InputError lacks(const std::string& option) const {
    const std::string why =
        resume ? fmt::format("there is no {} to go on with that tells it, and ", state_file()) : std::string();
    return {fmt::format("{}harmonic supernet train needs --{}", why, option), "see harmonic supernet train --help"};
  }
};

/// Before the work, on rank 0. @return whether the training that is to be resumed has ended already
bool check_outputs(const TrainOptions& chosen) {
  for (const auto& file : {chosen.out, chosen.state_file(), chosen.previous_state_file()})
    check_output(file, "out", {{"data", chosen.data}, {"init", chosen.init_in_force()}});
  const bool begun = std::filesystem::exists(chosen.state_file()), ended = std::filesystem::exists(chosen.out);
  if (begun && !chosen.resume)
    throw InputError(fmt::format("{} holds a training that was cut off", chosen.state_file()),
                     "go on with --resume, or remove it");
  if (!chosen.resume) check_absent(chosen.out, "out", "give another, or remove it");
  if (begun || !chosen.resume) return false;
  if (!ended) {
    (void)chosen.modality_in_force();
    log::info("no {}: training from the start", chosen.state_file());
    return false;
  }
  if (const auto space = load_supernet(chosen.out).space().name; !chosen.space.empty() && space != chosen.space)
    throw InputError(fmt::format("{} is a supernet of space {}, not {}", chosen.out, space, chosen.space),
                     "give another --out, or the space it was trained for");
  return true;
}

/// What rank 0 knows, to all. Collective.
bool as_on_rank_0(bool value, const std::shared_ptr<Peers>& peers) {
  const auto told = torch::full({1}, value ? 1.0 : 0.0, torch::kFloat64);
  world_collectives(torch::kCPU, peers)->broadcast({told}, Rank{0});
  return told.item<double>() > 0;
}

void show_ended(const TrainOptions& chosen) {
  log::info("{} is finished: there is nothing to go on with", chosen.out);
  if (chosen.json)
    std::cout << json_text(nlohmann::ordered_json{{"weights", chosen.out}, {"finished_before", true}}) << '\n';
}

void show_result(const TrainOptions& chosen, const TrainedSupernet& trained) {
  log::info("{}: best epoch {}, validation {:.2f} % largest, {:.2f} % smallest, {}", chosen.out, trained.best_epoch,
            trained.largest_percent, trained.smallest_percent, human_duration(trained.seconds));
  if (chosen.json)
    std::cout << json_text(nlohmann::ordered_json{{"weights", chosen.out},
                                                  {"best_epoch", trained.best_epoch},
                                                  {"largest", trained.largest_percent},
                                                  {"smallest", trained.smallest_percent},
                                                  {"seconds", trained.seconds}})
              << '\n';
}

ExitCode train(const TrainOptions& chosen, const std::shared_ptr<Peers>& peers) {
  const bool leads = peers->rank().value == 0;
  const LocalPlace place = local_place();
  const int used_threads = use_threads(chosen.threads, place);
  torch::Device device = torch::kCPU;
  std::shared_ptr<const DatasetFile> data;
  std::optional<Supernet> initial;
  const std::string init = chosen.init_in_force();
  std::string modality;
  TrainingData training;
  // What one rank cannot read or find, all hear of.
  bool ended = false;
  std::optional<OutputFolder> folder;
  peers->together([&] {
    if (!leads) return;
    folder.emplace(chosen.out, "out");
    ended = check_outputs(chosen);
  });
  if (as_on_rank_0(ended, peers)) {
    if (leads) show_ended(chosen);
    return ExitCode::done;
  }
  std::optional<ProgressDisplay> display;
  if (leads) display.emplace("reading the data", DisplayPace{}, stop_signal_seen);
  peers->together([&] {
    device = choose_device(chosen.compute, place);
    use_device(chosen.device_use, device, ranks_on(device, place));
    data = std::make_shared<DatasetFile>(chosen.data);
    if (data->samples(Split::val) == 0)  // train never is
      throw InputError(fmt::format("split val of {} is empty", chosen.data), "give another data set");
    modality = chosen.modality_in_force();
    const auto& sample = data->modality(modality).sample_shape;
    const BackboneSpace space = chosen.space_in_force(sample);
    check_samples_fit(space, sample, "modality " + modality);
    initial.emplace(init.empty() ? Supernet(space, data->info().classes, Seed{chosen.settings.seed})
                                 : load_supernet(init, space, data->info().classes));
    DataMemory memory(chosen.data_memory_mib, place.size);
    training = {open_samples(data, modality, Split::train, memory), load_labels(*data, Split::train),
                open_samples(data, modality, Split::val, memory), load_labels(*data, Split::val), data->info().labels};
  });
  const auto group = world_collectives(device, peers);
  if (leads)
    log::info("training {} on {}: {} samples, {} rank(s) x {} thread(s), {}", initial->space().name, modality,
              data->samples(Split::train), group->size(), used_threads, device.str());
  if (display) display->show({fmt::format("epoch 0.00/{}, before the first step", chosen.settings.epochs)});
  TrainingControl control;
  control.report = [&](const TrainingProgress& progress) {
    if (progress.validating || display->is_due()) display->show(progress_line(progress));
  };
  auto curves = curve_log(chosen.curves_folder());
  control.epoch_done = [&](const TrainedEpoch& done) { curves.add(curve_row(done)); };
  control.stop = stop_signal_seen;
  control.state_file = chosen.state_file();
  control.save_every_s = chosen.save_every_s;
  control.source = {modality, init.empty() ? init : std::filesystem::absolute(init).string()};
  control.resume = chosen.resume;
  const auto trained = train_supernet(*initial, training, chosen.settings, *group, device, control);
  display.reset();
  if (trained.stopped) {
    if (leads) log::info("stopped after {}; go on with: {}", human_duration(trained.seconds), chosen.going_on);
    return ExitCode::stopped;
  }
  if (!leads) return ExitCode::done;
  save_supernet(chosen.out, trained.supernet, {modality, provenance(*data, init, chosen.settings, trained)});
  for (const auto& file : {chosen.state_file(), chosen.previous_state_file()}) std::filesystem::remove(file);
  show_result(chosen, trained);
  return ExitCode::done;
}

}  // namespace

ExitCode supernet_train(const Arguments& args, const std::vector<std::string>& program,
                        const std::function<void()>& abandon_mpi) {
  TrainOptions chosen;
  chosen.going_on = resuming_line(program, {"supernet", "train"}, args);
  OptionSet options(
      "harmonic supernet train",
      "Trains a modality's supernet by the sandwich rule; under mpirun every rank takes its share of a batch.");
  chosen.declare(options);
  options.recorded_by([&] { return chosen.find_recorded(); });
  return on_peers(options, args, abandon_mpi, [&](const auto& peers) {
    peers->set_patience(chosen.patience_s);
    if (peers->rank().value == 0) say_notices(options);
    return train(chosen, peers);
  });
}

}  // namespace harmonic
