// The layout as configs/README.md shows it to those who write files of their own.
#include <cstdlib>
#include <fstream>
#include <iostream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/data/dataset_check.hpp"
#include "core/data/dataset_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

/// A Python that has h5py and numpy; empty where there is none.
std::string python() {
  for (const std::string candidate : {"python3", "/usr/bin/python3"})
    if (std::system((candidate + " -c 'import h5py, numpy' >/dev/null 2>&1").c_str()) == 0) return candidate;
  return {};
}

/// The first Python block of a page.
std::string python_block(const std::string& page) {
  const std::string begin = "```python\n";
  const auto from = page.find(begin) + begin.size();
  return page.substr(from, page.find("```", from) - from);
}

}  // namespace

TEST_CASE("The example of configs/README.md writes a data set that fits", "[data]") {
  const auto interpreter = python();
  if (interpreter.empty()) {
    std::cout << "SKIPPED: no python3 with h5py and numpy (Debian: python3-h5py)\n";
    return;
  }
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "own.py") << python_block(read_file(std::filesystem::path(HARMONIC_CONFIGS) / "README.md"));
  REQUIRE(std::system(fmt::format("cd {} && {} own.py", folder.path().string(), interpreter).c_str()) == 0);
  CHECK(dataset_problems(folder / "own.h5").empty());
  const DatasetFile data(folder / "own.h5");
  CHECK(data.info().class_names == std::vector<std::string>{"cat", "dog", "owl"});
  CHECK(data.info().samples == std::array<std::size_t, 3>{60, 20, 20});
  CHECK(data.modality("image").sample_shape == std::vector<std::size_t>{3, 32, 32});
  CHECK(data.statistics("text").mean.size() == 40);
  CHECK(data.statistics("image").mean[0] == Approx(0.5).margin(0.02));
}

}  // namespace harmonic
