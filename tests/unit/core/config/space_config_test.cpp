#include "core/config/space_config.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/space/search_space.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

/// What a command knows after reading such a config file, and what it writes back.
struct Read {
  SpaceCatalog spaces;
  std::string written;
};
Read read(const std::string& ini) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "c.cfg") << ini;
  Read read;
  OptionSet options("harmonic try", "Tries.");
  declare_spaces(options, read.spaces);
  (void)options.parse({"--config", folder / "c.cfg"});
  read.written = options.to_ini();
  return read;
}

}  // namespace

TEST_CASE("A section of a config file is a search space", "[config]") {
  const auto found = read(
      "[space.wide]\nin-channels = 3\nresolution = 64\nwidth-mult = 1.2\nwidths = 24,40\nstrides = 2,1\n"
      "activations = relu,h_swish\nsqueeze-excite = no,yes\nkernels = 3,5\n");
  const auto& space = found.spaces.find("wide");
  CHECK(space.in_channels == 3);
  CHECK(space.stages == std::vector<StageSpec>{{24, 2, Activation::relu, false}, {40, 1, Activation::h_swish, true}});
  CHECK(space.kernels == std::vector{3, 5});
  CHECK(space.expands == find_space("avmnist-image").expands);
  // What is written back means the same: a run's own settings resume it.
  const auto again = read(found.written);
  CHECK(again.written == found.written);
  CHECK(again.spaces.find("wide") == space);
}

TEST_CASE("A space's mistakes name the key", "[config]") {
  CHECK_THROWS_WITH(read("[space.a]\nkernels = 3,4\n"), Catch::Contains("kernels = 3,4") && Catch::Contains("odd"));
  CHECK_THROWS_WITH(read("[space.a]\nstrides = 0\n"), Catch::Contains("strides = 0"));
  CHECK_THROWS_WITH(read("[space.a]\ndepths = 2,5\n"), Catch::Contains("depths = 2,5"));
  CHECK_THROWS_WITH(read("[space.a]\nwidths = 24,40\nstrides = 2,2,2\n"), Catch::Contains("3 strides for 2 widths"));
  CHECK_THROWS_WITH(read("[space.a]\nwidth = 24\n"), Catch::Contains("'width'") && Catch::Contains("widths"));
  CHECK_THROWS_WITH(read("[space.a]\nactivations = gelu\n"), Catch::Contains("activations") && Catch::Contains("gelu"));
  CHECK_THROWS_WITH(read("[space.a]\nfamily = maxout\nhidden = 128\nblocks = 64\nfactor = 16\n"),
                    Catch::Contains("blocks = 64") && Catch::Contains("65536 units are the most"));
  CHECK_NOTHROW(read("[space.a]\nfamily = maxout\nhidden = 4096\nblocks = 5\nfactor = 2\n"));
  CHECK_THROWS_WITH(read("[space.avmnist-image]\nresolution = 30\n"),
                    Catch::Contains("avmnist-image is defined already"));
}

TEST_CASE("Keys of another family of networks are named: they do nothing", "[config]") {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "c.cfg") << "[space.a]\nfamily = maxout\nwidths = 24,40\nhidden = 64\n"
                                     "[space.b]\nhidden = 64\nwidths = 24,40\n";
  SpaceCatalog spaces;
  OptionSet options("harmonic try", "Tries.");
  declare_spaces(options, spaces);
  (void)options.parse({"--config", folder / "c.cfg"});
  REQUIRE(options.notices().size() == 2);
  CHECK_THAT(options.notices()[0], Catch::Contains("line 3: widths does nothing: family is maxout"));
  CHECK_THAT(options.notices()[1], Catch::Contains("line 6: hidden does nothing: family is mobilenet_v3"));
}

}  // namespace harmonic
