#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/storage/curves.hpp"

namespace harmonic {

/// Curves that grow while a job runs, in a folder of their own: event files for TensorBoard, one a job, and
/// `curves.csv`. A job that goes on from a step begins an event file, which says so: what an earlier one told for that
/// step and later ones counts no more, neither there nor in the table. A torn record of a job that was killed stays in
/// that job's file. A folder that cannot be written costs a warning and what is told meanwhile, not the job. Reads and
/// writes nothing before it is asked. For one process at a time.
class CurveLog {
 public:
  /// @param left_out curves that another table has: only TensorBoard is told
  CurveLog(std::filesystem::path folder, std::string axis, std::vector<std::string> names,
           std::set<std::string> left_out = {});

  /// Puts a row at the end; rows of its step and later ones, by this job or an earlier one, count no more.
  void add(const CurveRow& row);
  /// The last step that the table tells, also of earlier jobs; 0 where there is none. Steps count from 1.
  [[nodiscard]] std::int64_t last_step();

 private:
  void read_table();
  void write(const CurveRow& row);
  void warn(const std::string& problem);

  std::filesystem::path folder_;
  Curves curves_;
  std::set<std::string> left_out_;
  std::filesystem::path events_;  ///< of this job; empty: not begun, or not whole
  bool read_ = false;             ///< the table of earlier jobs
  bool warned_ = false;
};

}  // namespace harmonic
