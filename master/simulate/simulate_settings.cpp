#include "master/simulate/simulate_settings.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/config/pairs_at_once.hpp"
#include "master/search/backbone_selection.hpp"
#include "master/simulate/work_durations.hpp"

namespace harmonic {

void SimulateSettings::declare(OptionSet& o) {
  o.add("run", run.run,
        "run directory: journal, checkpoint, candidates and front, which --resume goes on with; none when empty: they "
        "lie in a temporary one");
  run.declare_course(o);
  run.declare_sections(o);
  o.section("simulate");
  o.add("durations", durations,
        "how long a fusion search takes: lognormal:MEAN,DEVIATION (mean in seconds, standard deviation of the "
        "logarithm; other work takes its usual share of that), a file with one number of seconds a line, or a run's "
        "timeline.csv")
      .free();
  o.add(
       "answers", answers,
       "what backbones score: the CSV of supernet sweep --all, one a modality in their order, or one for all; a pair's "
       "error follows from its backbones'. None: scores are made up")
      .names_files([](const std::string& text, const PathChange& change) { return change(text); });
  o.add("noise", noise, "standard deviation of what a fusion search and a retraining give, points of percent",
        {0.0, 50.0});
  o.add("candidates", candidates,
        "fusion searches, of one modality evaluations of backbones, at least: whole generations; 0: as many as "
        "generations has",
        {0, 100'000'000})
      .free();
  o.add("virtual-time", virtual_time,
        "on: nothing is waited for; workers and their time are played in this process, which needs no mpirun")
      .free();
  o.add("workers", workers, "workers, where time is virtual; else they are the ranks", {0, 1'000'000}).free();
}

void SimulateSettings::check() const {
  run.check();
  (void)WorkDurations(durations, Seed{run.seed});
  if (answers.size() > 1 && answers.size() != run.modalities.size())
    throw InputError(fmt::format("answers lists {} sweeps for {} modalities", answers.size(), run.modalities.size()),
                     "give one a modality, in their order, or one for all");
  if (virtual_time && workers == 0)
    throw InputError("time is virtual, and no number of workers is given", "give --workers 1024, say");
  if (!virtual_time && workers > 0)
    throw InputError(fmt::format("workers is {}, but time is real: its workers are the ranks", workers),
                     "add --virtual-time, or start it by mpirun -n and leave out --workers");
}

SearchSettings SimulateSettings::searched() const {
  SearchSettings settings = run;
  settings.data.clear();
  for (auto& modality : settings.modalities) modality.weights.clear();
  settings.keep_models = KeepModels::all;
  settings.fusion.pairs_at_once = pairs_in_a_pass(settings.fusion);  // nothing computes here
  if (candidates > 0) {
    const int a_generation = candidates_a_generation(settings);
    const int more_in_the_first = settings.is_alone() ? settings.evolution.population - a_generation : 0;
    settings.evolution.generations = std::max(1, (candidates - more_in_the_first + a_generation - 1) / a_generation);
  }
  return settings;
}

int SimulateSettings::candidates_a_generation(const SearchSettings& searched) {
  const auto& evolution = searched.evolution;
  if (!searched.is_alone()) return evolution.pairs_a_generation();
  const auto population = static_cast<std::size_t>(evolution.population);
  return std::max(1, static_cast<int>(population - share_of(population, evolution.backbone_survivors, 1)));
}

std::string SimulateSettings::answers_of(std::size_t modality) const {
  if (answers.empty()) return {};
  return answers.size() == 1 ? answers.front() : answers.at(modality);
}

}  // namespace harmonic
