#include "master/run/run_folder.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/data/published_tables.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/work/fitted_settings.hpp"
#include "master/run/run_lock.hpp"

namespace harmonic {
namespace {

constexpr const char* kReproduction = "reproduce";  ///< section of the settings that a search lacks

/// "it is running", "it has finished"; empty where it does not say.
std::string state_words(const nlohmann::json& status) {
  if (!status.is_object() || !status.contains("state") || !status.at("state").is_string()) return {};
  const auto state = status.at("state").get<std::string>();
  return fmt::format(", and it {} {}", state == "running" ? "is" : "has", state);
}

}  // namespace

RunPaths run_in(const std::string& folder) {
  RunPaths paths{folder};
  if (!std::filesystem::is_directory(paths.folder))
    throw InputError(fmt::format("there is no folder {}", folder), "give the directory of a run");
  if (!std::filesystem::exists(paths.config()))
    throw InputError(fmt::format("{} holds no run: there is no {}", folder, paths.config().filename().string()),
                     "give the directory that a search was given as --run");
  return paths;
}

RecordedRun read_recorded(const RunPaths& paths) {
  RecordedRun run{{}, find_data_shape(paths.inputs()), {}};
  OptionSet options("harmonic", "");
  run.settings.declare(options);
  const auto config = paths.config().string();
  auto file = parse_ini(read_file(config), config);
  if (const auto own = std::ranges::find(file, kReproduction, &IniSection::name); own != file.end()) {
    run.reproduction = std::move(*own);
    file.erase(own);
  }
  options.take(file, config);
  if (run.data) run.settings = fitted_settings(std::move(run.settings), run.data->samples);
  return run;
}

bool of_supernets(const IniSection& reproduction) {
  const auto tables = reproduction.values("table");
  return !tables.empty() && tables.back() == kSupernetsTable;
}

void check_scores_models(const RunPaths& paths) {
  if (!std::filesystem::exists(paths.config())) return;
  const auto sections = parse_ini(read_file(paths.config()), paths.config().string());
  const auto own = std::ranges::find(sections, kReproduction, &IniSection::name);
  if (own == sections.end() || !of_supernets(*own)) return;
  const auto run = paths.folder.string();
  throw InputError(fmt::format("{} measured published supernets alone, and scored no models", run),
                   fmt::format("harmonic show --run {} prints what it measured, {} has it in {} and {}", run, run,
                               paths.reproduced().filename().string(), paths.reproduced_page().filename().string()));
}

nlohmann::json read_status(const RunPaths& paths) try {
  return std::filesystem::exists(paths.status()) ? nlohmann::json::parse(read_file(paths.status())) : nlohmann::json();
} catch (const nlohmann::json::exception&) {
  return {};
}

bool is_running(const RunPaths& paths) try {
  const auto status = read_status(paths);
  return status.is_object() && status.value("state", "") == "running" && RunLock::is_held(paths.folder);
} catch (const nlohmann::json::exception&) {
  return false;
}

CsvTable read_front(const RunPaths& paths) {
  check_scores_models(paths);
  if (std::filesystem::exists(paths.front()))
    if (auto table = CsvTable::read(paths.front()); table.rows() > 0) return table;
  throw InputError(
      fmt::format("the run {} has no front yet{}", paths.folder.string(), state_words(read_status(paths))),
      fmt::format("wait until its first generation is done (harmonic show --run {}), or go on with it by --resume",
                  paths.folder.string()));
}

}  // namespace harmonic
