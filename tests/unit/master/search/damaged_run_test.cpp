#include <fstream>
#include <map>

#include <catch2/catch.hpp>

#include "core/base/log.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/run/journal.hpp"
#include "master/search/checkpoint.hpp"
#include "tests/support/damage.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using namespace testing;
constexpr std::uint64_t kSettings = 0x1234;
constexpr int kDamages = 1000;  ///< of each kind, of each file

std::vector<BackboneSpace> spaces() {
  return {find_space("avmnist-image"), find_space("avmnist-audio")};
}

EvolutionSettings settings() {
  EvolutionSettings settings;
  settings.population = 6;
  settings.generations = 3;
  return settings;
}

/// Every third model diverges.
Outcome answer_to(const Work& work) {
  const auto* search = std::get_if<SearchFusion>(&work);
  if (search != nullptr && search->candidates.front().candidate.value % 3 == 0)
    return Failure{"the loss is not finite", FailureKind::candidate};
  return fake_outcome(work);
}

/// A small search over a folder's journal and checkpoint, as a run goes through it; answers are fake.
class SmallRun {
 public:
  explicit SmallRun(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::filesystem::path journal() const { return folder_ / "journal"; }
  [[nodiscard]] std::filesystem::path checkpoint() const { return folder_ / "checkpoint.h5"; }

  /// Goes on with what the files hold, until `stop_after` pieces of work are done here.
  /// @param writes what it finds, and a checkpoint every generation; else it only reads the files
  /// @return every model ever scored, and the front
  [[nodiscard]] std::string resume(bool writes, int stop_after = 1'000'000) {
    Journal journal(this->journal(), kSettings);
    const SearchCosts costs = {[](int, const BackboneGenome& genome) { return fake_costs(genome); }, fake_model_costs};
    auto state = load_checkpoint(checkpoint(), kSettings, spaces());
    Search search = state ? Search(settings(), Seed{3}, spaces(), costs, std::move(*state))
                          : Search(settings(), Seed{3}, spaces(), costs);
    done_ = 0;
    int saved = -1;
    for (auto tasks = search.ask(); !tasks.empty(); tasks = search.ask()) {
      if (writes && search.boundary().generation != saved)
        save_checkpoint(checkpoint(), search.boundary(), kSettings, spaces().size());
      saved = search.boundary().generation;
      for (const auto& task : tasks) {
        if (done_ == stop_after) return "stopped";
        const auto before = journal.find(task.work);
        const Outcome outcome = before ? before->outcome : answer_to(task.work);
        if (!before) {
          if (writes) journal.append({task.work, outcome, 0.5});
          ++done_;
        }
        search.tell({task.id, Rank{1}, 0.5, outcome});
      }
    }
    std::string text;
    for (const auto& [id, model] : search.archive().models())
      text += fmt::format("{} {} {} {} {}\n", id.value, text_of(model.genome), model.metric_val,
                          model.metric_test.value_or(-1), to_text(model.genotype));
    for (const auto id : search.front()) text += fmt::format("{} ", id.value);
    return text;
  }
  [[nodiscard]] int done() const { return done_; }  ///< pieces of work, by the last resume

 private:
  std::filesystem::path folder_;
  int done_ = 0;
};

/// Files of a folder, to be put back.
class Kept {
 public:
  explicit Kept(const std::filesystem::path& folder) : folder_(folder) {
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      files_[entry.path()] = read_file(entry.path());
  }
  void put_back() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      if (!files_.contains(entry.path())) std::filesystem::remove(entry.path());
    for (const auto& [path, bytes] : files_) std::ofstream(path, std::ios::binary) << bytes;
  }

 private:
  std::filesystem::path folder_;
  std::map<std::filesystem::path, std::string> files_;
};

enum class Damage { flip, truncation };

std::string damaged(std::string bytes, Damage damage, RandomStream& random) {
  if (damage == Damage::truncation) return bytes.substr(0, random.below(bytes.size()));
  return with_a_byte_changed(std::move(bytes), random);
}

}  // namespace

TEST_CASE("A thousand flipped bytes and a thousand cuts, of the journal and of the checkpoint: always the same front",
          "[master][journal][checkpoint]") {
  log::set_level(log::Level::error);
  const TemporaryFolder quiet_folder;
  SmallRun quiet(quiet_folder.path());
  const std::string expected = quiet.resume(/*writes=*/true);
  const int all_work = quiet.done();
  const bool of_journal = GENERATE(true, false);
  const auto damage = GENERATE(Damage::flip, Damage::truncation);
  const bool finished = GENERATE(true, false);

  const TemporaryFolder folder;
  SmallRun run(folder.path());
  REQUIRE((run.resume(true, finished ? 1'000'000 : all_work * 2 / 3) == expected) == finished);
  REQUIRE(std::filesystem::exists(previous_version(run.checkpoint())));
  const Kept kept(folder.path());
  const auto path = of_journal ? run.journal() : run.checkpoint();
  const auto bytes = read_file(path);
  RandomStream random(Seed{7}, "damage", of_journal, damage == Damage::flip);
  for (int i = 0; i < kDamages / 2; ++i) {
    kept.put_back();
    std::ofstream(path, std::ios::binary) << damaged(bytes, damage, random);
    // Without a checkpoint beside it the journal has to tell all; without the previous one, too.
    if (i % 2 == 1) std::filesystem::remove(of_journal ? run.checkpoint() : previous_version(run.checkpoint()));
    if (of_journal && i % 4 == 1) std::filesystem::remove(previous_version(run.checkpoint()));
    if (run.resume(/*writes=*/i % 25 == 0) != expected) FAIL("damage " << i << " gives another result");
    // One flipped byte costs one piece of work.
    if (finished && damage == Damage::flip && run.done() > 1) FAIL("damage " << i << " costs " << run.done());
  }
  log::set_level(log::Level::info);
}

}  // namespace harmonic
