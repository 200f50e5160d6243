#include "core/config/search_settings.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/config/pairs_at_once.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/captured_stdout.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;

namespace {
/// As a command reads them from its words.
SearchSettings parsed(std::vector<std::string> args) {
  SearchSettings settings;
  OptionSet options("harmonic search", "");
  settings.declare(options);
  args.insert(args.end(), {"--data", "d.h5", "--run", "r"});
  (void)options.parse(args);
  return settings;
}

OptionSet::Values values_of(SearchSettings settings) {
  OptionSet options("", "");
  settings.declare(options);
  return options.values();
}

SearchSettings valid() {
  return parsed(
      {"--modality", "image=avmnist-image,i.h5", "--modality", "audio=avmnist-audio,a.h5", "--device", "gpu=t.json,2"});
}
}  // namespace

TEST_CASE("Settings are read into typed values once", "[config]") {
  const auto settings = parsed({"--modality", "image=avmnist-image,i.h5", "--modality", "sound = avmnist-audio, a.h5",
                                "--device", "gpu=t.json+u.json,2", "--aggregate", "worst", "--protocol", "published",
                                "--compute", "cuda", "--keep-models", "all", "--features", "4,3"});
  REQUIRE(settings.modalities.size() == 2);
  CHECK(settings.modalities[1].name == "sound");
  CHECK(settings.modalities[1].space == find_space("avmnist-audio"));
  CHECK(settings.modalities[1].weights == "a.h5");
  CHECK(settings.fusion.features_of(1) == 3);
  REQUIRE(settings.devices.size() == 1);
  CHECK(settings.devices[0].tables == std::vector<std::string>{"t.json", "u.json"});
  CHECK(settings.devices[0].weight == 2);
  CHECK(settings.aggregate == Aggregate::worst);
  CHECK(settings.protocol == Protocol::published);
  CHECK(settings.compute == Compute::cuda);
  CHECK(settings.keep_models == KeepModels::all);
  CHECK_THROWS_WITH(parsed({"--modality", "image"}), Catch::Contains("cannot read modality 'image'"));
  CHECK_THROWS_WITH(parsed({"--modality", "image=avmnist-imag,i.h5"}), Catch::Contains("did you mean avmnist-image"));
  CHECK_THROWS_WITH(parsed({"--protocol", "honst"}), Catch::Contains("did you mean honest"));
  CHECK_THROWS_WITH(parsed({"--operators", "Sum", "--operators", "Summ"}),
                    Catch::Contains("Summ") && Catch::Contains("did you mean Sum"));
  CHECK_THROWS_WITH(parsed({"--operators", "Sum ConcatFC"}),
                    Catch::Contains("'Sum ConcatFC'") && Catch::Contains("by commas: Sum, …"));
}

TEST_CASE("Modalities, devices and operators are lists like others", "[config]") {
  const auto settings = parsed({"--modality", "image=avmnist-image,runs/lr=1/i.h5,audio=avmnist-audio,a.h5", "--device",
                                "gpu=t.json+u.json,2,cpu=v.json", "--operators", "Sum,SE1", "--operators", "ConcatFC",
                                "--objective", "latency", "--objective", "macs"});
  REQUIRE(settings.modalities.size() == 2);
  CHECK(settings.modalities[0].weights == "runs/lr=1/i.h5");
  CHECK(settings.modalities[1].name == "audio");
  REQUIRE(settings.devices.size() == 2);
  CHECK(settings.devices[0].weight == 2);
  CHECK(settings.devices[1].tables == std::vector<std::string>{"v.json"});
  CHECK(settings.fusion.operators == std::vector<std::string>{"Sum", "SE1", "ConcatFC"});
  CHECK(settings.objectives.size() == 2);
}

TEST_CASE("Weights and tables of a config file are found from its folder", "[config]") {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "c.cfg") << "[run]\nmodality = image=avmnist-image,i.h5\n[hardware]\n"
                                     "device = gpu=../t.json+cwd:u.json,2\n";
  const auto settings = parsed({"--config", folder / "c.cfg"});
  CHECK(settings.modalities.at(0).weights == (folder / "i.h5").string());
  CHECK(settings.devices.at(0).tables ==
        std::vector<std::string>{(folder.path().parent_path() / "t.json").string(), "u.json"});
}

