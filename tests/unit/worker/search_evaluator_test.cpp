#include "worker/search_evaluator.hpp"

#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/space/search_space.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "core/work/answer_check.hpp"
#include "proto/event_records.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/tiny_run.hpp"
#include "worker/backbone/supernet_file.hpp"

namespace harmonic {
namespace {

/// A search on two samples a split and fresh supernets, in seconds.
SearchSettings small_run(const std::filesystem::path& folder) {
  SearchSettings settings = testing::tiny_run(folder);
  for (auto& modality : settings.modalities) {
    modality.weights = folder / (modality.name + ".h5");
    save_supernet(modality.weights, Supernet(modality.space, 10, Seed{1}), {});
  }
  settings.compute = Compute::cpu;
  settings.fusion.epochs = settings.fusion.retrain_epochs = settings.fusion.retrain_repeats = 2;
  settings.fusion.warmup_epochs = 1;
  return settings;
}

SearchFusion one_search() {
  FusionCandidate candidate{CandidateId{7}, {}};
  for (const auto* space : {"avmnist-image", "avmnist-audio"})
    candidate.genome.backbones.push_back(smallest_genome(find_space(space)));
  candidate.genome.macro = {1, 1};
  return {{candidate}};
}

}  // namespace

TEST_CASE("A fusion search tells its master how far it is, and ends when the master no longer wants it", "[worker]") {
  const testing::TemporaryFolder folder;
  const auto evaluator = make_search_evaluator(small_run(folder.path()), {});
  std::vector<double> shares;
  WorkHooks hooks;
  hooks.progress = [&](double share) { shares.push_back(share); };
  const Outcome outcome = evaluator->evaluate(one_search(), hooks);
  CHECK(std::get<FusionScores>(outcome).scores.size() == 1);
  CHECK(AnswerCheck{8}.why_nonsense(one_search(), outcome).empty());
  CHECK(shares.size() >= 4);  // the search's epochs and the retrainings'
  CHECK(std::ranges::is_sorted(shares));
  CHECK(shares.back() <= 1);
  shares.clear();
  hooks.cancelled = [&] { return shares.size() == 3; };
  CHECK_THROWS_AS(evaluator->evaluate(one_search(), hooks), Cancelled);
  CHECK(shares.size() == 3);
}

TEST_CASE("A fusion search retrains once; other retrainings are asked for by number, and leave the kept model as it is",
          "[worker]") {
  const testing::TemporaryFolder folder;
  auto settings = small_run(folder.path());
  settings.fusion.retrain_repeats = 1;
  auto alone = settings;
  alone.run = folder / "alone";
  const SearchFusion work = one_search();
  const auto found = std::get<FusionScores>(make_search_evaluator(alone, {})->evaluate(work, {})).scores.at(0);
  settings.fusion.retrain_repeats = 3;
  const auto evaluator = make_search_evaluator(settings, {});
  CHECK(std::get<FusionScores>(evaluator->evaluate(work, {})).scores.at(0) == found);
  const auto weights = std::filesystem::path(settings.run) / "models" / "7" / "weights.h5";
  const auto kept = read_file(weights);
  const auto retrained = [&](int repeat) {
    const RetrainModel again{CandidateId{7}, work.candidates[0].genome, found.genotype, repeat};
    const Outcome outcome = evaluator->evaluate(again, {});
    CHECK(AnswerCheck{8}.why_nonsense(again, outcome).empty());
    return std::get<RetrainScore>(outcome).metric_val;
  };
  CHECK(retrained(0) == found.metric_val);
  const double second = retrained(1);
  (void)retrained(2);
  CHECK(retrained(1) == second);
  CHECK(read_file(weights) == kept);

  // What it went through, by epoch: the search's and first retraining's beside the weights, others' in folders of
  // theirs.
  const auto curves = CsvTable::read(weights.parent_path() / "curves.csv");
  CHECK(curves.header() == std::vector<std::string>{"epoch", "search/learning_rate", "search/loss_train",
                                                    "retraining/learning_rate", "retraining/loss_train",
                                                    "retraining/loss_val", "retraining/metric_val"});
  CHECK(curves.rows() == 2);
  const auto folder_of_curves = std::filesystem::path(settings.run) / "tensorboard" / "models" / "7";
  CHECK(std::filesystem::exists(folder_of_curves / event_file_name(1)));
  const auto again = CsvTable::read(folder_of_curves / "retraining-2" / "curves.csv");
  CHECK(std::filesystem::exists(folder_of_curves / "retraining-2" / event_file_name(1)));
  CHECK(again.rows() == 2);
  CHECK(again.number(1, again.column("retraining/learning_rate")) ==
        curves.number(1, curves.column("retraining/learning_rate")));
  const auto losses = [](const CsvTable& table) {
    return std::pair(table.number(0, table.column("retraining/loss_train")),
                     table.number(1, table.column("retraining/loss_train")));
  };
  CHECK(losses(again) != losses(curves));
  const auto of_first = CsvTable::read(folder_of_curves / "retraining-0" / "curves.csv");  // asked for once more
  CHECK(losses(of_first) == losses(curves));
}

TEST_CASE("A candidate whose fusion search diverges fails by name, and no model of it is kept", "[worker]") {
  const testing::TemporaryFolder folder;
  auto settings = small_run(folder.path());
  settings.fusion.weight_lr = 1e36;  // products of weights this large leave float32
  const auto evaluator = make_search_evaluator(settings, {});
  const SearchFusion work = one_search();
  CHECK_THROWS_AS(evaluator->evaluate(work, {}), CandidateError);
  CHECK_THROWS_WITH(evaluator->evaluate(work, {}),
                    Catch::Contains("diverged") && Catch::Contains("model 7") && Catch::Contains("seed ") &&
                        Catch::Contains(to_text(canonical(work.candidates[0].genome.backbones[1]))));
  CHECK_FALSE(std::filesystem::exists(std::filesystem::path(settings.run) / "models" / "7"));
}

}  // namespace harmonic
