#include "master/program_words.hpp"

#include <cstdlib>

#include "core/base/text.hpp"

namespace harmonic {

std::vector<std::string> program_words(const std::string& program, int ranks) {
  std::vector<std::string> words;
  if (const char* launcher = std::getenv("HARMONIC_LAUNCHER"))
    words = split(launcher, '\n');
  else if (ranks > 1)
    words = {"mpirun", "-n", std::to_string(ranks)};
  words.push_back(program);
  return words;
}

}  // namespace harmonic
