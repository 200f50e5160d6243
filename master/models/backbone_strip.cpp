#include "master/models/backbone_strip.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/space/search_space.hpp"
#include "master/models/picture_text.hpp"

namespace harmonic {
namespace {

// In units of the view box, which are pixels at full width.
constexpr double kSmall = 10;          ///< the smallest letters
constexpr double kLine = 15;           ///< from one line of them to the next
constexpr double kGap = 4;             ///< between blocks
constexpr double kNarrowest = 32;      ///< place of a block: a share must fit, "12.3"
constexpr double kLabelsAtMost = 150;  ///< at the left of a row
constexpr double kSums = 44;           ///< at its right

/// A block, or another layer, as it is drawn.
struct StripBlock {
  double width, height, place;  ///< place: what it takes of its row, with its shares
  std::vector<std::string> inside;
  std::string name, tooltip;
  std::vector<double> shares;  ///< percent, a device each; empty: not known
  std::optional<int> feature;  ///< its ordinal
  bool read = false;
};

double block_width(int kernel) {
  return 17 + 5.0 * kernel;
}
double block_height(int expansion) {
  return 14 + 8.0 * std::max(1, expansion);
}

/// "1.2" of a block: its stage, and its number there.
std::string short_name(const NamedLayer& layer) {
  if (layer.position >= 0)
    return fmt::format("{}.{}", 1 + layer.position / BackboneSpace::kMaxDepth,
                       1 + layer.position % BackboneSpace::kMaxDepth);
  static constexpr std::array kKnown = {std::pair{"first conv", "conv"}, std::pair{"first block", "block"},
                                        std::pair{"final expand", "expand"}, std::pair{"feature mix", "mix"},
                                        std::pair{"classifier", "class"}};
  for (const auto& [name, letters] : kKnown)
    if (layer.name == name) return letters;
  return layer.name;
}

StripBlock block_of(const NamedLayer& layer, bool is_maxout) {
  StripBlock block{};
  if (layer.kernel > 0) block.inside.push_back(fmt::format("{0}×{0}", layer.kernel));
  if (layer.expansion > 1) block.inside.push_back(fmt::format("e{}", layer.expansion));
  if (layer.kernel == 0) block.inside.push_back(layer.output);  // of a linear layer, and of Maxout
  block.name = short_name(layer);
  double letters = text_width(block.name, kSmall);
  for (const auto& line : block.inside) letters = std::max(letters, text_width(line, kSmall));
  block.width = layer.kernel > 0 ? block_width(layer.kernel) : std::max(block_width(3), letters + 6);
  block.height = is_maxout ? block_height(3) : block_height(layer.expansion);
  block.place = std::max({block.width, kNarrowest, letters});
  block.tooltip = fmt::format("{}: {} to {}{}{}", layer.name, layer.input, layer.output,
                              layer.detail.empty() ? "" : ", ", layer.detail);
  return block;
}

/// A strip on its way down the page.
class StripWriter {
 public:
  StripWriter(const LatencyShares& shares, std::string colour, double left, double width)
      : shares_(shares), colour_(std::move(colour)), left_(left), right_(left + width) {
    double widest = text_width("feature", kSmall);
    for (const auto& device : shares_.devices())
      widest = std::max(widest, text_width(picture_text(device) + " %", kSmall));
    labels_ = std::min(widest, kLabelsAtMost) + 8;
  }

  [[nodiscard]] double room() const { return right_ - left_ - labels_ - kSums; }

  void heading(const BackboneDescription& backbone) {
    const auto text = fmt::format("{}: space {}, input {}", backbone.modality, backbone.space,
                                  backbone.layers.empty() ? "?" : backbone.layers.front().input);
    elements_ +=
        svg_text(left_, y_ + 13, 13, cut_text(picture_text(text), 13, right_ - left_), R"(font-weight="bold")");
    y_ += 20;
  }