TEST_CASE("Settings that do nothing beside the others are named", "[config]") {
  SearchSettings settings;
  OptionSet options("harmonic search", "");
  settings.declare(options);
  (void)options.parse(
      {"--data", "d", "--run", "r", "--view-strength", "2", "--macro-other", "0", "--other-cells", "5"});
  REQUIRE(options.notices().size() == 2);
  CHECK_THAT(options.notices()[0], Catch::Contains("--other-cells does nothing: macro-other is 0"));
  CHECK_THAT(options.notices()[1], Catch::Contains("--view-strength does nothing"));
}

TEST_CASE("A modality may name a space that its config file defines, wherever its section stands", "[config]") {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "c.cfg") << "[run]\nmodality = image=mine,i.h5\n[space.mine]\nresolution = 32\n";
  const auto settings = parsed({"--config", folder / "c.cfg"});
  CHECK(settings.modalities.at(0).space.resolution == 32);
  CHECK_THROWS_WITH(find_space("mine"), Catch::Contains("no search space 'mine'"));  // it is that command's alone
  CHECK_THROWS_WITH(parsed({"--config", folder / "c.cfg", "--modality", "image=mind,i.h5"}),
                    Catch::Contains("did you mean mine"));
}

TEST_CASE("Settings that cannot work are refused before anything starts", "[config]") {
  CHECK_NOTHROW(valid().check());
  const auto refused = [](auto change) {
    auto settings = valid();
    change(settings);
    CHECK_THROWS_AS(settings.check(), InputError);
  };
  refused([](auto& s) { s.modalities.clear(); });
  refused([](auto& s) { s.modalities[1] = s.modalities[0]; });
  refused([](auto& s) { s.devices.clear(); });
  refused([](auto& s) { s.fusion.features = {1, 2, 3}; });
  refused([](auto& s) { s.fusion.warmup_epochs = s.fusion.epochs; });
  refused([](auto& s) { s.evolution.macro.other_cells = {0}; });
}

