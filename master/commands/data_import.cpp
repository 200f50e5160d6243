#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/progress_display.hpp"
#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/data/dataset_check.hpp"
#include "core/data/importer.hpp"
#include "core/storage/output_file.hpp"
#include "core/work/stop_signal.hpp"
#include "master/commands/data_actions.hpp"

namespace harmonic {
namespace {

std::string help() {
  std::string text =
      "Reads a published data set as it is distributed, or your own files.\n\nUsage: harmonic data import SOURCE --in "
      "PATH --out F.h5\n\n";
  for (const auto& source : importers()) text += fmt::format("  {:<10} {}\n", source.name, source.summary);
  return text + "\nharmonic data import SOURCE --help lists a source's options.\n";
}

/// @throws InputError naming the nearest
const ImporterEntry& find_importer(const std::string& word) {
  std::vector<std::string> names;
  for (const auto& source : importers()) names.push_back(source.name);
  const auto found = std::ranges::find(importers(), word, &ImporterEntry::name);
  if (found != importers().end()) return *found;
  if (word.empty() || word.front() == '-')
    throw InputError("harmonic data import names no source", fmt::format("give one of: {}", join(names, ", ")));
  throw InputError(fmt::format("harmonic data import knows no source '{}'", word),
                   fmt::format("did you mean {}?", nearest(word, names)));
}

/// @throws InputError when `out` lies in a folder below an input's, where an import would look for data
void check_not_among(const std::filesystem::path& out, const std::vector<OptionFile>& inputs) {
  namespace fs = std::filesystem;
  std::error_code ignored;  // check_output says what is wrong with a path
  const auto folder = fs::weakly_canonical(fs::absolute(out, ignored), ignored).parent_path();
  for (const auto& input : inputs) {
    if (!fs::is_directory(input.path, ignored)) continue;
    const auto above = fs::canonical(input.path, ignored);
    const auto [rest, below] = std::ranges::mismatch(above, folder);
    if (rest == above.end() && below != folder.end())
      throw InputError(fmt::format("option --out: {} lies in a folder of --{}, where data are looked for", out.string(),
                                   input.option),
                       "give a path outside of it");
  }
}

}  // namespace

ExitCode data_import(const Arguments& args) {
  const std::string word = args.empty() ? "" : args.front();
  if (word == "--help" || word == "-h") {
    std::cout << help();
    return ExitCode::done;
  }
  const auto& source = find_importer(word);
  const auto importer = source.make();
  std::string out;
  bool json = false;
  OptionSet options("harmonic data import " + source.name, source.summary);
  importer->declare(options);
  options.add("out", out, "data set file to write (HDF5); its folder is made where there is none").required();
  options.add("json", json, "print what the file holds as one JSON object");
  if (options.parse({args.begin() + 1, args.end()}) == OptionSet::Parsed::help_printed) return ExitCode::done;
  if (importer->takes_every_folder()) check_not_among(out, importer->inputs());
  say_notices(options);
  const OutputFolder folder(out, "out", importer->inputs());
  check_own_kind(out, "out", "a data set", is_dataset);
  catch_stop_signals();  // so that what is half-written goes
  ProgressDisplay display("reading the folders");
  write_dataset(out, importer->read([&](std::size_t read, std::size_t all) {
    if (stop_signal_seen())
      throw RunError(fmt::format("stopped after {} of {} samples: {} is not written", read, all, out));
    if (display.is_due())
      display.show(fmt::format("{} of {} samples read", read, all),
                   static_cast<double>(read) / static_cast<double>(all));
  }));
  display.close();
  print_dataset(out, json);
  return ExitCode::done;
}

}  // namespace harmonic
