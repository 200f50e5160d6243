#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace harmonic {

/// A zip archive, read whole: members stored or deflated, each held to its checksum. Of up to 4 GiB (no zip64).
class ZipArchive {
 public:
  /// @throws InputError naming the file: unreadable, no zip archive, cut short
  explicit ZipArchive(const std::filesystem::path& path);
  [[nodiscard]] std::vector<std::string> names() const;
  /// @throws InputError when there is no such member, or it is damaged
  [[nodiscard]] std::string read(const std::string& member) const;

 private:
  struct Member {
    std::uint32_t method = 0, checksum = 0, packed = 0, size = 0, at = 0;  ///< `at`: offset of its own header
  };
  std::string bytes_, name_;
  std::map<std::string, Member> members_;
};

}  // namespace harmonic
