#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/storage/json_text.hpp"
#include "master/models/architecture.hpp"

namespace harmonic {
namespace {

/// A state inside a cell.
std::string inner_name(int state) {
  return state == 0 ? "x" : state == 1 ? "y" : fmt::format("#{}", state);
}

std::string step_text(const FusionStep& step, std::size_t index) {
  return fmt::format("#{} = {}({}, {})", index + 2, step.op, inner_name(step.first), inner_name(step.second));
}

std::string state_text(const ModelArchitecture& model, int state) {
  return fmt::format("state {} ({})", state, model.states.at(static_cast<std::size_t>(state)));
}

/// Lines that run into one box.
struct Joined {
  std::vector<std::pair<std::string, std::string>> inputs;  ///< what, and what it is there
  std::string box, output;
};

/// state 2 (image, stage 1 block 1) --x--+
/// state 7 (audio, stage 1 block 4) --y--+--[ #2 = Sum(x, y) ]--> state 8
std::string drawn(const std::vector<Joined>& all) {
  std::size_t width = 0, role = 0;
  for (const auto& joined : all)
    for (const auto& [what, as] : joined.inputs) width = std::max(width, what.size()), role = std::max(role, as.size());
  std::string text;
  for (const auto& joined : all)
    for (std::size_t i = 0; i < joined.inputs.size(); ++i) {
      const auto& [what, as] = joined.inputs[i];
      text += fmt::format("  {:<{}} --{:-<{}}--+", what, width, as, role);
      if (i + 1 == joined.inputs.size()) text += fmt::format("--[ {} ]--> {}", joined.box, joined.output);
      text += '\n';
    }
  return text;
}

std::vector<Joined> cell_boxes(const ModelArchitecture& model) {
  std::vector<Joined> boxes;
  const auto& genotype = model.genotype;
  const std::size_t inputs = model.states.size() - genotype.cells.size();
  for (std::size_t c = 0; c < genotype.cells.size(); ++c) {
    const auto& cell = genotype.cells[c];
    std::vector<std::string> steps;
    for (std::size_t s = 0; s < cell.steps.size(); ++s) steps.push_back(step_text(cell.steps[s], s));
    steps.push_back(fmt::format("layer norm(#{} + x)", cell.steps.size() + 1));
    boxes.push_back({{{state_text(model, cell.first), "x"}, {state_text(model, cell.second), "y"}},
                     join(steps, "; "),
                     state_text(model, static_cast<int>(inputs + c))});
  }
  Joined head{{}, "join, layer norm, ReLU, linear", fmt::format("logits of {} classes", model.classes)};
  for (const int state : genotype.concat) head.inputs.emplace_back(state_text(model, state), "");
  if (model.backbone_logits) {
    head.box += ", add the backbones' logits";
    for (const auto& backbone : model.backbones) head.inputs.emplace_back(backbone.modality + " logits", "scaled");
  }
  boxes.push_back(std::move(head));
  return boxes;
}

std::vector<Joined> late_boxes(const ModelArchitecture& model) {
  Joined box{{}, "", fmt::format("{} classes", model.classes)};
  for (const auto& backbone : model.backbones) {
    const auto last = std::ranges::find_if(backbone.layers.rbegin(), backbone.layers.rend(),
                                           [](const auto& layer) { return layer.state.has_value(); });
    switch (model.genotype.late) {
      case LateFusion::maps:
        box.inputs.emplace_back(
            fmt::format("{}, {}", backbone.modality, last->name),
            last->output.find('x') == std::string::npos ? std::string() : fmt::format("pooled to {0}x{0}", model.side));
        box.box = "join, linear";
        break;
      case LateFusion::logits:
        box.inputs.emplace_back(backbone.modality + " logits", "");
        box.box = "join, linear";
        break;
      case LateFusion::sum:
      case LateFusion::none:
        box.inputs.emplace_back(backbone.modality + " log-probabilities", "over a temperature");
        box.box = "add";
        break;
    }
  }
  return {box};
}

std::string plural(std::size_t n, std::string_view word) {
  return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
}

std::string fusion_text(const ModelArchitecture& model) {
  const auto& genotype = model.genotype;
  if (genotype.late != LateFusion::none)
    return fmt::format("fusion: {}, no cells\n{}", to_text(genotype), drawn(late_boxes(model)));
  std::size_t operators = 0;
  for (const auto& cell : genotype.cells) operators += cell.steps.size();
  const std::size_t inputs = model.states.size() - genotype.cells.size();
  std::vector<std::string> unread;
  for (std::size_t s = 0; s < inputs; ++s) {
    const int state = static_cast<int>(s);
    const bool read = std::ranges::find(genotype.concat, state) != genotype.concat.end() ||
                      std::ranges::any_of(genotype.cells, [&](const FusionCell& cell) {
                        return cell.first == state || cell.second == state;
                      });
    if (!read) unread.push_back(std::to_string(s));
  }
  return fmt::format(
      "fusion: {} with {} on states of {} channels x {}x{}; the backbones offer states 0 to {}{}\n{}",
      plural(genotype.cells.size(), "cell"), plural(operators, "operator"), model.channels, model.side, model.side,
      inputs - 1,
      unread.empty() ? ""
                     : fmt::format(", of which {} {} not read", join(unread, ", "), unread.size() == 1 ? "is" : "are"),
      drawn(cell_boxes(model)));
}

std::string count_text(double value) {
  return fmt::format("{:.0f}", value);
}

std::string backbone_text(const BackboneDescription& backbone) {
  std::vector<std::vector<std::string>> rows = {{"  layer", "input", "output", "state", "parameters", "MACs", "as"}};
  for (const auto& layer : backbone.layers)
    rows.push_back({"  " + layer.name, layer.input, layer.output, layer.state ? std::to_string(*layer.state) : "-",
                    layer.size ? count_text(layer.size->parameters) : "-",
                    layer.size ? count_text(layer.size->macs) : "-", layer.detail});
  return fmt::format("{}: a backbone of space {}, {}\n{}", backbone.modality, backbone.space, backbone.genome,
                     aligned_table(rows));
}

std::string cost_cell(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "-";
}

std::string parts_text(const ModelArchitecture& model) {
  std::vector<std::vector<std::string>> rows = {{"  part", "parameters", "MACs"}};
  for (const auto& device : model.devices)
    for (const auto& quantity : kQuantities) rows[0].push_back(fmt::format("{} {}", device, quantity.unit));
  const auto add = [&](const std::string& name, const ModelSize& size, const std::vector<Cost>& costs) {
    std::vector<std::string> row = {"  " + name, count_text(size.parameters), count_text(size.macs)};
    for (std::size_t d = 0; d < model.devices.size(); ++d)
      for (std::size_t q = 0; q < kQuantities.size(); ++q) row.push_back(costs.empty() ? "-" : cost_cell(costs[d][q]));
    rows.push_back(std::move(row));
  };
  for (const auto& part : model.parts) add(part.name, part.size, part.costs);
  add("whole model", model.size, model.costs);
  return aligned_table(rows);
}

nlohmann::ordered_json to_json(const ModelSize& size) {
  nlohmann::ordered_json json;
  for (const auto& measure : kSizeMeasures) json[std::string(measure.name)] = size.*measure.value;
  return json;
}

/// {"<device>": {"latency_ms": v, "energy_mj": v or null}}
nlohmann::ordered_json to_json(const std::vector<std::string>& devices, const std::vector<Cost>& costs) {
  auto json = nlohmann::ordered_json::object();
  for (std::size_t d = 0; d < costs.size(); ++d)
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      json[devices[d]][std::string(kQuantities[q].column)] =
          costs[d][q] ? nlohmann::ordered_json(*costs[d][q]) : nlohmann::ordered_json();
  return json;
}

}  // namespace

std::string to_text(const ModelArchitecture& model) {
  std::string text;
  for (const auto& backbone : model.backbones) text += backbone_text(backbone) + '\n';
  return fmt::format("{}{}\nsizes and costs by part (-: tables have no row for it, and its cost is not counted)\n{}",
                     text, fusion_text(model), parts_text(model));
}

nlohmann::ordered_json to_json(const ModelArchitecture& model) {
  using Json = nlohmann::ordered_json;
  Json backbones = Json::array(), states = Json::array(), cells = Json::array(), parts = Json::array();
  for (const auto& backbone : model.backbones) {
    Json layers = Json::array();
    for (const auto& layer : backbone.layers) {
      Json entry = {{"layer", layer.name}, {"input", layer.input}, {"output", layer.output}, {"as", layer.detail}};
      entry["state"] = json_or_null(layer.state);
      if (layer.size) entry.update(to_json(*layer.size));
      entry["costs"] = to_json(model.devices, layer.costs);
      layers.push_back(std::move(entry));
    }
    backbones.push_back({{"modality", backbone.modality},
                         {"space", backbone.space},
                         {"genome", backbone.genome},
                         {"layers", std::move(layers)}});
  }
  for (const auto& state : model.states) states.push_back(state);
  const std::size_t inputs = model.states.size() - model.genotype.cells.size();
  for (std::size_t c = 0; c < model.genotype.cells.size(); ++c) {
    const auto& cell = model.genotype.cells[c];
    Json operators = Json::array();
    for (std::size_t s = 0; s < cell.steps.size(); ++s)
      operators.push_back(
          {{"operator", cell.steps[s].op}, {"reads", {cell.steps[s].first, cell.steps[s].second}}, {"makes", s + 2}});
    cells.push_back(
        {{"x", cell.first}, {"y", cell.second}, {"operators", std::move(operators)}, {"state", inputs + c}});
  }
  for (const auto& part : model.parts) {
    Json entry = {{"part", part.name}};
    entry.update(to_json(part.size));
    entry["costs"] = to_json(model.devices, part.costs);
    parts.push_back(std::move(entry));
  }
  const bool late = model.genotype.late != LateFusion::none;
  Json json = {{"genotype", to_text(model.genotype)},
               {"late_fusion", late ? Json(word_of(kLateFusions, model.genotype.late)) : Json()},
               {"classes", model.classes},
               {"backbones", std::move(backbones)},
               {"states", std::move(states)},
               {"cells", std::move(cells)},
               {"output", model.genotype.concat},
               {"backbone_logits", !late && model.backbone_logits},
               {"parts", std::move(parts)}};
  json.update(to_json(model.size));
  json["costs"] = to_json(model.devices, model.costs);
  return json;
}

}  // namespace harmonic
