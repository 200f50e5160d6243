#include "master/simulate/work_durations.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/rng.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "proto/codec.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kLognormal = "lognormal:";
constexpr double kLeast_s = 1e-6, kMost_s = 1e6;  // mean
constexpr double kMostDeviation = 10;

/// Beside a fusion search: as on AV-MNIST, roughly.
double share_of_search(TimelineKind kind) {
  switch (kind) {
    case TimelineKind::backbones:  // one
      return 1e-3;
    case TimelineKind::late_fusion:
    case TimelineKind::test:
      return 1e-2;
    case TimelineKind::retraining:
      return 0.3;
    default:
      return 1;
  }
}

std::uint64_t key_of(const Work& work) {
  return hash64(encode(work));
}

}  // namespace

WorkDurations::WorkDurations(const std::string& text, Seed seed) : seed_(seed) {
  if (!text.starts_with(kLognormal)) {
    read(text);
    return;
  }
  const auto parts = split(std::string_view(text).substr(kLognormal.size()), ',');
  if (parts.size() != 2)
    throw InputError(fmt::format("cannot read durations '{}'", text),
                     "write lognormal:MEAN,DEVIATION, as in lognormal:0.2,0.5: mean in seconds, standard deviation of "
                     "the logarithm; or a file");
  mean_s_ = parse_seconds(parts[0], "the mean of option durations");
  deviation_ = parse_real(parts[1], "the deviation of option durations");
  if (!(mean_s_ >= kLeast_s && mean_s_ <= kMost_s && deviation_ >= 0 && deviation_ <= kMostDeviation))
    throw InputError(fmt::format("durations is '{}'", text),
                     "give a mean from 1e-6 to 1e6 seconds and a deviation from 0 to 10: lognormal:0.2,0.5");
}

void WorkDurations::read(const std::string& path) {
  if (std::filesystem::path(path).filename() == "timeline.csv") {
    for (const auto& row : read_timeline(path)) {
      const double seconds = row.ended_s - row.began_s;
      if (row.kind < TimelineKind::backbones || row.kind > TimelineKind::test || !(seconds > 0)) continue;
      auto of_kind = std::ranges::find(seen_s_, row.kind, &decltype(seen_s_)::value_type::first);
      if (of_kind == seen_s_.end()) of_kind = seen_s_.insert(seen_s_.end(), {row.kind, {}});
      of_kind->second.push_back(seconds);
    }
  } else {
    std::vector<double> seconds;
    const auto lines = split(read_file(path), '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string line = trim(lines[i]);
      if (line.empty() || line.starts_with('#')) continue;
      seconds.push_back(parse_seconds(line, fmt::format("line {} of {}", i + 1, path)));
      if (!(seconds.back() > 0))
        throw InputError(fmt::format("{}, line {}: {} is no duration", path, i + 1, line), "give seconds above 0");
    }
    if (!seconds.empty()) seen_s_.emplace_back(TimelineKind::search, std::move(seconds));
  }
  if (seen_s_.empty())
    throw InputError(fmt::format("{} has no durations", path),
                     "give seconds, one a line, or the timeline.csv of a run; or lognormal:MEAN,DEVIATION");
}

double WorkDurations::drawn(TimelineKind kind, std::uint64_t key) const {
  RandomStream random(seed_, "duration", key);
  if (seen_s_.empty())
    return std::max(kLeast_s, share_of_search(kind) * mean_s_ *
                                  std::exp(deviation_ * random.normal() - deviation_ * deviation_ / 2));
  const auto own = std::ranges::find(seen_s_, kind, &decltype(seen_s_)::value_type::first);
  if (own != seen_s_.end()) return random.pick(own->second);
  const auto& [other, seconds] = seen_s_.front();
  return std::max(kLeast_s, random.pick(seconds) * share_of_search(kind) / share_of_search(other));
}

double WorkDurations::of(const Work& work) const {
  const TimelineKind kind = kind_of(work);
  const bool of_parts = kind == TimelineKind::search || (kind == TimelineKind::backbones && seen_s_.empty());
  if (!of_parts) return drawn(kind, key_of(work));
  double sum = 0;
  if (const auto* search = std::get_if<SearchFusion>(&work))
    for (const auto& candidate : search->candidates) sum += drawn(kind, key_of(SearchFusion{{candidate}}));
  if (const auto* group = std::get_if<EvaluateBackbones>(&work))
    for (const auto& genome : group->genomes)
      sum += drawn(kind, key_of(EvaluateBackbones{group->modality, {genome}, group->split}));
  return sum;
}

}  // namespace harmonic
