// deploy/build.sh, in a copy of the tree's scripts with a cmake that only writes down what it is asked for; where tests
// find their data.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/storage/atomic_file.hpp"
#include "tests/support/process.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using namespace harmonic::testing;
using Catch::Contains;

namespace {

/// The scripts in a folder of their own.
class Clone {
 public:
  Clone() {
    const std::filesystem::path source = std::getenv("HARMONIC_SOURCE");
    std::filesystem::copy(source / "deploy", folder_ / "deploy");
    std::filesystem::copy(source / "CMakePresets.json", folder_ / "CMakePresets.json");
    std::filesystem::create_directory(folder_ / "programs");
    const auto cmake = folder_ / "programs" / "cmake";
    std::ofstream(cmake)
        << "#!/usr/bin/env bash\necho \"$@\" >>asked\ncase \"$*\" in *--preset*) touch build/build.ninja ;; esac\n";
    std::filesystem::permissions(cmake, std::filesystem::perms::owner_all);
  }

  /// What cmake was asked for by a build with these settings.
  [[nodiscard]] std::string build(const std::vector<std::string>& settings) const {
    std::filesystem::remove(folder_ / "asked");
    std::vector<std::string> command = {"env",
                                        "-u",
                                        "HARMONIC_UNITY",
                                        "HARMONIC_SKIP_PACKAGES=1",
                                        "HARMONIC_TORCH_ROOT=/opt/torch",
                                        "PATH=" + (folder_ / "programs").string() + ":" + std::getenv("PATH")};
    command.insert(command.begin() + 3, settings.begin(), settings.end());
    for (auto& word : settings)
      if (word.starts_with("HARMONIC_TORCH_ROOT=")) command.push_back(word);
    command.push_back((folder_ / "deploy" / "build.sh").string());
    const auto finished = run(command);
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
    return read_file(folder_ / "asked");
  }
  [[nodiscard]] bool has(const std::string& name) const { return std::filesystem::exists(folder_ / name); }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("A build is configured once, and again when LibTorch, the compiler or the libraries are others",
          "[scripts]") {
  const Clone clone;
  CHECK_THAT(clone.build({}), Contains("--preset default"));
  CHECK_THAT(clone.build({}), !Contains("--preset"));
  CHECK_THAT(clone.build({"HARMONIC_TORCH_ROOT=/opt/other"}), Contains("--preset default"));
  CHECK_THAT(clone.build({"HARMONIC_TORCH_ROOT=/opt/other"}), !Contains("--preset"));
  CHECK_THAT(clone.build({"HARMONIC_TORCH_ROOT=/opt/other", "CXX=g++"}), Contains("--preset default"));
  CHECK_THAT(clone.build({"HARMONIC_TORCH_ROOT=/opt/other", "CXX=g++", "CMAKE_PREFIX_PATH=/opt/hdf5"}),
             Contains("--preset default"));
}

TEST_CASE("Larger units are asked for by who builds once, and a folder that has them keeps them", "[scripts]") {
  const Clone once, often;
  CHECK_THAT(once.build({"HARMONIC_UNITY=ON"}), Contains("-DHARMONIC_UNITY=ON"));
  CHECK_THAT(once.build({}), !Contains("--preset"));
  CHECK_THAT(once.build({"CXX=g++"}), Contains("--preset default") && Contains("-DHARMONIC_UNITY=ON"));
  CHECK_THAT(once.build({"CXX=g++", "HARMONIC_UNITY=OFF"}), Contains("-DHARMONIC_UNITY=OFF"));
  CHECK_THAT(often.build({}), Contains("-DHARMONIC_UNITY=OFF"));
}

TEST_CASE("Who has no home builds all the same: what is cached lies in the clone", "[scripts]") {
  for (const std::vector<std::string>& home : {std::vector<std::string>{"-u", "HOME"}, {"HOME=/"}}) {
    const Clone clone;
    auto settings = home;
    settings.insert(settings.begin(), {"-u", "XDG_CACHE_HOME", "-u", "HARMONIC_CACHE"});
    CHECK_THAT(clone.build(settings), Contains("--preset default"));
    CHECK(clone.has(".cache/harmonic"));
  }
}

TEST_CASE("Development data lies where the environment says, before where the build says", "[scripts]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "golden");
  const char* const before = std::getenv("HARMONIC_SHARED");
  const std::string kept = before == nullptr ? "" : before;
  setenv("HARMONIC_SHARED", folder.path().c_str(), 1);
  CHECK(shared_data("golden") == folder / "golden");
  if (before == nullptr)
    unsetenv("HARMONIC_SHARED");
  else
    setenv("HARMONIC_SHARED", kept.c_str(), 1);
}