  /// @param whole percent, a device each, where the layers are counted together; empty otherwise
  /// @param sums of the backbone, shown beside its last row; empty: not there, or not known
  void row(const std::vector<StripBlock>& blocks, const std::vector<double>& whole, const std::vector<double>& sums) {
    double highest = 0;
    for (const auto& block : blocks) highest = std::max(highest, block.height);
    const double base = y_ + highest;
    const double begin = left_ + labels_;
    double x = begin;
    std::vector<double> middles;
    for (const auto& block : blocks) {
      middles.push_back(x + block.place / 2);
      x += block.place + kGap;
    }
    const double end = x - kGap;
    elements_ += fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\" stroke=\"#9e9e9e\"/>\n", begin, base, end);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const auto& shares = whole.empty() ? blocks[i].shares : whole;
      draw(blocks[i], middles[i], base, shares);
    }
    y_ = base + kLine;
    label("layer");
    for (std::size_t i = 0; i < blocks.size(); ++i) centred(middles[i], blocks[i].name);
    for (std::size_t d = 0; d < shares_.devices().size() && (!whole.empty() || !blocks.front().shares.empty()); ++d) {
      y_ += kLine + 1;
      label(shares_.devices()[d] + " %");
      if (whole.empty()) {
        for (std::size_t i = 0; i < blocks.size(); ++i)
          share(middles[i] - blocks[i].place / 2, blocks[i].place, blocks[i].shares[d]);
      } else {
        share(begin, end - begin, whole[d]);
      }
      if (!sums.empty())
        elements_ += svg_text(end + 8, y_, 11, fmt::format("Σ {:.1f}", sums[d]), R"(font-weight="bold")");
    }
    if (std::ranges::any_of(blocks, [](const StripBlock& block) { return block.feature.has_value(); })) {
      y_ += kLine + 5;
      label("feature");
      for (std::size_t i = 0; i < blocks.size(); ++i)
        if (blocks[i].feature) feature(middles[i], *blocks[i].feature, blocks[i].read);
    }
    y_ += 12;
  }

  Drawing drawing() && { return {std::move(elements_), y_}; }

