#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace harmonic {

/// How far long work is.
struct ProgressLine {
  std::string text;                         ///< "epoch 3.25/20, loss 0.5123"
  std::optional<double> seconds_left = {};  ///< none: not known yet
};

/// How often a display shows anew, in seconds.
struct DisplayPace {
  double between_changes = 0.2;  ///< that are worth showing, and looks for a wish to stop
  double redraw = 1;
  double first_line = 5, between_lines = 60;  ///< of the log
};

/// Shows how far long work is: "1m05s  ETA 2m30s  epoch 3.25/20". Where a person looks (log::is_watched) it is one
/// line, redrawn at every change, and every second by itself, so that a long step is seen to live. The log, where
/// nobody looks, and its file get a line a minute, and one soon after the start. One at a time.
class ProgressDisplay {
 public:
  /// @param doing what comes first: "reading the data"
  /// @param stopping whether the work was asked to stop, which it does in its own time: said at once, in a line. Called
  ///   from a thread of the display
  explicit ProgressDisplay(std::string doing, DisplayPace pace = {}, std::function<bool()> stopping = {});
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  /// Whether the last change was long enough ago for another to be worth making.
  [[nodiscard]] bool is_due() const;
  void show(ProgressLine line);
  /// Likewise, of work that goes on as it went so far. @param share of it that is done, 0 to 1
  void show(std::string text, double share);
  /// Removes the line, for what is said at the end. Nothing is shown any more.
  void close();

 private:
  using Moment = std::chrono::steady_clock::time_point;
  void tick();
  void draw();
  [[nodiscard]] std::string text() const;

  void say_stopping();

  const DisplayPace pace_;
  std::function<bool()> stopping_;  ///< none once that is said
  const Moment start_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::condition_variable closing_;
  ProgressLine line_;
  Moment told_ = start_;             ///< when line_ was
  std::optional<Moment> last_line_;  ///< of the log
  bool closed_ = false;
  std::thread ticker_;
};

}  // namespace harmonic
