#include "worker/export/model_export.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"
#include "proto/onnx_codec.hpp"
#include "worker/data/dataset.hpp"
#include "worker/data/metrics.hpp"
#include "worker/export/graph_runner.hpp"
#include "worker/export/model_graph.hpp"
#include "worker/export/quantization.hpp"
#include "worker/export/torch_archive.hpp"

namespace harmonic {
namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;

constexpr std::int64_t kBatch = 24;  ///< bounds the memory; no divisor of 64, so that batches of two sizes are run
constexpr std::int64_t kCalibrationBatches = 22;  ///< 528 samples
constexpr double kTolerance = 1e-4;               ///< of a logit, or of the largest where that is above 1

std::string to_bytes(const NetworkGraph& graph, ExportFormat format) {
  return format == ExportFormat::onnx ? to_onnx(graph) : to_torch_archive(graph);
}

NetworkGraph read_graph(const std::filesystem::path& path, ExportFormat format) {
  const auto bytes = read_file(path);
  return format == ExportFormat::onnx ? from_onnx(bytes) : from_torch_archive(bytes, path.string());
}

/// Samples in both forms: of a split, or noise where there are no data.
class BothForms {
 public:
  /// @param preprocessing whether the exported network takes them as they are stored @param limit at most so many
  BothForms(const ExportSource& source, Split split, bool preprocessing, std::int64_t limit)
      : data_(source.data), split_(split), preprocessing_(preprocessing), count_(limit) {
    if (data_) count_ = std::min(count_, static_cast<std::int64_t>(data_->samples(split)));
    torch::manual_seed(0);
    for (const auto& modality : source.settings.modalities) {
      names_.push_back(modality.name);
      normalised_.push_back(data_ ? stream_samples(data_, modality.name, split)
                                  : SampleSource(torch::randn(batch_shape(sample_shape(modality.space)))));
    }
  }

  [[nodiscard]] std::int64_t count() const { return count_; }
  /// [modality] as the program's own layers take them.
  [[nodiscard]] Tensors normalised(std::int64_t first, std::int64_t count) const {
    Tensors all;
    for (const auto& samples : normalised_) all.push_back(samples.range(first, count));
    return all;
  }
  /// [modality] as the exported network takes them.
  [[nodiscard]] Tensors exported(std::int64_t first, std::int64_t count) const {
    if (!preprocessing_) return normalised(first, count);
    Tensors all;
    for (const auto& name : names_) all.push_back(stored_samples(*data_, name, split_, first, count));
    return all;
  }

 private:
  [[nodiscard]] std::vector<std::int64_t> batch_shape(const std::vector<std::size_t>& sample) const {
    std::vector<std::int64_t> shape = {count_};
    shape.insert(shape.end(), sample.begin(), sample.end());
    return shape;
  }

  std::shared_ptr<const DatasetFile> data_;
  Split split_;
  bool preprocessing_;
  std::int64_t count_;
  std::vector<std::string> names_;
  std::vector<SampleSource> normalised_;
};

/// Calls `use` with (first, count) of all samples, some at a time.
template <class Use>
void for_batches(std::int64_t count, Use use) {
  for (std::int64_t first = 0; first < count; first += kBatch) use(first, std::min(kBatch, count - first));
}

/// (N, classes) of all samples as the exported network says.
Tensor logits_of(const GraphRunner& network, const BothForms& samples) {
  Tensors parts;
  for_batches(samples.count(),
              [&](auto first, auto count) { parts.push_back(network.run(samples.exported(first, count)).front()); });
  return at::cat(parts);
}

/// What the program's own layers say of some samples, to compare an exported network with.
class Comparison {
 public:
  Comparison(const KeptModel& model, BothForms samples) : samples_(std::move(samples)) {
    Tensors parts;
    for_batches(samples_.count(),
                [&](auto first, auto count) { parts.push_back(model.logits(samples_.normalised(first, count))); });
    own_ = at::cat(parts);
  }

  [[nodiscard]] std::int64_t samples() const { return samples_.count(); }
  [[nodiscard]] double largest_difference(const GraphRunner& network) const {
    return (own_ - logits_of(network, samples_)).abs().max().item<double>();
  }
  /// @throws RunError when the difference is more than rounding makes
  void check(double difference) const {
    const double allowed = kTolerance * std::max(1.0, own_.abs().max().item<double>());
    if (difference <= allowed) return;  // which NaN is not
    throw RunError(
        fmt::format("the exported model differs from the program's own by {:.3g} in a logit, of which rounding "
                    "explains {:.3g}: nothing is written",
                    difference, allowed));
  }