TEST_CASE("Settings that only a worker would stumble over are refused by name", "[config]") {
  const auto message = [](auto change) {
    auto settings = valid();
    change(settings);
    try {
      settings.check();
    } catch (const InputError& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  CHECK_THAT(message([](auto& s) {
               s.fusion.operators = {"Sum", "SE1", "Sum"};
             }),
             Catch::Contains("operators lists Sum twice"));
  CHECK_THAT(message([](auto& s) { s.fusion.features = {4, 0}; }), Catch::Contains("features is 0 for modality audio"));
  CHECK_THAT(message([](auto& s) { s.fusion.features = {0}; }),
             Catch::Contains("features is 0 for modality image") && Catch::Contains("--features"));
  CHECK_THAT(message([](auto& s) { s.objectives.clear(); }),
             Catch::Contains("objective is empty") && Catch::Contains("latency"));
}

TEST_CASE("A modality offers what it can to fusion, four features at most, unless it is said", "[config]") {
  CHECK(valid().fusion.features == std::vector<int>{4});
  const auto settings =
      parsed({"--modality", "image=mmimdb-image,i.h5", "--modality", "text=maxout,t.h5", "--device", "gpu=t.json"});
  CHECK(settings.fusion.features == std::vector<int>{4, 2});
  CHECK(values_of(settings)["features"] == std::vector<std::string>{"4,2"});
  auto wrong = settings;
  wrong.fusion.features = {4, 2, 2};
  CHECK_THROWS_WITH(wrong.check(), Catch::Contains("3 numbers for 2 modalities") && Catch::Contains("--features 4,2"));
}

TEST_CASE("Several pairs at once are refused where they cannot train in one pass", "[config]") {
  auto settings = valid();
  settings.fusion.pairs_at_once = 4;
  CHECK_NOTHROW(settings.check());
  auto published = settings;
  published.protocol = Protocol::published;
  CHECK_THROWS_WITH(published.check(), Catch::Contains("pairs-at-once is 4") && Catch::Contains("published"));
  auto low_rank = settings;
  low_rank.fusion.operators.push_back("LowRankTensorFusion");
  CHECK_THROWS_WITH(low_rank.check(), Catch::Contains("pairs-at-once is 4") && Catch::Contains("LowRankTensorFusion"));
  auto steady = settings;
  steady.evolution.schedule = Schedule::steady;
  CHECK_THROWS_WITH(steady.check(), Catch::Contains("pairs-at-once is 4") && Catch::Contains("steady"));
  for (const int at_once : {1, kAutomaticPairs})
    for (auto* alone : {&published, &low_rank, &steady}) {
      alone->fusion.pairs_at_once = at_once;
      CHECK_NOTHROW(alone->check());
      CHECK_FALSE(why_one_pair_at_once(*alone).empty());
    }
  CHECK(why_one_pair_at_once(settings).empty());
}

TEST_CASE("Pairs at once are a number or auto, which is one until it is decided", "[config]") {
  auto words =
      std::vector<std::string>{"--modality", "image=mmimdb-image,i.h5", "--modality", "text=maxout,t.h5", "--device",
                               "gpu=t.json", "--pairs-at-once",         "auto"};
  const auto automatic = parsed(words);
  CHECK(automatic.fusion.pairs_at_once == kAutomaticPairs);
  CHECK(pairs_in_a_pass(automatic.fusion) == 1);
  CHECK(values_of(automatic)["pairs-at-once"] == std::vector<std::string>{"auto"});
  words.back() = "7";
  CHECK(pairs_in_a_pass(parsed(words).fusion) == 7);
  for (const char* wrong : {"0", "65", "many"}) {
    words.back() = wrong;
    CHECK_THROWS_WITH(parsed(words), Catch::Contains("pairs-at-once"));
  }
}

TEST_CASE("A shipped config is a search's and holds nothing that is so without it, or defines a space", "[config]") {
  const auto usual = values_of({});
  int searches = 0, spaces = 0;
  for (const auto& file : std::filesystem::directory_iterator(HARMONIC_CONFIGS)) {
    const std::string path = file.path();
    if (file.path().extension() != ".cfg") continue;
    const auto ini = parse_ini(read_file(path), path);
    const auto holds = [&](std::string_view name) {
      return std::ranges::any_of(ini, [&](const auto& section) { return section.name.starts_with(name); });
    };
    if (holds("supernet")) continue;  // training_settings_test reads these
    INFO(path);
    const auto settings = parsed({"--config", path});
    if (holds("space.")) {
      ++spaces;
      CHECK_FALSE(settings.spaces.own().empty());
    }
    if (!holds("run")) continue;
    ++searches;
    CHECK_NOTHROW(settings.check());
    const auto in_force = values_of(settings);
    for (const auto& section : ini)
      for (const auto& entry : section.entries) {
        if (section.name.starts_with("space.")) continue;
        INFO("line " << entry.line << ": " << entry.key);
        CHECK(in_force.at(entry.key) != usual.at(entry.key));
      }
  }
  CHECK(searches >= 6);
  CHECK(spaces >= 3);
}

TEST_CASE("The printed config holds every setting, explained, and reads back as the same", "[config]") {
  const std::vector<std::string> args = {"--config", HARMONIC_CONFIGS "/avmnist.cfg", "--population", "16"};
  SearchSettings settings;
  OptionSet options("harmonic search", "");
  settings.declare(options);
  auto asked = args;
  asked.emplace_back("--print-config");  // needs neither --data nor --run
  const auto text = testing::captured_stdout([&] { CHECK(options.parse(asked) == OptionSet::Parsed::help_printed); });
  CHECK_THAT(text, Catch::Contains("# backbones a modality and generation") &&
                       Catch::Contains("[default: 64]\npopulation = 16"));
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "printed.cfg") << text;
  const auto again = parsed({"--config", folder / "printed.cfg"});
  const auto identity_of = [](SearchSettings of) {
    OptionSet keys("", "");
    of.declare(keys);
    return keys.identity();
  };
  CHECK(identity_of(again) == identity_of(parsed(args)));
  CHECK(again.modalities.at(0).weights == std::filesystem::current_path() / "runs/avmnist/image.h5");
  CHECK(std::filesystem::exists(again.devices.at(0).tables.at(0)));
  const auto printed = parse_ini(text, "printed");
  for (const auto& [key, values] : values_of(again)) {
    INFO(key);
    CHECK(std::ranges::any_of(printed, [&](const auto& section) { return section.values(key) == values; }));
  }
}

TEST_CASE("Under protocol published the settings are the published ones wherever they show", "[config]") {
  SearchSettings settings;
  OptionSet options("harmonic search", "");
  settings.declare(options);
  (void)options.parse({"--data", "d.h5", "--run", "r", "--protocol", "published", "--arch-lr", "0.1"});
  CHECK(settings.fusion.arch_lr == 3e-4);
  CHECK(options.values().at("arch-lr") == std::vector<std::string>{"3e-04"});
  CHECK(options.values().at("warmup-epochs") == std::vector<std::string>{"0"});
  CHECK_THAT(options.notices().at(0), Catch::Contains("arch-lr is 3e-04, not 0.1") && !Catch::Contains("warmup"));

  auto by_hand = valid();  // and so does their hash
  by_hand.protocol = Protocol::published;
  auto other = by_hand;
  other.fusion.arch_lr = 0.5;
  CHECK(other.result_hash(1) == by_hand.result_hash(1));
}

TEST_CASE("A time limit has a unit", "[config]") {
  CHECK(std::isinf(parsed({}).time_limit_s));
  for (const auto& [text, seconds] : {std::pair{"90s", 90.0},
                                      {"20m", 1200.0},
                                      {"1.5h", 5400.0},
                                      {"1hour", 3600.0},
                                      {"90 s", 90.0},
                                      {"1h30m", 5400.0},
                                      {"45", 45.0}})
    CHECK(parsed({"--time-limit", text}).time_limit_s == seconds);
  for (const auto* wrong : {"-3h", "soon", "0", "h"})
    CHECK_THROWS_WITH(parsed({"--time-limit", wrong}), Catch::Contains("option time-limit is"));
}

TEST_CASE("The hash of settings sees what changes results and nothing else", "[config]") {
  const auto base = valid().result_hash(1);
  auto same = valid();
  same.run = "elsewhere";
  same.lease_s = 5;
  same.deadline_s = 5;
  same.keep_models = KeepModels::all;
  same.evolution.generations = 99;
  same.device_use.memory_mib = 512;
  CHECK(same.result_hash(1) == base);
  CHECK(valid().result_hash(2) != base);
  auto other = valid();
  other.seed = 2;
  CHECK(other.result_hash(1) != base);
  other = valid();
  other.threads = 8;  // decides the order in which sums are taken
  CHECK(other.result_hash(1) != base);
  other = valid();
  other.compute = Compute::cpu;
  CHECK(other.result_hash(1) != base);
  other = valid();
  other.device_use.deterministic = true;
  const auto deterministic = other.result_hash(1);
  CHECK(deterministic != base);
  other.device_use.memory_mib = 512;  // batches of another size round otherwise
  CHECK(other.result_hash(1) != deterministic);
  other = valid();
  other.fusion.dropout = 0.2;
  CHECK(other.result_hash(1) != base);
  other = valid();
  other.fusion.pairs_at_once = 2;  // decides random numbers and the order of sums
  CHECK(other.result_hash(1) != base);
  other = valid();
  other.protocol = Protocol::published;
  CHECK(other.result_hash(1) != base);
}

TEST_CASE("A network joins as many cells as it has, at most", "[config]") {
  FusionSettings fusion;
  fusion.multiplier = 3;
  CHECK(fusion.joined_cells(1) == 1);
  CHECK(fusion.joined_cells(4) == 3);
}

TEST_CASE("Where files lie changes no result: their contents do", "[config]") {
  const auto base = valid().result_hash(1);
  auto moved = valid();
  moved.data = "elsewhere/d.h5";
  moved.modalities[0].weights = "elsewhere/i.h5";
  moved.devices[0].tables = {"elsewhere/t.json"};
  CHECK(moved.result_hash(1) == base);
  moved.devices[0].weight = 3;
  CHECK(moved.result_hash(1) != base);
  moved = valid();
  moved.devices[0].tables.push_back("u.json");
  CHECK(moved.result_hash(1) != base);
  moved = valid();
  moved.modalities[0].space = find_space("harmp-image");
  CHECK(moved.result_hash(1) != base);
}
