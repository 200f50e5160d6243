#include "master/run/run_settings.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "core/storage/atomic_file.hpp"
#include "master/reproduce/reproduce_settings.hpp"
#include "master/run/journal.hpp"
#include "master/run/run_config.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/tiny_run.hpp"

namespace harmonic {
namespace {

using testing::TemporaryFolder;
using testing::tiny_run;

/// A folder as a run of these settings leaves it that was stopped before any work.
struct Run {
  explicit Run(int generations = 5) {
    settings.evolution.generations = generations;
    settings.seed = 7;
    std::filesystem::create_directories(settings.run);
    const auto config = run_config(settings);
    replace_file(this->config(), config.text);
    const Journal journal(std::filesystem::path(settings.run) / "journal", 1, AnswerCheck{}, config.changes);
  }
  [[nodiscard]] std::filesystem::path config() const { return std::filesystem::path(settings.run) / "config.cfg"; }

  TemporaryFolder folder;
  SearchSettings settings = tiny_run(folder.path());
};

template <class Settings>
Settings read(const SearchSettings& of, std::vector<std::string> more, const std::string& command) {
  Settings settings;
  OptionSet options("harmonic " + command, "");
  settings.declare(options);
  more.insert(more.end(), {"--data", of.data, "--run", of.run, "--resume"});
  const SearchSettings* of_run = nullptr;
  if constexpr (std::is_same_v<Settings, ReproduceSettings>)
    of_run = &settings.run;
  else
    of_run = &settings;
  (void)read_run_settings(options, settings, *of_run, command, more);
  return settings;
}

SearchSettings resumed(const SearchSettings& of, const std::vector<std::string>& more = {}) {
  return read<SearchSettings>(of, more, "search");
}

}  // namespace

TEST_CASE("A run goes on with data and directory alone: it holds its settings", "[master][run]") {
  const Run run;
  const auto found = resumed(run.settings);
  CHECK(found.seed == 7);
  CHECK(found.evolution.generations == 5);
  CHECK(found.modalities.at(1).weights == run.settings.modalities[1].weights);
  CHECK(found.result_hash(1) == run.settings.result_hash(1));
  CHECK(resumed(run.settings, {"--generations", "9"}).evolution.generations == 9);
  CHECK(resumed(run.settings, {"--seed", "8"}).seed == 8);  // for the directory to refuse
}

TEST_CASE("Where config.cfg is gone, damaged or another's, the journal tells a run's settings", "[master][run]") {
  const Run run;
  const auto text = read_file(run.config());
  for (const auto& damaged :
       {std::string(), text.substr(0, text.size() / 2), std::string("seed = 1\n"),
        text.substr(0, text.find("seed = 7")) + "seed = 8" + text.substr(text.find("seed = 7") + 8)}) {
    INFO(damaged.substr(0, 100));
    replace_file(run.config(), damaged);
    CHECK(resumed(run.settings).result_hash(1) == run.settings.result_hash(1));
  }
  std::filesystem::remove(run.config());
  CHECK(resumed(run.settings).seed == 7);
  CHECK_FALSE(run_config(run.settings).changes.find("batch =") !=
              std::string::npos);  // it keeps what is not the default alone
  // What is free config.cfg knows as it was last.
  replace_file(run.config(), text.substr(0, text.find("generations = 5")) + "generations = 6" +
                                 text.substr(text.find("generations = 5") + 15));
  CHECK(resumed(run.settings).evolution.generations == 6);
}

TEST_CASE("To go on with a run that is not there, or another command's, is refused in words", "[master][run]") {
  const Run run;
  auto absent = run.settings;
  absent.run = run.folder / "absent";
  CHECK_THROWS_WITH(resumed(absent), Catch::Contains("there is no run in " + absent.run));
  CHECK_THROWS_WITH(read<ReproduceSettings>(absent, {}, "reproduce"), Catch::Contains("there is no run in "));
  CHECK_THROWS_WITH(read<ReproduceSettings>(run.settings, {}, "reproduce"),
                    Catch::Contains("is a run of harmonic search"));
  CHECK_THROWS_WITH(resumed(absent), Catch::EndsWith("give the directory of a run to --run, or leave out --resume"));
  // With all its settings given it begins.
  const std::string config = run.config();
  CHECK(resumed(absent, {"--config", config}).seed == 7);
}

TEST_CASE("Who forgets --resume hears that there is a run, not which settings a new one lacks", "[master][run]") {
  const Run run;
  const auto begun = [&](const std::vector<std::string>& more) {
    SearchSettings settings;
    OptionSet options("harmonic search", "");
    settings.declare(options);
    std::vector<std::string> words = {"--run", run.settings.run};
    words.insert(words.end(), more.begin(), more.end());
    (void)read_run_settings(options, settings, settings, "search", words);
  };
  // Without work it would begin anew: then the settings are what is missing.
  CHECK_THROWS_WITH(begun({"--data", run.settings.data}), Catch::Contains("a search needs a modality"));
  replace_file(std::filesystem::path(run.settings.run) / "front.csv.mine", "");
  for (const auto& more : {std::vector<std::string>{}, {"--data", run.settings.data}})
    CHECK_THROWS_WITH(begun(more), Catch::Contains("holds a run already; go on with --resume"));
  // Settings that work are the run's directory's to judge.
  CHECK_NOTHROW(begun({"--data", run.settings.data, "--config", run.config()}));
}

}  // namespace harmonic
