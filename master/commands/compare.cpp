#include <array>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "master/commands/commands.hpp"
#include "master/commands/operands.hpp"
#include "master/compare/comparison_page.hpp"
#include "master/compare/comparison_tables.hpp"

namespace harmonic {
namespace {

/// A file that a comparison can be written to, by its ending.
struct ComparisonFile {
  std::string_view ending;
  std::string_view words;  ///< that one of the program's own holds near its start
  std::string (*content)(const Comparison&);
};

const std::array kComparisonFiles = {
    ComparisonFile{".html", "<title>Harmonic: ", comparison_html},
    ComparisonFile{".svg", "class=\"sheet\"", comparison_svg},
    ComparisonFile{".csv", "run,path,model,dominated_by,", comparison_csv},
    ComparisonFile{".json", "{\"runs\":", [](const Comparison& c) { return json_text(comparison_json(c)) + '\n'; }},
};

const ComparisonFile& kind_of(const std::filesystem::path& path) {
  for (const auto& kind : kComparisonFiles)
    if (path.extension() == kind.ending) return kind;
  throw InputError(fmt::format("--out {} ends in none of .html, .svg, .csv and .json", path.string()),
                   "give the file one of these endings: it decides what is written");
}

void write_comparison(const std::filesystem::path& path, const Comparison& comparison) {
  const auto& kind = kind_of(path);
  const OutputFolder folder(path, "out", {});
  check_own_kind(path, "out", "a comparison", [&](const auto& there) {
    constexpr std::size_t kStart = 400;  // bytes
    return read_file(there).substr(0, kStart).find(kind.words) != std::string::npos;
  });
  replace_file(path, kind.content(comparison));
}

}  // namespace

ExitCode compare_command(const Arguments& args) {
  Arguments rest = args;
  CompareWish wish;
  wish.runs = take_operands(rest, {"json"});
  std::vector<std::string> out, more;
  bool json = false;
  OptionSet options(
      "harmonic compare RUN…",
      "Lays the fronts of runs over one another: hypervolume with one reference, set coverage, spread over "
      "seeds, the joint front; with --published, which published rows each dominates, and by how much.");
  options.add("run", more, "run directories, beside those that are words of their own");
  options.add("published", wish.published,
              fmt::format("table that the runs are set against ({})", join(published_table_names(), " | ")));
  options.add("device", wish.devices,
              "devices that are compared: those that all runs have by the same tables when empty. One with a table, "
              "NAME=table.json[+more.json], need be none of theirs: models are priced on it. One alone also stands "
              "beside the published costs");
  options.add("columns", wish.columns,
              "columns that fronts are compared in: metrics are maximised, others minimised. When empty the runs' own, "
              "where they all have the same, else metric_val with latency and energy of the devices");
  options.add("reference", wish.reference,
              "reference of the hypervolumes, one value a column; when empty the runs' own (hypervolume.csv), or the "
              "dearest model that any run scored");
  options.add("out", out,
              "file to write, by its ending: page (.html), plots (.svg), fronts (.csv) or all numbers (.json)");
  options.add("json", json, "print one JSON object");
  if (options.parse(rest) == OptionSet::Parsed::help_printed) return ExitCode::done;
  wish.runs.insert(wish.runs.end(), more.begin(), more.end());
  if (wish.runs.empty())
    throw InputError("harmonic compare names no run", "give one or more: harmonic compare RUN… [options]");
  for (const auto& path : out) (void)kind_of(path);
  const auto comparison = compare_runs(open_runs(wish));
  for (const auto& path : out) write_comparison(path, comparison);
  std::cout << (json ? json_text(comparison_json(comparison)) + '\n' : comparison_text(comparison));
  return ExitCode::done;
}

}  // namespace harmonic
