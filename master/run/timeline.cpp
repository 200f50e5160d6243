#include "master/run/timeline.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/overloaded.hpp"
#include "core/base/text.hpp"
#include "core/storage/append_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"

namespace harmonic {
namespace {

constexpr double kBetweenWrites_s = 1;

std::string timeline_row(const TimelineRow& row) {
  return csv_row({fmt::format("{:.3f}", row.began_s), fmt::format("{:.3f}", row.ended_s),
                  word_of(kTimelineKinds, row.kind), std::to_string(row.rank.value), row.host, first_line(row.about),
                  row.energy ? fmt::format("{:.3f}", row.energy->work_j) : std::string(),
                  row.energy ? fmt::format("{:.3f}", row.energy->waited_j) : std::string()});
}

std::string timeline_header() {
  return csv_row({"began_s", "ended_s", "kind", "rank", "host", "about", "energy_j", "waited_j"});
}

/// What a job that was killed left there, but for a row that it was cut off in; where energy had no columns yet, with
/// these.
void begin_rows(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return append_file(path, timeline_header());
  const std::string text = read_file(path);
  const auto whole = whole_lines(text);
  if (whole.size() < text.size()) std::filesystem::resize_file(path, whole.size());
  if (whole.empty()) return append_file(path, timeline_header());
  if (whole.starts_with(timeline_header())) return;
  std::string rows = timeline_header();
  for (const auto& row : read_timeline(path)) rows += timeline_row(row);
  replace_file(path, rows);
}

}  // namespace

TimelineKind kind_of(const Work& work) {
  if (is_late_fusion(work)) return TimelineKind::late_fusion;
  return std::visit(Overloaded{[](const EvaluateBackbones&) { return TimelineKind::backbones; },
                               [](const SearchFusion&) { return TimelineKind::search; },
                               [](const RetrainModel&) { return TimelineKind::retraining; },
                               [](const TestModel&) { return TimelineKind::test; }},
                    work);
}

std::vector<TimelineRow> read_timeline(const std::filesystem::path& path) {
  std::vector<TimelineRow> rows;
  if (!std::filesystem::exists(path)) return rows;
  const std::string text = read_file(path);  // of which a run that goes on may be writing the last row
  const auto whole = whole_lines(text);
  if (whole.empty()) return rows;
  const auto table = CsvTable::parse(whole, path.string());
  const auto began = table.column("began_s"), ended = table.column("ended_s"), kind = table.column("kind"),
             rank = table.column("rank"), host = table.column("host"), about = table.column("about");
  const auto work_j = table.find_column("energy_j"), waited_j = table.find_column("waited_j");  // not in runs of before
  const auto energy = [&](std::size_t r) -> std::optional<MeasuredEnergy> {
    if (!work_j || !waited_j || table.cell(r, *work_j).empty()) return std::nullopt;
    return MeasuredEnergy{table.number(r, *work_j), table.number(r, *waited_j)};
  };
  for (std::size_t r = 0; r < table.rows(); ++r)
    rows.push_back({table.number(r, began), table.number(r, ended),
                    value_of(kTimelineKinds, table.cell(r, kind), fmt::format("kind in {}", path.string())),
                    Rank{static_cast<int>(table.number(r, rank))}, table.cell(r, host), table.cell(r, about),
                    energy(r)});
  return rows;
}

TimelineFile::TimelineFile(std::filesystem::path path, Clock clock)
    : path_(std::move(path)), clock_(std::move(clock)) {}

void TimelineFile::write(bool now) try {
  if (waiting_.empty() || (!now && begun_ && clock_() - written_s_ < kBetweenWrites_s)) return;
  std::string text;
  for (const auto& row : std::exchange(waiting_, {})) text += timeline_row(row);
  if (!begun_) begin_rows(path_);
  begun_ = false;  // until the rows are there: what a full disk cut off goes with the next ones
  append_file(path_, text);
  begun_ = true;
  written_s_ = clock_();
} catch (const std::exception& e) {
  if (!warned_) log::warning("{} lacks what workers did: {}", path_.string(), e.what());
  warned_ = true;
}

}  // namespace harmonic
