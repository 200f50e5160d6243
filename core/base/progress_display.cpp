#include "core/base/progress_display.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/seconds_since.hpp"
#include "core/base/text.hpp"

namespace harmonic {

ProgressDisplay::ProgressDisplay(std::string doing, DisplayPace pace, std::function<bool()> stopping)
    : pace_(pace), stopping_(std::move(stopping)) {
  show({std::move(doing)});
  ticker_ = std::thread([this] { tick(); });
}

ProgressDisplay::~ProgressDisplay() {
  close();
}

bool ProgressDisplay::is_due() const {
  const std::lock_guard lock(mutex_);
  return !closed_ && seconds_since(told_) >= pace_.between_changes;
}

void ProgressDisplay::show(ProgressLine line) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  line_ = std::move(line);
  told_ = std::chrono::steady_clock::now();
  draw();
}

void ProgressDisplay::show(std::string text, double share) {
  std::optional<double> left;
  if (share > 0) left = seconds_since(start_) * (1 - share) / share;
  show({std::move(text), left});
}

void ProgressDisplay::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    log::redraw("");
  }
  closing_.notify_all();
  ticker_.join();
}

void ProgressDisplay::tick() {
  std::unique_lock lock(mutex_);
  const std::chrono::duration<double> nap(stopping_ ? std::min(pace_.between_changes, pace_.redraw) : pace_.redraw);
  auto drawn = std::chrono::steady_clock::now();
  while (!closing_.wait_for(lock, nap, [this] { return closed_; })) try {
      say_stopping();
      if (seconds_since(drawn) < pace_.redraw - nap.count() / 2) continue;
      drawn = std::chrono::steady_clock::now();
      draw();
    } catch (const std::exception&) {  // stderr or the disk is gone: the work that is shown finds that out itself
    }
}

void ProgressDisplay::say_stopping() {
  if (!stopping_ || !stopping_()) return;
  stopping_ = {};
  log::info("stopping, with a checkpoint: what is under way comes to its next halt first");
}

void ProgressDisplay::draw() {
  const auto line = text();
  log::redraw(line);
  const bool log_is_due =
      last_line_ ? seconds_since(*last_line_) >= pace_.between_lines : seconds_since(start_) >= pace_.first_line;
  if (!log_is_due) return;
  last_line_ = std::chrono::steady_clock::now();
  if (log::is_watched())
    log::debug("{}", line);
  else
    log::info("{}", line);
}

std::string ProgressDisplay::text() const {
  const auto eta = line_.seconds_left ? human_duration(std::max(0.0, *line_.seconds_left - seconds_since(told_))) : "?";
  return fmt::format("{}  ETA {}  {}", human_duration(seconds_since(start_)), eta, line_.text);
}

}  // namespace harmonic
