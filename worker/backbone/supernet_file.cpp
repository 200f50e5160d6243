#include "worker/backbone/supernet_file.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/hdf5_file.hpp"
#include "core/storage/json_text.hpp"
#include "worker/tensor/tensor_file.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kFormat = "harmonic-supernet";
constexpr std::int64_t kVersion = 1;
constexpr const char* kMend = "give a file that 'harmonic supernet train' or 'import' wrote";

std::string shape_text(std::span<const std::size_t> shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x"));
}

Hdf5File open_checked(const std::filesystem::path& path) {
  Hdf5File file(path, Hdf5File::Mode::read);
  if (!file.has_attribute("/", "format") || file.attribute_text("/", "format") != kFormat)
    throw InputError(fmt::format("{} is no supernet file", path.string()), kMend);
  const auto version = file.attribute_int("/", "version");
  if (version != kVersion)
    throw InputError(fmt::format("{} has format version {}, this program reads {}", path.string(), version, kVersion),
                     "use the program that wrote it, or train again");
  return file;
}

/// Fills the supernet's tensors. @throws InputError naming the tensor and both shapes
void read_tensors(const Hdf5File& file, Supernet& supernet) {
  for (const auto& [name, tensor] : supernet.tensors()) {
    const std::string object = "/tensors/" + name;
    const auto expected = shape_of(tensor);
    const std::string wanted = fmt::format("space {} with {} classes needs {}", supernet.space().name,
                                           supernet.classes(), shape_text(expected));
    if (!file.exists(object))
      throw InputError(fmt::format("{} has no tensor {}, for which {}", file.path().string(), name, wanted),
                       "name the space it was trained for");
    const auto found = file.shape(object);
    if (found != expected)
      throw InputError(
          fmt::format("tensor {} of {} has shape {}, but {}", name, file.path().string(), shape_text(found), wanted),
          "name the space and the data it was trained for");
    tensor.copy_(read_tensor(file, object));
    if (!tensor.isfinite().all().item<bool>())
      throw InputError(fmt::format("tensor {} of {} holds values that are not finite", name, file.path().string()),
                       "give weights of a training that did not diverge");
  }
}

BackboneSpace read_space(const nlohmann::json& json) {
  BackboneSpace space;
  json.at("name").get_to(space.name);
  space.family = value_of(BackboneSpace::kFamilies, json.at("family").get<std::string>(), "family");
  if (space.family == BackboneSpace::Family::maxout) {
    json.at("in_features").get_to(space.in_features);
    json.at("hidden").get_to(space.hidden);
    json.at("blocks").get_to(space.blocks);
    json.at("factor").get_to(space.factor);
    json.at("pool").get_to(space.pool);
    return space;
  }
  json.at("width_mult").get_to(space.width_mult);
  json.at("in_channels").get_to(space.in_channels);
  json.at("resolution").get_to(space.resolution);
  json.at("first_width").get_to(space.first_width);
  for (const auto& stage : json.at("stages"))
    space.stages.push_back({stage.at("width"), stage.at("stride"),
                            value_of(kActivations, stage.at("activation").get<std::string>(), "activation"),
                            stage.at("squeeze_excite")});
  json.at("final_expand").get_to(space.final_expand);
  json.at("feature_mix").get_to(space.feature_mix);
  json.at("kernels").get_to(space.kernels);
  json.at("expands").get_to(space.expands);
  json.at("depths").get_to(space.depths);
  return space;
}

/// The space that the file was trained for.
BackboneSpace space_of(const Hdf5File& file) try {
  auto space = read_space(nlohmann::json::parse(file.attribute_text("/", "space")));
  check_space(space);
  return space;
} catch (const nlohmann::json::exception& e) {
  throw InputError(fmt::format("{}: the search space's definition cannot be read: {}", file.path().string(), e.what()),
                   kMend);
} catch (const ContentError&) {
  throw;  // names the file
} catch (const InputError& e) {
  throw InputError(fmt::format("{}: the search space's definition cannot be: {}", file.path().string(), e.problem()),
                   kMend);
}

}  // namespace

std::string space_to_json(const BackboneSpace& space) {
  nlohmann::ordered_json json;
  json["name"] = space.name;
  json["family"] = word_of(BackboneSpace::kFamilies, space.family);
  if (space.family == BackboneSpace::Family::maxout) {
    json["in_features"] = space.in_features;
    json["hidden"] = space.hidden;
    json["blocks"] = space.blocks;
    json["factor"] = space.factor;
    json["pool"] = space.pool;
    return json_text(json);
  }
  json["width_mult"] = space.width_mult;
  json["in_channels"] = space.in_channels;
  json["resolution"] = space.resolution;
  json["first_width"] = space.first_width;
  json["stages"] = nlohmann::ordered_json::array();
  for (const auto& stage : space.stages)
    json["stages"].push_back({{"width", stage.width},
                              {"stride", stage.stride},
                              {"activation", word_of(kActivations, stage.activation)},
                              {"squeeze_excite", stage.squeeze_excite}});
  json["final_expand"] = space.final_expand;
  json["feature_mix"] = space.feature_mix;
  json["kernels"] = space.kernels;
  json["expands"] = space.expands;
  json["depths"] = space.depths;
  return json_text(json);
}

Conditions space_conditions(const BackboneSpace& space) {
  const auto json = nlohmann::ordered_json::parse(space_to_json(space));
  Conditions conditions;
  for (const auto& [key, value] : json.items())
    conditions.emplace_back("search space " + key, value.is_string() ? value.get<std::string>() : json_text(value));
  return conditions;
}

void save_supernet(const std::filesystem::path& path, const Supernet& supernet, const SupernetNotes& notes) {
  replace_file(path, [&](const std::filesystem::path& temporary) {
    Hdf5File file(temporary, Hdf5File::Mode::create);
    file.set_attribute("/", "format", kFormat);
    file.set_attribute("/", "version", kVersion);
    file.set_attribute("/", "space", space_to_json(supernet.space()));
    file.set_attribute("/", "classes", static_cast<std::int64_t>(supernet.classes()));
    file.set_attribute("/", "modality", notes.modality);
    file.set_attribute("/", "provenance", notes.provenance);
    for (const auto& [name, tensor] : supernet.tensors()) write_tensor(file, "/tensors/" + name, tensor);
    file.flush();
  });
}

Supernet load_supernet(const std::filesystem::path& path, SupernetNotes* notes) {
  const Hdf5File file = open_checked(path);
  Supernet supernet(space_of(file), static_cast<int>(file.attribute_int("/", "classes")), Seed{0});
  read_tensors(file, supernet);
  if (notes != nullptr) *notes = {file.attribute_text("/", "modality"), file.attribute_text("/", "provenance")};
  return supernet;
}

Supernet load_supernet(const std::filesystem::path& path, const BackboneSpace& space, int classes) {
  const Hdf5File file = open_checked(path);
  Supernet supernet(space, classes, Seed{0});
  read_tensors(file, supernet);
  const auto stored = space_of(file);
  if (stored != space)
    throw InputError(
        fmt::format("{} was trained for space {}, not {}", path.string(), stored.name, space.name),
        "its tensors have the same shapes, but its input or its genes differ: name the space it was trained for");
  return supernet;
}

}  // namespace harmonic
