// README's blocks, as they stand in the file, in a clone's root with its build: what a reader pastes works.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sched.h>

#include <catch2/catch.hpp>

#include "core/storage/csv.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/system/world.hpp"

using namespace harmonic::testing;

namespace {

/// What stands between a pair of ``` lines, of every pair.
std::vector<std::string> blocks_of(const std::filesystem::path& markdown) {
  std::ifstream in(markdown);
  REQUIRE(in);
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.emplace_back();
    } else if (inside) {
      blocks.back() += line + '\n';
    }
  }
  return blocks;
}

/// "0,1": two of the cores that this process may use, or the one.
std::string two_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  REQUIRE(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
  std::string list;
  int found = 0;
  for (int core = 0; core < CPU_SETSIZE && found < 2; ++core) {
    if (!CPU_ISSET(core, &allowed)) continue;
    if (found++ > 0) list += ',';
    list += std::to_string(core);
  }
  return list;
}

/// A clone's root as far as the blocks see it: this tree's files, this build's programs, and nothing that a run has
/// left.
class ClonedRoot {
 public:
  explicit ClonedRoot(const World& w) {
    for (const char* part : {"deploy", "configs", "luts"})
      std::filesystem::create_directory_symlink(w.source / part, folder_ / part);
    std::filesystem::create_directory(folder_ / "build");
    std::filesystem::create_symlink(w.program, folder_ / "build" / "harmonic");
  }
  /// Line by line as bash would, on two cores; the first that fails ends it.
  [[nodiscard]] Finished paste(const std::string& block, const std::vector<std::string>& settings) const {
    std::ofstream(folder_ / "block.sh") << block;
    std::vector<std::string> command = {"env", "-C", folder_.path().string()};
    command.insert(command.end(), settings.begin(), settings.end());
    command.insert(command.end(), {"taskset", "-c", two_cores(), "bash", "-e", "block.sh"});
    return run(command);
  }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("README's block for own data leads from nothing to a front, as it stands", "[readme]") {
  const World w = world();
  const ClonedRoot clone(w);
  int pasted = 0;
  for (const auto& block : blocks_of(w.source / "README.md")) {
    if (block.find("build/harmonic ") == std::string::npos) continue;  // installs, or shows what is printed
    const auto finished =
        clone.paste(block, {"TRAIN=--epochs 2",
                            "SEARCH=--population 4 --generations 1 --pairs 1 --epochs 2 --warmup-epochs 1 "
                            "--retrain-epochs 2 --retrain-repeats 1"});
    INFO(block << finished.out << finished.err);
    REQUIRE(finished.exit_code == 0);
    ++pasted;
  }
  REQUIRE(pasted > 0);
  CHECK(std::filesystem::exists(clone / "runs/avmnist/search/report.html"));
  CHECK(harmonic::CsvTable::read(clone / "runs/avmnist/search/front.csv").rows() > 0);
}
