#include "worker/commands/supernet_evaluation.hpp"

#include <iostream>

#include <catch2/catch.hpp>

#include "tests/support/many_pictures.hpp"
#include "tests/support/peak_memory.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/backbone/supernet_file.hpp"

namespace harmonic {

TEST_CASE("An evaluation holds the samples that it uses and no others", "[commands]") {
  const testing::TemporaryFolder folder;
  BackboneSpace space = find_space("avmnist-image");
  space.name = "pictures";
  space.in_channels = 3;
  space.resolution = 224;
  save_supernet(folder / "w.h5", Supernet(space, 4, Seed{1}), {"image", ""});
  testing::write_pictures(folder / "data.h5", {240, 120, 0});
  EvaluationOptions chosen;
  chosen.weights = folder / "w.h5";
  chosen.data = folder / "data.h5";
  chosen.limit = 10;
  chosen.calibration_samples = 20;
  chosen.compute = "cpu";
  const testing::PeakMemory peak;
  const auto loaded = load_evaluation(chosen, {}, true);
  const auto rise_mib = peak.rise_mib();
  CHECK(loaded.inputs.size(0) == 10);
  CHECK(loaded.labels.size(0) == 10);
  CHECK(loaded.calibration.size(0) == 20);
  if (!rise_mib) {
    std::cout << "SKIPPED: this system does not tell how much memory was used\n";
    return;
  }
  CHECK(*rise_mib < 2 * 30 * testing::kPictureMib);
  chosen.limit = chosen.calibration_samples = 0;
  CHECK(load_evaluation(chosen, {}, true).calibration.size(0) == 240);
}

}  // namespace harmonic
