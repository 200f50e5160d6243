#include "master/dispatch/placement_table.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kMostRows = 40;

/// Ascending ranks as "1-3, 7".
std::string range_text(const std::vector<int>& ranks) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0, end = 0; begin < ranks.size(); begin = end) {
    for (end = begin + 1; end < ranks.size() && ranks[end] == ranks[end - 1] + 1;) ++end;
    parts.push_back(end - begin == 1 ? std::to_string(ranks[begin])
                                     : fmt::format("{}-{}", ranks[begin], ranks[end - 1]));
  }
  return join(parts, ", ");
}

}  // namespace

std::string placement_table(const std::map<Rank, WorkerEntry>& workers) {
  std::map<std::pair<std::string, std::string>, std::vector<int>> places;  // by host and device
  for (const auto& [rank, worker] : workers)
    if (worker.here() && !worker.device.empty()) places[{worker.host, worker.device}].push_back(rank.value);
  std::vector<std::vector<std::string>> rows = {{"workers", "host", "ranks", "device"}};
  for (const auto& [place, ranks] : places) {
    if (rows.size() > kMostRows) break;
    rows.push_back({std::to_string(ranks.size()), place.first, range_text(ranks), place.second});
  }
  auto text = aligned_table(rows);
  if (places.size() > kMostRows) text += fmt::format("and {} places more", places.size() - kMostRows);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace harmonic
