#include "master/models/architecture_dot.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "master/models/picture_text.hpp"

namespace harmonic {
namespace {

constexpr double kLongestName = 10;  ///< of a modality, font sizes: fonts that are wider than Helvetica must fit, too

constexpr std::string_view kFaded = R"(style="filled,rounded,dashed", fillcolor="#fafafa", color="#9e9e9e", )"
                                    R"(fontcolor="#6b6b6b")";
constexpr std::string_view kBlue = "#1f5fbf";  ///< edges between the columns, the cells and the reduction

/// A string of the language: names are shown as they are, whatever they hold, for Graphviz reads HTML's entities in
/// labels, and letters after a backslash. @param lines of a label, one below the other
std::string quoted(const std::vector<std::string>& lines) {
  std::string text = "\"";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\\n";
    for (const char letter : escape_html(picture_text(lines[i]))) {
      if (letter == '\\') text += '\\';
      text += letter;
    }
  }
  return text + '"';
}

std::string modality_name(const BackboneDescription& backbone) {
  return cut_text(picture_text(backbone.modality), 1, kLongestName);
}

/// Writes the statements of one model.
class DotWriter {
 public:
  explicit DotWriter(const ModelArchitecture& model) : model_(model), read_(states_read(model)) {}

  std::string write() && {
    text_ =
        "digraph architecture {\n"
        "  graph [bgcolor=\"white\", fontname=\"Helvetica\", fontsize=14, nodesep=0.14, ranksep=0.22, pad=0.05, "
        "newrank=true];\n"
        "  node [shape=box, style=\"filled,rounded\", fontname=\"Helvetica\", fontsize=14, width=0.7, height=0.3, "
        "margin=\"0.16,0.04\", color=\"#555555\", fontcolor=\"black\"];\n"
        "  edge [color=\"#444444\", arrowsize=0.6];\n";
    for (std::size_t m = 0; m < model_.backbones.size(); ++m) column(m);
    for (std::size_t c = 0; c < model_.genotype.cells.size(); ++c) cell(c);
    reduction();
    same_rank();
    return std::move(text_) + "}\n";
  }

 private:
  [[nodiscard]] bool is_late() const { return model_.genotype.late != LateFusion::none; }
  [[nodiscard]] std::size_t inputs() const { return model_.states.size() - model_.genotype.cells.size(); }
  /// The backbones' logits are part of the network.
  [[nodiscard]] bool reads_logits() const {
    return is_late() ? model_.genotype.late != LateFusion::maps : model_.backbone_logits;
  }

  [[nodiscard]] std::string state_node(int state) const {
    return quoted({fmt::format("state {}: {}", state, model_.states.at(static_cast<std::size_t>(state)))});
  }
  [[nodiscard]] std::string logits_node(std::size_t m) const {
    return quoted({fmt::format("logits of {}", model_.backbones[m].modality)});
  }
  /// @param state 0: X, 1: Y, then the operators
  [[nodiscard]] static std::string inner_node(std::size_t cell, int state) {
    return quoted({state < 2 ? fmt::format("cell {}: {}", cell + 1, state == 0 ? "X" : "Y")
                             : fmt::format("cell {}: operator {}", cell + 1, state - 1)});
  }

  void node(const std::string& id, const std::vector<std::string>& label, std::string_view colours) {
    text_ += fmt::format("    {} [label={}, {}];\n", id, quoted(label), colours);
  }
  void edge(const std::string& from, const std::string& to, std::string_view attributes = "") {
    text_ += attributes.empty() ? fmt::format("    {} -> {};\n", from, to)
                                : fmt::format("    {} -> {} [{}];\n", from, to, attributes);
  }
  void blue_edge(const std::string& from, const std::string& to) { edge(from, to, fmt::format("color=\"{}\"", kBlue)); }
  void cluster(const std::string& name, const std::string& label, std::string_view colours) {
    text_ +=
        fmt::format("  subgraph \"cluster_{}\" {{\n    graph [label={}, style=\"filled,rounded\", {}, margin=6];\n",
                    name, quoted({label}), colours);
  }