 private:
  BothForms samples_;
  Tensor own_;
};

/// Ranges of all values over samples from all over the training split.
ValueRanges calibrated(const GraphRunner& network, const ExportSource& source, bool preprocessing) {
  const BothForms train(source, Split::train, preprocessing, std::numeric_limits<std::int64_t>::max());
  const std::int64_t batches = std::min(kCalibrationBatches, (train.count() + kBatch - 1) / kBatch);
  ValueRanges ranges;
  for (std::int64_t i = 0; i < batches; ++i) {
    const std::int64_t first = train.count() * i / batches;
    (void)network.run(train.exported(first, std::min(kBatch, train.count() - first)),
                      [&](const std::string& name, const Tensor& value) { ranges.add(name, value); });
  }
  return ranges;
}

double validation_metric(const GraphRunner& network, const ExportSource& source, bool preprocessing) {
  const BothForms samples(source, Split::val, preprocessing, std::numeric_limits<std::int64_t>::max());
  return metric_percent(logits_of(network, samples), load_labels(*source.data, Split::val), source.data->info().labels);
}

void check_can_be(const ExportSource& source, const ExportSettings& settings) {
  if (settings.precision == Precision::int8 && settings.format != ExportFormat::onnx)
    throw InputError("--precision int8 is a form of ONNX files alone", "leave it out, or give --format onnx");
  const char* wants = settings.preprocessing ? "--with-preprocessing puts its mean and std into the file"
                      : settings.precision == Precision::int8 ? "--precision int8 is calibrated on it"
                                                              : nullptr;
  if (wants != nullptr && !source.data)
    throw InputError(fmt::format("no data set is given, and {}", wants), "give the data set of the run to --data");
}

/// How the samples of the data are stored and normalised.
std::vector<InputForm> forms_of(const DatasetFile& data, const std::vector<std::string>& modalities) {
  std::vector<InputForm> forms;
  for (const auto& name : modalities) forms.push_back({data.modality(name).type, data.statistics(name)});
  return forms;
}

/// What an exported file tells of its model.
class Description {
 public:
  Description(NetworkGraph& graph, const KeptModel& model) : graph_(graph), file_(model.file()) {
    for (std::size_t m = 0; m < file_.modalities.size(); ++m) {
      note("space." + file_.modalities[m], file_.spaces[m]);
      note("genome." + file_.modalities[m], to_text(file_.genome.backbones[m]));
    }
    note("genotype", to_text(file_.genotype));
    note("classes", std::to_string(file_.classes));
    note("metric_val", shortest(file_.metric_val));
  }

  void add(const DatasetFile& data, const std::vector<InputForm>& forms, bool preprocessing) {
    for (std::size_t m = 0; m < forms.size(); ++m) {
      const auto& name = file_.modalities[m];
      const bool bytes = forms[m].type == ElementType::uint8;
      note("input." + name, preprocessing ? "as stored" : bytes ? "(x / 255 - mean) / std" : "(x - mean) / std");
      note("mean." + name, json_text(nlohmann::json(forms[m].statistics.mean)));
      note("std." + name, json_text(nlohmann::json(forms[m].statistics.std)));
    }
    note("task", word_of(kLabelKinds, data.info().labels));
    if (!data.info().class_names.empty()) note("class_names", json_text(nlohmann::json(data.info().class_names)));
    note("data_provenance", data.info().provenance);
  }

  void note(const std::string& name, const std::string& text) { graph_.metadata.emplace_back(name, text); }

 private:
  NetworkGraph& graph_;
  const ModelFile& file_;
};

ModelSize size_of(const KeptModel& model) {
  const auto& fusion = model.fusion();
  ModelSizing sizing{model.spaces(),        {}, model.file().classes, fusion.channels, fusion.side * fusion.side,
                     fusion.backbone_logits};
  for (const auto& offered : model.offered()) sizing.features.push_back(static_cast<int>(offered.size()));
  return sizing(model.file().genome, model.file().genotype);
}

}  // namespace

ExportReport export_model(const ExportSource& source, const ExportSettings& settings) {
  check_can_be(source, settings);
  const KeptModel model(source.model, source.settings);
  std::vector<InputForm> forms;
  if (source.data) {
    model.check_classes(*source.data);
    forms = forms_of(*source.data, model.file().modalities);
  }
  NetworkGraph graph = model_graph(model, settings.preprocessing ? forms : std::vector<InputForm>{});
  Description description(graph, model);
  if (!source.data_hash.empty()) description.note("data_hash", source.data_hash);
  if (source.data) description.add(*source.data, forms, settings.preprocessing);

  ExportReport report{.size = size_of(model), .metric = model.file().metric_val};
  std::optional<Comparison> comparison;
  if (settings.verify > 0)
    comparison.emplace(model, BothForms(source, Split::val, settings.preprocessing, settings.verify));
  const bool whole_numbers = settings.precision == Precision::int8;
  if (whole_numbers) {
    const GraphRunner network(graph);
    if (comparison) comparison->check(comparison->largest_difference(network));
    report.measured = {validation_metric(network, source, settings.preprocessing), 0};
    graph = quantized(graph, calibrated(network, source, settings.preprocessing));
  }
  replace_file(settings.out, [&](const std::filesystem::path& temporary) {
    replace_file(temporary, to_bytes(graph, settings.format));
    report.bytes = std::filesystem::file_size(temporary);
    const GraphRunner written(read_graph(temporary, settings.format));
    if (whole_numbers) report.measured->file = validation_metric(written, source, settings.preprocessing);
    if (!comparison) return;
    report.verified = comparison->samples();
    report.largest_difference = comparison->largest_difference(written);
    if (!whole_numbers) comparison->check(*report.largest_difference);
  });
  return report;
}

bool is_exported_model(const std::filesystem::path& path, ExportFormat format) {
  (void)read_graph(path, format);
  return true;
}

}  // namespace harmonic
