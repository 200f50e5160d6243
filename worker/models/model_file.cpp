#include "worker/models/model_file.hpp"

#include <algorithm>
#include <span>

#include <unistd.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/hdf5_file.hpp"
#include "core/storage/json_text.hpp"

namespace harmonic {
namespace {

std::vector<std::size_t> dims_of(const torch::Tensor& tensor) {
  return {tensor.sizes().begin(), tensor.sizes().end()};
}

void write_tensor(Hdf5File& file, const std::string& path, const torch::Tensor& tensor) {
  if (tensor.scalar_type() == torch::kInt64) {
    const auto values = tensor.detach().cpu().contiguous();
    file.write<std::int64_t>(path, {values.data_ptr<std::int64_t>(), static_cast<std::size_t>(values.numel())},
                             dims_of(values));
    return;
  }
  const auto values = tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  file.write<float>(path, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}, dims_of(values));
}

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
  auto temporary = folder;
  temporary += fmt::format(".tmp{}", getpid());
  try {
    std::filesystem::remove_all(temporary);
    std::filesystem::create_directories(temporary);
    replace_file(temporary / "model.json", describe(model));
    replace_file(temporary / "weights.h5", [&](const std::filesystem::path& path) {
      Hdf5File file(path, Hdf5File::Mode::create);
      for (const auto& [name, tensor] : model.fusion) write_tensor(file, "/fusion/" + name, tensor);
      for (std::size_t m = 0; m < model.backbones.size(); ++m)
        for (const auto& [name, tensor] : model.backbones[m])
          write_tensor(file, fmt::format("/backbone/{}/{}", model.modalities[m], name), tensor);
      file.flush();
    });
    std::filesystem::remove_all(folder);
    std::filesystem::rename(temporary, folder);
  } catch (const std::filesystem::filesystem_error& e) {
    throw RunError(fmt::format("cannot keep the model {}: {}", folder.string(), e.what()));
  }
}

std::map<std::string, torch::Tensor> load_fusion_weights(const std::filesystem::path& folder) {
  const Hdf5File file(folder / "weights.h5", Hdf5File::Mode::read);
  std::map<std::string, torch::Tensor> weights;
  for (const auto& name : file.members("/fusion")) {
    const auto path = "/fusion/" + name;
    const auto dims = file.shape(path);
    const std::vector<std::int64_t> shape(dims.begin(), dims.end());
    if (file.type(path) == ElementType::int64) {
      auto values = file.read<std::int64_t>(path);
      weights[name] = torch::from_blob(values.data(), shape, torch::kInt64).clone();
    } else {
      auto values = file.read<float>(path);
      weights[name] = torch::from_blob(values.data(), shape, torch::kFloat32).clone();
    }
  }
  return weights;
}

}  // namespace harmonic
