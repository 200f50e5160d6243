// README's blocks, as they stand in the file, in a clone's root with its build: what a reader pastes works.
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "core/storage/csv.hpp"
#include "tests/system/cloned_root.hpp"

using namespace harmonic::testing;

TEST_CASE("README's block for own data leads from nothing to a front, as it stands", "[readme]") {
  const World w = world();
  const ClonedRoot clone(w);
  const auto blocks = command_blocks(w.source / "README.md");
  REQUIRE_FALSE(blocks.empty());
  for (const auto& block : blocks) {
    const auto finished =
        clone.paste(block, {"TRAIN=--epochs 2",
                            "SEARCH=--population 4 --generations 1 --pairs 1 --epochs 2 --warmup-epochs 1 "
                            "--retrain-epochs 2 --retrain-repeats 1"});
    INFO(block << finished.out << finished.err);
    REQUIRE(finished.exit_code == 0);
  }
  CHECK(std::filesystem::exists(clone / "runs/avmnist/search/report.html"));
  CHECK(harmonic::CsvTable::read(clone / "runs/avmnist/search/front.csv").rows() > 0);
}
