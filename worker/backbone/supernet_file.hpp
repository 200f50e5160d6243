#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/storage/conditions.hpp"
#include "worker/backbone/supernet.hpp"

namespace harmonic {

/// What a supernet file says beside the weights.
struct SupernetNotes {
  std::string modality;    ///< it was trained on
  std::string provenance;  ///< how it came about: data, seed, settings, or the checkpoint it was read from
};

/// Writes the shared weight file (HDF5), replacing `path` as a whole: attributes `format` ("harmonic-supernet"),
/// `version`, `space` (its definition as JSON), `classes`, `modality`, `provenance`; one data set a tensor under
/// /tensors, named as in published state dictionaries. @throws RunError
void save_supernet(const std::filesystem::path& path, const Supernet& supernet, const SupernetNotes& notes);

/// The file's supernet, of the file's own space.
/// @throws InputError when it is no such file, of a later version, cut short, or a tensor is missing, misshapen, not
/// finite or a variance below 0
[[nodiscard]] Supernet load_supernet(const std::filesystem::path& path, SupernetNotes* notes = nullptr);

/// The same, of `space` and `classes`; a file of another space is refused, naming the first tensor that does not fit
/// and both shapes, or what else differs.
[[nodiscard]] Supernet load_supernet(const std::filesystem::path& path, const BackboneSpace& space, int classes);

/// Whether an HDF5 file says that it is a supernet. @throws InputError when it is no HDF5 file
[[nodiscard]] bool is_supernet(const std::filesystem::path& path);

/// A space's definition as JSON.
[[nodiscard]] std::string space_to_json(const BackboneSpace& space);
/// Every key of that JSON by itself: {"search space kernels", "[3,5,7]"}.
[[nodiscard]] Conditions space_conditions(const BackboneSpace& space);
/// The space that such conditions, others among them, tell of; nothing where they tell of none that can be.
[[nodiscard]] std::optional<BackboneSpace> find_space_in(const Conditions& conditions);

}  // namespace harmonic
