#include "master/report/page.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/base/text.hpp"
#include "master/report/page_assets.hpp"

namespace harmonic {
namespace {

/// Of a table whose rows become cards on screens that are too narrow for its columns side by side.
constexpr std::string_view kStacked = R"css(
  .STACK thead { display: none; }
  .STACK, .STACK tbody { display: block; }
  .STACK tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(120px, 1fr)); padding: 8px 0;
    border-bottom: 1px solid var(--grid); }
  .STACK tr:last-child { border-bottom: 0; }
  .STACK td, .STACK td.n { border: 0; padding: 4px 8px; text-align: left; white-space: normal; }
  .STACK td::before { content: attr(data-label); display: block; color: var(--muted); font-size: 12px; font-weight: 400; }
  .STACK td.long { grid-column: 1 / -1; }
)css";

/// Widths of screens, pixels, below which a table's rows become cards: the least that its columns need is taken.
constexpr std::array kStackBelow = {480, 700, 900, 1100, 1300, 1560};

/// kStacked for every one of kStackBelow, and for a table that no screen is wide enough for.
std::string stack_styles() {
  const auto of = [](const std::string& name) {
    std::string css(kStacked);
    for (auto at = css.find("STACK"); at != std::string::npos; at = css.find("STACK", at)) css.replace(at, 5, name);
    return css;
  };
  std::string styles;
  for (const int width : kStackBelow)
    styles += fmt::format("@media (max-width: {}px) {{{}}}\n", width, of(fmt::format("stack-{}", width)));
  return styles + of("stack");
}

/// What a cell shows, about, in letters: its markup and entities count for little.
std::size_t letters(std::string_view html) {
  std::size_t count = 0;
  bool inside = false;
  for (const char letter : html) {
    inside = letter == '<' || (inside && letter != '>');
    if (!inside && letter != '>' && (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U) ++count;
  }
  return count;
}

/// The class that says below which width of the screen the rows of a table become cards: what its columns need side by
/// side, by the letters of cells that do not wrap and of the longest words of those that do.
std::string stack_class(const std::vector<Cell>& header, const std::vector<std::vector<Cell>>& rows) {
  constexpr double kLetter = 8, kCellPadding = 20, kPage = 80;  // pixels: of a digit, of a cell, around a table
  constexpr std::size_t kWrapped = 15;                          // letters that texts need at least
  double width = kPage;
  for (std::size_t c = 0; c < header.size(); ++c) {
    std::size_t most = 0;
    for (const auto& word : split(header[c].html, ' ')) most = std::max(most, letters(word));
    for (const auto& row : rows) {
      const auto length = letters(row[c].html);
      most = std::max(most, row[c].number ? length : std::min(length, kWrapped));
    }
    width += static_cast<double>(most) * kLetter + kCellPadding;
  }
  for (const int below : kStackBelow)
    if (width <= below) return fmt::format("stack-{}", below);
  return "stack";
}

}  // namespace

std::string table_html(const std::vector<Cell>& header, const std::vector<std::vector<Cell>>& rows) {
  constexpr std::size_t kLong = 24;  // letters of a cell that gets a line of its own in a card
  std::string html =
      fmt::format("<div class=\"card scroll\"><table class=\"{}\">\n<thead><tr>", stack_class(header, rows));
  for (const auto& cell : header) html += fmt::format("<th{}>{}</th>", cell.number ? " class=\"n\"" : "", cell.html);
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    html += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c)
      html += fmt::format("<td class=\"{}{}{}\" data-label=\"{}\">{}</td>", row[c].number ? "n" : "",
                          row[c].best ? " best" : "", letters(row[c].html) > kLong ? " long" : "", header[c].html,
                          row[c].html);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string page_html(const std::string& title, const std::string& body, std::string_view style,
                      std::string_view script, std::string_view head) {
  constexpr std::string_view kNothingFromElsewhere =
      "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
      "form-action 'none'";
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{}<title>{}</title>\n"
      "<style>{}</style>\n</head>\n<body>\n<main>\n{}</main>\n{}</body>\n</html>\n",
      kNothingFromElsewhere, head, escape_html(title),
      fmt::format("{}{}{}{}", plot_style(), page_style(), stack_styles(), style), body,
      script.empty() ? std::string() : fmt::format("<script>{}</script>\n", script));
}

}  // namespace harmonic
