#include "worker/data/sample_batches.hpp"

#include <array>
#include <cmath>
#include <optional>

#include <catch2/catch.hpp>
#include <torch/types.h>

#include "core/base/error.hpp"

using namespace harmonic;

namespace {

/// Samples of the batches, ascending.
torch::Tensor chosen(const std::vector<torch::Tensor>& batches) {
  return std::get<0>(torch::cat(batches).sort());
}

}  // namespace

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

TEST_CASE("Few samples stand for all: every class has its share, whatever the order of the file", "[data]") {
  // Sorted by class: 40, 80 and 200 samples.
  const auto labels = torch::repeat_interleave(torch::tensor({40, 80, 200}));
  for (const int limit : {8, 16, 64, 319}) {
    INFO(limit);
    const auto ids = chosen(calibration_ids(labels, limit, 16));
    CHECK(std::get<0>(torch::_unique(ids)).size(0) == limit);
    const auto counts = labels.index_select(0, ids).bincount({}, 3);
    for (int c = 0; c < 3; ++c)
      CHECK(std::abs(counts[c].item<double>() - limit * std::array{40, 80, 200}[static_cast<std::size_t>(c)] / 320.) <=
            1);
  }
  CHECK(
      torch::isin(chosen(calibration_ids(labels, 16, 16)), chosen(calibration_ids(labels, 64, 16))).all().item<bool>());
}

TEST_CASE("Where no fewer samples are wanted than there are, all of them make the batches that they always made",
          "[data]") {
  const auto labels = torch::arange(50).remainder(3);
  const auto usual = calibration_ids(50, 16);
  for (const auto limit : {std::optional<std::int64_t>(), {50}, {1000}}) {
    const auto ids = calibration_ids(labels, limit, 16);
    REQUIRE(ids.size() == usual.size());
    for (std::size_t i = 0; i < ids.size(); ++i) CHECK(torch::equal(ids[i], usual[i]));
  }
}

TEST_CASE("Of label sets samples are chosen at random", "[data]") {
  const auto ids = chosen(calibration_ids(torch::zeros({100, 4}), 30, 16));
  CHECK(std::get<0>(torch::_unique(ids)).size(0) == 30);
  CHECK(ids.min().item<std::int64_t>() < 20);
  CHECK(ids.max().item<std::int64_t>() >= 80);
}
