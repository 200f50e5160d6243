#include "master/run/run_status.hpp"

#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"

namespace harmonic {
namespace {

constexpr double kBetween_s = 1;  // of two files that tell of no more than progress

const char* state_of(const RunStatus& status) {
  if (!status.exit_code) return "running";
  switch (*status.exit_code) {
    case ExitCode::done:
      return "finished";
    case ExitCode::stopped:
      return "stopped";
    case ExitCode::failed:
    case ExitCode::bad_input:
      break;
  }
  return "failed";
}

/// What is left changes all the time, and is no news.
bool same_but_for_time(RunStatus a, const RunStatus& b) {
  a.seconds_left = b.seconds_left;
  return a == b;
}

/// Over what lies there, in place, with blanks where that was longer: needs no space on a full disk. A reader may meet
/// half of it, once.
void overwrite(const std::filesystem::path& path, std::string text) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = file ? std::filesystem::file_size(path) : 0;
  if (text.size() < size) text.insert(text.size() - 1, size - text.size(), ' ');
  if (!file.write(text.data(), static_cast<std::streamsize>(text.size())).flush())
    throw RunError(fmt::format("cannot write {}", path.string()));
}

/// As a whole; on a disk that is full, in place.
void write_status(const std::filesystem::path& path, const std::string& text) try {
  replace_file(path, text);
} catch (const RunError&) {
  if (!std::filesystem::exists(path)) throw;
  overwrite(path, text);
}

}  // namespace

std::string status_json(const RunStatus& status) {
  nlohmann::ordered_json json = {{"state", state_of(status)}};
  if (status.exit_code) json["exit_code"] = static_cast<int>(*status.exit_code);
  json["generation"] = status.generation;
  json["done"] = status.done;
  json["failed"] = status.failed;
  json["retried"] = status.retried;
  json["lost_workers"] = status.lost_workers;
  json["utilisation"] = std::round(1e4 * status.utilisation) / 1e4;
  json["workers"] = status.workers;
  json["busy"] = status.busy;
  json["seconds_left"] = status.seconds_left ? nlohmann::ordered_json(std::round(*status.seconds_left)) : nullptr;
  auto& lost = json["lost"] = nlohmann::ordered_json::array();
  for (const auto& worker : status.lost)
    lost.push_back({{"rank", worker.rank.value}, {"host", worker.host}, {"reason", worker.reason}});
  return json_text(json, 2) + '\n';
}

std::vector<LostWorker> lost_workers(const std::filesystem::path& status) {
  if (!std::filesystem::exists(status)) return {};
  try {
    return lost_workers(nlohmann::json::parse(read_file(status)));
  } catch (const nlohmann::json::exception& e) {
    throw InputError(fmt::format("{} is not what a run writes: {}", status.string(), e.what()),
                     "move it away, or give the run directory of a search");
  }
}

std::vector<LostWorker> lost_workers(const nlohmann::json& status) {
  std::vector<LostWorker> lost;
  for (const auto& worker : status.at("lost"))
    lost.push_back({Rank{worker.at("rank").get<int>()}, worker.at("host").get<std::string>(),
                    worker.at("reason").get<std::string>()});
  return lost;
}

StatusFile::StatusFile(std::filesystem::path path, Clock clock) : path_(std::move(path)), clock_(std::move(clock)) {}

void StatusFile::show(const RunStatus& status) {
  const bool turn = !shown_ || shown_->exit_code != status.exit_code || shown_->generation != status.generation ||
                    shown_->lost_workers != status.lost_workers || shown_->lost != status.lost;
  if (!turn) {
    const double since_s = clock_() - shown_s_;
    if (since_s < kBetween_s || (same_but_for_time(status, *shown_) && (since_s < kStatusBeat_s || status.exit_code)))
      return;
  }
  shown_ = status;
  shown_s_ = clock_();
  try {
    write_status(path_, status_json(status));
  } catch (const std::exception& e) {
    if (!warned_) log::warning("{} is out of date: {}", path_.string(), e.what());
    warned_ = true;
  }
}

}  // namespace harmonic
