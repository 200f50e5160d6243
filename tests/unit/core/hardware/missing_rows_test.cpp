#include "core/hardware/missing_rows.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/device_model.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

/// A modelled table of the published spaces and a measured one of nothing but a row, in a folder of their own.
struct Tables {
  Tables() {
    model_table(device_profile("edge-gpu"), {}, "2026-01-02").save(folder / "gpu.json");
    LookUpTable table;
    table.set("a", {1.0, 2.0});
    table.set_provenance({"my board", "measured", "2026-01-02", "a stopwatch", ""});
    table.save(folder / "board.json");
  }
  [[nodiscard]] DeviceSpec gpu(double weight = 1) const { return {"gpu", {folder / "gpu.json"}, weight}; }
  [[nodiscard]] DeviceSpec board() const { return {"board", {folder / "board.json"}}; }
  [[nodiscard]] static PricedNetworks own_networks() {
    auto small = find_space("avmnist-image"), other = small;
    small.name = "small";
    small.resolution = 12;
    other.name = "other";
    other.resolution = 14;
    return {.spaces = {small, fitted_space(find_space("maxout"), std::vector<std::size_t>{40}), other},
            .head_classes = 7,
            .operators = {"Sum", "SE1"},
            .channels = 64,
            .positions = 9,
            .configs = {"my own.cfg"},
            .data = "d.h5",
            .program = "build/harmonic"};
  }

  testing::TemporaryFolder folder;
};

std::string error_of(const std::vector<DeviceSpec>& devices, const PricedNetworks& networks) {
  try {
    check_tables(devices, networks);
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Two devices of one name are refused before the rows that their tables lack", "[hardware]") {
  const Tables tables;
  CHECK(error_of({tables.gpu(), tables.gpu(2)}, Tables::own_networks()) ==
        "device 'gpu' is given twice; name every device once");
}

TEST_CASE("Rows that are all there are nothing to speak of", "[hardware]") {
  const Tables tables;
  CHECK(error_of({tables.gpu()}, {.spaces = {find_space("avmnist-image"), find_space("maxout")},
                                  .head_classes = 10,
                                  .operators = fusion_operators()})
            .empty());
}

TEST_CASE("One command makes all rows that a modelled table lacks, as it stands", "[hardware]") {
  const Tables tables;
  const auto error = error_of({tables.gpu(0.5)}, Tables::own_networks());
  const auto path = (tables.folder / "gpu.json").string();
  CHECK_THAT(error, Contains("no key '") && Contains(" more rows; make what is missing with: build/harmonic lut model "
                                                     "--device-profile edge-gpu --config 'my own.cfg' --space small "
                                                     "--space maxout --space other --classes 7 --data d.h5 --channels "
                                                     "64 --positions 9 --out more-gpu.json; then give --device gpu=" +
                                                     path + "+more-gpu.json,0.5"));
  // What it says is what the command makes: with those rows beside it the table has them all.
  const auto networks = Tables::own_networks();
  model_table(device_profile("edge-gpu"),
              {.spaces = networks.spaces, .head_classes = {7}, .channels = 64, .positions = 9}, "2026-01-02")
      .save(tables.folder / "more.json");
  auto device = tables.gpu();
  device.tables.push_back(tables.folder / "more.json");
  CHECK(error_of({device}, networks).empty());
}

TEST_CASE("All devices that lack rows are told of, each with its command, and all options at once", "[hardware]") {
  const Tables tables;
  auto other = tables.gpu();
  other.name = "other";
  const auto error = error_of({tables.gpu(), other, tables.board()}, Tables::own_networks());
  CHECK_THAT(error, Contains(" --out more-gpu.json && build/harmonic lut model") &&
                        Contains("--out more-other.json; measure"));
  CHECK_THAT(error,
             Contains("lut import --in " + (tables.folder / "board.json").string() + " --device 'my board' --set ") &&
                 Contains("=ms,mJ --out more-board.json"));
  CHECK_THAT(error, EndsWith("+more-other.json --device board=more-board.json"));
}

TEST_CASE("Only the networks that are priced need rows", "[hardware]") {
  const Tables tables;
  const auto& space = find_space("avmnist-image");
  LookUpTable table;
  for (const auto& layer : backbone_layers(space, smallest_genome(space), 10)) table.set(lut_key(layer), {1.0, 1.0});
  CHECK_NOTHROW(check_table(table, {.spaces = {space}, .genomes = {{smallest_genome(space)}}, .head_classes = 10}));
  CHECK_THROWS_WITH(check_table(table, {.spaces = {space}, .genomes = {{largest_genome(space)}}, .head_classes = 10}),
                    Contains("no key 'MBConvLayer") && EndsWith("then give --lut more.json"));
}

}  // namespace harmonic
