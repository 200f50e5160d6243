#pragma once

#include <string>
#include <vector>

namespace harmonic {

/// The words that this program was started with, before the command's own: launcher, program. The launcher of deploy/
/// says in HARMONIC_LAUNCHER, a line a word, how it was called. @param ranks of its MPI job, 1: none
[[nodiscard]] std::vector<std::string> program_words(const std::string& program, int ranks);

}  // namespace harmonic
