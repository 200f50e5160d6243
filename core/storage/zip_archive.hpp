#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace harmonic {

/// A zip archive, read whole: members stored or deflated, each held to its checksum. Of any size (zip64); a deflated
/// member of up to 4 GiB.
class ZipArchive {
 public:
  /// @throws InputError naming the file: unreadable, no zip archive, cut short
  explicit ZipArchive(const std::filesystem::path& path);
  [[nodiscard]] std::vector<std::string> names() const;
  /// @throws InputError when there is no such member, or it is damaged
  [[nodiscard]] std::string read(const std::string& member) const;
  /// The same without a copy; the bytes live as long as the archive.
  [[nodiscard]] std::string_view view(const std::string& member);
  [[nodiscard]] bool has(const std::string& member) const { return members_.contains(member); }

 private:
  struct Member {
    std::uint64_t method = 0, checksum = 0, packed = 0, size = 0, at = 0;  ///< `at`: offset of its own header
  };
  [[noreturn]] void fail(const std::string& member, std::string_view what) const;
  /// Its entry and its bytes as they lie in the file. @throws InputError
  [[nodiscard]] std::pair<Member, std::string_view> packed(const std::string& member) const;
  void check_sum(const std::string& member, std::string_view content) const;

  std::string bytes_, name_;
  std::map<std::string, Member> members_;
  std::map<std::string, std::string> unpacked_;  ///< deflated members that were viewed
};

}  // namespace harmonic
