// The parts of harmonic reproduce that need no data set and no workers: published costs judged by tables alone, and
// runs put together.
#include <algorithm>
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
#include "master/reproduce/published_sums.hpp"
#include "master/reproduce/reproduce_settings.hpp"
#include "master/reproduce/reproduced_page.hpp"
#include "master/reproduce/reproduced_text.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

bool gives(const Arguments& args, const std::string& option) {
  return std::ranges::any_of(
      args, [&](const auto& word) { return word == "--" + option || word.starts_with("--" + option + "="); });
}

/// The words for an option set: --help alone, where it stands for a value (`--lut --help`), too.
Arguments heard(const Arguments& args) {
  return gives(args, "help") ? Arguments{"--help"} : args;
}

/// Prints the table and writes it into a folder that is no run's: what a full disk does not take is told all the same.
void finish(const ReproducedTable& table, const std::string& folder, bool json) {
  const RunPaths paths{folder};
  for (const auto& file : {paths.config(), paths.journal()})
    if (fs::exists(file)) throw InputError(fmt::format("{} holds a run", folder), "give another directory to --run");
  const OutputFolder made(paths.reproduced(), "run", {});
  check_own_kind(paths.reproduced(), "run", "a reproduced table",
                 [](const auto& there) { return read_file(there).starts_with("table,row,"); });
  check_output(paths.reproduced_page(), "run");
  if (json) {
    nlohmann::ordered_json result = {{"front", nlohmann::ordered_json::array()}, {"hypervolume", nullptr}};
    result.update(reproduced_json(table, paths));
    result["report"] = paths.reproduced_page().string();
    std::cout << json_text(result) << '\n';
  } else {
    std::cout << reproduced_text(table);
  }
  std::cout.flush();
  write_reproduced(paths.folder, table);
  if (!json) std::cout << fmt::format("report: {}\n", paths.reproduced_page().string());
}

/// A device's name for the table's cells.
std::string device_of(const LookUpTable& lut, const std::string& file) {
  return is_published_device(lut, "") ? "tx2" : fs::path(file).stem().string();
}

/// A word of --table beside --lut.
std::string table_with_costs(const std::string& name) {
  if (name == kSupernetsTable)
    throw InputError(fmt::format("table {} has no published latency or energy: --lut has nothing to judge", name),
                     "give --data and --modality: it is measured by them");
  return find_published_table(name).name;
}

ExitCode judge_costs(const Arguments& args) {
  std::string table_name, run;
  std::vector<int> rows;
  std::vector<std::string> luts;
  bool json = false;
  OptionSet options(
      "harmonic reproduce --lut",
      "Judges the latency and energy of a published table by look-up tables alone: which fusion operators, "
      "with the row's backbones, sum to them exactly, or come nearest.");
  options
      .add<std::string>("table", table_name,
                        fmt::format("the published table ({})", join(published_table_names(), " | ")),
                        {table_with_costs, [](const auto& name) { return name; }})
      .required();
  options.add<std::vector<int>>(
      "rows", rows, "its rows, as in 1,3 or 1-3 or 1-2,4; all when empty",
      {parse_rows, [](const auto& given) { return fmt::format("{}", fmt::join(given, ",")); }});
  options.add("lut", luts, "a table of the device, of backbones or fusion operators; several are joined").required();
  options.add("run", run, "directory for reproduced.csv and reproduced.html").required();
  options.add("json", json, "print the result as one JSON object");
  for (const char* of_data : {"data", "resume", "device"})
    if (gives(args, of_data))
      throw InputError(fmt::format("--lut judges published costs without a data set, and --{} is given, too", of_data),
                       "beside --data name the device as --device tx2=TABLE.json");
  if (options.parse(heard(args)) == OptionSet::Parsed::help_printed) return ExitCode::done;
  const auto& table = find_published_table(table_name);
  const auto lut = LookUpTable::load({luts.begin(), luts.end()});
  const auto device = device_of(lut, luts.front());
  ReproducedTable judged{table.name, {}, {}, {}};
  for (const auto& row : chosen_rows(table, rows)) {
    // A table of the published device that lacks rows is refused: there is nothing else to judge.
    const auto sums = is_published_device(lut, device) ? published_sums(row, device, explain_costs(table, row, lut))
                                                       : published_sums(table, row, device, lut);
    judged.cells.insert(judged.cells.end(), sums.begin(), sums.end());
  }
  finish(judged, run, json);
  return ExitCode::done;
}

ExitCode join_runs(const Arguments& args) {
  Arguments rest = heard(args);
  auto runs = take_operands(rest, {"json"});
  std::vector<std::string> more;
  std::string run;
  bool json = false;
  OptionSet options("harmonic reproduce --join RUN…",
                    "Puts runs of harmonic reproduce together, of the same table with other rows or seeds (--rows, "
                    "--first-seed), as if one run had had them all.");
  options.add("join", more, "run directories; more may follow as words of their own").required();
  options.add("run", run, "directory for the whole reproduced.csv and reproduced.html").required();
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(rest) == OptionSet::Parsed::help_printed) return ExitCode::done;
  runs.insert(runs.begin(), more.begin(), more.end());
  std::vector<ReproducedTable> tables;
  for (const auto& folder : runs) {
    const RunPaths paths{folder};
    if (!fs::exists(paths.reproduced()))
      throw InputError(fmt::format("{} holds no {}", folder, paths.reproduced().filename().string()),
                       "give --join directories of harmonic reproduce that have ended");
    tables.push_back(read_reproduced(paths.reproduced()));
  }
  finish(join_reproduced(tables, runs), run, json);
  return ExitCode::done;
}

}  // namespace

bool reproduces_without_data(const Arguments& args) {
  return gives(args, "lut") || gives(args, "join");
}

ExitCode reproduce_command(const Arguments& args) {
  return gives(args, "join") ? join_runs(args) : judge_costs(args);
}

}  // namespace harmonic
