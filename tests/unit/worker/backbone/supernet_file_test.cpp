#include "worker/backbone/supernet_file.hpp"

#include <catch2/catch.hpp>
#include <torch/torch.h>

#include "tests/support/damage.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {

TEST_CASE("A supernet file with a byte changed is refused by name, or is the same", "[worker][supernet]") {
  const testing::TemporaryFolder folder;
  const auto path = folder / "w.h5";
  BackboneSpace space = find_space("maxout");
  space.in_features = 20;  // so that names and shapes are hit, too
  space.hidden = 8;
  const Supernet whole(space, 10, Seed{1});
  save_supernet(path, whole, {"text", "made up"});
  const auto same = [&] {
    SupernetNotes notes;
    const auto loaded = load_supernet(path, &notes);
    REQUIRE(loaded.classes() == 10);
    REQUIRE(loaded.space() == space);
    REQUIRE(notes.provenance == "made up");
    const auto tensors = loaded.tensors();
    for (const auto& [name, tensor] : whole.tensors())
      for (const auto& [other, found] : tensors)
        if (name == other) REQUIRE(torch::equal(tensor, found));
  };
  const auto by_name = [](const std::string& text) { REQUIRE_THAT(text, Catch::Contains("w.h5")); };
  CHECK(testing::refusals_of_a_byte_changed(path, 500, same, by_name) > 100);
}

}  // namespace harmonic
