#include "master/report/run_model.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

std::string front_text(const RunResults& results) {
  std::vector<std::string> ids;
  for (const auto& model : results.front) ids.push_back(model.id);
  return ids.empty() ? "it has no front yet" : "those of its front are " + join(ids, ", ");
}

}  // namespace

const ReportedModel& find_model(const RunPaths& run, const RunResults& results, const std::string& id) {
  for (const auto* models : {&results.front, &results.candidates})
    if (const auto found = std::ranges::find(*models, id, &ReportedModel::id); found != models->end()) return *found;
  const auto& all = results.candidates;
  if (all.empty())
    throw InputError(fmt::format("{} has no models yet", run.folder.string()), "wait until it has scored one");
  throw InputError(fmt::format("{} has no model {}", run.folder.string(), id),
                   fmt::format("{}; it has scored {}, from {} to {}", front_text(results), all.size(), all.front().id,
                               all.back().id));
}

std::vector<BackboneGenome> backbones_of(const RunPaths& run, const ReportedModel& row,
                                         const SearchSettings& settings) {
  if (row.genomes.size() != settings.modalities.size())
    throw InputError(fmt::format("{} has {} modalities, config.cfg beside it {}", run.candidates().string(),
                                 row.genomes.size(), settings.modalities.size()),
                     "keep the run's files as it wrote them");
  std::vector<BackboneGenome> backbones;
  for (std::size_t m = 0; m < row.genomes.size(); ++m)
    backbones.push_back(parse_genome(row.genomes[m], settings.modalities[m].space));
  return backbones;
}

std::filesystem::path find_kept_model(const RunPaths& run, const RunResults& results, const std::string& id) {
  auto folder = run.models() / find_model(run, results, id).id;
  if (std::filesystem::exists(folder / "weights.h5")) return folder;
  throw InputError(fmt::format("{} did not keep the weights of model {}: there is no {}", run.folder.string(), id,
                               (folder / "weights.h5").string()),
                   front_text(results) + "; a search with keep-models = all keeps every model");
}

}  // namespace harmonic
