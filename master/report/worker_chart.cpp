#include "master/report/worker_chart.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/base/text.hpp"
#include "master/report/plot_frame.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kMostLanes = 100;
constexpr double kMostSegments = 4000;  // of all lanes together, about
constexpr double kLaneTop = 34, kLaneBottom = 50, kChartLeft = 92;

bool is_of_worker(const TimelineRow& row) {
  return row.kind != TimelineKind::job && row.kind != TimelineKind::generation;
}
bool is_loss(TimelineKind kind) {
  return kind == TimelineKind::lost || kind == TimelineKind::set_aside;
}
bool is_failure(TimelineKind kind) {
  return kind == TimelineKind::failed || kind == TimelineKind::retry;
}

/// A stretch of a worker's time, in seconds of the run.
struct Segment {
  double began_s, ended_s;
  TimelineKind kind;
  int pieces = 1;
  std::string about;
};
using Lanes = std::map<Rank, std::vector<Segment>>;

/// When the job that was at work then ended.
double end_of_job(double at_s, const RunClock& clock) {
  for (const double resumed : clock.resumed_s())
    if (resumed > at_s) return resumed;
  return clock.total_s();
}

/// Of every worker, by when it began. A loss lasts until the worker answers again.
Lanes lanes_of(const std::vector<TimelineRow>& rows, const RunClock& clock) {
  Lanes lanes;
  for (const auto& row : rows)
    if (is_of_worker(row)) lanes[row.rank].push_back({clock(row.began_s), clock(row.ended_s), row.kind, 1, row.about});
  for (auto& [rank, lane] : lanes) {
    for (auto& segment : lane) {
      if (!is_loss(segment.kind)) continue;
      segment.ended_s = end_of_job(segment.began_s, clock);
      for (const auto& other : lane)
        if (!is_loss(other.kind) && other.kind != TimelineKind::retry && other.ended_s > segment.began_s)
          segment.ended_s = std::min(segment.ended_s, std::max(other.began_s, segment.began_s));
    }
    std::ranges::stable_sort(lane, {}, &Segment::began_s);
  }
  return lanes;
}

/// Pieces of one kind that stand closer than `apart_s` become one.
std::vector<Segment> joined(const std::vector<Segment>& lane, double apart_s) {
  std::vector<Segment> segments;
  for (const auto& segment : lane) {
    if (!segments.empty() && segments.back().kind == segment.kind &&
        segment.began_s - segments.back().ended_s < apart_s) {
      segments.back().ended_s = std::max(segments.back().ended_s, segment.ended_s);
      segments.back().pieces += segment.pieces;
    } else {
      segments.push_back(segment);
    }
  }
  return segments;
}

const ChartLook& chart_look(TimelineKind kind) {
  return *std::ranges::find(chart_looks(), kind, &ChartLook::kind);
}

std::string words_for(const Segment& segment, const WorkerTimes& worker) {
  const auto took = human_duration(segment.ended_s - segment.began_s);
  const auto what = segment.pieces == 1
                        ? segment.about
                        : fmt::format("{} pieces of work: {}", segment.pieces, chart_look(segment.kind).name);
  return fmt::format("rank {}{}{}: {}, {} from {} on", worker.rank.value, worker.host.empty() ? "" : " on ",
                     worker.host, segment.kind == TimelineKind::retry ? "a try failed: " + what : what, took,
                     human_duration(segment.began_s));
}

/// Fills that differ without colour.
constexpr std::string_view kPatterns = R"svg(<defs>
<pattern id="rows" width="4" height="4" patternUnits="userSpaceOnUse"><rect width="4" height="4" class="paper"/><path d="M0 1h4" class="ink"/></pattern>
<pattern id="dots" width="4" height="4" patternUnits="userSpaceOnUse"><rect width="4" height="4" class="paper"/><circle cx="2" cy="2" r="1" class="spot"/></pattern>
<pattern id="slants" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" class="paper"/><path d="M-1 1l2 -2M0 5l5 -5M4 6l2 -2" class="ink"/></pattern>
<pattern id="crosses" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" class="paper"/><path d="M0 0l6 6M6 0l-6 6" class="cross"/></pattern>
<pattern id="bars" width="4" height="4" patternUnits="userSpaceOnUse"><rect width="4" height="4" class="paper"/><path d="M1 0v4" class="ink"/></pattern>
</defs>
)svg";

}  // namespace

const std::vector<ChartLook>& chart_looks() {
  static const std::vector<ChartLook> looks = {{TimelineKind::backbones, "backbones", "scores of backbones"},
                                               {TimelineKind::search, "search", "fusion searches"},
                                               {TimelineKind::late_fusion, "late-fusion", "late fusions"},
                                               {TimelineKind::retraining, "retraining", "retrainings"},
                                               {TimelineKind::test, "test", "tests"},
                                               {TimelineKind::failed, "failed", "failed for good"},
                                               {TimelineKind::retry, "failed", "tries that failed"},
                                               {TimelineKind::lost, "lost", "lost"},
                                               {TimelineKind::set_aside, "lost", "set aside"}};
  return looks;
}

