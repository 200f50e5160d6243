#include "tests/system/cloned_root.hpp"

#include <fstream>

#include <sched.h>

#include <catch2/catch.hpp>

namespace harmonic::testing {
namespace {

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

}  // namespace

std::vector<std::string> command_blocks(const std::filesystem::path& markdown, const std::string& heading) {
  std::ifstream in(markdown);
  REQUIRE(in);
  std::vector<std::string> blocks;
  std::string block;
  bool in_section = heading.empty(), in_block = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      in_block = !in_block;
      if (in_block)
        block.clear();
      else if (in_section && block.find("build/harmonic ") != std::string::npos)  // else it shows what there is
        blocks.push_back(block);
    } else if (in_block) {
      block += line + '\n';
    } else if (!heading.empty() && line.starts_with('#')) {
      in_section = line == heading;
    }
  }
  return blocks;
}

ClonedRoot::ClonedRoot(const World& w) {
  for (const char* part : {"deploy", "configs", "luts"})
    std::filesystem::create_directory_symlink(w.source / part, folder_ / part);
  std::filesystem::create_directory(folder_ / "build");
  std::filesystem::create_symlink(w.program, folder_ / "build" / "harmonic");
}

Finished ClonedRoot::paste(const std::string& block, const std::vector<std::string>& settings) const {
  std::ofstream(folder_ / "block.sh") << block;
  std::vector<std::string> command = {"env", "-C", folder_.path().string()};
  command.insert(command.end(), settings.begin(), settings.end());
  command.insert(command.end(), {"taskset", "-c", two_cores(), "bash", "-e", "block.sh"});
  return run(command);
}

}  // namespace harmonic::testing
