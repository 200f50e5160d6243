#include "master/search/model_choice.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <catch2/catch.hpp>

#include "tests/support/fakes.hpp"

namespace harmonic {
namespace {

using namespace testing;

/// Two modalities of which some backbones are scored.
struct Scene {
  std::vector<BackboneSpace> spaces = {find_space("avmnist-image"), find_space("avmnist-audio")};
  SearchCosts costs = {[](int, const BackboneGenome& genome) { return fake_costs(genome); }, fake_model_costs};
  BackboneMemo memo;
  Archive archive;
  EvolutionSettings settings;
  std::vector<std::vector<BackboneGenome>> backbones{2};

  explicit Scene(std::size_t count = 40) {
    archive.price_with(costs.model);
    RandomStream random(Seed{1}, "scene");
    for (std::size_t m = 0; m < 2; ++m) {
      backbones[m] = first_population(spaces[m], static_cast<int>(count), random);
      for (const auto& genome : backbones[m]) memo.add(static_cast<int>(m), genome, fake_metric(genome));
    }
  }

  [[nodiscard]] ScoredModel model(std::uint64_t id, MultimodalGenome genome, double metric) const {
    ScoredModel made{CandidateId{id}, 1, std::move(genome), metric};
    made.genotype = fake_genotype(made.genome);
    return made;
  }
  /// Scored models of random pairs, whose errors follow their backbones'.
  [[nodiscard]] std::vector<ScoredModel> models(int count) const {
    RandomStream random(Seed{2}, "models");
    std::set<MultimodalGenome> genomes;
    std::vector<ScoredModel> made;
    while (static_cast<int>(made.size()) < count) {
      const MultimodalGenome genome{{random.pick(backbones[0]), random.pick(backbones[1])},
                                    draw_macro(settings.macro, random)};
      if (!genomes.insert(genome).second) continue;
      const double error =
          0.5 * std::sqrt((100 - fake_metric(genome.backbones[0])) * (100 - fake_metric(genome.backbones[1])));
      made.push_back(model(made.size() + 1, genome, 100 - error - 0.2 * random.normal()));
    }
    return made;
  }
  /// As evolution would.
  [[nodiscard]] std::vector<Pairing> dealt(int count) const {
    RandomStream random(Seed{3}, "dealt");
    return pair_up(
        backbones, count, {}, settings, [&](const auto& genome) { return archive.knows(genome); }, random);
  }
  [[nodiscard]] std::vector<Pairing> chosen(int count, const std::vector<MacroParent>& parents = {}) const {
    RandomStream random(Seed{4}, "chosen");
    return choose_pairs(dealt(count), {spaces, costs, memo, archive}, parents, settings, random);
  }
};

std::vector<MultimodalGenome> genomes_of(const std::vector<Pairing>& pairs) {
  std::vector<MultimodalGenome> genomes;
  for (const auto& pair : pairs) genomes.push_back(pair.genome);
  return genomes;
}

TEST_CASE("As many pairs are chosen as were dealt, all new and distinct, each eighth as it was dealt",
          "[master][model_choice]") {
  const int count = GENERATE(1, 2, 8, 9, 24);
  const int scored = GENERATE(0, 1, 2, 30);
  Scene scene;
  for (auto& model : scene.models(scored)) scene.archive.add(std::move(model));
  const auto dealt = scene.dealt(count), chosen = scene.chosen(count);
  REQUIRE(chosen.size() == static_cast<std::size_t>(count));
  const auto genomes = genomes_of(chosen);
  CHECK(std::set(genomes.begin(), genomes.end()).size() == chosen.size());
  const auto kept = static_cast<std::size_t>((count + 7) / 8);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    CHECK_FALSE(scene.archive.knows(chosen[i].genome));
    CHECK(chosen[i].genome == canonical(chosen[i].genome));
    CHECK(chosen[i].predicted.has_value() == (i >= kept));
    if (i < kept) CHECK(chosen[i].genome == dealt[i].genome);
    if (i >= kept) CHECK((*chosen[i].predicted >= 0 && *chosen[i].predicted <= 100));
  }
}

TEST_CASE("The same answers in another order of arrival give the same pairs", "[master][model_choice]") {
  Scene forward, backward;
  const auto models = forward.models(25);
  for (const auto& model : models) forward.archive.add(model);
  std::for_each(models.rbegin(), models.rend(), [&](const auto& model) { backward.archive.add(model); });
  const auto one = forward.chosen(16), other = backward.chosen(16);
  CHECK(genomes_of(one) == genomes_of(other));
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i].predicted == other[i].predicted);
}

