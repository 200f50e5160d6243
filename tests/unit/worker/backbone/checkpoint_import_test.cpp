#include "worker/backbone/checkpoint_import.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/hdf5_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {

TEST_CASE("All published spellings of a tensor's name come to one", "[backbone]") {
  const std::string expected = "blocks.3.conv.depth_conv.bn.weight";
  for (const auto* name : {"blocks.3.conv.depth_conv.bn.weight", "blocks.3.conv.depth_conv.bn.bn.weight",
                           "module.blocks.3.mobile_inverted_conv.depth_conv.bn.bn.weight",
                           "blocks.3.mobile_inverted_conv.depth_conv.bn.weight"})
    CHECK(common_spelling(name) == expected);
  CHECK(common_spelling("classifier.linear.linear.weight") == "classifier.linear.weight");
  CHECK(common_spelling("blocks.1.conv.depth_conv.conv.conv.weight") == "blocks.1.conv.depth_conv.conv.weight");
  CHECK(common_spelling("blocks.1.conv.depth_conv.conv.5to3_matrix") == "blocks.1.conv.depth_conv.conv.5to3_matrix");
}

TEST_CASE("A file that is no checkpoint is refused in one line", "[backbone]") {
  const testing::TemporaryFolder folder;
  { Hdf5File(folder / "w.h5", Hdf5File::Mode::create); }
  try {
    (void)import_checkpoint(folder / "w.h5", find_space("avmnist-image"));
    FAIL("it was accepted");
  } catch (const InputError& e) {
    CHECK_THAT(e.what(), Catch::Contains("is no PyTorch checkpoint"));
    CHECK(std::string(e.what()).find('\n') == std::string::npos);
  }
}

TEST_CASE("The published image checkpoint holds the tensors of its supernet", "[shared][backbone]") {
  const auto checkpoint = testing::shared_data("golden/supernet_avmnist_image.pth.tar");
  const auto golden = testing::shared_data("golden/supernet_image.h5");
  if (!checkpoint || !golden) return;
  const Supernet supernet = import_checkpoint(*checkpoint, find_space("avmnist-image"));
  CHECK(supernet.classes() == 10);
  const Hdf5File file(*golden, Hdf5File::Mode::read);
  for (const auto& [name, tensor] : supernet.tensors()) {
    INFO(name);
    auto values = file.read<float>("/supernet/" + name);
    CHECK(torch::equal(tensor, torch::from_blob(values.data(), tensor.sizes(), torch::kFloat32)));
  }
  CHECK_THROWS_WITH(
      import_checkpoint(*checkpoint, find_space("harmp-image")),
      Catch::Contains("first_conv.conv.weight") && Catch::Contains("16x1x3x3") && Catch::Contains("16x3x3x3"));
}

}  // namespace harmonic
