#include "worker/backbone/supernet.hpp"

#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/space/genome.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/backbone/supernet_file.hpp"

namespace harmonic {

TEST_CASE("A 5x5 kernel is the centre of the 7x7 times the learned matrix, a 3x3 goes on from there", "[backbone]") {
  const Supernet supernet(find_space("avmnist-image"), 10, Seed{1});
  const std::string conv = "blocks.1.conv.depth_conv.conv";
  // Weight at (row, column) of channel c: 100 c + 10 row + column.
  auto largest = torch::empty({96, 1, 7, 7});
  for (int c = 0; c < 96; ++c)
    for (int row = 0; row < 7; ++row)
      for (int column = 0; column < 7; ++column) largest[c][0][row][column] = 100 * c + 10 * row + column;
  supernet.tensor(conv + ".conv.weight").copy_(largest);
  auto matrix = torch::eye(25);
  matrix[0][24] = 2;  // output 0 = input 0 + 2 x input 24
  supernet.tensor(conv + ".7to5_matrix").copy_(matrix);

  const auto& kernels = supernet.layers().blocks[1].depthwise;
  const auto five = depthwise_kernel(kernels, 48, 5);
  CHECK(five.sizes() == torch::IntArrayRef{48, 1, 5, 5});
  CHECK(five[3][0][0][0].item<float>() == 311 + 2 * 355);
  CHECK(five[3][0][4][4].item<float>() == 355);
  auto smaller = torch::eye(9);
  smaller[4][4] = -1;
  supernet.tensor(conv + ".5to3_matrix").copy_(smaller);
  const auto three = depthwise_kernel(kernels, 48, 3);
  CHECK(three[2][0][0][1].item<float>() == 223);
  CHECK(three[2][0][1][1].item<float>() == -233);
  CHECK(depthwise_kernel(kernels, 96, 7).is_alias_of(supernet.tensor(conv + ".conv.weight")));
}

TEST_CASE("Layers hold the very tensors that have names, in a copy the copy's", "[backbone]") {
  const Supernet supernet(find_space("harmp-image"), 3, Seed{1});
  const auto copy = supernet.clone_to(torch::kCPU);
  for (const auto* one : {&supernet, &copy}) {
    const auto& block = one->layers().blocks[4];
    CHECK(one->tensor("blocks.4.conv.point_linear.conv.conv.weight").is_same(block.project.weight));
    CHECK(one->tensor("blocks.4.conv.depth_conv.conv.5to3_matrix").is_same(block.depthwise.matrices[1]));
    CHECK(one->tensor("first_conv.bn.running_mean").is_same(one->layers().first.norm.mean));
  }
  CHECK_FALSE(copy.layers().classifier.is_same(supernet.layers().classifier));
}

TEST_CASE("A sub-network's weights are views of the supernet's", "[backbone]") {
  const auto& space = find_space("harmp-image");
  const Supernet supernet(space, 3, Seed{1});
  const auto genome = smallest_genome(space);
  int shared = 0;
  for (const auto& [name, tensor] : Subnet(supernet, genome).state())
    for (const auto& [ignored, whole] : supernet.tensors()) shared += tensor.is_alias_of(whole) ? 1 : 0;
  const auto tensors = Subnet(supernet, genome).state().size();
  CHECK(shared == static_cast<int>(tensors) - 6);  // all but the six transformed kernels
}

TEST_CASE("The same seed gives the same initial weights, another seed others", "[backbone]") {
  const auto& space = find_space("avmnist-image");
  const Supernet a(space, 10, Seed{1}), b(space, 10, Seed{1}), c(space, 10, Seed{2});
  const std::string name = "blocks.2.conv.point_linear.conv.conv.weight";
  CHECK(torch::equal(a.tensor(name), b.tensor(name)));
  CHECK_FALSE(torch::equal(a.tensor(name), c.tensor(name)));
}

TEST_CASE("MM-IMDB's space has the published widths", "[backbone]") {
  const Supernet supernet(find_space("mmimdb-image"), 23, Seed{1});
  CHECK(supernet.tensor("first_conv.conv.weight").size(0) == 24);
  CHECK(supernet.tensor("blocks.20.conv.point_linear.conv.conv.weight").size(0) == 192);
  CHECK(supernet.tensor("final_expand_layer.conv.weight").size(0) == 1152);
  CHECK(supernet.tensor("feature_mix_layer.conv.weight").size(0) == 1536);
}

TEST_CASE("A supernet file gives back what was saved", "[backbone]") {
  const testing::TemporaryFolder folder;
  for (const std::string name : {"avmnist-audio", "maxout"}) {
    const Supernet saved(find_space(name), 7, Seed{4});
    save_supernet(folder / "w.h5", saved, {"sound", "a test"});
    SupernetNotes notes;
    const Supernet loaded = load_supernet(folder / "w.h5", &notes);
    CHECK(loaded.space() == saved.space());
    CHECK(loaded.classes() == 7);
    CHECK(notes.modality == "sound");
    CHECK(notes.provenance == "a test");
    REQUIRE(loaded.tensors().size() == saved.tensors().size());
    for (std::size_t i = 0; i < saved.tensors().size(); ++i)
      CHECK(torch::equal(loaded.tensors()[i].second, saved.tensors()[i].second));
  }
}

TEST_CASE("A supernet file of another space is refused, naming the tensor and both shapes", "[backbone]") {
  const testing::TemporaryFolder folder;
  const auto file = folder / "w.h5";
  save_supernet(file, Supernet(find_space("avmnist-image"), 10, Seed{4}), {});
  CHECK_THROWS_WITH(load_supernet(file, find_space("harmp-image"), 10), Catch::Contains("first_conv.conv.weight") &&
                                                                            Catch::Contains("16x1x3x3") &&
                                                                            Catch::Contains("16x3x3x3"));
  CHECK_THROWS_WITH(load_supernet(file, find_space("avmnist-image"), 3),
                    Catch::Contains("classifier.linear.weight") && Catch::Contains("10x80") && Catch::Contains("3x80"));
  CHECK_THROWS_WITH(load_supernet(file, find_space("avmnist-audio"), 10), Catch::Contains("avmnist-audio"));
  CHECK_THROWS_AS(load_supernet(folder / "absent.h5"), InputError);
}

TEST_CASE("A genome out of range is refused", "[backbone]") {
  const auto& space = find_space("avmnist-image");
  const Supernet supernet(space, 10, Seed{1});
  auto genome = largest_genome(space);
  genome.kernel[1] = 9;
  CHECK_THROWS_AS(Subnet(supernet, genome), InputError);
}

TEST_CASE("Weights that are not finite are refused by name", "[backbone]") {
  const testing::TemporaryFolder folder;
  const Supernet supernet(find_space("avmnist-audio"), 4, Seed{1});
  supernet.tensor("classifier.linear.bias")[2] = std::numeric_limits<float>::quiet_NaN();
  save_supernet(folder / "w.h5", supernet, {});
  CHECK_THROWS_WITH(load_supernet(folder / "w.h5"),
                    Catch::Contains("classifier.linear.bias") && Catch::Contains("not finite"));
}

}  // namespace harmonic
