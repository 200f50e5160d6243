#include "worker/models/model_file.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/hdf5_file.hpp"
#include "core/storage/json_text.hpp"
#include "worker/tensor/tensor_file.hpp"

namespace harmonic {
namespace {

std::string describe(const ModelFile& model) {
  nlohmann::ordered_json json;
  json["format"] = "harmonic-model";
  json["version"] = 1;
  json["classes"] = model.classes;
  json["metric_val"] = model.metric_val;
  for (std::size_t m = 0; m < model.modalities.size(); ++m)
    json["modalities"].push_back(
        {{"name", model.modalities[m]}, {"space", model.spaces[m]}, {"genome", to_text(model.genome.backbones[m])}});
  json["cells"] = macro_of(model.genotype).cells;
  json["nodes"] = macro_of(model.genotype).nodes;
  json["genotype"] = to_text(model.genotype);
  return json_text(json, 2) + '\n';
}

const BackboneSpace& space_named(const std::vector<BackboneSpace>& spaces, const std::string& name) {
  const auto found = std::ranges::find(spaces, name, &BackboneSpace::name);
  if (found != spaces.end()) return *found;
  throw InputError(fmt::format("its space {} is none of the run's", name), "keep the run's files as it wrote them");
}

/// What describe() wrote.
ModelFile described(const nlohmann::json& json, const std::vector<BackboneSpace>& spaces) {
  ModelFile model;
  for (const auto& modality : json.at("modalities")) {
    model.modalities.push_back(modality.at("name"));
    model.spaces.push_back(modality.at("space"));
    model.genome.backbones.push_back(
        parse_genome(modality.at("genome").get<std::string>(), space_named(spaces, model.spaces.back())));
  }
  model.genotype = parse_genotype(json.at("genotype").get<std::string>());
  model.genome.macro =
      model.genotype.late == LateFusion::none ? macro_of(model.genotype) : macro_of(model.genotype.late);
  model.classes = json.at("classes");
  model.metric_val = json.at("metric_val");
  return model;
}

std::string trials_csv(const std::vector<Trial>& trials) {
  std::string text = csv_row({"genotype", "epochs", "metric_val", "loss_val"});
  for (const auto& trial : trials)
    text += csv_row(
        {to_text(trial.genotype), std::to_string(trial.epochs), shortest(trial.metric_val), shortest(trial.loss_val)});
  return text;
}

}  // namespace

std::filesystem::path model_folder(const std::filesystem::path& run, CandidateId id) {
  return run / "models" / std::to_string(id.value);
}

void save_model(const std::filesystem::path& folder, const ModelFile& model) {
  place_folder(folder, [&](const std::filesystem::path& temporary) {
    replace_file(temporary / "model.json", describe(model));
    if (!model.trials.empty()) replace_file(temporary / "trials.csv", trials_csv(model.trials));
    if (!model.curves.empty()) replace_file(temporary / "curves.csv", side_by_side(model.curves).csv());
    Hdf5File file(temporary / "weights.h5", Hdf5File::Mode::create);
    for (const auto& [name, tensor] : model.fusion) write_tensor(file, "/fusion/" + name, tensor);
    for (std::size_t m = 0; m < model.backbones.size(); ++m)
      for (const auto& [name, tensor] : model.backbones[m])
        write_tensor(file, fmt::format("/backbone/{}/{}", model.modalities[m], name), tensor);
    file.flush();
  });
}

bool has_whole_model(const std::filesystem::path& run, CandidateId id) {
  const auto folder = model_folder(run, id);
  if (!std::filesystem::exists(folder)) return false;
  try {
    for (const char* file : {"model.json", "weights.h5"})
      if (!std::filesystem::exists(folder / file)) throw ContentError(fmt::format("it has no {}", file), "");
    const Hdf5File file(folder / "weights.h5", Hdf5File::Mode::read);
    if (file.exists("/fusion")) (void)load_fusion_weights(folder);  // none where nothing was retrained
    for (const auto& modality : file.members("/backbone"))
      for (const auto& name : file.members("/backbone/" + modality))
        (void)read_tensor(file, fmt::format("/backbone/{}/{}", modality, name));
    return true;
  } catch (const ContentError& e) {
    const std::filesystem::path aside = folder.string() + ".damaged";
    log::warning("model {}: {}; {} is moved to {}", id.value, e.problem(), folder.string(), aside.string());
    std::error_code error;
    std::filesystem::remove_all(aside, error);
    std::filesystem::rename(folder, aside, error);
    if (error) throw RunError(fmt::format("{} cannot be moved: {}", folder.string(), error.message()));
    return false;
  }
}

ModelFile load_model(const std::filesystem::path& folder, const std::vector<BackboneSpace>& spaces) {
  const auto path = folder / "model.json";
  ModelFile model;
  try {
    model = described(read_json(path, "model"), spaces);
  } catch (const nlohmann::json::exception& e) {
    throw InputError(fmt::format("{} describes no model: {}", path.string(), e.what()),
                     "keep the run's files as it wrote them");
  }
  const Hdf5File file(folder / "weights.h5", Hdf5File::Mode::read);
  if (file.exists("/fusion")) model.fusion = load_fusion_weights(folder);  // none where nothing was retrained
  for (const auto& modality : model.modalities) {
    auto& tensors = model.backbones.emplace_back();
    for (const auto& name : file.members("/backbone/" + modality))
      tensors[name] = read_tensor(file, fmt::format("/backbone/{}/{}", modality, name));
  }
  return model;
}

std::map<std::string, torch::Tensor> load_fusion_weights(const std::filesystem::path& folder) {
  const Hdf5File file(folder / "weights.h5", Hdf5File::Mode::read);
  std::map<std::string, torch::Tensor> weights;
  for (const auto& name : file.members("/fusion")) weights[name] = read_tensor(file, "/fusion/" + name);
  return weights;
}

}  // namespace harmonic
