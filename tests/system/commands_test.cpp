// The small commands as a user types them.
#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/shared_data.hpp"
#include "tests/system/world.hpp"

using namespace harmonic::testing;

namespace {

nlohmann::json json_of(const std::vector<std::string>& command) {
  const auto finished = run(command);
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  return nlohmann::json::parse(finished.out);
}

}  // namespace

TEST_CASE("Every command explains itself", "[commands]") {
  const World w = world();
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--help"},
                                                {"data", "synth", "--help"},
                                                {"lut", "cost", "--help"},
                                                {"pareto", "--help"},
                                                {"report", "--help"},
                                                {"search", "--help"},
                                                {"supernet", "train", "--help"},
                                                {"supernet", "eval", "--help"}}) {
    const auto finished = run(w.alone(words));
    INFO(words[0] << ": " << finished.err);
    CHECK(finished.exit_code == 0);
    CHECK_THAT(finished.out, Catch::Contains("Usage:"));
  }
}

TEST_CASE("The same seed makes the same data set", "[commands]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto make = [&](const std::string& name, const std::string& seed) {
    REQUIRE(run(w.alone({"data", "synth", "--samples", "200", "--seed", seed, "--out", (folder / name).string()}))
                .exit_code == 0);
    return json_of(w.alone({"data", "show", (folder / name).string(), "--json"})).at("hash");
  };
  const auto first = make("a.h5", "1");
  CHECK(make("b.h5", "1") == first);
  CHECK(make("c.h5", "2") != first);
}

TEST_CASE("A backbone's cost is the sum of its parts", "[commands]") {
  const World w = world();
  const auto json =
      json_of(w.alone({"lut", "cost", "--lut", (w.source / "luts/edge-gpu.json").string(), "--space", "avmnist-image",
                       "--genome", "K=5,5,5,5;E=3,3,4,3;D=2", "--fusion", "Sum,ConcatFC", "--json"}));
  double latency = 0, energy = 0;
  for (const auto& part : json.at("parts")) {
    latency += part.at("latency_ms").get<double>();
    energy += part.at("energy_mj").get<double>();
  }
  CHECK(json.at("parts").size() == 7 + 2);
  CHECK(json.at("latency_ms").get<double>() == Approx(latency));
  CHECK(json.at("energy_mj").get<double>() == Approx(energy));
}

TEST_CASE("Fronts, crowding and hypervolume of a CSV come as JSON", "[commands]") {
  const World w = world();
  const TemporaryFolder folder;
  std::ofstream(folder / "p.csv") << "error,latency\n1,4\n2,2\n3,3\n4,1\n";
  const auto json = json_of(w.alone({"pareto", "--in", (folder / "p.csv").string(), "--reference", "5,5", "--json"}));
  CHECK(json.at("rank") == nlohmann::json({0, 0, 1, 0}));
  CHECK(json.at("crowding")[0].is_null());
  CHECK(json.at("hypervolume").get<double>() == Approx(4 * 1 + 3 * 2 + 1 * 1));
}

TEST_CASE("A sub-network is evaluated on the split that is asked for", "[commands]") {
  const World w = world();
  const auto json = json_of(w.alone({"supernet", "eval", "--weights", w.weights("image").string(), "--space",
                                     "avmnist-image", "--genome", "largest", "--data", w.data().string(), "--modality",
                                     "image", "--recalibrate", "--split", "val", "--json"}));
  CHECK(json.at("samples").get<int>() > 0);
  CHECK(json.at("metric").get<double>() >= 0);
  CHECK(json.at("metric").get<double>() <= 100);
}
