#include "tests/support/shared_data.hpp"

#include <cstdlib>
#include <iostream>
#include <random>

namespace harmonic::testing {

std::optional<std::filesystem::path> shared_data(const std::string& relative) {
  const char* root = std::getenv("HARMONIC_SHARED");
  if (root == nullptr) root = std::getenv("HARMONIC_SHARED_OF_BUILD");
  const auto path = std::filesystem::path(root == nullptr ? "../shared" : root) / relative;
  if (std::filesystem::exists(path)) return path;
  std::cout << "SKIPPED: needs development data " << relative << "; set HARMONIC_SHARED to the folder that holds it\n";
  return std::nullopt;
}

TemporaryFolder::TemporaryFolder() {
  std::random_device random;
  path_ =
      std::filesystem::temp_directory_path() / ("harmonic-test-" + std::to_string(random()) + std::to_string(random()));
  std::filesystem::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace harmonic::testing
