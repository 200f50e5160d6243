#include "worker/backbone/supernet_file.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/hdf5_file.hpp"
#include "core/storage/json_text.hpp"
#include "worker/backbone/weight_check.hpp"
#include "worker/tensor/tensor_file.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kFormat = "harmonic-supernet";
constexpr std::int64_t kVersion = 1;
constexpr std::string_view kSpaceCondition = "search space ";  ///< and a key of its definition
constexpr const char* kMendSupernet = "give a file that 'harmonic supernet train' or 'import' wrote";

std::string shape_text(std::span<const std::size_t> shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x"));
}

bool is_of_format(const Hdf5File& file) {
  return file.has_attribute("/", "format") && file.attribute_text("/", "format") == kFormat;
}

Hdf5File open_checked(const std::filesystem::path& path) {
  Hdf5File file(path, Hdf5File::Mode::read);
  if (!is_of_format(file)) throw InputError(fmt::format("{} is no supernet file", path.string()), kMendSupernet);
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
    check_weights(name, tensor, file.path().string());
  }
}

constexpr const char* kFixedActivation = "fixed_activation";

/// Every field of a space's family as its definition names it, in its order: `field(name, value)`, `stages(stages)`.
template <class Space, class Field, class Stages>
void visit(Space& space, const Field& field, const Stages& stages) {
  if (space.family == BackboneSpace::Family::maxout) {
    field("in_features", space.in_features);
    field("hidden", space.hidden);
    field("blocks", space.blocks);
    field("factor", space.factor);
    field("pool", space.pool);
    return;
  }
  field("width_mult", space.width_mult);
  field("in_channels", space.in_channels);
  field("resolution", space.resolution);
  field("first_width", space.first_width);
  stages(space.stages);
  field("final_expand", space.final_expand);
  field("feature_mix", space.feature_mix);
  field("kernels", space.kernels);
  field("expands", space.expands);
  field("depths", space.depths);
}

BackboneSpace read_space(const nlohmann::json& json) {
  BackboneSpace space;
  json.at("name").get_to(space.name);
  space.family = value_of(BackboneSpace::kFamilies, json.at("family").get<std::string>(), "family");
  visit(
      space, [&](const char* name, auto& value) { json.at(name).get_to(value); },
      [&](auto& stages) {
        for (const auto& stage : json.at("stages"))
          stages.push_back({stage.at("width"), stage.at("stride"),
                            value_of(kActivations, stage.at("activation").get<std::string>(), "activation"),
                            stage.at("squeeze_excite")});
      });
  if (json.contains(kFixedActivation))
    space.fixed_activation = value_of(kActivations, json.at(kFixedActivation).get<std::string>(), "fixed activation");
  return space;
}

/// The space that the file was trained for.
BackboneSpace space_of(const Hdf5File& file) try {
  auto space = read_space(nlohmann::json::parse(file.attribute_text("/", "space")));
  check_space(space);
  return space;
} catch (const nlohmann::json::exception& e) {
  throw InputError(fmt::format("{}: the search space's definition cannot be read: {}", file.path().string(), e.what()),
                   kMendSupernet);
} catch (const ContentError&) {
  throw;  // names the file
} catch (const InputError& e) {
  throw InputError(fmt::format("{}: the search space's definition cannot be: {}", file.path().string(), e.problem()),
                   kMendSupernet);
}

}  // namespace

std::string space_to_json(const BackboneSpace& space) {
  nlohmann::ordered_json json;
  json["name"] = space.name;
  json["family"] = word_of(BackboneSpace::kFamilies, space.family);
  visit(
      space, [&](const char* name, const auto& value) { json[name] = value; },
      [&](const auto& stages) {
        json["stages"] = nlohmann::ordered_json::array();
        for (const auto& stage : stages)
          json["stages"].push_back({{"width", stage.width},
                                    {"stride", stage.stride},
                                    {"activation", word_of(kActivations, stage.activation)},
                                    {"squeeze_excite", stage.squeeze_excite}});
      });
  if (space.fixed_activation != BackboneSpace{}.fixed_activation)  // no file had another before there was a choice
    json[kFixedActivation] = word_of(kActivations, space.fixed_activation);
  return json_text(json);
}

Conditions space_conditions(const BackboneSpace& space) {
  const auto json = nlohmann::ordered_json::parse(space_to_json(space));
  Conditions conditions;
  for (const auto& [key, value] : json.items())
    conditions.emplace_back(std::string(kSpaceCondition) + key,
                            value.is_string() ? value.get<std::string>() : json_text(value));
  return conditions;
}

std::optional<BackboneSpace> find_space_in(const Conditions& conditions) try {
  nlohmann::json json;
  for (const auto& [name, value] : conditions) {
    if (!name.starts_with(kSpaceCondition)) continue;
    const auto key = name.substr(kSpaceCondition.size());
    json[key] = key == "name" || key == "family" || key == kFixedActivation ? nlohmann::json(value)
                                                                            : nlohmann::json::parse(value);
  }
  if (json.is_null()) return std::nullopt;
  auto space = read_space(json);
  check_space(space);
  return space;
} catch (const nlohmann::json::exception&) {
  return std::nullopt;
} catch (const InputError&) {
  return std::nullopt;
}

bool is_supernet(const std::filesystem::path& path) {
  return is_of_format(Hdf5File(path, Hdf5File::Mode::read));
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