 private:
  void label(const std::string& text) {
    elements_ += svg_text(left_, y_, kSmall, cut_text(picture_text(text), kSmall, labels_ - 6), R"(fill="#555")");
  }
  void centred(double middle, const std::string& text) {
    elements_ += svg_text(middle, y_, kSmall, text, R"(text-anchor="middle")");
  }
  void draw(const StripBlock& block, double middle, double base, const std::vector<double>& shares) {
    const double mean =
        shares.empty() ? 0 : std::accumulate(shares.begin(), shares.end(), 0.0) / static_cast<double>(shares.size());
    elements_ += fmt::format("<g><title>{}</title>\n", escape_html(picture_text(block.tooltip)));
    elements_ += svg_box(middle - block.width / 2, base - block.height, block.width, block.height,
                         fmt::format("rx=\"3\" fill=\"{}\" stroke=\"#555\"", shares_.colour(mean)));
    double y = base - block.height / 2 + 3.5 - 6.0 * static_cast<double>(block.inside.size() - 1);
    for (const auto& line : block.inside) {
      elements_ += svg_text(middle, y, kSmall, line, R"(text-anchor="middle")");
      y += 12;
    }
    elements_ += "</g>\n";
  }
  void share(double x, double width, double percent) {
    elements_ += svg_box(x, y_ - 11, width, kLine, fmt::format("fill=\"{}\"", shares_.colour(percent)));
    centred(x + width / 2, fmt::format("{:.1f}", percent));
  }
  void feature(double middle, int ordinal, bool read) {
    elements_ += svg_box(middle - 12, y_ - 12, 24, 16,
                         read ? fmt::format("rx=\"8\" fill=\"{}\" stroke=\"#555\"", colour_)
                              : R"(rx="8" fill="#fafafa" stroke="#9e9e9e" stroke-dasharray="3 2")");
    elements_ += svg_text(middle, y_, kSmall, std::to_string(ordinal),
                          read ? R"(text-anchor="middle")" : R"(text-anchor="middle" fill="#6b6b6b")");
  }

  const LatencyShares& shares_;
  std::string colour_;
  double left_, right_, labels_ = 0;
  double y_ = 0;  ///< of the line that is written
  std::string elements_;
};

}  // namespace

LatencyShares::LatencyShares(const ModelArchitecture& model) {
  const bool known = std::ranges::any_of(model.parts, [](const ModelPart& part) { return !part.costs.empty(); });
  if (!known) return;
  devices_ = model.devices;
  for (const auto& cost : model.costs) whole_ms_.push_back(cost.latency_ms());
  const auto count = [&](const std::vector<Cost>& costs) {
    for (const double share : of(costs)) largest_ = std::max(largest_, share);
  };
  for (std::size_t m = 0; m < model.backbones.size(); ++m) {
    const auto& layers = model.backbones[m].layers;
    if (std::ranges::all_of(layers, [](const NamedLayer& layer) { return layer.costs.empty(); }))
      count(model.parts.at(m).costs);
    for (const auto& layer : layers) count(layer.costs);
  }
}

std::vector<double> LatencyShares::of(const std::vector<Cost>& costs) const {
  std::vector<double> shares;
  if (costs.size() != whole_ms_.size()) return shares;
  for (std::size_t d = 0; d < costs.size(); ++d)
    shares.push_back(whole_ms_[d] > 0 ? 100 * costs[d].latency_ms() / whole_ms_[d] : 0);
  return shares;
}

std::string LatencyShares::colour(double percent) const {
  static constexpr std::array kNone = {255, 255, 255}, kMost = {0xF5, 0x9B, 0x42};  // black letters stand out on both
  const double part = largest_ > 0 ? std::clamp(percent / largest_, 0.0, 1.0) : 0;
  std::string text = "#";
  for (std::size_t i = 0; i < kNone.size(); ++i)
    text += fmt::format("{:02x}", static_cast<int>(kNone[i] + part * (kMost[i] - kNone[i]) + 0.5));
  return text;
}

Drawing backbone_strip(const BackboneDescription& backbone, const std::vector<Cost>& costs, const LatencyShares& shares,
                       const std::vector<bool>& read, const std::string& colour, double left, double width) {
  const bool apart = std::ranges::any_of(backbone.layers, [](const auto& layer) { return !layer.costs.empty(); });
  const bool is_maxout = std::ranges::all_of(backbone.layers, [](const auto& layer) { return layer.kernel == 0; });
  const auto sums = shares.of(costs);
  StripWriter writer(shares, colour, left, width);
  writer.heading(backbone);
  std::vector<std::vector<StripBlock>> rows(1);
  double used = 0;
  int ordinal = 0;
  for (const auto& layer : backbone.layers) {
    auto block = block_of(layer, is_maxout);
    block.shares = shares.of(layer.costs);
    if (layer.state) {
      block.feature = ++ordinal;
      block.read = read.at(static_cast<std::size_t>(*layer.state));
    }
    if (used > 0 && used + block.place > writer.room()) {
      rows.emplace_back();
      used = 0;
    }
    used += block.place + kGap;
    rows.back().push_back(std::move(block));
  }
  for (std::size_t r = 0; r < rows.size(); ++r)
    if (!rows[r].empty())
      writer.row(rows[r], apart ? std::vector<double>() : sums, r + 1 == rows.size() ? sums : std::vector<double>());
  return std::move(writer).drawing();
}

std::string svg_text(double x, double y, double size, std::string_view text, std::string_view attributes) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{}\"{}{}>{}</text>\n", x, y, size,
                     attributes.empty() ? "" : " ", attributes, escape_html(text));
}

std::string svg_box(double x, double y, double width, double height, std::string_view attributes) {
  return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" {}/>\n", x, y, width, height,
                     attributes);
}

}  // namespace harmonic
