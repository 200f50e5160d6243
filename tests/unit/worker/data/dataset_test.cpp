#include "worker/data/dataset.hpp"

#include <catch2/catch.hpp>

#include "tests/support/many_pictures.hpp"
#include "tests/support/peak_memory.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {

TEST_CASE("The first samples of a split are read alone, all of them once", "[data]") {
  const testing::TemporaryFolder folder;
  constexpr std::size_t kSamples = 160;
  testing::write_pictures(folder / "data.h5", {kSamples, 2, 0});
  const DatasetFile file(folder / "data.h5");
  const testing::PeakMemory few;
  const auto first = load_samples(file, "image", Split::train, 8);
  const auto few_mib = few.rise_mib();
  const testing::PeakMemory every;
  const auto all = load_samples(file, "image", Split::train);
  const auto all_mib = every.rise_mib();
  CHECK(first.sizes() == torch::IntArrayRef{8, 3, 224, 224});
  CHECK(torch::equal(first, all.narrow(0, 0, 8)));
  CHECK(load_samples(file, "image", Split::val, 99).size(0) == 2);
  CHECK(load_samples(file, "image", Split::test).sizes() == torch::IntArrayRef{0, 3, 224, 224});
  const auto some = load_samples_in_order(file, "image", Split::train, torch::tensor({90, 7, 8, 159}));
  CHECK(torch::equal(some, all.index_select(0, torch::tensor({90, 7, 8, 159}))));
  if (few_mib) CHECK(*few_mib < 30 * testing::kPictureMib);
  if (all_mib) CHECK(*all_mib < 1.4 * kSamples * testing::kPictureMib);
}

}  // namespace harmonic
