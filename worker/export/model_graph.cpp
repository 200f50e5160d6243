#include "worker/export/model_graph.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "worker/export/backbone_graph.hpp"
#include "worker/export/fusion_graph.hpp"

namespace harmonic {
namespace {

using Value = GraphBuilder::Value;

/// Scaling and normalisation, as samples are read by (worker/data).
Value normalised(GraphBuilder& graph, const std::string& prefix, const InputForm& form,
                 const std::vector<std::int64_t>& sample_shape, Value x) {
  const auto numbers = [&](const char* name, const std::vector<float>& values) {
    std::vector<std::int64_t> shape(sample_shape.size() + 1, 1);
    shape[1] = -1;
    return graph.constant(prefix + "/" + name, torch::tensor(values).view(shape));
  };
  if (form.type == ElementType::uint8) {
    x = graph.add("Cast", prefix + "/float", {x}, {{"to", static_cast<std::int64_t>(NumberType::float32)}});
    x = graph.add("Div", prefix + "/scaled", {x, numbers("levels", {255})});
  }
  x = graph.add("Sub", prefix + "/centred", {x, numbers("mean", form.statistics.mean)});
  return graph.add("Div", prefix + "/normalised", {x, numbers("std", form.statistics.std)});
}

/// [modality] which of the fusion's inputs is its last.
std::vector<int> last_inputs(const std::vector<std::vector<int>>& offered) {
  std::vector<int> last;
  int inputs = 0;
  for (const auto& own : offered) last.push_back((inputs += static_cast<int>(own.size())) - 1);
  return last;
}

}  // namespace

NetworkGraph model_graph(const KeptModel& model, const std::vector<InputForm>& stored) {
  const ModelFile& file = model.file();
  GraphBuilder graph("harmonic");
  FusionValues values;
  values.last = last_inputs(model.offered());
  const auto read = read_inputs(file.genotype, values.last);
  const bool logits = reads_logits(file.genotype, model.fusion().backbone_logits);
  std::vector<std::vector<std::int64_t>> shapes;
  std::vector<Value> inputs;
  for (std::size_t m = 0; m < file.modalities.size(); ++m) {
    const auto shape = sample_shape(model.spaces()[m]);
    shapes.emplace_back(shape.begin(), shape.end());
    const bool bytes = !stored.empty() && stored.at(m).type == ElementType::uint8;
    inputs.push_back(graph.input(file.modalities[m], bytes ? NumberType::uint8 : NumberType::float32, shapes.back()));
  }
  for (std::size_t m = 0, first = 0; m < file.modalities.size(); first += model.offered()[m++].size()) {
    const auto& offered = model.offered()[m];
    NeededOutputs needed{{}, logits};
    for (std::size_t i = 0; i < offered.size(); ++i)
      if (read.contains(static_cast<int>(first + i))) needed.features.insert(offered[i]);
    BackboneValues found;
    if (logits || !needed.features.empty()) {
      const auto& name = file.modalities[m];
      const Value x = stored.empty() ? inputs[m] : normalised(graph, name, stored[m], shapes[m], inputs[m]);
      found = add_backbone(graph, model.spaces()[m], file.genome.backbones[m], file.classes, file.backbones[m], x, name,
                           needed);
    }
    for (const int feature : offered)
      values.inputs.push_back(found.features.contains(feature) ? found.features[feature] : GraphFeature{});
    if (logits) values.logits.push_back(found.logits);
  }
  const Value result =
      add_fusion(graph, file.genotype, values, file.fusion, state_shape(model.fusion()), model.fusion().side, logits);
  graph.output(result, kLogits, {file.classes});
  return std::move(graph).graph();
}

}  // namespace harmonic
