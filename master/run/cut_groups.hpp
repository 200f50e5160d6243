#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "master/dispatch/dispatcher.hpp"

namespace harmonic {

/// Groups of backbones that are dealt in parts where workers would have none. A plan asks for groups that do not depend
/// on the number of workers, and gets whole ones answered: who works on which part changes no score, and the journal
/// holds the groups alone.
class CutGroups {
 public:
  /// Halves the largest groups until there are as many jobs as workers, or nothing can be cut.
  [[nodiscard]] std::vector<Job> cut(std::vector<Job> jobs, int workers);

  struct Whole {
    Task task;
    Result result;
    bool refused = false;
  };
  /// The answer to what was asked for, once it is whole: of a piece of work that was not cut at once, of a part when
  /// all others of its group have come. A group has failed where a part has.
  /// @param refused as Dispatcher::refused has it
  [[nodiscard]] std::optional<Whole> take(const Task& task, const Result& result, bool refused);

 private:
  struct Group {
    Task task;
    std::size_t missing = 0;  ///< parts
    std::vector<double> metric;
    double seconds = 0;
    std::optional<Result> failure = {};
    bool refused = false;
  };
  struct Part {
    std::shared_ptr<Group> group;
    std::size_t first = 0;  ///< of its genomes, in the group
  };

  std::map<TaskId, Part> parts_;
  std::uint64_t next_ = std::uint64_t{3} << 61U;  ///< no plan counts so far
};

}  // namespace harmonic
