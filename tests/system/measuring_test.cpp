// Tables measured on the machine at hand, and by a kit.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/hardware/lut.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/system/world.hpp"

using namespace harmonic;
using namespace harmonic::testing;
using Catch::Contains;

namespace {

using Words = std::vector<std::string>;
using nlohmann::json;

json json_of(const Words& command) {
  const auto finished = run(command);
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  return json::parse(finished.out);
}

/// Of two small spaces, so that the whole is measured soon.
class SmallSpaces {
 public:
  SmallSpaces() {
    std::ofstream(folder_ / "spaces.cfg")
        << "[space.small]\nkernels = 3,5\nexpansions = 3\n[space.other]\nresolution = "
           "20\nkernels = 3\nexpansions = 3,4\n[fusion]\nchannels = 16\nside = 2\n";
  }
  [[nodiscard]] Words with(Words words) const {
    for (const auto& word :
         Words{"--config", file("spaces.cfg"), "--space", "small", "--space", "other", "--classes", "4"})
      words.push_back(word);
    return words;
  }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ / name; }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("A profile that is killed goes on, and its table prices whole networks", "[measuring]") {
  const World w = world();
  const SmallSpaces spaces;
  const auto table = spaces.file("t.json");
  const auto profile = [&](const std::string& rounds) {
    return w.alone(spaces.with(
        {"lut", "profile", "--out", table, "--interval", "1", "--time", "20", "--json", "--rounds", rounds}));
  };
  {
    Process endless(profile("100000"));
    const auto half_done = [&] {
      return std::filesystem::exists(table + ".partial") &&
             read_file(table + ".partial").find("\nround\n") != std::string::npos;
    };
    REQUIRE(wait_until(endless, half_done));
    endless.kill_all();
    endless.wait();
  }
  CHECK_FALSE(std::filesystem::exists(table));
  const auto finished = run(profile("8"));
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  CHECK_THAT(finished.err, Contains("goes on after"));
  CHECK_FALSE(std::filesystem::exists(table + ".partial"));
  const auto measured = LookUpTable::load({table});
  CHECK(measured.provenance().origin == "measured");
  CHECK_THAT(measured.provenance().settings, Contains("batch 1") && Contains("1 thread") && Contains("energy"));
  for (const auto& [key, cost] : measured.rows()) {
    INFO(key);
    CHECK(cost.latency_ms() > 0);
  }

  const auto priced = json_of(w.alone({"lut",       "cost",
                                       "--lut",     table,
                                       "--config",  spaces.file("spaces.cfg"),
                                       "--classes", "4",
                                       "--cost",    "full",
                                       "--space",   "small",
                                       "--genome",  "largest",
                                       "--space",   "other",
                                       "--genome",  "smallest",
                                       "--fusion",  "Sum,LinearGLU",
                                       "--json"}));
  CHECK(priced["latency_ms"].get<double>() > 0);
  const auto picture = spaces.file("p.svg"), better = spaces.file("better.json");
  const auto judged =
      json_of(w.alone(spaces.with({"lut", "validate", "--lut", table, "--networks", "6", "--models", "3", "--visits",
                                   "3", "--svg", picture, "--out", better, "--json"})));
  CHECK(judged["mape"].get<double>() >= 0);
  CHECK(judged["kendall_tau"].get<double>() <= 1);
  CHECK(judged["networks"] == 9);
  CHECK(judged["cost"] == "full");
  CHECK(judged["groups"].size() == 3);
  CHECK_THAT(read_file(picture), Contains("<circle"));
  const auto scale = judged["correction"]["scale"].get<double>();
  const auto corrected = LookUpTable::load({better});
  for (const auto& [key, cost] : corrected.rows())
    CHECK(cost.latency_ms() == Approx(scale * measured.at(key).latency_ms()));
}

TEST_CASE("What cannot be measured is refused in one line", "[measuring]") {
  const World w = world();
  const TemporaryFolder folder;
  const std::string out = folder / "t.json";
  const auto refused = [&](const Words& words, const std::string& why) {
    const auto finished = run(w.alone(words));
    INFO(finished.err);
    CHECK(finished.exit_code == 2);
    CHECK_THAT(finished.err, Contains(why));
    CHECK_FALSE(std::filesystem::exists(out));
  };
  refused({"lut", "profile", "--out", out, "--device", "phone"}, "lut kit");
  refused({"lut", "profile", "--out", out, "--space", "nowhere"}, "nowhere");
  refused({"lut", "profile", "--out", out, "--positions", "15"}, "square");
  refused({"lut", "kit", "--out", folder.path()}, "another folder");
  refused({"lut", "import", "--device", "d", "--out", out}, "--kit");
  refused({"lut", "validate", "--lut", folder / "none.json"}, "none.json");
  refused({"lut", "validate", "--lut", folder / "none.json", "--table-only", "--svg", out, "--models", "2"},
          "leave out --table-only, or --svg and --models");
}

TEST_CASE("A kit that ONNX Runtime measures becomes a table, and its networks judge it", "[measuring]") {
  const char* python = std::getenv("HARMONIC_ONNX_PYTHON");
  if (python == nullptr || !std::filesystem::exists(python)) {
    WARN("SKIPPED: no ONNX Runtime (HARMONIC_CHECKS=1 deploy/setup.sh installs it)");
    return;
  }
  const World w = world();
  const SmallSpaces spaces;
  const auto kit = spaces.file("kit"), table = spaces.file("t.json");
  const auto made =
      json_of(w.alone(spaces.with({"lut", "kit", "--out", kit, "--networks", "4", "--models", "2", "--json"})));
  const auto manifest = CsvTable::read(kit + "/manifest.csv");
  CHECK(made["parts"] == manifest.rows());
  for (std::size_t row = 0; row < manifest.rows(); ++row)
    CHECK(std::filesystem::exists(kit + "/" + manifest.cell(row, manifest.column("file"))));
  const Words import = {"lut",   "import", "--kit", kit + "/manifest.csv", "--device", "ONNX Runtime here",
                        "--out", table,    "--json"};
  CHECK(run(w.alone(import)).exit_code == 2);  // nobody has measured it
  const auto measured = run({python, w.source / "deploy/kit/measure_with_onnxruntime.py", kit + "/manifest.csv",
                             kit + "/networks.csv", "--turns", "9", "--runs", "4"});
  INFO(measured.out << measured.err);
  REQUIRE(measured.exit_code == 0);
  CHECK(json_of(w.alone(import))["rows"] == manifest.rows() - 1);  // but for a call's own price
  const auto judged = json_of(w.alone(spaces.with({"lut", "validate", "--lut", table, "--kit", kit + "/networks.csv",
                                                   "--networks", "4", "--models", "2", "--json"})));
  CHECK(judged["networks"] == 6);
  CHECK(judged["mape"].get<double>() >= 0);
}
