#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/config/search_settings.hpp"
#include "core/work/work.hpp"
#include "master/archive.hpp"
#include "master/dispatcher.hpp"
#include "master/journal.hpp"
#include "master/results.hpp"
#include "master/run_directory.hpp"
#include "master/run_inputs.hpp"

namespace harmonic {

/// What a run works through and what it leaves behind: a search, a reproduction. Who does the work, the journal and the
/// end of a run are the run's (lead_run).
class RunPlan {
 public:
  virtual ~RunPlan() = default;

  /// Of all that determines results: every worker has the same, or is refused.
  [[nodiscard]] std::uint64_t hash() const { return inputs_.hash; }
  [[nodiscard]] const RunDirectory& directory() const { return directory_; }
  [[nodiscard]] Journal& journal() { return journal_; }
  /// Puts the run directory back as it was found.
  void withdraw() { directory_.withdraw(); }
  /// "search", "reproduce": what to type for going on.
  [[nodiscard]] const std::string& command() const { return command_; }

  /// The next batch of work; none when the plan is done. Called when all of the batch before was told.
  [[nodiscard]] virtual std::vector<Task> ask() = 0;
  /// The answer to a piece of work of the batch: by a worker now, or from the journal.
  virtual void tell(const Task& task, const Result& result) = 0;
  /// Writes the results so far into the run directory.
  virtual void save() = 0;

  /// For a terminal, redrawn in place.
  [[nodiscard]] virtual std::string progress_line(const Dispatcher& dispatcher) const = 0;
  /// "in generation 3 with 12 models scored"
  [[nodiscard]] virtual std::string how_far() const = 0;
  /// The result for people.
  [[nodiscard]] virtual std::string text() const = 0;
  /// The result for scripts: the front's ids and its hypervolume.
  [[nodiscard]] virtual nlohmann::ordered_json json() const;

 protected:
  /// Makes the run directory and opens the journal. @throws InputError as RunDirectory and Journal
  RunPlan(std::string command, const SearchSettings& settings, RunInputs inputs, RunConfig config);

  [[nodiscard]] virtual const Archive& archive() const = 0;
  [[nodiscard]] const RunInputs& inputs() const { return inputs_; }
  [[nodiscard]] const ResultTables& tables() const { return tables_; }
  [[nodiscard]] std::vector<CandidateId> front() const { return front_of(archive(), inputs_.costs); }
  [[nodiscard]] double hypervolume() const { return hypervolume_of(archive(), inputs_.costs, inputs_.reference); }

 private:
  std::string command_;
  RunInputs inputs_;
  RunDirectory directory_;
  Journal journal_;
  ResultTables tables_;
};

}  // namespace harmonic
