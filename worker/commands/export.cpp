#include <iostream>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/config/options.hpp"
#include "core/data/training_mark.hpp"
#include "core/mpi/communicator.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "core/work/fitted_settings.hpp"
#include "worker/commands/commands.hpp"
#include "worker/export/model_export.hpp"
#include "worker/group/placement.hpp"

namespace harmonic {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const ExportReport& report, const std::string& out) {
  Json json = {{"file", out}, {"bytes", report.bytes}};
  for (const auto& measure : kSizeMeasures) json[std::string(measure.name)] = report.size.*measure.value;
  json["verified"] = report.verified;
  json["largest_difference"] = json_or_null(report.largest_difference);
  json["metric"] = report.measured ? report.measured->file : report.metric;
  if (report.measured) json["metric_float32"] = report.measured->float32;
  return json;
}

std::string to_text(const ExportReport& report, const std::string& out, bool with_data) {
  std::string text = fmt::format("{}: {} bytes", out, report.bytes);
  for (const auto& measure : kSizeMeasures)
    text += fmt::format(", {:.2f} {}", report.size.*measure.value / 1e6, measure.in_millions);
  text += fmt::format("; these weights in the run's validation: {:.2f} %\n", report.metric);
  if (report.measured)
    text += fmt::format("on the validation samples as they are, in one view: float32 {:.2f} %, this file {:.2f} %\n",
                        report.measured->float32, report.measured->file);
  if (!report.largest_difference) return text + "not compared with the program's own logits\n";
  return text + fmt::format("logits of {} {} are the program's own within {:.2g}\n", report.verified,
                            with_data ? "validation samples" : "samples of noise", *report.largest_difference);
}

/// @throws InputError when it lacks a modality of the run, has samples of another shape, or is not what the run learned
/// from: how samples are scaled, and what classes are called, is the data set's to say, and would be wrong in the file
void take_data(ExportSource& source, const std::string& path) {
  source.data = std::make_shared<const DatasetFile>(path);
  source.settings = fitted_settings(source.settings, *source.data);
  const auto hash = training_hash_text(*source.data);
  if (!source.data_hash.empty() && hash != source.data_hash)
    throw InputError(
        fmt::format("{} holds other samples than the run learned from (hash {}, not {})", path, hash, source.data_hash),
        "give the data set of the run: the file is to say how its samples are scaled");
}

}  // namespace

ExitCode export_command(const std::vector<std::string>& args, const FindModel& find_model) {
  std::string run, id, out, data;
  ExportSettings settings;
  bool json = false;
  int threads = 1;  // more wait for each other longer than they work, in networks this small
  OptionSet options("harmonic export",
                    "Writes the trained multimodal model of a run for deployment, as one file: backbones and fusion, "
                    "inputs named by modality, any number of samples a batch, batch norms folded.");
  options.add("run", run, "run directory of a search or a reproduction").required();
  options.add("model", id, "a model by its id, as front.csv has it").required();
  options.add("out", out, "file to write; its folder is made where there is none").required();
  options.add_choice("format", settings.format, kExportFormats,
                     "onnx: for ONNX Runtime and others; libtorch: an archive that LibTorch reads, for "
                     "deploy/example");
  options.add_choice("precision", settings.precision, kPrecisions,
                     "int8: convolutions and linear layers in whole numbers of 8 bits, calibrated on training samples, "
                     "for --format onnx; wants --data. The metric is measured before and after");
  options.add("with-preprocessing", settings.preprocessing,
              "the file takes samples as the data set stores them (pictures as bytes, 0 to 255); scaling and "
              "normalisation are inside; wants --data");
  options.add("verify", settings.verify,
              "validation samples, at most, whose logits are compared with the program's own before the file gets its "
              "name; without --data samples of noise; 0: none",
              {0, 1'000'000});
  options.add(
      "data", data,
      "data set file of the run: what its classes are called, how its samples are stored, and samples to compare");
  options.add("threads", threads, "compute threads; 0: all cores", {0, 1024});
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  if (Communicator().rank().value != 0) return ExitCode::done;  // one does it all
  settings.out = out;
  const RunModel model = find_model(run, id);
  ExportSource source{model.folder, model.settings, model.data_hash, {}};
  if (!data.empty()) take_data(source, data);
  const OutputFolder folder(out, "out", {{"data", data}, {"model", model.folder / "weights.h5"}});
  check_own_kind(out, "out", "an exported model",
                 [&](const auto& path) { return is_exported_model(path, settings.format); });
  use_threads(threads, local_place());
  const ExportReport report = export_model(source, settings);
  std::cout << (json ? json_text(to_json(report, out)) + '\n' : to_text(report, out, source.data != nullptr));
  return ExitCode::done;
}

}  // namespace harmonic
