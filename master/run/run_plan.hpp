#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/base/progress_display.hpp"
#include "core/work/work.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {

class Journal;

/// The workers of a run at this moment.
struct WorkerCount {
  int here = 0;
  int busy = 0;
  double parts_under_way = 0;  ///< of what they work on, what is done (Dispatcher::parts_under_way)
};

/// How good a run's models are when a generation has ended.
struct GenerationFigures {
  double hypervolume = 0;  ///< as hypervolume.csv has it
  double best_metric = 0;  ///< validation, percent
  std::size_t front = 0;   ///< models on it
  std::size_t models = 0;  ///< scored so far
};

/// What a run works through (a search, a reproduction): what it asks for, what it makes of the answers, and what it
/// says about them. The workers, the journal, the display and the end of a run are the run's (lead_run).
class RunPlan {
 public:
  virtual ~RunPlan() = default;

  /// The next batch of work; none when the plan is done. Called when all of the batch before was told.
  [[nodiscard]] virtual std::vector<Task> ask() = 0;
  /// Work that may be done beside the batch, for workers that would wait for it; none by default. Called again and
  /// again while it is under way, after answers were told. What it gives is then a part of the batch.
  /// @param free workers
  [[nodiscard]] virtual std::vector<Task> ask_more(int /*free*/) { return {}; }
  /// Called once, before the first ask(), where a run goes on: a plan that follows from its journal reads it there.
  virtual void recall(const Journal& /*journal*/) {}
  /// What people may change so that so many workers do not wait for each other; empty where they do not.
  [[nodiscard]] virtual std::string advice(int /*workers*/) const { return {}; }
  /// The answer to a piece of work of the batch: by a worker now, or from the journal.
  virtual void tell(const Task& task, const Result& result) = 0;

  /// Generations finished. The results so far are saved when there are more, and at the end.
  [[nodiscard]] virtual int generation() const = 0;
  /// As of the last of them; nothing where the plan has no generations.
  [[nodiscard]] virtual std::optional<GenerationFigures> figures() const { return std::nullopt; }
  enum class Moment { between_generations, end };
  /// Writes the results so far where a run keeps them. Between generations what the journal holds anyway may wait: the
  /// time that it takes must not grow with all that was ever found.
  virtual void save(const RunPaths& paths, Moment moment) = 0;
  /// Removes what the results no longer need, and adds what goes with those that stay. Called after `save`, once the
  /// run cannot be refused any more.
  virtual void tidy(const RunPaths& /*paths*/) {}

  [[nodiscard]] virtual ProgressLine progress(const WorkerCount& workers) const = 0;
  /// "in generation 3 with 12 models scored"
  [[nodiscard]] virtual std::string how_far() const = 0;
  /// The result for people.
  [[nodiscard]] virtual std::string text() const = 0;
  /// The result for scripts: {"front": [ids], "hypervolume": v, …}
  [[nodiscard]] virtual nlohmann::ordered_json json() const = 0;
};

}  // namespace harmonic
