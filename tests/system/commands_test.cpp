// The small commands as a user types them.
#include <algorithm>
#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/hdf5_file.hpp"
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
                                                {"select", "--help"},
                                                {"status", "--help"},
                                                {"compare", "--help"},
                                                {"report", "--help"},
                                                {"export", "--help"},
                                                {"evaluate", "--help"},
                                                {"search", "--help"},
                                                {"supernet", "train", "--help"},
                                                {"supernet", "eval", "--help"},
                                                {"supernet", "sweep", "--help"}}) {
    const auto finished = run(w.alone(words));
    INFO(words[0] << ": " << finished.err);
    CHECK(finished.exit_code == 0);
    CHECK_THAT(finished.out, Catch::Contains("Usage:"));
  }
}

TEST_CASE("What a command says of itself is said once, however many ranks there are", "[commands]") {
  const World w = world();
  for (const std::vector<std::string>& words : {std::vector<std::string>{"search", "--help"},
                                                {"search", "--print-config"},
                                                {"supernet", "train", "--help"},
                                                {"supernet", "sweep", "--help"}}) {
    const auto alone = run(w.alone(words));
    REQUIRE_FALSE(alone.out.empty());
    const auto finished = run(w.on_ranks(3, words));
    INFO(words.back() << ": " << finished.err);
    CHECK(finished.exit_code == 0);
    CHECK(finished.out == alone.out);
    CHECK(finished.err.empty());
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

TEST_CASE("What measures a supernet on other data than it was trained on says so, once", "[commands]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto other = folder / "other.h5";
  REQUIRE(
      run(w.alone({"data", "synth", "--kind", "av-digits", "--samples", "100", "--seed", "9", "--out", other.string()}))
          .exit_code == 0);
  std::ofstream(folder / "genomes.txt") << "smallest\n";
  const std::vector<std::string> eval = {"supernet", "eval",     "--weights", w.weights("image").string(),
                                         "--genome", "smallest", "--data"};
  const std::vector<std::string> sweep = {"supernet",  "sweep",
                                          "--weights", w.weights("image").string(),
                                          "--genomes", (folder / "genomes.txt").string(),
                                          "--out",     (folder / "sweep.csv").string(),
                                          "--data"};
  for (const auto& words : {eval, sweep}) {
    const auto on = [&](const std::filesystem::path& data) {
      auto command = words;
      command.push_back(data.string());
      return run(w.on_ranks(2, command));
    };
    const auto warned = on(other);
    CHECK(warned.exit_code == 0);
    const auto said = warned.err.find("was trained on other data: on digits.h5");
    CHECK(said != std::string::npos);
    CHECK(warned.err.find("was trained on other data", said + 1) == std::string::npos);
    std::filesystem::remove(folder / "sweep.csv");
    CHECK_THAT(on(w.data()).err, !Catch::Contains("other data"));
  }
}

TEST_CASE("A sweep writes metric and costs of every genome, the same on any number of ranks, and resumes",
          "[commands]") {
  const World w = world();
  const TemporaryFolder folder;
  std::ofstream(folder / "genomes.txt") << "# two that share a prefix, one twice\nlargest\nsmallest\n"
                                           "K=7,7,7,3;E=6,6,6,6;D=4\nsmallest\nK=3,3,0,0;E=3,4,0,0;D=2\n";
  const auto words = [&](const std::string& out) {
    return std::vector<std::string>{"supernet",  "sweep",
                                    "--weights", w.weights("image").string(),
                                    "--data",    w.data().string(),
                                    "--genomes", (folder / "genomes.txt").string(),
                                    "--device",  "gpu=" + (w.source / "luts/edge-gpu.json").string(),
                                    "--out",     (folder / out).string(),
                                    "--json"};
  };
  const auto one = json_of(w.alone(words("one.csv")));
  CHECK(one.at("networks") == 5);
  CHECK(one.at("measured") == 4);
  (void)json_of(w.on_ranks(2, words("two.csv")));
  const std::string csv = harmonic::read_file(folder / "one.csv");
  CHECK(csv == harmonic::read_file(folder / "two.csv"));
  CHECK(csv.starts_with(
      "genome,metric,latency_ms.gpu,energy_mj.gpu,parameters,macs,front\n\"K=7,7,7,7;E=6,6,6,6;D=4\","));
  const auto evaluated =
      json_of(w.alone({"supernet", "eval", "--weights", w.weights("image").string(), "--data", w.data().string(),
                       "--genome", one.at("best").at("genome"), "--recalibrate", "--json"}));
  CHECK(evaluated.at("metric").get<double>() == Approx(one.at("best").at("metric").get<double>()));

  // Cut off after two of the five lines.
  std::size_t end = 0;
  for (int line = 0; line < 3; ++line) end = csv.find('\n', end) + 1;
  std::ofstream(folder / "one.csv") << csv.substr(0, end);
  auto again = words("one.csv");
  again.push_back("--resume");
  CHECK(json_of(w.alone(again)).at("measured") == 2);
  CHECK(csv == harmonic::read_file(folder / "one.csv"));
}

TEST_CASE("A sweep goes on with rows of its own weights, samples and options alone, and loses none of them",
          "[commands]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto csv = folder / "s.csv";
  std::ofstream(folder / "two.txt") << "largest\nsmallest\n";
  std::ofstream(folder / "other.txt") << "K=3,3,0,0;E=3,4,0,0;D=2\nsmallest\n";
  const auto words = [&](const std::string& genomes, const std::vector<std::string>& more) {
    std::vector<std::string> all = {
        "supernet", "sweep",      "--data", w.data().string(), "--genomes", (folder / genomes).string(),
        "--out",    csv.string(), "--json", "--resume"};
    all.insert(all.end(), more.begin(), more.end());
    if (std::ranges::find(more, "--weights") == more.end())
      all.insert(all.end(), {"--weights", w.weights("audio").string()});
    return w.alone(all);
  };
  CHECK(json_of(words("two.txt", {"--limit", "20"})).at("measured") == 2);  // there is nothing to resume yet
  const std::string first = harmonic::read_file(csv);
  const auto refused = [&](const std::vector<std::string>& more, const std::string& why) {
    const auto finished = run(words("other.txt", more));
    INFO(finished.err);
    CHECK(finished.exit_code == 2);
    CHECK_THAT(finished.err, Catch::Contains(why));
    CHECK(harmonic::read_file(csv) == first);
  };
  refused({"--limit", "21"}, "samples (20 there, 21 given)");
  refused({"--limit", "20", "--split", "test"}, "split (val there, test given)");
  refused({"--limit", "20", "--calibration-samples", "64"}, "calibration-samples (");
  refused({"--limit", "20", "--calibration-batch", "32"}, "calibration-batch (256 there, 32 given)");
  const auto other = (folder / "w.h5").string();
  REQUIRE(run(w.alone({"supernet", "train", "--data", w.data().string(), "--modality", "audio", "--space",
                       "avmnist-audio", "--out", other, "--epochs", "1"}))
              .exit_code == 0);
  refused({"--limit", "20", "--weights", other}, "weights (");

  CHECK(json_of(words("other.txt", {"--limit", "20"})).at("measured") == 1);
  const auto table = harmonic::CsvTable::read(csv);
  REQUIRE(table.rows() == 3);
  CHECK(table.cell(2, 0).starts_with("K=7,7,7,7"));  // known, but not asked for this time
  CHECK(first.find(table.cell(2, 1)) != std::string::npos);
}

TEST_CASE("A space of the user's own is trained, swept and priced by its name", "[commands]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto path = [&](const std::string& name) { return (folder / name).string(); };
  std::ofstream(folder / "own.cfg") << "[space.tiny]\nresolution = 28\nwidths = 16\nfinal-expand = 24\nkernels = 3,5\n"
                                       "expansions = 2\ndepths = 1,2\n";
  const auto trained = run(w.alone({"supernet", "train", "--config", path("own.cfg"), "--data", w.data().string(),
                                    "--modality", "image", "--space", "tiny", "--out", path("w.h5"), "--epochs", "1"}));
  INFO(trained.err);
  REQUIRE(trained.exit_code == 0);
  REQUIRE(run(w.alone({"lut", "model", "--config", path("own.cfg"), "--space", "tiny", "--device-profile", "edge-gpu",
                       "--out", path("lut.json")}))
              .exit_code == 0);
  const auto swept =
      json_of(w.alone({"supernet", "sweep", "--weights", path("w.h5"), "--data", w.data().string(), "--all", "--device",
                       "gpu=" + path("lut.json"), "--out", path("all.csv"), "--json"}));
  CHECK(swept.at("networks") == 2 + 4);
  // On from those weights, from no others: a training without steps to speak of leaves them nearly as they are.
  const auto on = run(w.alone({"supernet",   "train", "--config", path("own.cfg"), "--data", w.data().string(),
                               "--modality", "image", "--space",  "tiny",          "--out",  path("on.h5"),
                               "--epochs",   "1",     "--init",   path("w.h5"),    "--lr",   "1e-8",
                               "--seed",     "77"}));
  INFO(on.err);
  REQUIRE(on.exit_code == 0);
  using harmonic::Hdf5File;
  const Hdf5File before(path("w.h5"), Hdf5File::Mode::read), after(path("on.h5"), Hdf5File::Mode::read);
  const std::string name = "/tensors/first_conv.conv.weight";
  const auto first = before.read<float>(name), then = after.read<float>(name);
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(then[i] == Approx(first[i]).margin(1e-5));
  CHECK_THAT(after.attribute_text("/", "provenance"), Catch::Contains("from the weights of w.h5"));
}

TEST_CASE("Commands that compute nothing do not load LibTorch", "[commands]") {
  const World w = world();
  // What the loader would map, in place of running the program.
  const auto libraries = run({"/usr/bin/env", "LD_TRACE_LOADED_OBJECTS=1", w.alone({}).front()});
  REQUIRE(libraries.exit_code == 0);
  CHECK_THAT(libraries.out, Catch::Contains("libc.so") && !Catch::Contains("torch"));
}
