#include "worker/data/sample_batches.hpp"

#include <catch2/catch.hpp>
#include <torch/torch.h>

#include "core/base/error.hpp"

using namespace harmonic;

TEST_CASE("Every calibration batch holds two samples or more, and all samples are used", "[data]") {
  for (const int batch : {2, 3, 256})
    for (const int samples : {2, 3, 5, 7, 300}) {
      INFO(samples << " in batches of " << batch);
      std::int64_t sum = 0;
      for (const auto& ids : calibration_ids(samples, batch)) {
        CHECK(ids.size(0) >= 2);
        sum += ids.size(0);
      }
      CHECK(sum == samples);
    }
  CHECK_THROWS_AS(calibration_ids(1, 2), InputError);
}
