#include "core/data/training_mark.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/data/synthetic.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {

TEST_CASE("What a supernet was trained on is found in its provenance", "[data]") {
  const testing::TemporaryFolder folder;
  write_dataset(folder / "own.h5", make_synthetic(SyntheticKind::av_digits, 80, Seed{1}));
  const DatasetFile data(folder / "own.h5");
  const auto mark = find_training_mark("trained by harmonic supernet train on " + training_mark(data) + "; seed 1");
  REQUIRE(mark);
  CHECK(mark->file == "own.h5");
  CHECK(mark->hash == training_hash_text(data));
  CHECK_FALSE(find_training_mark("imported from checkpoint x.pth.tar"));
  CHECK_FALSE(find_training_mark("on x.h5 (training data 01"));
}

}  // namespace harmonic
