#include "core/config/options.hpp"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/config/doubtful_values.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;

namespace {

struct Fixture {
  std::string out;
  int population = 64;
  double rate = 0.5;
  bool resume = false;
  std::vector<std::string> device;
  std::vector<int> cells = {1, 3};
  std::string kind = "a";
  OptionSet options{"harmonic try", "Tries."};

  Fixture() {
    options.add("out", out, "output file");
    options.add("resume", resume, "go on");
    options.section("search")
        .add("population", population, "genomes", {2, 100})
        .add("rate", rate, "share", {0.0, 1.0})
        .add("device", device, "a device")
        .add("cells", cells, "numbers")
        .add_choice("kind", kind, {"a", "bee"}, "which");
  }

  std::string config(const std::string& text) {
    const auto path = folder / "c.cfg";
    std::ofstream(path) << text;
    return path.string();
  }

  testing::TemporaryFolder folder;
};

}  // namespace

TEST_CASE("The command line wins over the file, the file over the default", "[config]") {
  Fixture f;
  const auto path = f.config("[search]\npopulation = 10\nrate = 0.25\ndevice = one\ndevice = two\n");
  REQUIRE(f.options.parse({"--config", path, "--population", "20", "--resume"}) == OptionSet::Parsed::ready);
  CHECK(f.population == 20);
  CHECK(f.rate == 0.25);
  CHECK(f.device == std::vector<std::string>{"one", "two"});
  CHECK(f.resume);
  CHECK(f.kind == "a");
  CHECK(f.options.given("rate"));
  CHECK_FALSE(f.options.given("kind"));
}

TEST_CASE("What is written back reads as the same settings", "[config]") {
  Fixture f;
  (void)f.options.parse(
      {"--population", "33", "--device", "x=a", "--device", "y=b", "--cells", "4,5", "--kind", "bee"});
  const std::string ini = f.options.to_ini();
  Fixture g;
  (void)g.options.parse({"--config", g.config(ini)});
  CHECK(g.options.to_ini() == ini);
  CHECK(g.device == f.device);
  CHECK(g.cells == std::vector<int>{4, 5});
}