TEST_CASE("What is chosen by the model is better than what is dealt", "[master][model_choice]") {
  Scene scene;
  for (auto& model : scene.models(30)) scene.archive.add(std::move(model));
  const auto mean_gain = [&](const std::vector<Pairing>& pairs) {
    auto archive = scene.archive;
    std::uint64_t id = 1000;
    for (const auto& pair : pairs) {
      const double error = 0.5 * std::sqrt((100 - fake_metric(pair.genome.backbones[0])) *
                                           (100 - fake_metric(pair.genome.backbones[1])));
      archive.add(scene.model(id++, pair.genome, 100 - error));
    }
    const Objectives reference = {60, 1500, 700};
    return archive.hypervolume(reference) - scene.archive.hypervolume(reference);
  };
  CHECK(mean_gain(scene.chosen(8)) > 1.5 * mean_gain(scene.dealt(8)));
}

TEST_CASE("A chosen pair starts from a parent with its macro-architecture", "[master][model_choice]") {
  Scene scene;
  std::vector<MacroParent> parents;
  for (auto& model : scene.models(30)) {
    parents.push_back({model.id, model.genome.macro});
    scene.archive.add(std::move(model));
  }
  int warm = 0;
  for (const auto& pair : scene.chosen(16, parents)) {
    if (!pair.predicted || !pair.parent) continue;
    ++warm;
    CHECK(scene.archive.models().at(*pair.parent).genome.macro == pair.genome.macro);
  }
  CHECK(warm > 0);
}

TEST_CASE("Models without cells, and of backbones that were never scored, are not learned from",
          "[master][model_choice]") {
  Scene scene, with_others;
  for (const auto& model : scene.models(20)) {
    scene.archive.add(model);
    with_others.archive.add(model);
  }
  // Worse and dearer than all, so that they are on no front.
  const auto& dearest = scene.backbones[0].at(1);
  MultimodalGenome late{{dearest, scene.backbones[1].at(1)}, {0, 1}};
  auto made = scene.model(100, late, 1);
  with_others.archive.add(made);
  CHECK(genomes_of(scene.chosen(8)) == genomes_of(with_others.chosen(8)));
  RandomStream random(Seed{77}, "strange");
  const auto strange = canonical(random_genome(scene.spaces[0], random));
  REQUIRE_FALSE(scene.memo.contains(0, strange));
  with_others.archive.add(scene.model(101, {{strange, scene.backbones[1].at(1)}, {4, 4}}, 1));
  CHECK(genomes_of(scene.chosen(8)) == genomes_of(with_others.chosen(8)));
}

TEST_CASE("Where hardly a pair is new, those that are left are chosen", "[master][model_choice]") {
  Scene scene(2);
  scene.settings.macro.p_other = 0;
  scene.settings.macro.usual = {2, 1};
  for (const auto& image : scene.backbones[0])
    scene.archive.add(scene.model(1 + scene.archive.models().size(), {{image, scene.backbones[1][0]}, {2, 1}}, 90));
  const auto chosen = scene.chosen(8);
  CHECK(chosen.size() == 2);
  for (const auto& pair : chosen) CHECK_FALSE(scene.archive.knows(pair.genome));
}

}  // namespace
}  // namespace harmonic
