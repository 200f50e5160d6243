#include <algorithm>
#include <iostream>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "master/commands/commands.hpp"
#include "master/models/architecture.hpp"
#include "master/models/architecture_dot.hpp"
#include "master/models/architecture_picture.hpp"
#include "master/models/graphviz.hpp"
#include "master/report/described_model.hpp"
#include "master/report/run_model.hpp"
#include "master/report/run_results.hpp"
#include "master/reproduce/reproduced_text.hpp"
#include "master/run/run_folder.hpp"

namespace harmonic {
namespace {

using Json = nlohmann::ordered_json;

/// A run as its folder tells it.
struct ShownRun : RecordedRun {
  RunPaths paths;
  RunResults results;
  nlohmann::json status;  ///< null where there is none that can be read
};

ShownRun open_run(const RunPaths& paths) {
  return {read_recorded(paths), paths, load_run_results(paths.folder), read_status(paths)};
}

bool is_on_front(const RunResults& results, const std::string& id) {
  return std::ranges::find(results.front, id, &ReportedModel::id) != results.front.end();
}

std::string metric_text(const std::optional<double>& percent, const std::optional<double>& error) {
  if (!percent) return "not read";
  return fmt::format("{:.2f}{} %", *percent, error ? fmt::format(" +/- {:.2f}", *error) : "");
}

std::vector<std::string> ids_of(const std::vector<ReportedModel>& models) {
  std::vector<std::string> ids;
  for (const auto& model : models) ids.push_back(model.id);
  return ids;
}

std::string state_text(const ShownRun& run) {
  const auto& status = run.status;
  if (!status.is_object()) return "it does not say in which state it is (no status.json)";
  const auto state = status.value("state", "of no known state");
  return fmt::format(
      "{}{}{}; pieces of work done {}, failed {}; of its last job: retried {}, workers lost {}", state,
      status.contains("exit_code") ? fmt::format(" with exit code {}", status.value("exit_code", 0)) : "",
      run.reproduction ? "" : fmt::format(", generation {}", status.value("generation", 0)), status.value("done", 0),
      status.value("failed", 0), status.value("retried", 0), status.value("lost_workers", 0));
}

/// "20 generations asked for", "reproduces table avmnist, rows 1-3, seeds 3".
std::string purpose_text(const ShownRun& run) {
  if (!run.reproduction) return fmt::format("{} generations asked for", run.settings.evolution.generations);
  std::vector<std::string> words;
  for (const auto& entry : run.reproduction->entries)
    if (!entry.value.empty()) words.push_back(fmt::format("{} {}", entry.key, entry.value));
  return fmt::format("reproduces {}", join(words, ", "));
}

/// How it is, and what it is of, in three lines.
std::string heading_text(const ShownRun& run) {
  std::vector<std::string> modalities;
  for (const auto& modality : run.settings.modalities)
    modalities.push_back(fmt::format("{} (space {})", modality.name, modality.space.name));
  return fmt::format("run {}: {}\nprotocol {}, seed {}, {}\nmodalities: {}\n", run.paths.folder.string(),
                     state_text(run), word_of(kProtocols, run.settings.protocol), run.settings.seed, purpose_text(run),
                     join(modalities, ", "));
}

/// The run in ten lines.
std::string run_text(const ShownRun& run) {
  const auto& results = run.results;
  const auto& front = results.front;
  const auto late = std::ranges::count_if(results.candidates, &ReportedModel::is_late_fusion);
  std::vector<std::string> devices, objectives = {"error"};
  for (const auto& device : run.settings.devices) devices.push_back(to_text(device));
  for (const auto& objective : run.settings.objectives) objectives.push_back(word_of(objective_choices(), objective));
  std::string text = heading_text(run);
  text += fmt::format("devices: {}\n", join(devices, ", "));
  text += fmt::format("minimised: {}; over the devices: {}\n", join(objectives, ", "),
                      word_of(kAggregates, run.settings.aggregate));
  text += fmt::format("models scored: {}, {} of them late fusions\n", results.candidates.size(), late);
  if (front.empty()) return text + "there is no front yet\n";
  text += fmt::format("front of {}, best first: models {}\n", front.size(), join(ids_of(front), ", "));
  text += fmt::format("best: model {}, validation {}, test {}, {}\n", front[0].id,
                      metric_text(front[0].metric_val, front[0].metric_val_se),
                      metric_text(front[0].metric_test, front[0].metric_test_se), front[0].genotype);
  if (results.hypervolumes)
    text += fmt::format("hypervolume {:.6g} (reference: {})\n", results.hypervolumes->rows.back().hypervolume,
                        results.hypervolumes->axes.text());
  return text + fmt::format("a model: harmonic show --run {} --model {}\n", run.paths.folder.string(), front[0].id);
}

Json state_json(const ShownRun& run) {
  Json json = {{"run", run.paths.folder.string()}};
  for (const char* key : {"state", "exit_code", "generation", "done", "failed"})
    json[key] = run.status.is_object() && run.status.contains(key) ? Json(run.status.at(key)) : Json();
  return json;
}

/// A run of supernets alone: what it measured beside what is published.
void show_supernets(const ShownRun& run, bool json) {
  std::optional<ReproducedTable> table;
  if (std::filesystem::exists(run.paths.reproduced())) table = read_reproduced(run.paths.reproduced());
  if (json) {
    auto state = state_json(run);
    if (table) state.update(reproduced_json(*table, run.paths));
    std::cout << json_text(state) << '\n';
  } else {
    std::cout << heading_text(run) << (table ? reproduced_text(*table) : "nothing is measured yet\n");
  }
}

Json run_json(const ShownRun& run) {
  const auto& results = run.results;
  Json json = state_json(run);
  json["protocol"] = word_of(kProtocols, run.settings.protocol);
  json["seed"] = run.settings.seed;
  json["generations"] = run.settings.evolution.generations;
  json["modalities"] = Json::array();
  for (const auto& modality : run.settings.modalities)
    json["modalities"].push_back({{"name", modality.name}, {"space", modality.space.name}});
  json["devices"] = results.devices;
  json["aggregate"] = word_of(kAggregates, run.settings.aggregate);
  json["objectives"] = Json::array();
  for (const auto& objective : run.settings.objectives)
    json["objectives"].push_back(word_of(objective_choices(), objective));
  json["models"] = results.candidates.size();
  json["late_fusions"] = std::ranges::count_if(results.candidates, &ReportedModel::is_late_fusion);
  json["front"] = ids_of(results.front);
  if (results.hypervolumes) {
    const auto& axes = results.hypervolumes->axes;
    json["hypervolume"] = results.hypervolumes->rows.back().hypervolume;
    for (std::size_t c = 0; c < axes.columns.size(); ++c) json["reference"][axes.columns[c]] = axes.reference[c];
  }
  return json;
}

/// A model with all that its run says about it.
struct ShownModel : DescribedModel {
  const ReportedModel& row;
};

ShownModel describe_model(const ShownRun& run, const std::string& id) {
  const auto& row = find_model(run.paths, run.results, id);
  return {ModelDescriber(run.paths, run.results, run).describe(row), row};
}

std::string model_text(const ShownRun& run, const ShownModel& shown) {
  const auto& row = shown.row;
  std::string text = fmt::format(
      "model {} of {}: generation {}, {}\nvalidation {}, test {}\ngenotype {}\n\n", row.id, run.paths.folder.string(),
      row.generation, is_on_front(run.results, row.id) ? "on the front" : "not on the front",
      metric_text(row.metric_val, row.metric_val_se), metric_text(row.metric_test, row.metric_test_se), row.genotype);
  if (!shown.architecture) {
    text +=
        "how many classes it tells apart the run does not say: its parameters are not in candidates.csv, or are not "
        "those of its settings\n";
  } else {
    text += to_text(*shown.architecture);
    if (!shown.without_tables.empty())
      text += fmt::format("costs are those of the run's CSV, as a whole: {}\n", shown.without_tables);
  }
  return fmt::format("{}\n{}\n", text, ini_comment(kGenotypeNotation));
}

Json model_json(const ShownRun& run, const ShownModel& shown) {
  const auto& row = shown.row;
  Json json = {{"run", run.paths.folder.string()},
               {"model", row.id},
               {"generation", row.generation},
               {"on_front", is_on_front(run.results, row.id)},
               {"metric_val", row.metric_val},
               {"metric_val_se", json_or_null(row.metric_val_se)},
               {"metric_test", json_or_null(row.metric_test)},
               {"metric_test_se", json_or_null(row.metric_test_se)},
               {"genotype", row.genotype}};
  if (shown.architecture) {
    json.update(to_json(*shown.architecture));
    json["costs_of"] = shown.without_tables.empty() ? "tables" : "candidates.csv";
  }
  return json;
}

/// Pictures that the run itself keeps, of every model of its front: a picture of another model is not to replace one.
std::vector<OptionFile> kept_pictures(const RunPaths& paths) {
  std::vector<OptionFile> kept;
  std::error_code none;
  for (const auto& model : std::filesystem::directory_iterator(paths.models(), none))
    for (const char* picture : {kSvgPicture, kDotPicture}) kept.push_back({"run", model.path() / picture});
  return kept;
}

/// Whether a file is a model's picture as to_svg() and to_dot() begin it.
bool is_svg_picture(const std::filesystem::path& path) {
  constexpr std::size_t kStart = 400;  // bytes
  const auto start = read_file(path).substr(0, kStart);
  return start.starts_with("<svg ") && start.find("\n<title>model ") != std::string::npos;
}
bool is_dot_picture(const std::filesystem::path& path) {
  return read_file(path).starts_with("digraph architecture {");
}

/// What --svg and --dot ask for.
class PictureFiles {
 public:
  /// @param model option of the command @throws InputError: no model is given, a file cannot be written or is no
  ///   picture that may be replaced, this build draws none
  PictureFiles(const std::string& svg, const std::string& dot, const std::string& model, const RunPaths& paths)
      : svg_(svg), dot_(dot) {
    for (const auto& [option, path, is_own] :
         {std::tuple{"svg", svg, &is_svg_picture}, std::tuple{"dot", dot, &is_dot_picture}}) {
      if (path.empty()) continue;
      if (model.empty())
        throw InputError(fmt::format("--{} draws a model, and none is given", option), "name one with --model");
      check_output(path, option, kept_pictures(paths));
      check_own_kind(path, option, "a picture of a model", is_own);
    }
    if (!svg.empty() && !has_graphviz())
      throw InputError("this build draws no SVG: Graphviz's library was not there when it was made",
                       "install libgraphviz-dev and build again, or take --dot F.dot and run dot -Tsvg F.dot");
  }
  void write(const ShownModel& shown) const {
    if (svg_.empty() && dot_.empty()) return;
    if (!shown.architecture)
      throw InputError(
          fmt::format("model {} cannot be drawn: the run does not say how many classes it tells apart", shown.row.id),
          "draw a model of a run whose candidates.csv has its parameters");
    const auto title = model_title(shown.row.id);
    if (!dot_.empty()) replace_file(dot_, to_dot(*shown.architecture));
    if (!svg_.empty()) replace_file(svg_, to_svg(*shown.architecture, title).value());
  }

