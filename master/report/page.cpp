#include "master/report/page.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/base/text.hpp"
#include "master/report/plot.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kStyle = R"css(
* { box-sizing: border-box; }
body { margin: 0; background: var(--surface); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1560px; margin: 0 auto; padding: 32px 24px 64px; }
h1, h2, p, summary { overflow-wrap: anywhere; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 40px 0 12px; }
p { margin: 0 0 12px; max-width: 75ch; }
.sub, .note { color: var(--muted); }
.note { font-size: 13px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 24px 0 0; }
.tile, .card { background: var(--card); border: 1px solid var(--grid); border-radius: 8px; }
.tile, .card { min-width: 0; }
.tile { padding: 12px; overflow-wrap: anywhere; }
.tile b { display: block; font-size: 18px; line-height: 1.5; font-weight: 600; }
.tile span { color: var(--muted); font-size: 13px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 16px; }
.card { padding: 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; color: var(--muted); font-size: 13px; margin: 0 0 12px; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 6px; background: var(--accent); }
.legend i.all { background: var(--faint); opacity: 0.6; }
/* Should a table be wider than its card all the same, shadows tell at which side there is more. */
.scroll { overflow-x: auto; background:
  linear-gradient(to right, var(--card) 40%, transparent) left / 40px 100% no-repeat local,
  linear-gradient(to left, var(--card) 40%, transparent) right / 40px 100% no-repeat local,
  linear-gradient(to right, var(--muted), transparent) left / 14px 100% no-repeat scroll,
  linear-gradient(to left, var(--muted), transparent) right / 14px 100% no-repeat scroll, var(--card); }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { padding: 7px 10px; text-align: left; border-bottom: 1px solid var(--grid); vertical-align: top;
  overflow-wrap: anywhere; }
tr:last-child td { border-bottom: 0; }
th { color: var(--muted); font-weight: 600; vertical-align: bottom; overflow-wrap: normal; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; }
td.best { background: var(--mark); font-weight: 600; }
code { font: 12px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
td code { display: block; min-width: 15ch; }
details { margin-top: 8px; }
summary { cursor: pointer; font-weight: 600; padding: 6px 0; }
@media (max-width: 600px) { main { padding: 20px 12px 40px; } }
)css";

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
                      std::string_view script) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>{}</style>\n"
      "</head>\n<body>\n<main>\n{}</main>\n{}</body>\n</html>\n",
      escape_html(title), fmt::format("{}{}{}{}", plot_style(), kStyle, stack_styles(), style), body,
      script.empty() ? std::string() : fmt::format("<script>{}</script>\n", script));
}

}  // namespace harmonic
