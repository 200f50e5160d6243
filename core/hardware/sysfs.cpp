#include "core/hardware/sysfs.hpp"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "core/base/text.hpp"

namespace harmonic {

namespace fs = std::filesystem;

std::optional<double> read_value(const fs::path& file) {
  std::ifstream in(file);
  double value = 0;
  return in >> value ? std::optional(value) : std::nullopt;
}

std::string read_word(const fs::path& file) {
  std::ifstream in(file);
  std::string word;
  std::getline(in, word);
  return trim(word);
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed))
    found.push_back(entry->path());
  std::ranges::sort(found);
  return found;
}

}  // namespace harmonic
