#include <iostream>
#include <memory>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/data/training_mark.hpp"
#include "core/mpi/communicator.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"
#include "core/work/fitted_settings.hpp"
#include "worker/commands/commands.hpp"
#include "worker/data/metrics.hpp"
#include "worker/group/placement.hpp"
#include "worker/models/model_evaluation.hpp"

namespace harmonic {
namespace {

std::string percent(double value) {
  return fmt::format("{:.2f}", value);
}

std::string to_text(const ModelEvaluation& found, const std::string& id, const std::string& split) {
  std::string text = fmt::format(
      "model {}, {} samples of {}: {} {:.2f} % (95 % by the number of samples: {:.2f} to {:.2f}), loss {:.4f}\n\n", id,
      found.samples, split, metric_name(found.kind), found.metric, found.interval.low, found.interval.high, found.loss);
  std::vector<std::vector<std::string>> rows = {{"of", "%"}, {"the whole model", percent(found.metric)}};
  for (std::size_t m = 0; m < found.modalities.size(); ++m)
    rows.push_back({found.modalities[m] + " alone", percent(found.unimodal[m])});
  rows.push_back({"late fusion (sum of what these say)", percent(found.late_fusion)});
  for (std::size_t m = 0; m < found.modalities.size(); ++m)
    rows.push_back({fmt::format("the whole model without {}", found.modalities[m]), percent(found.missing[m])});
  text += aligned_table(rows) + '\n';
  rows = {{"class", "samples", "precision %", "recall %", "F1 %", "most taken for"}};
  for (const auto& one : found.classes) {
    std::string other = "-";
    std::int64_t most = 0;
    for (std::size_t c = 0; c < one.taken_for.size(); ++c)
      if (found.classes[c].name != one.name && one.taken_for[c] > most) {
        most = one.taken_for[c];
        other = fmt::format("{} ({})", found.classes[c].name, most);
      }
    rows.push_back({one.name, std::to_string(one.samples), percent(one.precision), percent(one.recall), percent(one.f1),
                    found.kind == LabelKind::classification ? other : ""});
  }
  return text + aligned_table(rows);
}

}  // namespace

ExitCode evaluate_command(const std::vector<std::string>& args, const FindModel& find_model,
                          const std::function<void(const std::string& run)>& evaluated) {
  std::string run, id, data_file;
  Split split = Split::test;
  bool json = false;
  int threads = 0;
  OptionSet options("harmonic evaluate",
                    "Measures a kept model of a run on one split of a data set: its metric with the interval that the "
                    "number of samples gives, each modality alone, late fusion of the same backbones, the model with "
                    "each modality missing (its inputs 0), and every class. The result is kept beside the model "
                    "(evaluation.<split>.json) and shown in the run's report, unless the data set is another than the "
                    "run's.");
  options.add("run", run, "run directory of a search or a reproduction").required();
  options.add("model", id, "a model by its id, as front.csv has it").required();
  options.add("data", data_file, "data set file").required();
  options.add_choice("split", split, kSplitWords, "split to measure");
  options.add("threads", threads, "compute threads; 0: all cores", {0, 1024});
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  if (Communicator().rank().value != 0) return ExitCode::done;  // one does it all
  const RunModel model = find_model(run, id);
  const auto data = std::make_shared<const DatasetFile>(data_file);
  const KeptModel kept(model.folder, fitted_settings(model.settings, *data));
  kept.check_classes(*data);
  use_threads(threads, local_place());
  const auto found = evaluate_kept_model(kept, data, split);
  const auto hash = training_hash_text(*data);
  nlohmann::ordered_json result = {
      {"model", id}, {"split", to_text(split)}, {"data", data->path().string()}, {"data_hash", hash}};
  result.update(to_json(found));
  if (!model.data_hash.empty() && hash != model.data_hash) {
    log::warning(
        "{} is another data set than the run learned from (hash {}, not {}): the result is not kept beside the model",
        data_file, hash, model.data_hash);
  } else {
    replace_file(model.folder / fmt::format("evaluation.{}.json", to_text(split)), json_text(result) + '\n');
    evaluated(run);
  }
  std::cout << (json ? json_text(result) + '\n' : to_text(found, id, to_text(split)));
  return ExitCode::done;
}

}  // namespace harmonic
