#pragma once

#include <filesystem>
#include <string>

#include "core/base/ids.hpp"
#include "core/work/work.hpp"
#include "master/dispatch/dispatcher.hpp"

namespace harmonic {

/// What went wrong: a piece of work that was not done, a try of one, or a worker.
struct FailureRow {
  const Task* task = nullptr;  ///< null: it is about the worker
  Rank rank;
  std::string host;
  std::string kind;  ///< of FailureKind: the work has failed for good; else of Setback
  std::string reason;
};
/// "retry", "lost", "set_aside"
[[nodiscard]] std::string to_text(Setback::Kind kind);

/// "K=5,5,5,5;E=3,3,4,3;D=2 + fixed, 2 cells of 1 nodes": what a piece of work is about; several are joined by " | ".
[[nodiscard]] std::string genomes_text(const Work& work);

/// failures.csv of a run: a row each, appended as they come; those of the run's earlier jobs stay.
/// Columns: time (UTC, ISO 8601), task, work, genome (these three are empty where it is about a worker), rank, host,
/// kind, reason (its first line).
class FailureTable {
 public:
  /// The file is made with the first row. A row that was cut off, by the end of an earlier job or a full disk, goes.
  explicit FailureTable(std::filesystem::path path) : path_(std::move(path)) {}

  /// A table that cannot be written costs a warning, not the run.
  void append(const FailureRow& row);

 private:
  std::filesystem::path path_;
  bool torn_ = true;  ///< its last row may be
};

}  // namespace harmonic
