#include "worker/train/training_settings.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include <catch2/catch.hpp>

#include "core/config/known_keys.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {

TEST_CASE("A shipped config of a training is one, and holds nothing that is so without it", "[training]") {
  int trainings = 0;
  for (const auto& file : std::filesystem::directory_iterator(HARMONIC_CONFIGS)) {
    const std::string path = file.path();
    if (file.path().extension() != ".cfg") continue;
    const auto ini = parse_ini(read_file(path), path);
    if (std::ranges::none_of(ini, [](const auto& section) { return section.name == "supernet"; })) continue;
    ++trainings;
    INFO(path);
    SupernetTrainingSettings settings;
    const auto usual = settings.values();
    OptionSet options("", "");
    settings.declare(options);
    options.take(ini, path);
    const auto in_force = settings.values();
    for (std::size_t i = 0; i < usual.size(); ++i) {
      INFO(usual[i].first);
      CHECK(options.given(usual[i].first) == (in_force[i] != usual[i]));
    }
  }
  CHECK(trainings >= 1);
}

TEST_CASE("Commands that pass over the section of a training know its keys", "[training]") {
  std::set<std::string> names;
  for (const auto& [name, value] : SupernetTrainingSettings().values()) names.insert(name);
  const auto known = known_keys("supernet");
  CHECK(std::set<std::string>(known.begin(), known.end()) == names);
}

}  // namespace harmonic
