#include "master/models/architecture_picture.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/models/architecture_dot.hpp"
#include "master/models/backbone_strip.hpp"
#include "master/models/graphviz.hpp"
#include "master/models/picture_text.hpp"

namespace harmonic {
namespace {

constexpr double kPage = 1000;  ///< width, pixels
constexpr double kMargin = 20;
constexpr double kGraphFont = 14;  ///< points, in the DOT
constexpr double kLeastFont = 10;  ///< pixels, on the page
constexpr double kLargestScale = 1.1;

std::string moved(const Drawing& drawing, double y) {
  return fmt::format("<g transform=\"translate(0 {:.1f})\">\n{}</g>\n", y, drawing.elements);
}

std::string counted(std::size_t n, std::string_view word) {
  return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
}

/// "3 cells, 12 operators", "late:maps"
std::string fusion_summary(const ModelArchitecture& model) {
  if (model.genotype.late != LateFusion::none) return to_text(model.genotype);
  return counted(model.genotype.cells.size(), "cell") + ", " + counted(operators_of(model.genotype).size(), "operator");
}

std::string heading_text(const ModelArchitecture& model) {
  std::string text =
      fmt::format("{}; fusion: {}; {:.2f} M parameters, {:.1f} M MACs",
                  (model.backbones.size() == 1 ? "1 modality" : fmt::format("{} modalities", model.backbones.size())),
                  fusion_summary(model), model.size.parameters / 1e6, model.size.macs / 1e6);
  for (std::size_t d = 0; d < model.costs.size(); ++d) {
    text += fmt::format("; {}:", model.devices[d]);
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      if (model.costs[d][q]) text += fmt::format(" {:.2f} {}", *model.costs[d][q], kQuantities[q].unit);
  }
  return text;
}

/// For those who hear it.
std::string description(const ModelArchitecture& model) {
  std::string text = heading_text(model) + ".";
  for (const auto& backbone : model.backbones)
    text += fmt::format(" Backbone {}: space {}, {}.", backbone.modality, backbone.space, backbone.genome);
  return fmt::format("{} Genotype {}. {}", text, to_text(model.genotype), kGenotypeNotation);
}

/// Latency of the fusion's operators, a device each; empty where none is known.
std::vector<Cost> operator_costs(const ModelArchitecture& model) {
  std::vector<Cost> sums;
  for (std::size_t p = model.backbones.size(); p < model.parts.size(); ++p) {
    const auto& costs = model.parts[p].costs;
    sums.resize(std::max(sums.size(), costs.size()));
    for (std::size_t d = 0; d < costs.size(); ++d) sums[d] += costs[d];
  }
  return sums;
}

std::string fusion_heading(const ModelArchitecture& model, const LatencyShares& shares) {
  std::string text = "fusion: " + fusion_summary(model);
  const auto of = shares.of(operator_costs(model));
  for (std::size_t d = 0; d < of.size(); ++d)
    text += fmt::format("{} {:.1f} % on {}", d == 0 ? "; of the latency" : ",", of[d], shares.devices()[d]);
  return text;
}

/// Lines of words, broken where they end.
std::vector<std::string> wrapped(const std::string& text, double size, double width) {
  std::vector<std::string> lines(1);
  for (const auto& word : split(text, ' ')) {
    auto& line = lines.back();
    std::string longer = line;
    if (!longer.empty()) longer += ' ';
    longer += word;
    if (!line.empty() && text_width(longer, size) > width)
      lines.push_back(word);
    else
      line = std::move(longer);
  }
  return lines;
}

std::vector<std::string> legend_lines(const ModelArchitecture& model, const LatencyShares& shares) {
  std::vector<std::string> lines;
  const auto& first = model.backbones.front();
  lines.push_back(
      "Backbones: a block is as wide as its kernel (3×3) and as high as its expansion (e6: sixfold); 1.2 is stage 1, "
      "block 2; blocks that the genome leaves out are not drawn. A layer without a kernel shows the length of its "
      "output.");
  lines.push_back(fmt::format("Features: {0} of {1} is {2} below. Dashed and grey: nothing reads it.", 1,
                              first.modality, feature_name(first, 1)));
  if (model.genotype.late == LateFusion::none)
    lines.push_back(
        "Fusion: a cell reads two states as X and Y, every operator two of the cell's; its output Z is the last "
        "operator's plus X, normed. Blue: from state to state. Reduction: joined, normed, ReLU, a linear layer" +
        std::string(model.backbone_logits ? "; the backbones' logits, scaled, are added." : "."));
  lines.emplace_back(shares.largest() > 0
                         ? "Latency: numbers are percent of the whole model's on a device; a block has the colour of "
                           "the mean over the devices:"
                         : "Latency: how it is shared out is not known without the tables of the devices.");
  return lines;
}

Drawing legend(const ModelArchitecture& model, const LatencyShares& shares, double width) {
  Drawing drawing;
  for (const auto& paragraph : legend_lines(model, shares)) {
    for (const auto& line : wrapped(picture_text(paragraph), 11, width - 2 * kMargin)) {
      drawing.height += 15;
      drawing.elements += svg_text(kMargin, drawing.height, 11, line, R"(fill="#444")");
    }
    drawing.height += 3;
  }
  if (shares.largest() > 0) {
    constexpr int kSwatches = 5;
    for (int i = 0; i < kSwatches; ++i) {
      const double percent = shares.largest() * i / (kSwatches - 1);
      const double x = kMargin + 60.0 * i;
      drawing.elements +=
          svg_box(x, drawing.height + 6, 60, 16, fmt::format("fill=\"{}\" stroke=\"#555\"", shares.colour(percent)));
      drawing.elements +=
          svg_text(x + 30, drawing.height + 18, 11, fmt::format("{:.1f} %", percent), R"(text-anchor="middle")");
    }
    drawing.height += 26;
  }
  return drawing;
}

}  // namespace

std::optional<std::string> to_svg(const ModelArchitecture& model, const std::string& title) {
  const auto graph = lay_out(to_dot(model));
  if (!graph) return std::nullopt;
  constexpr double kLeastScale = kLeastFont / kGraphFont;
  const double width = std::max(kPage, graph->width * kLeastScale + 2 * kMargin);
  const double scale = std::min((width - 2 * kMargin) / graph->width, kLargestScale);

  const LatencyShares shares(model);
  const auto read = states_read(model);
  std::string body;
  double y = 30;
  body += svg_text(kMargin, y, 18, cut_text(picture_text(title), 18, width - 2 * kMargin), R"(font-weight="bold")");
  for (const auto& line : wrapped(picture_text(heading_text(model)), 12, width - 2 * kMargin))
    body += svg_text(kMargin, y += 17, 12, line, R"(fill="#444")");
  y += 18;
  for (std::size_t m = 0; m < model.backbones.size(); ++m) {
    const auto strip = backbone_strip(model.backbones[m], model.parts.at(m).costs, shares, read, modality_colour(m),
                                      kMargin, width - 2 * kMargin);
    body += moved(strip, y);
    y += strip.height + 10;
  }
  y += 13;
  body += svg_text(kMargin, y, 13, cut_text(picture_text(fusion_heading(model, shares)), 13, width - 2 * kMargin),
                   R"(font-weight="bold")");
  y += 10;
  body += fmt::format("<g transform=\"translate({:.1f} {:.1f}) scale({:.4f})\">\n{}</g>\n",
                      (width - graph->width * scale) / 2, y, scale, graph->elements);
  y += graph->height * scale;
  const auto key = legend(model, shares, width);
  body += moved(key, y);
  const double height = y + key.height + 12;
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" role=\"img\" "
      "width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "font-family=\"Helvetica,Arial,sans-serif\">\n"
      "<title>{2}</title>\n<desc>{3}</desc>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{4}</svg>\n",
      width, height, escape_html(picture_text(title)), escape_html(picture_text(description(model))), body);
}

std::string model_title(const std::string& id) {
  return "model " + id;
}

void save_pictures(const std::filesystem::path& folder, const ModelArchitecture& model, const std::string& title) {
  replace_file(folder / kDotPicture, to_dot(model));
  if (const auto svg = to_svg(model, title)) replace_file(folder / kSvgPicture, *svg);
}

}  // namespace harmonic
