#include "master/reproduce/reproduced_page.hpp"

#include <set>
#include <vector>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/report/page.hpp"
#include "master/reproduce/reproduced_text.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {
namespace {

/// A verdict is a word with a mark before it: colour alone tells nothing.
constexpr std::string_view kVerdictStyle = R"css(
td .verdict { white-space: nowrap; }
.verdict::before { content: "\2013"; display: inline-block; width: 1.4em; text-align: center; font-weight: 700; }
.verdict.reproduced::before, .verdict.within::before { content: "="; }
.verdict.better::before { content: "+"; }
.verdict.differs::before { content: "\2260"; }
.verdict.none::before { content: none; }
.verdict.reproduced, .verdict.within, .verdict.better { color: var(--accent); font-weight: 600; }
.verdict.differs { font-weight: 600; }
.verdict.none, .verdict.unjudged { color: var(--muted); }
h2 { margin-bottom: 4px; }
.row-of { margin-bottom: 12px; max-width: none; }
ul { margin: 8px 0 0; padding-left: 20px; max-width: 90ch; }
li { overflow-wrap: anywhere; }
@media (min-width: 700px) { .card.scroll { width: fit-content; max-width: 100%; } th, td { padding: 6px 14px; } }
)css";

std::string class_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::reproduced:
      return "reproduced";
    case Verdict::within:
      return "within";
    case Verdict::better:
      return "better";
    case Verdict::differs:
      return "differs";
    case Verdict::none:
      return "none";
    default:
      return "unjudged";
  }
}

std::string tiles_html(const ReproducedTable& table) {
  std::string html = "<div class=\"tiles\">\n";
  for (const auto& [verdict, word, count] : verdict_counts(table))
    html += fmt::format("<div class=\"tile\"><b>{}</b><span class=\"verdict {}\">{}</span></div>\n", count,
                        class_of(verdict), word);
  return html + "</div>\n";
}

/// What a published row is: "image K=…; audio K=…; 2 cells, 1 node".
std::string row_text(const std::string& table, int number) {
  if (table == kSupernetsTable) {
    const auto& supernet = published_supernets().at(static_cast<std::size_t>(number - 1));
    return fmt::format("the largest sub-network of {} (space {}), data set of table {}", supernet.modality,
                       supernet.space, supernet.table);
  }
  const auto& published = find_published_table(table);
  const auto& row = published.row(number);
  std::vector<std::string> words;
  for (std::size_t m = 0; m < row.backbones.size(); ++m)
    words.push_back(fmt::format("{} {}", published.modalities[m].name, to_text(row.backbones[m])));
  const auto [cells, nodes] = row.macro;
  words.push_back(fmt::format("{} cell{} of {} node{}", cells, cells == 1 ? "" : "s", nodes, nodes == 1 ? "" : "s"));
  return join(words, ", ");
}

std::string row_html(const ReproducedTable& table, int row) {
  std::vector<std::vector<Cell>> rows;
  for (const auto& cell : table.cells) {
    if (cell.row != row) continue;
    const auto text = cell_text(table, cell);
    rows.push_back({{escape_html(text.quantity)},
                    {escape_html(text.published), true},
                    {escape_html(text.measured), true},
                    {escape_html(text.seeds), true},
                    {escape_html(text.test), true},
                    {fmt::format("<span class=\"verdict {}\">{}</span>", class_of(table.verdict(cell)),
                                 escape_html(text.verdict))}});
  }
  std::string html =
      fmt::format("<h2>Row {}</h2>\n<p class=\"note row-of\">{}</p>\n{}", row, escape_html(row_text(table.table, row)),
                  table_html({{"quantity"},
                              {"published", true},
                              {"measured", true},
                              {"+/- over seeds", true},
                              {"95 % by test set", true},
                              {"verdict"}},
                             rows));
  const auto remarks = row_remarks(table, row);
  if (remarks.empty()) return html;
  html += "<ul>\n";
  for (const auto& remark : remarks) html += fmt::format("<li>{}</li>\n", escape_html(remark));
  return html + "</ul>\n";
}

}  // namespace

std::string reproduced_html(const ReproducedTable& table) {
  std::string body = fmt::format("<h1>{} beside what was measured</h1>\n<p class=\"sub\">{}.</p>\n{}",
                                 escape_html(fmt::format("Published table {}", table.table)),
                                 escape_html(reproduced_title(table)), tiles_html(table));
  std::set<int> rows;
  for (const auto& cell : table.cells)
    if (rows.insert(cell.row).second) body += row_html(table, cell.row);
  body += fmt::format("<h2>What the columns mean</h2>\n");
  for (const auto& line : split(legend_text(table), '\n'))
    if (!line.empty()) body += fmt::format("<p class=\"note\">{}</p>\n", escape_html(line));
  return page_html(fmt::format("Harmonic: table {} reproduced", table.table), body, kVerdictStyle);
}

void write_reproduced(const std::filesystem::path& folder, const ReproducedTable& table) {
  const RunPaths paths{folder};
  replace_file(paths.reproduced_page(), reproduced_html(table));
  replace_file(paths.reproduced(), reproduced_csv(table));  // the last: where it is, a run counts as ended
}

}  // namespace harmonic
