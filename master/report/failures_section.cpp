#include "master/report/failures_section.hpp"

#include <algorithm>
#include <ranges>
#include <vector>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "master/report/page.hpp"

namespace harmonic {
namespace {

std::string counted(std::size_t n, const char* one, const char* many) {
  return n == 1 ? fmt::format("one {}", one) : fmt::format("{} {}", n, many);
}

/// Workers that the run ended, or goes on, without.
std::string lost_workers(const RunResults& results) {
  if (results.lost.empty()) return {};
  std::vector<std::vector<Cell>> rows;
  for (const auto& worker : results.lost)
    rows.push_back(
        {{std::to_string(worker.rank.value), true}, {escape_html(worker.host)}, {escape_html(worker.reason)}});
  return fmt::format("<p class=\"note\">The run is without {}.</p>\n",
                     counted(results.lost.size(), "worker", "workers")) +
         table_html({{"rank", true}, {"host"}, {"reason"}}, rows);
}

/// What workers could not do: which, where, why. The latest of very many.
std::string failed_work(const RunResults& results) {
  constexpr std::size_t kMost = 200;
  const auto& all = results.failures;
  if (all.empty()) return {};
  const std::size_t shown = std::min(all.size(), kMost);
  const auto for_good = static_cast<std::size_t>(std::ranges::count_if(all, &ReportedFailure::for_good));
  std::vector<std::vector<Cell>> rows;
  for (const auto& failure : all | std::views::drop(all.size() - shown))
    rows.push_back({{escape_html(failure.time)},
                    {fmt::format("{}<code>{}</code>", escape_html(failure.work), escape_html(failure.genome))},
                    {escape_html(failure.rank), true},
                    {escape_html(failure.host)},
                    {escape_html(failure.kind)},
                    {escape_html(failure.reason)}});
  return fmt::format(
             "<p class=\"note\">Of {} in failures.csv {} a piece of work that failed for good; the others are tries "
             "that "
             "were repeated, and workers that were lost or set aside{}.</p>\n",
             counted(all.size(), "row", "rows"), for_good == 1 ? "one tells of" : fmt::format("{} tell of", for_good),
             shown < all.size() ? fmt::format("; the last {} are shown", shown) : "") +
         table_html({{"time"}, {"work"}, {"rank", true}, {"host"}, {"kind"}, {"reason"}}, rows);
}

}  // namespace

std::string failures_section(const RunResults& results) {
  const auto text = lost_workers(results) + failed_work(results);
  return text.empty() ? text : "<h2 id=\"failures\">Failures</h2>\n" + text;
}

}  // namespace harmonic
