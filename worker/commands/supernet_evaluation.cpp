#include "worker/commands/supernet_evaluation.hpp"

#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "core/config/space_config.hpp"
#include "core/data/training_mark.hpp"
#include "core/work/input_files.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/data/dataset.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/tensor/device_room.hpp"

namespace harmonic {
namespace {

/// The space named, as the samples have it, else the file's.
BackboneSpace space_for(const EvaluationOptions& chosen, const Supernet& supernet,
                        const std::vector<std::size_t>& sample) {
  return chosen.space.empty() ? supernet.space() : fitted_space(chosen.spaces.find(chosen.space), sample);
}

/// The modality named, else the one the weights were trained on, else the data's only one whose samples fit.
std::string modality_for(const EvaluationOptions& chosen, const SupernetNotes& notes, const Supernet& supernet,
                         const DatasetFile& data) {
  if (!chosen.modality.empty()) return chosen.modality;
  if (!notes.modality.empty()) return notes.modality;
  const auto& all = data.info().modalities;
  if (all.size() == 1) return all.front().name;
  std::vector<std::string> names, fitting;
  for (const auto& modality : all) {
    names.push_back(modality.name);
    const auto taken = sample_shape(space_for(chosen, supernet, modality.sample_shape));
    if (taken == modality.sample_shape) fitting.push_back(modality.name);
  }
  if (fitting.size() == 1) return fitting.front();
  throw InputError(fmt::format("{} does not say which modality it is for, and {} of {} has samples that fit",
                               chosen.weights, fitting.empty() ? "none" : "more than one", chosen.data),
                   fmt::format("name one with --modality: {}", join(fitting.empty() ? names : fitting, ", ")));
}

/// A supernet takes samples as those that it was trained on: no setting, and no other space, changes that.
void check_trained_on(const EvaluationOptions& chosen, const BackboneSpace& space, const DatasetFile& data,
                      const std::string& modality) {
  const auto wanted = sample_shape(space);
  const auto& sample = data.modality(modality).sample_shape;
  if (sample == wanted) return;
  std::vector<std::string> fitting;
  for (const auto& other : data.info().modalities)
    if (other.sample_shape == wanted) fitting.push_back(other.name);
  throw InputError(fmt::format("modality {} of {} has samples of shape {}, {} was trained on those of {}", modality,
                               chosen.data, fmt::join(sample, "x"), chosen.weights, fmt::join(wanted, "x")),
                   fitting.empty()
                       ? "give data as it was trained on, or train one on these: harmonic supernet train"
                       : fmt::format("name the modality it was trained on: --modality {}", join(fitting, " or ")));
}

/// As options say it, where 0 is all.
template <class Count>
std::optional<Count> at_most(int limit) {
  return limit > 0 ? std::optional(static_cast<Count>(limit)) : std::nullopt;
}

/// Batches of train samples. Where these are not all of them, the others are not read.
void open_calibration(const std::shared_ptr<const DatasetFile>& data, const EvaluationOptions& chosen,
                      DataMemory& memory, EvaluationInputs& found) {
  auto ids = calibration_ids(load_labels(*data, Split::train), at_most<std::int64_t>(chosen.calibration_samples),
                             chosen.calibration_batch);
  for (const auto& batch : ids) found.calibration_samples += batch.size(0);
  const bool all = found.calibration_samples == static_cast<std::int64_t>(data->samples(Split::train));
  found.calibration = {all ? open_samples(data, found.modality, Split::train, memory)
                           : stream_samples(data, found.modality, Split::train),
                       std::move(ids)};
}

}  // namespace

void EvaluationOptions::declare(OptionSet& options) {
  options.add("weights", weights, "supernet file").required();
  options.add("space", space, "search space; default: the file's");
  options.add("data", data, "data set file").required();
  options.add("modality", modality, "modality of the data set; default: the file's, or the only one that fits");
  options.add("calibration-samples", calibration_samples,
              "train samples that batch norms are re-estimated on, at most, as a search chooses them; 0: all",
              {0, 100'000'000});
  options.add("calibration-batch", calibration_batch, "samples of a batch of that", {2, 65'536});
  options.add_choice("split", split, kSplitWords, "split to measure");
  options.add("limit", limit, "first samples of the split, at most; 0: all", {0, 100'000'000});
  options.add("views", views.count,
              "every sample counts so often: once as it is, then varied; with a search's calibration-samples, "
              "validation-views, "
              "view-strength and seed the metric is the search's own",
              {1, 1000});
  options.add("view-strength", views.strength, "strength of that variation; 1: as in supernet training", {0.0, 10.0});
  options.add("view-seed", views.run_seed, "seed of that variation");
  options.add("threads", threads, "compute threads of a rank; 0: the machine's cores shared by its ranks", {0, 1024});
  declare_data_memory(options, data_memory_mib);
  options.add_choice("compute", compute, kComputes, "where to compute");
  declare_device_use(options, device_use);
  declare_precision(options, arithmetic);
  declare_spaces(options, spaces);
}

std::uint64_t EvaluationOptions::fingerprint() const {
  std::string text = fmt::format("{}\n{}\n{}\n{} {} {} {} {} {}", space, modality, to_text(split), limit,
                                 calibration_samples, calibration_batch, views.count, views.strength, views.run_seed);
  if (!space.empty())
    for (const auto& [name, value] : space_conditions(spaces.find(space))) text += fmt::format("\n{} {}", name, value);
  if (arithmetic != Arithmetic::float32) text += '\n' + word_of(kArithmetics, arithmetic);
  std::uint64_t hash = hash64(text);
  for (const auto& file : files())
    hash = hash64(fmt::format("{} {:016x}", file.option, content_sample({file.option, file.path})), hash);
  return hash;
}

EvaluationInputs load_evaluation(const EvaluationOptions& chosen, LocalPlace place, bool calibration) {
  const torch::Device device = choose_device(chosen.compute, place);
  use_threads(chosen.threads, place);
  use_device(chosen.device_use, device, ranks_on(device, place));
  const auto data = std::make_shared<DatasetFile>(chosen.data);
  SupernetNotes notes;
  Supernet supernet = load_supernet(chosen.weights, &notes);
  const std::string modality = modality_for(chosen, notes, supernet, *data);
  const auto& sample = data->modality(modality).sample_shape;
  const BackboneSpace space = space_for(chosen, supernet, sample);
  if (chosen.space.empty()) check_trained_on(chosen, space, *data, modality);
  check_samples_fit(space, sample, "modality " + modality);
  supernet = load_supernet(chosen.weights, space, data->info().classes).clone_to(device);

  check_split(*data, chosen.split);
  EvaluationInputs found{.supernet = supernet, .modality = modality, .kind = data->info().labels, .device = device};
  DataMemory memory(chosen.data_memory_mib, place.size);
  const auto inputs = open_samples(data, modality, chosen.split, memory, at_most<std::size_t>(chosen.limit));
  found.labels = labels_of_views(load_labels(*data, chosen.split).narrow(0, 0, inputs.size()), chosen.views.count);
  found.inputs = split_views(space, inputs, chosen.split, chosen.views, device);
  if (calibration) {
    check_split(*data, Split::train);
    open_calibration(data, chosen, memory, found);
  }
  return found;
}

void warn_of_other_data(const EvaluationOptions& chosen, const std::string& modality) {
  warn_of_other_data({chosen.weights, modality}, chosen.data, DatasetFile(chosen.data).training_hash());
}

}  // namespace harmonic