 private:
  std::string svg_, dot_;
};

}  // namespace

ExitCode show_command(const Arguments& args) {
  std::string folder, model;
  bool json = false;
  std::string svg, dot;
  OptionSet options("harmonic show",
                    "Shows a run in ten lines, or one of its models: backbones block by block, the fusion drawn, sizes "
                    "and costs by part.");
  options.add("run", folder, "run directory of a search or a reproduction").required();
  options.add("model", model, "a model by its id, as front.csv and candidates.csv have it; the run when empty");
  options.add("svg", svg, "write a picture of the model: backbones as strips of blocks, the fusion network, a legend");
  options.add("dot", dot, "write its fusion network in Graphviz's language");
  options.add("json", json, "print one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  const auto paths = run_in(folder);
  const PictureFiles pictures(svg, dot, model, paths);
  if (auto recorded = read_recorded(paths);
      !options.given("model") && recorded.reproduction && of_supernets(*recorded.reproduction)) {
    show_supernets({std::move(recorded), paths, {}, read_status(paths)}, json);
    return ExitCode::done;
  }
  const auto run = open_run(paths);
  if (!options.given("model")) {
    std::cout << (json ? json_text(run_json(run)) + '\n' : run_text(run));
    return ExitCode::done;
  }
  const auto shown = describe_model(run, model);
  pictures.write(shown);
  std::cout << (json ? json_text(model_json(run, shown)) + '\n' : model_text(run, shown));
  return ExitCode::done;
}

}  // namespace harmonic
