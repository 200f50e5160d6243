#pragma once

#include <filesystem>
#include <string>

#include "core/base/ids.hpp"
#include "core/work/work.hpp"

namespace harmonic {

/// A piece of work that was not done.
struct FailedWork {
  Task task;
  Rank rank;
  std::string host;
  std::string kind;  ///< of FailureKind
  std::string reason;
};

/// "K=5,5,5,5;E=3,3,4,3;D=2 + fixed, 2 cells of 1 nodes": what a piece of work is about; several are joined by " | ".
[[nodiscard]] std::string genomes_text(const Work& work);

/// failures.csv of a run: a row each, appended as they come; those of the run's earlier jobs stay.
/// Columns: time (UTC, ISO 8601), task, work, genome, rank, host, kind, reason (its first line).
class FailureTable {
 public:
  /// The file is made with the first row. A row that was cut off by the end of an earlier job goes.
  explicit FailureTable(std::filesystem::path path) : path_(std::move(path)) {}

  /// A table that cannot be written costs a warning, not the run.
  void append(const FailedWork& failed);

 private:
  std::filesystem::path path_;
  bool begun_ = false;
};

}  // namespace harmonic
