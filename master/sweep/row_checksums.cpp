#include "master/sweep/row_checksums.hpp"

#include <fmt/format.h>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {

std::filesystem::path checksums_file(const std::filesystem::path& csv) {
  return csv.string() + ".checksums";
}

std::string row_checksum(std::string_view genome, std::string_view metric) {
  return fmt::format("{:016x}", hash64(fmt::format("{} {}", genome, metric)));
}

std::set<std::string> read_checksums(const std::filesystem::path& path) {
  const auto lines = split(read_file(path), '\n');
  return {lines.begin(), lines.end()};
}

}  // namespace harmonic
