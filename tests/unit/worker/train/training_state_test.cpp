#include "worker/train/training_state.hpp"

#include <functional>

#include <catch2/catch.hpp>
#include <torch/types.h>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/hdf5_file.hpp"
#include "tests/support/damage.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

const Conditions kConditions = {{"lr", "0.1"}};
constexpr StateSizes kSizes = {.parameters = 4, .buffers = 2, .moments = 1};

TrainingState some_state() {
  TrainingState state;
  state.step = 3;
  state.best_epoch = 1;
  state.values = torch::arange(4).to(torch::kFloat32);
  state.average = torch::ones({4});
  state.moments = {torch::zeros({4})};
  state.buffers = torch::ones({2});
  state.best = torch::ones({6});
  return state;
}

}  // namespace

TEST_CASE("A training's state reads back as it was written", "[training]") {
  const testing::TemporaryFolder folder;
  save_training_state(folder / "s", some_state(), kConditions);
  const auto state = load_training_state(folder / "s", kConditions, kSizes);
  CHECK(state.step == 3);
  CHECK(torch::equal(state.values, some_state().values));
}

TEST_CASE("A state tells what its training was begun with, and that before does where it is damaged", "[training]") {
  const testing::TemporaryFolder folder;
  CHECK_FALSE(recorded_training(folder / "s"));
  save_training_state(folder / "s", some_state(), kConditions, {"image", "/weights.h5"});
  CHECK(recorded_training(folder / "s").value().conditions == kConditions);
  CHECK(recorded_training(folder / "s").value().source.modality == "image");
  CHECK(recorded_training(folder / "s").value().source.init == "/weights.h5");
  save_training_state(folder / "s", some_state(), kConditions, {"image", ""});
  replace_file(folder / "s", "something else");
  CHECK(recorded_training(folder / "s").value().conditions == kConditions);
}

TEST_CASE("A state whose tensors are of another size is refused, with the tensor and both sizes", "[training]") {
  const testing::TemporaryFolder folder;
  const auto refused = [&](const std::string& name, const std::string& found, const std::string& needed,
                           const std::function<void(TrainingState&)>& change) {
    auto state = some_state();
    change(state);
    save_training_state(folder / "s", state, kConditions);
    CHECK_THROWS_WITH(load_training_state(folder / "s", kConditions, kSizes),
                      Catch::Contains(name) && Catch::Contains("(" + found + ")") &&
                          Catch::Contains("(" + needed + ")") && Catch::Contains("remove it"));
    CHECK_THROWS_AS(load_training_state(folder / "s", kConditions, kSizes), InputError);
  };
  refused("/values", "3", "4", [](auto& state) { state.values = torch::ones({3}); });
  refused("/average", "3", "4", [](auto& state) { state.average = torch::ones({3}); });
  refused("/moment_0", "5", "4", [](auto& state) { state.moments = {torch::ones({5})}; });
  refused("moments", "0", "1", [](auto& state) { state.moments.clear(); });
  refused("/buffers", "1", "2", [](auto& state) { state.buffers = torch::ones({1}); });
  refused("/best", "5", "6", [](auto& state) { state.best = torch::ones({5}); });
}

TEST_CASE("A file that is no state, or an empty one, is to be removed", "[training]") {
  const testing::TemporaryFolder folder;
  for (const std::string content : {"", "something else"}) {
    replace_file(folder / "s", content);
    CHECK_THROWS_WITH(
        load_training_state(folder / "s", kConditions, kSizes),
        Catch::Contains("no state of a training") && Catch::Contains("remove it") && !Catch::Contains("make it again"));
  }
}

TEST_CASE("A state that cannot be read, or of another version, is not called damaged", "[training]") {
  const testing::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "s");  // as a file without rights, which root can read
  CHECK_THROWS_WITH(load_training_state(folder / "s", kConditions, kSizes),
                    Catch::Contains("cannot read") && !Catch::Contains("damaged") && !Catch::Contains("remove"));
  std::filesystem::remove(folder / "s");
  {
    Hdf5File file(folder / "s", Hdf5File::Mode::create);
    file.set_attribute("/", "format", "harmonic-training");
    file.set_attribute("/", "version", std::int64_t{99});
  }
  CHECK_THROWS_WITH(load_training_state(folder / "s", kConditions, kSizes),
                    Catch::Contains("version 99") && !Catch::Contains("damaged"));
}

TEST_CASE("A damaged state names its data set, and gives way to the one before", "[training]") {
  const testing::TemporaryFolder folder;
  auto state = some_state();
  state.values = torch::full({4}, 0.123F);
  save_training_state(folder / "s", state, kConditions);
  const auto damage = [&] {
    auto bytes = read_file(folder / "s");
    const float value = 0.123F;
    const auto at = bytes.find(std::string(reinterpret_cast<const char*>(&value), sizeof(value)));
    REQUIRE(at != std::string::npos);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    replace_file(folder / "s", bytes);
  };
  damage();
  CHECK_THROWS_WITH(load_training_state(folder / "s", kConditions, kSizes),
                    Catch::Contains("/values") && Catch::Contains("remove it"));
  std::filesystem::remove(folder / "s");
  for (const int step : {5, 6}) {
    state.step = step;
    save_training_state(folder / "s", state, kConditions);
  }
  damage();
  CHECK(load_training_state(folder / "s", kConditions, kSizes).step == 5);
  CHECK(load_training_state(folder / "s", kConditions, kSizes).step == 5);  // it has taken the damaged one's place
}

TEST_CASE("A state with a byte changed is refused, or is the same", "[training]") {
  const testing::TemporaryFolder folder;
  save_training_state(folder / "s", some_state(), kConditions);
  const int refused = testing::refusals_of_a_byte_changed(folder / "s", 500, [&] {
    const auto state = load_training_state(folder / "s", kConditions, kSizes);
    REQUIRE(state.step == 3);
    REQUIRE(state.best_epoch == 1);
    REQUIRE(torch::equal(state.values, some_state().values));
    REQUIRE(torch::equal(state.best, some_state().best));
  });
  CHECK(refused > 100);
}

}  // namespace harmonic
