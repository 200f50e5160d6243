#include "proto/curve_log.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/storage/append_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "proto/event_records.hpp"

namespace harmonic {
namespace {

std::filesystem::path table_in(const std::filesystem::path& folder) {
  return folder / "curves.csv";
}

/// A file of no earlier job.
std::filesystem::path new_event_file(const std::filesystem::path& folder) {
  for (int number = 1;; ++number)
    if (auto path = folder / event_file_name(number); !std::filesystem::exists(path)) return path;
}

}  // namespace

CurveLog::CurveLog(std::filesystem::path folder, std::string axis, std::vector<std::string> names,
                   std::set<std::string> left_out)
    : folder_(std::move(folder)), curves_{std::move(axis), std::move(names), {}}, left_out_(std::move(left_out)) {}

void CurveLog::add(const CurveRow& row) try { write(row); } catch (const std::exception& e) {
  events_.clear();  // the next row begins another: behind half a record nothing is read
  warn(e.what());
}

void CurveLog::write(const CurveRow& row) {
  const bool goes_back = row.step <= last_step();
  std::erase_if(curves_.rows, [&](const auto& before) { return before.step >= row.step; });
  curves_.rows.push_back(row);
  std::filesystem::create_directories(folder_);
  std::string records;
  const bool begins = events_.empty() || !std::filesystem::exists(events_);
  if (begins) {
    events_ = new_event_file(folder_);
    records = version_record(row.wall_time_s);
  }
  if (begins || goes_back) records += start_record(row.step, row.wall_time_s);
  append_file(events_, records + values_record(curves_, row));
  replace_file(table_in(folder_), curves_.csv(left_out_));
}

std::int64_t CurveLog::last_step() {
  if (!std::exchange(read_, true)) read_table();
  return curves_.rows.empty() ? 0 : curves_.rows.back().step;
}

void CurveLog::read_table() try {
  if (std::filesystem::exists(table_in(folder_))) curves_.read(table_in(folder_), left_out_);
} catch (const InputError& e) {
  log::warning("{}: it begins anew", e.problem());
}

void CurveLog::warn(const std::string& problem) {
  if (!std::exchange(warned_, true)) log::warning("the curves in {} have gaps: {}", folder_.string(), problem);
}

}  // namespace harmonic
