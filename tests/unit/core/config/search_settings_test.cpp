#include "core/config/search_settings.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"

using namespace harmonic;

namespace {
SearchSettings valid() {
  SearchSettings settings;
  settings.modality = {"image=avmnist-image,i.h5", "audio=avmnist-audio,a.h5"};
  settings.device = {"gpu=t.json"};
  return settings;
}
}  // namespace

TEST_CASE("Modalities are read with their space, weights and number of features", "[config]") {
  auto settings = valid();
  settings.fusion.features = {4, 3};
  const auto specs = settings.modalities();
  REQUIRE(specs.size() == 2);
  CHECK(specs[1].name == "audio");
  CHECK(specs[1].space.resolution == 20);
  CHECK(specs[1].weights == "a.h5");
  CHECK(specs[1].features == 3);
}

TEST_CASE("Settings that cannot work are refused before anything starts", "[config]") {
  CHECK_NOTHROW(valid().check());
  const auto refused = [](auto change) {
    auto settings = valid();
    change(settings);
    CHECK_THROWS_AS(settings.check(), InputError);
  };
  refused([](auto& s) { s.modality.pop_back(); });
  refused([](auto& s) { s.modality[1] = s.modality[0]; });
  refused([](auto& s) { s.modality[0] = "image"; });
  refused([](auto& s) { s.modality[0] = "image=nowhere,i.h5"; });
  refused([](auto& s) { s.device.clear(); });
  refused([](auto& s) { s.fusion.features = {1, 2, 3}; });
  refused([](auto& s) { s.fusion.warmup_epochs = s.fusion.epochs; });
  refused([](auto& s) { s.time_limit = "-3h"; });
  refused([](auto& s) { s.time_limit = "soon"; });
  refused([](auto& s) { s.evolution.macro.other_cells = {0}; });
}

TEST_CASE("Several pairs at once are refused where they cannot train in one pass", "[config]") {
  auto settings = valid();
  settings.fusion.pairs_at_once = 4;
  CHECK_NOTHROW(settings.check());
  auto published = settings;
  published.protocol = "published";
  CHECK_THROWS_WITH(published.check(), Catch::Contains("pairs-at-once is 4") && Catch::Contains("published"));
  auto low_rank = settings;
  low_rank.fusion.operators.push_back("LowRankTensorFusion");
  CHECK_THROWS_WITH(low_rank.check(), Catch::Contains("pairs-at-once is 4") && Catch::Contains("LowRankTensorFusion"));
  published.fusion.pairs_at_once = low_rank.fusion.pairs_at_once = 1;
  CHECK_NOTHROW(published.check());
  CHECK_NOTHROW(low_rank.check());
}

TEST_CASE("The published settings name every key, each explained above it", "[config]") {
  for (const std::string name : {"avmnist", "mmimdb", "harmp"}) {
    const std::string path = HARMONIC_CONFIGS "/" + name + ".cfg";
    SearchSettings settings;
    OptionSet options("", "");
    settings.declare(options);
    REQUIRE(options.parse({"--config", path, "--data", "d.h5", "--run", "r"}) == OptionSet::Parsed::ready);
    CHECK_NOTHROW(settings.check());
    for (const auto& [key, values] : options.values()) {
      INFO(name << ": " << key);
      CHECK(options.given(key));
    }
    bool explained = false;  // a comment since the section's start; it may be for several keys below it
    for (const auto& line : split(read_file(path), '\n')) {
      if (line.starts_with('[')) explained = false;
      if (line.starts_with('#')) explained = true;
      INFO(name << ": " << line);
      CHECK((line.empty() || line.starts_with('[') || explained));
    }
  }
}

TEST_CASE("A time limit has a unit", "[config]") {
  SearchSettings settings;
  CHECK(std::isinf(settings.time_limit_s()));
  for (const auto& [text, seconds] : {std::pair{"90s", 90.0}, {"20m", 1200.0}, {"1.5h", 5400.0}, {"45", 45.0}}) {
    settings.time_limit = text;
    CHECK(settings.time_limit_s() == seconds);
  }
}

TEST_CASE("The hash of settings sees what changes results and nothing else", "[config]") {
  const auto base = valid().result_hash(1);
  auto same = valid();
  same.run = "elsewhere";
  same.lease_s = 5;
  same.deadline_s = 5;
  same.keep_models = "all";
  same.evolution.generations = 99;
  CHECK(same.result_hash(1) == base);
  CHECK(valid().result_hash(2) != base);
  auto other = valid();
  other.seed = 2;
  CHECK(other.result_hash(1) != base);
  other = valid();
  other.threads = 8;  // decides the order in which sums are taken
  CHECK(other.result_hash(1) != base);
  other = valid();
  other.compute = "cpu";
  CHECK(other.result_hash(1) != base);
  other = valid();
  other.fusion.dropout = 0.2;
  CHECK(other.result_hash(1) != base);
  other = valid();
  other.fusion.pairs_at_once = 2;  // decides random numbers and the order of sums
  CHECK(other.result_hash(1) != base);
}
