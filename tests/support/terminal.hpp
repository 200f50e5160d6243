#pragma once

#include <string>
#include <vector>

namespace harmonic::testing {

/// What a program wrote on a terminal of its own.
struct Shown {
  struct Piece {
    double seconds = 0;  ///< since the start
    std::string text;
  };
  int exit_code = -1;  ///< 128 + signal when one ended it
  std::vector<Piece> pieces;
  double seconds = 0;  ///< until it ended

  [[nodiscard]] std::string text() const;
  /// The longest time without a sign of life, from the start to the last one.
  [[nodiscard]] double longest_silence() const;
};

/// Runs to the end on a terminal that is so wide, as a person at a keyboard does.
/// @param interrupt_at Ctrl-C is pressed when this is shown; empty: never
Shown run_on_terminal(const std::vector<std::string>& command, int columns, const std::string& interrupt_at = "");

}  // namespace harmonic::testing
