#include "worker/backbone/supernet_file.hpp"

#include <catch2/catch.hpp>
#include <torch/types.h>

#include "core/storage/hdf5_file.hpp"
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

TEST_CASE("A supernet file of a space that cannot be is refused, naming the file", "[worker][supernet]") {
  const testing::TemporaryFolder folder;
  const auto path = folder / "w.h5";
  save_supernet(path, Supernet(find_space("harmp-image"), 3, Seed{1}), {"image", "made up"});
  std::string format, definition;
  std::int64_t version = 0;
  {
    const Hdf5File file(path, Hdf5File::Mode::read);
    format = file.attribute_text("/", "format");
    version = file.attribute_int("/", "version");
    definition = file.attribute_text("/", "space");
  }
  // Of a file whose tensors are missing, too: the definition is read first.
  const auto refusal = [&](std::string_view from, std::string_view to) -> std::string {
    std::string text = definition;
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    {
      Hdf5File file(path, Hdf5File::Mode::create);
      file.set_attribute("/", "format", format);
      file.set_attribute("/", "version", version);
      file.set_attribute("/", "space", text.replace(at, from.size(), to));
      file.set_attribute("/", "classes", std::int64_t{3});
    }
    try {
      (void)load_supernet(path);
    } catch (const InputError& e) {
      return e.what();
    }
    return "";
  };
  CHECK_THAT(refusal("harmp", "harmp"), !Catch::Contains("definition"));
  CHECK_THAT(refusal("h_swish", "h_swash"), Catch::Contains("w.h5") && Catch::Contains("activation is 'h_swash'"));
  CHECK_THAT(refusal("mobilenet_v3", "mobilenet_v9"),
             Catch::Contains("w.h5") && Catch::Contains("family is 'mobilenet_v9'"));
  CHECK_THAT(refusal("[3,5,7]", "[3,5,8]"), Catch::Contains("w.h5") && Catch::Contains("kernels"));
  CHECK_THAT(refusal("{", "["), Catch::Contains("w.h5") && Catch::Contains("cannot be read"));
}

}  // namespace harmonic
