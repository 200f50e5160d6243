#include "worker/models/model_file.hpp"

#include <fmt/format.h>

#include "core/storage/atomic_file.hpp"
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
  json["cells"] = model.genome.macro.cells;
  json["nodes"] = model.genome.macro.nodes;
  json["genotype"] = to_text(model.genotype);
  return json_text(json, 2) + '\n';
}

}  // namespace

std::filesystem::path model_folder(const std::filesystem::path& run, CandidateId id) {
  return run / "models" / std::to_string(id.value);
}

void save_model(const std::filesystem::path& folder, const ModelFile& model) {
  place_folder(folder, [&](const std::filesystem::path& temporary) {
    replace_file(temporary / "model.json", describe(model));
    Hdf5File file(temporary / "weights.h5", Hdf5File::Mode::create);
    for (const auto& [name, tensor] : model.fusion) write_tensor(file, "/fusion/" + name, tensor);
    for (std::size_t m = 0; m < model.backbones.size(); ++m)
      for (const auto& [name, tensor] : model.backbones[m])
        write_tensor(file, fmt::format("/backbone/{}/{}", model.modalities[m], name), tensor);
    file.flush();
  });
}

std::map<std::string, torch::Tensor> load_fusion_weights(const std::filesystem::path& folder) {
  const Hdf5File file(folder / "weights.h5", Hdf5File::Mode::read);
  std::map<std::string, torch::Tensor> weights;
  for (const auto& name : file.members("/fusion")) weights[name] = read_tensor(file, "/fusion/" + name);
  return weights;
}

}  // namespace harmonic
