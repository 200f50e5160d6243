#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/config/ini_file.hpp"
#include "core/config/search_settings.hpp"
#include "core/storage/csv.hpp"
#include "master/run/data_shape.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {

/// What lies where in a folder that a command names as a run's. @throws InputError: there is no such folder, or no run
/// in it
[[nodiscard]] RunPaths run_in(const std::string& folder);

/// The settings of a run as its folder has them.
struct RecordedRun {
  SearchSettings settings;                 ///< their spaces fitted to the data
  std::optional<DataShape> data;           ///< older runs do not tell
  std::optional<IniSection> reproduction;  ///< what it reproduces; nothing of a search
};
/// @throws InputError: a config.cfg that this program does not understand
[[nodiscard]] RecordedRun read_recorded(const RunPaths& paths);

/// Whether it measures published supernets alone and scores no models. @param reproduction section of its settings
[[nodiscard]] bool of_supernets(const IniSection& reproduction);
/// @throws InputError for such a run, that tells where its results are
void check_scores_models(const RunPaths& paths);

/// What a run says of how it is (status_json); null where it does not, or not legibly. @throws InputError when the file
/// cannot be read
[[nodiscard]] nlohmann::json read_status(const RunPaths& paths);

/// Whether a program works at the run now: it says so, and holds the run's lock.
[[nodiscard]] bool is_running(const RunPaths& paths);

/// Its front as it stands: front.csv, with a row at least. @throws InputError that tells how far the run is, or as
/// check_scores_models()
[[nodiscard]] CsvTable read_front(const RunPaths& paths);

}  // namespace harmonic
