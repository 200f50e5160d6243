#include "worker/backbone/supernet_file.hpp"

#include <fstream>

#include <catch2/catch.hpp>
#include <torch/torch.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/storage/atomic_file.hpp"
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
  const auto bytes = read_file(path);
  RandomStream random(Seed{2}, "flips");
  int refused = 0;
  for (int i = 0; i < 500; ++i) {
    auto damaged = bytes;
    auto& byte = damaged[random.below(damaged.size())];
    byte = static_cast<char>(byte ^ static_cast<char>(1 + random.below(255)));
    std::ofstream(path, std::ios::binary) << damaged;
    try {
      SupernetNotes notes;
      const auto loaded = load_supernet(path, &notes);
      REQUIRE(loaded.classes() == 10);
      REQUIRE(loaded.space() == space);
      REQUIRE(notes.provenance == "made up");
      const auto tensors = loaded.tensors();
      for (const auto& [name, tensor] : whole.tensors())
        for (const auto& [other, found] : tensors)
          if (name == other) REQUIRE(torch::equal(tensor, found));
    } catch (const InputError& e) {
      ++refused;
      REQUIRE_THAT(e.what(), Catch::Contains("w.h5"));
    }
  }
  CHECK(refused > 100);
}

}  // namespace harmonic