  void column(std::size_t m) {
    const auto& backbone = model_.backbones[m];
    cluster(fmt::format("modality_{}", m), modality_name(backbone), R"(fillcolor="#eeeeee", color="#bdbdbd")");
    const auto colours = fmt::format("fillcolor=\"{}\"", modality_colour(m));
    std::string above;
    const auto below = [&](const std::string& id) {
      if (!above.empty()) edge(above, id, "color=\"#9e9e9e\", weight=20");
      above = id;
    };
    int ordinal = 0;
    for (const auto& layer : backbone.layers) {
      if (!layer.state) continue;
      node(state_node(*layer.state), {feature_name(backbone, ++ordinal), layer.name},
           read_[static_cast<std::size_t>(*layer.state)] ? colours : kFaded);
      below(state_node(*layer.state));
    }
    if (reads_logits()) {
      node(logits_node(m), {modality_name(backbone), "logits"}, colours);
      below(logits_node(m));
    }
    text_ += "  }\n";
  }

  /// The columns begin side by side.
  void same_rank() {
    text_ += "  { rank=min;";
    int state = 0;
    for (const auto& backbone : model_.backbones) {
      text_ += fmt::format(" {};", state_node(state));
      state += static_cast<int>(
          std::ranges::count_if(backbone.layers, [](const NamedLayer& layer) { return layer.state.has_value(); }));
    }
    text_ += " }\n";
  }

  void cell(std::size_t c) {
    const auto& cell = model_.genotype.cells[c];
    const auto number = c + 1;
    cluster(fmt::format("cell_{}", number), fmt::format("cell {}", number), R"(fillcolor="#ffe8cc", color="#e6994d")");
    node(inner_node(c, 0), {fmt::format("X_C{}", number)}, R"(fillcolor="#800000", fontcolor="white")");
    node(inner_node(c, 1), {fmt::format("Y_C{}", number)}, R"(fillcolor="#1b6e20", fontcolor="white")");
    const int last = static_cast<int>(cell.steps.size()) + 1;
    for (int s = 2; s <= last; ++s) {
      const bool read = s == last || std::ranges::any_of(cell.steps, [&](const FusionStep& step) {
                          return step.first == s || step.second == s;
                        });
      node(inner_node(c, s), {fmt::format("C{}_S{}", number, s - 1), cell.steps[static_cast<std::size_t>(s) - 2].op},
           read ? R"(fillcolor="#f0e68c")" : kFaded);
    }
    const int state = static_cast<int>(inputs() + c);
    node(state_node(state), {fmt::format("Z_C{}", number)},
         read_[inputs() + c] ? R"(fillcolor="#6a1b9a", fontcolor="white")" : kFaded);
    for (int s = 2; s <= last; ++s) {
      const auto& step = cell.steps[static_cast<std::size_t>(s) - 2];
      edge(inner_node(c, step.first), inner_node(c, s));
      edge(inner_node(c, step.second), inner_node(c, s));
    }
    edge(inner_node(c, last), state_node(state));
    text_ += "  }\n";
    blue_edge(state_node(cell.first), inner_node(c, 0));
    blue_edge(state_node(cell.second), inner_node(c, 1));
  }

  void reduction() {
    std::vector<std::string> label = {"Reduction"};
    switch (model_.genotype.late) {
      case LateFusion::none:
        if (model_.backbone_logits) label.emplace_back("+ logits");
        break;
      case LateFusion::maps:
      case LateFusion::logits:
        label = {to_text(model_.genotype), "join, linear"};
        break;
      case LateFusion::sum:
        label = {to_text(model_.genotype), "add log-probabilities"};
        break;
    }
    label.push_back(fmt::format("Output: {} classes", model_.classes));
    const auto output = quoted({"output"});
    node(output, label, R"(fillcolor="#cfcfcf")");
    for (std::size_t state = 0; state < read_.size(); ++state)
      if (joins(static_cast<int>(state))) blue_edge(state_node(static_cast<int>(state)), output);
    if (reads_logits())
      for (std::size_t m = 0; m < model_.backbones.size(); ++m) blue_edge(logits_node(m), output);
  }
  /// Whether the reduction reads it. Late fusion of maps reads the last feature of every backbone.
  [[nodiscard]] bool joins(int state) const {
    const auto& concat = model_.genotype.concat;
    return is_late() ? read_[static_cast<std::size_t>(state)] : std::ranges::find(concat, state) != concat.end();
  }

  const ModelArchitecture& model_;
  std::vector<bool> read_;
  std::string text_;
};

}  // namespace

std::vector<bool> states_read(const ModelArchitecture& model) {
  std::vector<bool> read(model.states.size());
  const auto mark = [&](int state) { read.at(static_cast<std::size_t>(state)) = true; };
  for (const auto& cell : model.genotype.cells) {
    mark(cell.first);
    mark(cell.second);
  }
  for (const int state : model.genotype.concat) mark(state);
  if (model.genotype.late == LateFusion::maps)
    for (const auto& backbone : model.backbones)
      for (auto layer = backbone.layers.rbegin(); layer != backbone.layers.rend(); ++layer)
        if (layer->state) {
          mark(*layer->state);
          break;
        }
  return read;
}

std::string modality_colour(std::size_t modality) {
  static constexpr std::array kColours = {"#87cefa", "#c5d86d", "#e5b8e8", "#9fdccb", "#d9c8b4", "#f7b7b2"};
  return kColours[modality % kColours.size()];
}

std::string feature_name(const BackboneDescription& backbone, int ordinal) {
  return fmt::format("{}_{}", modality_name(backbone), ordinal);
}

std::string to_dot(const ModelArchitecture& model) {
  return DotWriter(model).write();
}

}  // namespace harmonic
