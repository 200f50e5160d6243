#include "worker/models/model_evaluation.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/error.hpp"
#include "worker/data/dataset.hpp"
#include "worker/data/metric_interval.hpp"
#include "worker/data/metrics.hpp"
#include "worker/fusion/late_fusion.hpp"
#include "worker/fusion/predict.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

constexpr std::int64_t kChunk = 128;  ///< samples at once: bounds the memory

/// What is said of every sample of a split, in its order: (samples, classes) each.
struct Predictions {
  Tensor model;
  std::vector<Tensor> backbones;  ///< [modality] alone
  std::vector<Tensor> without;    ///< [modality] the model with its inputs 0
};

/// What backbones give where those of one modality see 0.
Samples without_modality(const KeptModel& model, Samples samples, const Samples& blind, std::size_t modality) {
  std::ptrdiff_t first = 0;
  for (std::size_t m = 0; m < modality; ++m) first += std::ssize(model.offered()[m]);
  std::copy_n(blind.features.begin() + first, model.offered()[modality].size(), samples.features.begin() + first);
  samples.logits[modality] = blind.logits[modality];
  return samples;
}

/// @param missing whether the model is asked without each modality, too
Predictions predictions_of(const KeptModel& model, const std::shared_ptr<const DatasetFile>& data, Split split,
                           bool missing) {
  const auto& names = model.file().modalities;
  std::vector<SampleSource> sources;
  for (const auto& name : names) sources.push_back(stream_samples(data, name, split));
  std::vector<Tensor> whole;
  std::vector<std::vector<Tensor>> backbones(names.size()), without(names.size());
  const std::int64_t count = sources.front().size();
  for (std::int64_t first = 0; first < count; first += kChunk) {
    std::vector<Tensor> inputs;
    for (const auto& source : sources) inputs.push_back(source.range(first, std::min(kChunk, count - first)));
    const Samples samples = model.samples(inputs);
    whole.push_back(model.logits(samples));
    for (std::size_t m = 0; m < names.size(); ++m) backbones[m].push_back(samples.logits[m]);
    if (!missing) continue;
    for (auto& input : inputs) input = at::zeros_like(input);
    const Samples blind = model.samples(inputs);
    for (std::size_t m = 0; m < names.size(); ++m)
      without[m].push_back(model.logits(without_modality(model, samples, blind, m)));
  }
  Predictions all{at::cat(whole), {}, {}};
  for (std::size_t m = 0; m < names.size(); ++m) {
    all.backbones.push_back(at::cat(backbones[m]));
    if (missing) all.without.push_back(at::cat(without[m]));
  }
  return all;
}

/// As the late fusions of a search take them: no features.
Samples logits_alone(const Predictions& predictions, const Labels& labels) {
  return {{}, predictions.backbones, labels};
}

double late_fusion_metric(const KeptModel& model, const std::shared_ptr<const DatasetFile>& data, Split split,
                          const Predictions& here, const Labels& labels) {
  auto weights = plain_late_sum(here.backbones.size());
  if (split == Split::val) {
    weights = fit_late_sum(logits_alone(here, labels));
  } else if (data->samples(Split::val) > 0) {
    const Labels of_val{load_labels(*data, Split::val), labels.kind, labels.classes};
    weights = fit_late_sum(logits_alone(predictions_of(model, data, Split::val, /*missing=*/false), of_val));
  }
  const std::vector<int> offered(here.backbones.size(), 0);
  return evaluate_late_fusion(weights, LateFusion::sum, logits_alone(here, labels), offered);
}

/// (samples, classes) float64, 0 or 1.
Tensor truths_of(const Labels& labels) {
  return labels.kind == LabelKind::multilabel ? labels.values.to(torch::kFloat64)
                                              : at::one_hot(labels.values, labels.classes).to(torch::kFloat64);
}

Tensor predicted_of(const Tensor& logits, LabelKind kind) {
  return kind == LabelKind::multilabel ? torch::sigmoid(logits).gt(kF1Threshold).to(torch::kFloat64)
                                       : at::one_hot(logits.argmax(1), logits.size(1)).to(torch::kFloat64);
}

