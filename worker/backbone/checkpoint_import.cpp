#include "worker/backbone/checkpoint_import.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "worker/backbone/checkpoint_file.hpp"
#include "worker/backbone/weight_check.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kKernelMatrix = "_matrix";

std::string shape_text(const torch::Tensor& tensor) {
  return tensor.dim() == 0 ? "scalar" : fmt::format("{}", fmt::join(tensor.sizes(), "x"));
}

/// What stands before the network's names in some of a checkpoint's.
/// @param anchor a name that every network of the kind has, once
/// @throws InputError when there are several such networks
std::string network_prefix(const std::vector<std::string>& names, const std::string& anchor, const std::string& file) {
  std::set<std::string> prefixes;
  for (const auto& name : names) {
    if (name == anchor) return "";
    if (name.ends_with("." + anchor)) prefixes.insert(name.substr(0, name.size() - anchor.size()));
  }
  if (prefixes.size() < 2) return prefixes.empty() ? "" : *prefixes.begin();
  std::vector<std::string> keys;
  for (const auto& prefix : prefixes) keys.push_back(prefix.substr(0, prefix.size() - 1));
  throw InputError(fmt::format("{} holds several networks", file),
                   fmt::format("name one with --key: {}", join(keys, ", ")));
}

/// The tensors of a checkpoint by their common spelling.
class CheckpointTensors {
 public:
  /// @param space that they are to be of, for messages
  /// @param anchor see network_prefix
  CheckpointTensors(const std::filesystem::path& path, const std::string& key, std::string space,
                    const std::string& anchor)
      : path_(path.string()), space_(std::move(space)) {
    auto checkpoint = read_checkpoint(path, key);
    std::vector<std::string> names;
    for (const auto& [name, tensor] : checkpoint.tensors) names.push_back(common_spelling(name));
    const auto prefix = network_prefix(names, anchor, path_);
    for (std::size_t i = 0; auto& [name, tensor] : checkpoint.tensors) {
      const std::string& spelling = names[i++];
      if (!spelling.starts_with(prefix)) {
        beside_.push_back(name);
        continue;
      }
      const auto [entry, is_new] = entries_.try_emplace(spelling.substr(prefix.size()), Entry{name, std::move(tensor)});
      if (!is_new)
        throw InputError(
            fmt::format("{} holds both {} and {}, which are one tensor of a supernet", path_, entry->second.name, name),
            "leave one of them out");
    }
    notes_.key = std::move(checkpoint.key);
    notes_.other_keys = std::move(checkpoint.others);
  }

  const torch::Tensor& take(const std::string& name) {
    const auto found = entries_.find(common_spelling(name));
    if (found == entries_.end())
      throw InputError(fmt::format("{} has no tensor {}, which space {} needs", path_, name, space_), mend());
    if (!found->second.read.problem.empty())
      throw InputError(
          fmt::format("tensor {} of {} cannot be read: {}", found->second.name, path_, found->second.read.problem),
          "give a whole file with plain tensors of numbers");
    found->second.taken = true;
    return found->second.read.tensor;
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

  /// The values of the tensor of that name, put into `tensor`, which holds what a new network has.
  void fill(const std::string& name, const torch::Tensor& tensor) {
    if (name.ends_with(kKernelMatrix) && lacks_everywhere(name)) return;
    const auto& found = take(name);
    if (found.sizes() != tensor.sizes()) refuse_shape(name, shape_text(tensor));
    tensor.copy_(found);
    check_weights(name, tensor, path_);
  }

  /// Once all were taken. How many batches a norm has seen plays no part in a supernet.
  [[nodiscard]] ImportNotes notes() const {
    ImportNotes told = notes_;
    told.left = beside_;
    for (const auto& [spelling, entry] : entries_)
      if (!entry.taken && !entry.name.ends_with("num_batches_tracked")) told.left.push_back(entry.name);
    return told;
  }

 private:
  struct Entry {
    std::string name;  ///< in the file
    CheckpointTensor read;
    bool taken = false;
  };

  /// Whether no block has this kernel matrix: the network has no smaller kernels.
  bool lacks_everywhere(const std::string& name) {
    const std::string matrix = name.substr(name.rfind('.') + 1);
    auto& lacked = notes_.identities;
    if (std::ranges::find(lacked, matrix) != lacked.end()) return true;
    if (std::ranges::any_of(entries_, [&](const auto& entry) { return entry.first.ends_with("." + matrix); }))
      return false;
    lacked.push_back(matrix);
    return true;
  }

  [[nodiscard]] std::string mend() const {
    const std::string_view usual = "give a checkpoint that holds a state_dict of this space";
    return notes_.other_keys.empty()
               ? std::string(usual)
               : fmt::format("{}, or name with --key where it is: {}", usual, join(notes_.other_keys, ", "));
  }

  std::string path_, space_;
  std::map<std::string, Entry> entries_;
  std::vector<std::string> beside_;  ///< names of what is outside the network
  ImportNotes notes_;
};

}  // namespace

std::string common_spelling(const std::string& name) {
  static const std::set<std::string_view> wrappers = {"module", "_orig_mod", "_fsdp_wrapped_module",
                                                      "_checkpoint_wrapped_module"};
  static const std::set<std::string_view> repeated = {"bn", "conv", "linear"};
  std::vector<std::string> parts;
  for (auto& part : split(name, '.')) {
    if (part == "mobile_inverted_conv") part = "conv";
    if (wrappers.contains(part) || (!parts.empty() && parts.back() == part && repeated.contains(part))) continue;
    parts.push_back(std::move(part));
  }
  return join(parts, ".");
}

Supernet import_checkpoint(const std::filesystem::path& path, BackboneSpace space, const std::string& key,
                           ImportNotes* notes) {
  const bool maxout = space.family == BackboneSpace::Family::maxout;
  const std::string classifier = maxout ? "hid2val.weight" : "classifier.linear.weight";
  CheckpointTensors tensors(path, key, space.name, classifier);
  const int classes = tensors.side(classifier, 0, "classes x features");
  if (maxout)
    space.in_features =
        tensors.side("op_list.0.lin.weight", 1, fmt::format("{} x features", space.hidden * space.pool));
  Supernet supernet(space, classes, Seed{0});
  for (const auto& [name, tensor] : supernet.tensors()) tensors.fill(name, tensor);
  if (notes != nullptr) *notes = tensors.notes();
  return supernet;
}

}  // namespace harmonic
