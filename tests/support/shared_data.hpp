#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace harmonic::testing {

/// A file or folder of the development data, which lies in the folder HARMONIC_SHARED of the environment, or else where
/// the build says; when it is absent prints "SKIPPED: …" and gives nothing, and the test
/// returns.
std::optional<std::filesystem::path> shared_data(const std::string& relative);

/// A fresh empty folder, removed with everything in it when this goes out of scope.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace harmonic::testing