std::vector<WorkerTimes> worker_times(const std::vector<TimelineRow>& rows, const RunClock& clock) {
  std::map<Rank, WorkerTimes> times;
  for (const auto& row : rows) {
    if (!is_of_worker(row)) continue;
    auto& worker = times[row.rank];
    worker.rank = row.rank;
    if (!row.host.empty()) worker.host = row.host;
    if (is_loss(row.kind)) continue;
    (is_failure(row.kind) ? worker.failed : worker.done) += 1;
    worker.busy_s += row.ended_s - row.began_s;
  }
  for (const auto& [rank, lane] : lanes_of(rows, clock))
    for (const auto& segment : lane)
      if (is_loss(segment.kind)) times[rank].lost_s += segment.ended_s - segment.began_s;
  std::vector<WorkerTimes> all;
  for (auto& [rank, worker] : times) all.push_back(std::move(worker));
  return all;
}

std::string worker_chart(const std::vector<TimelineRow>& rows, const RunClock& clock) {
  const auto workers = worker_times(rows, clock);
  const auto lanes = lanes_of(rows, clock);
  const std::size_t shown = std::min(workers.size(), kMostLanes);
  const double lane_height = std::clamp(480.0 / static_cast<double>(shown), 7.0, 24.0);
  const double bottom = kLaneTop + lane_height * static_cast<double>(shown);
  const double total_s = std::max(clock.total_s(), 1e-3);
  const double minute = total_s > 3 * 3600 ? 3600 : total_s > 180 ? 60 : 1;  // the unit of the axis
  const PlotAxis x{0, total_s / minute, kChartLeft, kPlotWidth - kPlotRight};
  const double apart_s = total_s / std::max(60.0, 0.5 * kMostSegments / static_cast<double>(shown));
  std::string svg = fmt::format(
      "<svg class=\"plot wide\" id=\"workers-chart\" viewBox=\"0 0 {} {:.0f}\" role=\"img\" aria-label=\"What every "
      "worker "
      "did\" xmlns=\"http://www.w3.org/2000/svg\">\n{}<text class=\"plot-title\" x=\"{}\" y=\"20\">What every worker "
      "did</text>\n",
      kPlotWidth, bottom + kLaneBottom, kPatterns, kChartLeft);
  for (const double tick : nice_ticks(x.lo, x.hi, 6))
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2:.1f}\"/><text class=\"tick\" "
        "x=\"{0:.1f}\" "
        "y=\"{3:.1f}\" text-anchor=\"middle\">{4:g}</text>\n",
        x(tick), kLaneTop, bottom, bottom + 18, std::abs(tick) < 1e-9 ? 0.0 : tick);
  const std::size_t labelled = static_cast<std::size_t>(std::ceil(14 / lane_height));  // one label in so many lanes
  for (std::size_t w = 0; w < shown; ++w) {
    const auto& worker = workers[w];
    const double y = kLaneTop + lane_height * static_cast<double>(w);
    if (w % labelled == 0)
      svg +=
          fmt::format("<text class=\"tick\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">rank {}<title>{}</title></text>",
                      kChartLeft - 8, y + lane_height / 2 + 4, worker.rank.value, escape_html(worker.host));
    svg += fmt::format("<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>\n", kChartLeft,
                       kPlotWidth - kPlotRight, y + lane_height / 2);
    for (const auto& segment : joined(lanes.at(worker.rank), apart_s)) {
      const double from = x(segment.began_s / minute), to = x(segment.ended_s / minute);
      svg += fmt::format(
          "<rect class=\"work {}\" x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" "
          "height=\"{:.1f}\"><title>{}</title></rect>\n",
          chart_look(segment.kind).look, from, y + 0.15 * lane_height, std::max(0.6, to - from), 0.7 * lane_height,
          escape_html(words_for(segment, worker)));
    }
  }
  for (const double resumed : clock.resumed_s())
    svg += fmt::format(
        "<line class=\"resumed\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2:.1f}\"><title>the run was gone on "
        "with "
        "here</title></line>\n",
        x(resumed / minute), kLaneTop - 6, bottom);
  svg += fmt::format(
      "<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">time of the run, pauses left out "
      "({})</text>\n",
      (kChartLeft + kPlotWidth - kPlotRight) / 2, bottom + 38,
      minute == 3600 ? "h"
      : minute == 60 ? "min"
                     : "s");
  return svg + "</svg>\n";
}

}  // namespace harmonic
