#include "worker/backbone/checkpoint_import.hpp"

#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "worker/backbone/checkpoint_file.hpp"

namespace harmonic {
namespace {

constexpr const char* kMendCheckpoint = "give a checkpoint that holds a state_dict of this space";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::string shape_text(const torch::Tensor& tensor) {
  return tensor.dim() == 0 ? "scalar" : fmt::format("{}", fmt::join(tensor.sizes(), "x"));
}

/// The tensors of a checkpoint by their common spelling.
class CheckpointTensors {
 public:
  /// @param space that they are to be of, for messages
  CheckpointTensors(const std::filesystem::path& path, std::string space)
      : path_(path.string()), space_(std::move(space)) {
    for (auto& [name, tensor] : read_checkpoint(path)) {
      const auto [entry, is_new] = entries_.try_emplace(common_spelling(name), Entry{name, tensor});
      if (!is_new)
        throw InputError(
            fmt::format("{} holds both {} and {}, which are one tensor of a supernet", path_, entry->second.name, name),
            "leave one of them out");
    }
  }

  const torch::Tensor& take(const std::string& name) {
    const auto found = entries_.find(common_spelling(name));
    if (found == entries_.end())
      throw InputError(fmt::format("{} has no tensor {}, which space {} needs", path_, name, space_), kMendCheckpoint);
    found->second.taken = true;
    return found->second.tensor;
  }

  /// @param wanted like "classes x 80"
  [[noreturn]] void refuse_shape(const std::string& name, std::string_view wanted) {
    throw InputError(fmt::format("tensor {} of {} has shape {}, but space {} needs {}", name, path_,
                                 shape_text(take(name)), space_, wanted),
                     "name the space it was trained for");
  }

  /// Length of one side of a matrix. @param wanted its shape, for messages
  int side(const std::string& name, int dimension, std::string_view wanted) {
    const auto& tensor = take(name);
    if (tensor.dim() != 2 || tensor.numel() == 0) refuse_shape(name, wanted);
    return static_cast<int>(tensor.size(dimension));
  }

  /// The values of the tensor of that name, put into `tensor`.
  void fill(const std::string& name, const torch::Tensor& tensor) {
    const auto& found = take(name);
    if (found.sizes() != tensor.sizes()) refuse_shape(name, shape_text(tensor));
    tensor.copy_(found);
    if (!tensor.isfinite().all().item<bool>())
      throw InputError(fmt::format("tensor {} of {} holds values that are not finite", name, path_),
                       "give a checkpoint of a training that did not diverge");
  }

  /// Names of those that nobody has asked for. How many batches a norm has seen plays no part in a supernet.
  [[nodiscard]] std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& [spelling, entry] : entries_)
      if (!entry.taken && !entry.name.ends_with("num_batches_tracked")) names.push_back(entry.name);
    return names;
  }

 private:
  struct Entry {
    std::string name;  ///< in the file
    torch::Tensor tensor;
    bool taken = false;
  };

  std::string path_, space_;
  std::map<std::string, Entry> entries_;
};

}  // namespace

std::string common_spelling(std::string name) {
  if (name.starts_with("module.")) name.erase(0, std::string_view("module.").size());
  replace_all(name, ".mobile_inverted_conv.", ".conv.");
  for (const std::string part : {"bn", "conv", "linear"})
    replace_all(name, "." + part + "." + part + ".", "." + part + ".");
  return name;
}

Supernet import_checkpoint(const std::filesystem::path& path, BackboneSpace space, std::vector<std::string>* left) {
  CheckpointTensors tensors(path, space.name);
  const bool maxout = space.family == BackboneSpace::Family::maxout;
  const int classes = tensors.side(maxout ? "hid2val.weight" : "classifier.linear.weight", 0, "classes x features");
  if (maxout)
    space.in_features =
        tensors.side("op_list.0.lin.weight", 1, fmt::format("{} x features", space.hidden * space.pool));
  Supernet supernet(space, classes, Seed{0});
  for (const auto& [name, tensor] : supernet.tensors()) tensors.fill(name, tensor);
  if (left != nullptr) *left = tensors.left();
  return supernet;
}

}  // namespace harmonic