TEST_CASE("A slip in an option or key gets one line that names the nearest known one", "[config]") {
  const auto message = [](const std::vector<std::string>& args, const std::string& config = {}) {
    Fixture f;
    auto all = args;
    if (!config.empty()) all.insert(all.end(), {"--config", f.config(config)});
    try {
      (void)f.options.parse(all);
    } catch (const InputError& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  CHECK_THAT(message({"--populaton", "3"}), Catch::Contains("--populaton") && Catch::Contains("--population"));
  CHECK_THAT(message({}, "[search]\npopulaton = 3\n"), Catch::Contains("populaton") && Catch::Contains("population"));
  CHECK_THAT(message({}, "[serch]\npopulation = 3\n"), Catch::Contains("[search]"));
  CHECK_THAT(message({}, "[search]\nrate = 1\n[serch]\n"),
             Catch::Contains("c.cfg, line 3: unknown section [serch]") && Catch::Contains("did you mean [search]?"));
  CHECK(message({}, "[search]\n") == "accepted");
  CHECK_THAT(message({}, "[search]\nout = 3\n"), Catch::Contains("unknown key 'out'"));
  CHECK_THAT(message({"--population", "1"}), Catch::Contains("between 2 and 100"));
  CHECK_THAT(message({"--population", "x"}), Catch::Contains("not a whole number"));
  CHECK_THAT(message({"--kind", "be"}), Catch::Contains("bee"));
  CHECK_THAT(message({"--rate", "1.5"}), Catch::Contains("between 0 and 1"));
  CHECK_THAT(message({"--config", "/nowhere.cfg"}), Catch::Contains("/nowhere.cfg"));
  CHECK_THAT(message({"--config", "/"}), Catch::Contains("cannot read the config file"));
  CHECK_THAT(message({"--population"}), Catch::Contains("population"));
  CHECK_THAT(message({"stray"}), Catch::Contains("'stray'") && Catch::Contains("--help"));
  CHECK_THAT(message({"--resume", "stray", "--population", "3"}), Catch::Contains("'stray'"));
  CHECK_THAT(message({}, "[search]\npopulation = 3\npopulation = 4\n"), Catch::Contains("2 times"));
  CHECK_THAT(message({}, "[search]\nrat = 1\n"), Catch::Contains("did you mean rate?"));
  CHECK_THAT(message({}, "[search]\nout = 3\n"), Catch::Contains("give it on the command line: --out"));
}

TEST_CASE("An empty value turns no switch on and is no list of words", "[config]") {
  for (const std::string entry : {"fast =", "words ="}) {
    Fixture f;
    bool fast = false;
    std::vector<bool Fixture::*> words = {&Fixture::resume};
    f.options.add("fast", fast, "").add_choices("words", words, {{"resume", &Fixture::resume}}, "");
    CHECK_THROWS_WITH(
        f.options.parse({"--config", f.config("[search]\n" + entry + "\n"), "--print-config"}),
        Catch::Contains("c.cfg, line 2") && Catch::Contains(entry.substr(0, 4)) && Catch::Contains("give"));
    CHECK(f.options.parse({"--fast"}) == OptionSet::Parsed::ready);
    CHECK(fast);
  }
}

TEST_CASE("What a rule decides shows wherever values do, and what it overrules is told", "[config]") {
  Fixture f;
  f.options.add_rule("kind = bee", [&] {
    if (f.kind == "bee") f.rate = 0.125, f.population = 2;
  });
  (void)f.options.parse({"--kind", "bee", "--rate", "0.25"});
  CHECK(f.options.identity().at("rate") == std::vector<std::string>{"0.125"});
  CHECK_THAT(f.options.to_ini(), Catch::Contains("rate = 0.125") && Catch::Contains("population = 2"));
  CHECK(f.options.notices() == std::vector<std::string>{"kind = bee has values of its own: rate is 0.125, not 0.25"});
}

TEST_CASE("A required option that is missing is named", "[config]") {
  std::string data;
  OptionSet options("harmonic try", "");
  options.add("data", data, "data set file").required();
  CHECK_THROWS_WITH(options.parse({}), Catch::Contains("--data"));
}

TEST_CASE("Help lists every option with its default", "[config]") {
  Fixture f;
  const auto help = f.options.help();
  for (const auto* part : {"--out", "--population", "[default: 64]", "--device", "--kind", "a | bee", "[search]"})
    CHECK_THAT(help, Catch::Contains(part));
}

TEST_CASE("A value from a config file that cannot be is named with file and line", "[config]") {
  Fixture f;
  CHECK_THROWS_WITH(f.options.parse({"--config", f.config("[search]\nrate = 0.5\npopulation = 1\n")}),
                    Catch::Contains("c.cfg, line 3") && Catch::Contains("between 2 and 100"));
  CHECK_THROWS_WITH(f.options.parse({"--config", f.config("population = 3\n")}),
                    Catch::Contains("c.cfg, line 1") && Catch::Contains("before any section"));
}

TEST_CASE("A path with a # in it is read back whole", "[config]") {
  Fixture f;
  (void)f.options.parse({"--device", "gpu=runs/#1/a b #2.json"});
  Fixture g;
  (void)g.options.parse({"--config", g.config(f.options.to_ini())});
  CHECK(g.device == f.device);
}

TEST_CASE("What is free, and the paths in what is not, are no part of an identity", "[config]") {
  int leases = 1, seed = 2;
  std::vector<std::string> files = {"a.h5"};
  OptionSet options("harmonic try", "");
  options.section("run").add("leases", leases, "").free().add("seed", seed, "");
  options.add("file", files, "").names_files([](const auto& text, const auto& change) { return change(text); });
  const auto before = options.identity();
  CHECK(before == OptionSet::Values{{"seed", {"2"}}, {"file", {"*"}}});
  seed = 3;
  files = {"b.h5", "c.h5"};
  CHECK(differences(before, options.identity()) ==
        std::vector<std::string>{"file (* in the run, * * given)", "seed (2 in the run, 3 given)"});
}

TEST_CASE("One file serves every command: what others take is passed over, what none does is named", "[config]") {
  const std::string of_others = "[supernet]\nepochs = 3\n[space.mine]\nwidths = 24\n[fusion]\n";
  Fixture f;
  CHECK(f.options.parse({"--config", f.config(of_others + "[search]\npopulation = 3\n")}) == OptionSet::Parsed::ready);
  CHECK(f.population == 3);
  OptionSet none("harmonic none", "");
  CHECK(none.parse({"--config", f.config(of_others)}) == OptionSet::Parsed::ready);
  CHECK_THROWS_WITH(none.parse({"--config", f.config("[fushion]\nepochs = 3\n")}),
                    Catch::Contains("line 1: unknown section [fushion]") && Catch::Contains("did you mean [fusion]?"));
  CHECK_THROWS_WITH(none.parse({"--config", f.config("[space]\nwidths = 3\n")}),
                    Catch::Contains("did you mean [space.NAME]?"));
}

TEST_CASE("Of several config files the last wins, key by key", "[config]") {
  Fixture f;
  const auto one = f.config("[search]\npopulation = 10\nrate = 0.25\ndevice = a\ndevice = b\n");
  const auto two = (f.folder / "two.cfg").string();
  std::ofstream(two) << "[search]\npopulation = 20\ndevice = c\n";
  (void)f.options.parse({"--config", one, "--config", two, "--cells", "7"});
  CHECK(f.population == 20);
  CHECK(f.rate == 0.25);
  CHECK(f.device == std::vector<std::string>{"c"});
  CHECK(f.cells == std::vector{7});
}

TEST_CASE("A list takes commas, repeats, or both", "[config]") {
  const std::vector<std::string> devices = {"a", "b", "c"};
  const std::vector<int> cells = {1, 2, 3};
  for (const auto& args :
       {std::vector<std::string>{"--device", "a,b,c", "--cells", "1,2,3"},
        {"--device", "a", "--device", "b", "--device", "c", "--cells", "1", "--cells", "2", "--cells", "3"},
        {"--device", "a, b", "--device", "c", "--cells", "1", "--cells", "2, 3"}}) {
    Fixture f;
    (void)f.options.parse(args);
    CHECK(f.device == devices);
    CHECK(f.cells == cells);
  }
  Fixture f;
  (void)f.options.parse({"--config", f.config("[search]\ndevice = a\ndevice = b, c\ncells =\n")});
  CHECK(f.device == devices);
  CHECK(f.cells.empty());
  CHECK_THROWS_WITH(f.options.parse({"--cells", "1,,2"}), Catch::Contains("a value of option cells is ''"));
  CHECK(listed_named_values("gpu=a.json,2, cpu=b.json") == std::vector<std::string>{"gpu=a.json,2", "cpu=b.json"});
}

namespace {
/// Options of which one names files, in a folder of their own.
struct Files {
  std::vector<std::string> table;
  OptionSet options{"harmonic try", ""};
  testing::TemporaryFolder folder;
  Files() {
    options.section("hardware").add("table", table, "").names_files([](const auto& text, const auto& change) {
      return change(text);
    });
    std::filesystem::create_directories(folder / "configs");
    std::filesystem::create_directories(folder / "luts");
    std::ofstream(folder / "luts" / "a.json") << "{}";
  }
  std::string config(const std::string& tables) {
    const auto path = folder / "configs" / "c.cfg";
    std::ofstream(path) << "[hardware]\n" + tables;
    return path.string();
  }
};
}  // namespace

TEST_CASE("A path in a config file is relative to the file's folder, or with cwd: to the current one", "[config]") {
  Files f;
  const auto whole = (f.folder / "luts" / "a.json").string();
  (void)f.options.parse({"--config", f.config("table = ../luts/a.json\ntable = cwd:b.json\ntable = " + whole + "\n")});
  CHECK(f.table == std::vector<std::string>{whole, "b.json", whole});
  // What is written is found again from anywhere.
  const auto here = (std::filesystem::current_path() / "b.json").string();
  CHECK_THAT(f.options.to_ini(), Catch::Contains("table = " + whole + "\ntable = " + here + "\n"));
  (void)f.options.parse({"--table", "d/e.json,cwd:f.json"});
  CHECK(f.table == std::vector<std::string>{"d/e.json", "f.json"});
}

TEST_CASE("A path that cannot be read is named with its key, the file, and the folder it was looked for in",
          "[config]") {
  Files f;
  const auto path = f.config("table = ../luts/a.json\ntable = luts/a.json\n");
  (void)f.options.parse({"--config", path});
  CHECK_THROWS_WITH(f.options.check_files(),
                    Catch::Contains(path + ", line 3: table names luts/a.json, looked for in " +
                                    (f.folder / "configs").string() + ": No such file") &&
                        Catch::Contains("cwd:"));
  (void)f.options.parse({"--table", "no.json"});
  CHECK_THROWS_WITH(f.options.check_files(),
                    Catch::Contains("option --table") &&
                        Catch::Contains("names no.json, looked for in " + std::filesystem::current_path().string()));
  (void)f.options.parse({"--table", f.folder.path().string()});
  CHECK_THROWS_WITH(f.options.check_files(), Catch::Contains("it is a folder"));
  (void)f.options.parse({"--config", f.config("table = ../luts/a.json\n")});
  CHECK_NOTHROW(f.options.check_files());
}

TEST_CASE("What was given and does nothing is named with its reason", "[config]") {
  Fixture f;
  double momentum = 0.9;
  f.options.add("momentum", momentum, "").idle_while([&] { return f.kind == "a" ? "kind is a" : ""; });
  (void)f.options.parse({"--config", f.config("[search]\nmomentum = 0.5\n")});
  REQUIRE(f.options.notices().size() == 1);
  CHECK_THAT(f.options.notices().front(), Catch::Contains("c.cfg, line 2: momentum does nothing: kind is a"));
  Fixture g;
  g.options.add("momentum", momentum = 0.9, "").idle_while([&] { return g.kind == "a" ? "kind is a" : ""; });
  (void)g.options.parse({"--momentum", "0.5", "--kind", "bee"});
  CHECK(g.options.notices().empty());
}

TEST_CASE("What a run recorded is in force where nothing given says otherwise", "[config]") {
  Fixture f;
  f.options.recorded_by([&]() -> std::optional<RecordedSettings> {
    if (!f.resume) return std::nullopt;
    return RecordedSettings{"[search]\npopulation = 30\nrate = 0.25\ndevice = a\n", "runs/1/config.cfg"};
  });
  (void)f.options.parse({"--resume", "--config", f.config("[search]\nrate = 0.75\n"), "--device", "b"});
  CHECK(f.population == 30);
  CHECK(f.rate == 0.75);
  CHECK(f.device == std::vector<std::string>{"b"});
}

TEST_CASE("A required setting is written as soon as it has a value, and as a comment before", "[config]") {
  std::string table;
  const auto written = [&table] {
    OptionSet options("harmonic try", "");
    options.section("reproduce").add_choice("table", table, {"avmnist", "mmimdb"}, "the table").required();
    return options.to_ini();
  };
  CHECK_THAT(written(), Catch::Contains("\n# table ="));
  table = "mmimdb";
  CHECK_THAT(written(), Catch::Contains("\ntable = mmimdb\n"));
}

TEST_CASE("A list may stand in brackets", "[config]") {
  Fixture f;
  REQUIRE(f.options.parse({"--cells", "[4, 5]", "--config", f.config("[search]\ndevice = [one, two]\n")}) ==
          OptionSet::Parsed::ready);
  CHECK(f.cells == std::vector<int>{4, 5});
  CHECK(f.device == std::vector<std::string>{"one", "two"});
}

TEST_CASE("A key that no command knows is named in a section that is another command's, too", "[config]") {
  const auto message = [](const std::string& config) {
    Fixture f;
    try {
      (void)f.options.parse({"--config", f.config(config)});
    } catch (const InputError& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  CHECK(message("[supernet]\nepochs = 3\nlr = 0.1\n[fusion]\nbatch = 3\n[reproduce]\nrows = 1\n[space.x]\n") ==
        "accepted");
  CHECK_THAT(message("[supernet]\n\nepoch = 3\n"),
             Catch::Contains("line 3: unknown key 'epoch' in [supernet]") && Catch::Contains("did you mean epochs?"));
  CHECK_THAT(message("[fusion]\nlr = 3\n"),
             Catch::Contains("did you mean arch-lr, retrain-lr, weight-lr or weight-lr-min?"));
}

TEST_CASE("A key that is part of others is taken for them, and one of another command is sent there", "[config]") {
  double weight = 0, arch = 0;
  Fixture f;
  f.options.add("weight-lr", weight, "").add("arch-lr", arch, "");
  CHECK_THROWS_WITH(
      f.options.parse({"--config", f.config("[search]\nlr = 0.1\n")}),
      Catch::Contains("unknown key 'lr' in [search]") && Catch::Contains("did you mean weight-lr or arch-lr?"));
  CHECK_THROWS_WITH(f.options.parse({"--search-rate", "0.1"}), Catch::Contains("did you mean --rate?"));
  CHECK_THROWS_WITH(f.options.parse({"--popul", "4"}), Catch::Contains("did you mean --population?"));
  CHECK_THROWS_WITH(f.options.parse({"--config", f.config("[search]\noptimizer = sgd\n")}),
                    Catch::Contains("move it to [supernet]"));
}

TEST_CASE("An option with one dash, or with a text editor's, is told how many it needs", "[config]") {
  Fixture f;
  for (const char* word : {"-population", "-population=4", "---population", "\u2013population", "\u2014population=4"}) {
    CHECK_THROWS_WITH(f.options.parse({word, "4"}), Catch::Contains(std::string("no option '") + word + "'") &&
                                                        Catch::Contains("two plain dashes: --population"));
    CHECK_THROWS_WITH(f.options.parse({"--population", "4", word, "5"}), Catch::Contains("two plain dashes"));
  }
  CHECK_THROWS_WITH(f.options.parse({"-populaton", "4"}), Catch::Contains("did you mean --population?"));
  CHECK_THROWS_WITH(f.options.parse({"population", "4"}), Catch::Contains("'population' belongs to no option"));
}

TEST_CASE("A switch lists the words that it takes", "[config]") {
  Fixture f;
  CHECK_THROWS_WITH(f.options.parse({"--resume", "ja"}), Catch::Contains("resume is 'ja'") &&
                                                             Catch::Contains("true or false") &&
                                                             Catch::Contains("yes and no"));
  CHECK(f.options.parse({"--resume", "no"}) == OptionSet::Parsed::ready);
  CHECK_FALSE(f.resume);
}

TEST_CASE("A value that is allowed, and of no use, is told when it was given", "[config]") {
  const auto doubts = [](const std::vector<std::string>& args) {
    double lr = 99, dropout = 0.9;
    OptionSet options("harmonic try", "Tries.");
    options.section("supernet").add("lr", lr, "").add("dropout", dropout, "");
    (void)options.parse(args);
    return doubtful_values(options);
  };
  CHECK(doubts({}).empty());
  CHECK(doubts({"--lr", "0.004", "--dropout", "0"}).empty());
  const auto told = doubts({"--lr", "10", "--dropout", "0.8"});
  REQUIRE(told.size() == 2);
  CHECK_THAT(told[0], Catch::Contains("lr is 10") && Catch::Contains("learning rates") && Catch::Contains("0.5"));
  CHECK_THAT(told[1], Catch::Contains("dropout is 0.8"));
  CHECK_THAT(doubts({"--lr", "0"}).at(0), Catch::Contains("lr is 0"));
}
