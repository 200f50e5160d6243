#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace harmonic {

/// A mistake in what the user gave: an option, a file, a value. Leads to exit code 2 and one line on stderr.
/// The text says what is wrong and where, then how to mend it.
class InputError : public std::runtime_error {
 public:
  /// `InputError("no key 'Sum-…' in table tx2.json", "measure it, or leave Sum out of fusion.operators")`
  InputError(std::string_view problem, std::string_view mend);

  /// Without how to mend it, which those may know better who know what the input is for.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  std::string problem_;
};

/// Something that failed while the program ran, through no fault of the input (MPI, disk, GPU). Exit code 1.
class RunError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One piece of work that cannot be done anywhere, by nobody's fault: a fusion search that diverged. It is reported
/// with its reason and not tried again.
class CandidateError : public RunError {
 public:
  using RunError::RunError;
};

/// This process can do no more work, whatever the work is: its GPU no longer answers. A worker leaves with it, its work
/// goes elsewhere.
class WorkerError : public RunError {
 public:
  using RunError::RunError;
};

/// Exit codes of the program; scripts rely on them.
enum class ExitCode : int {
  done = 0,
  failed = 1,     ///< at run time
  bad_input = 2,  ///< wrong usage or bad input
  stopped = 3,    ///< early, on request, with a checkpoint that can be resumed
};

}  // namespace harmonic
