#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/options.hpp"
#include "core/data/published_tables.hpp"
#include "core/storage/conditions.hpp"
#include "master/models/hypervolume_file.hpp"
#include "master/report/run_results.hpp"

namespace harmonic {

/// What a user wants compared.
struct CompareWish {
  std::vector<std::string> runs;  ///< folders
  std::string published;          ///< name of a published table; empty: none
  /// Names of the runs' devices, or "tx2=table.json[+more.json]", on which models are priced anew. Empty: those that
  /// all runs have.
  std::vector<std::string> devices;
  std::vector<std::string> columns;  ///< that count; empty: as ComparedRuns::axes says
  std::string reference;             ///< of the hypervolumes, a value a column; empty: likewise
};

/// A run as it is compared with others.
struct ComparedRun {
  std::string letter;  ///< "A": what it is called in tables and plots
  std::string path;    ///< as the user gave it
  std::string state;   ///< "finished", "running"; empty where it does not say
  std::string seed;    ///< as its settings have it
  RunResults results;  ///< with a front of one model at least
  Conditions inputs;   ///< hashes of what it read; empty where it does not say
  /// Of columns of devices that it is priced on anew: what its settings say is the dearest.
  std::map<std::string, double> dearest;
  /// All that determines its results but the seed; nothing where its settings cannot be read.
  std::optional<OptionSet::Values> settings;
};

/// Runs that can be compared, and what they are compared in.
struct ComparedRuns {
  std::vector<ComparedRun> runs;
  std::vector<std::string> devices;  ///< whose costs are compared
  /// Columns, the metrics among them maximised, and the one reference of all hypervolumes. The runs' own where they all
  /// have the same columns in the same units, else metric_val with every device's latency and energy.
  HypervolumeAxes axes{{}, {}};
  std::string reference_origin;    ///< "the runs' own"
  std::vector<std::string> notes;  ///< sentences that a reader must know: what is left out, or is not final

  /// The published table with the device whose costs stand beside its own.
  struct Published {
    const PublishedTable* table = nullptr;
    std::string device;
  };
  std::optional<Published> published;

  /// The front of a run, all minimised. @param run its place
  [[nodiscard]] std::vector<Objectives> points(std::size_t run) const;
};

/// Reads the runs and finds what they have in common.
/// @throws InputError: a run that is none, is named twice or has no front yet; runs of different data; none but one's
///   devices, or the same devices by other tables; columns that a front does not have; a published table of other
///   classes, or no device to set beside its own
[[nodiscard]] ComparedRuns open_runs(CompareWish wish);

/// A model's value in a column of the CSVs: metrics, costs, sizes. Nothing where it has none.
/// @throws InputError for a column that is none of these
[[nodiscard]] std::optional<double> value_of_column(const RunResults& results, const ReportedModel& model,
                                                    const std::string& column);
/// Metrics are; whatever else models are compared in is minimised.
[[nodiscard]] bool is_maximised(std::string_view column);
/// The place of a device among the run's.
[[nodiscard]] std::size_t device_place(const RunResults& results, const std::string& device);

/// "A", … "Z", "AA", …
[[nodiscard]] std::string letter_of(std::size_t place);

}  // namespace harmonic
