#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/shared_data.hpp"
#include "tests/system/world.hpp"

namespace harmonic::testing {

/// What a page tells its reader to type: what stands between a pair of ``` lines, of every pair that calls the program.
/// @param heading "### MM-IMDB": of that section alone, up to the next heading; "": of the whole page
[[nodiscard]] std::vector<std::string> command_blocks(const std::filesystem::path& markdown,
                                                      const std::string& heading = "");

/// A clone's root as far as the blocks see it: this tree's files, this build's programs, and nothing that a run has
/// left.
class ClonedRoot {
 public:
  explicit ClonedRoot(const World& w);
  /// Line by line as bash would, on two cores; the first that fails ends it.
  /// @param settings environment: "TRAIN=--epochs 2"
  [[nodiscard]] Finished paste(const std::string& block, const std::vector<std::string>& settings) const;
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  TemporaryFolder folder_;
};

}  // namespace harmonic::testing