std::vector<ClassScore> class_scores(const Tensor& predicted, const Tensor& truths, LabelKind kind,
                                     const std::vector<std::string>& names) {
  const Tensor confusion = at::mm(truths.t(), predicted);  // of several labels only the diagonal says something
  const Tensor support = truths.sum(0), asked = predicted.sum(0);
  const auto share = [](double part, double whole) { return whole > 0 ? 100 * part / whole : 0; };
  std::vector<ClassScore> scores;
  for (std::int64_t c = 0; c < truths.size(1); ++c) {
    const auto own = static_cast<std::size_t>(c);
    const double hits = confusion[c][c].item<double>(), true_ones = support[c].item<double>(),
                 said = asked[c].item<double>();
    ClassScore score{own < names.size() ? names[own] : std::to_string(c), static_cast<std::int64_t>(true_ones),
                     share(hits, said), share(hits, true_ones), share(2 * hits, said + true_ones)};
    if (kind == LabelKind::classification)
      for (std::int64_t other = 0; other < truths.size(1); ++other)
        score.taken_for.push_back(confusion[c][other].item<std::int64_t>());
    scores.push_back(std::move(score));
  }
  return scores;
}

/// @throws InputError when the split is empty
Labels labels_of(const KeptModel& model, const DatasetFile& data, Split split) {
  check_split(data, split);
  return {load_labels(data, split), data.info().labels, model.file().classes};
}

}  // namespace

TestScore measure_kept_model(const KeptModel& model, const std::shared_ptr<const DatasetFile>& data, Split split) {
  const Labels labels = labels_of(model, *data, split);
  const Tensor logits = predictions_of(model, data, split, /*missing=*/false).model;
  return {checked_metric(logits, labels, "the model"), drawn_interval(logits, labels.values, labels.kind)};
}

ModelEvaluation evaluate_kept_model(const KeptModel& model, const std::shared_ptr<const DatasetFile>& data,
                                    Split split) {
  const Labels labels = labels_of(model, *data, split);
  const Predictions said = predictions_of(model, data, split, /*missing=*/true);
  const Tensor predicted = predicted_of(said.model, labels.kind), truths = truths_of(labels);
  ModelEvaluation found{.kind = labels.kind,
                        .samples = labels.values.size(0),
                        .metric = checked_metric(said.model, labels, "the model"),
                        .interval = metric_interval(said.model, labels.values, labels.kind),
                        .loss = task_loss(said.model, labels.values, labels.kind).item<double>(),
                        .modalities = model.file().modalities,
                        .unimodal = {},
                        .missing = {},
                        .classes = class_scores(predicted, truths, labels.kind, data->info().class_names)};
  for (const auto& logits : said.backbones) found.unimodal.push_back(checked_metric(logits, labels, "a backbone"));
  for (const auto& logits : said.without)
    found.missing.push_back(checked_metric(logits, labels, "the model without a modality"));
  found.late_fusion = late_fusion_metric(model, data, split, said, labels);
  return found;
}

nlohmann::ordered_json to_json(const ModelEvaluation& evaluation) {
  using Json = nlohmann::ordered_json;
  Json json = {{"metric", evaluation.metric},
               {"interval", {evaluation.interval.low, evaluation.interval.high}},
               {"samples", evaluation.samples},
               {"loss", evaluation.loss},
               {"unimodal", Json::object()},
               {"late_fusion", evaluation.late_fusion},
               {"missing", Json::object()},
               {"classes", Json::array()},
               {"confusion", Json()}};
  for (std::size_t m = 0; m < evaluation.modalities.size(); ++m) {
    json["unimodal"][evaluation.modalities[m]] = evaluation.unimodal[m];
    json["missing"][evaluation.modalities[m]] = evaluation.missing[m];
  }
  for (const auto& one : evaluation.classes) {
    json["classes"].push_back({{"class", one.name},
                               {"samples", one.samples},
                               {"precision", one.precision},
                               {"recall", one.recall},
                               {"f1", one.f1}});
    if (evaluation.kind == LabelKind::classification) json["confusion"].push_back(one.taken_for);
  }
  return json;
}

}  // namespace harmonic
