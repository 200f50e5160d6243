#include "core/storage/append_file.hpp"

#include <fstream>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {

void append_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file << text << std::flush;
  if (!file) throw RunError(fmt::format("cannot write to {}: is its disk full? --resume goes on", path.string()));
}

std::string_view whole_lines(std::string_view text) {
  return text.substr(0, text.rfind('\n') + 1);
}

}  // namespace harmonic
