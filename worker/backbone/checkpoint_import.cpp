#include "worker/backbone/checkpoint_import.hpp"

#include <map>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "worker/backbone/checkpoint_file.hpp"

namespace harmonic {
namespace {

constexpr const char* kMend = "give a checkpoint that holds a state_dict of this space";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::string shape_text(const torch::Tensor& tensor) {
  return tensor.dim() == 0 ? "scalar" : fmt::format("{}", fmt::join(tensor.sizes(), "x"));
}

/// The tensors of the state dictionary by their common spelling.
std::map<std::string, torch::Tensor> read_state(const std::filesystem::path& path) {
  std::map<std::string, torch::Tensor> state;
  for (auto& [name, tensor] : read_checkpoint(path)) state.emplace(common_spelling(name), tensor);
  return state;
}

const torch::Tensor& required(const std::map<std::string, torch::Tensor>& state, const std::string& name,
                              const std::filesystem::path& path, const BackboneSpace& space) {
  const auto found = state.find(common_spelling(name));
  if (found == state.end())
    throw InputError(fmt::format("{} has no tensor {}, which space {} needs", path.string(), name, space.name), kMend);
  return found->second;
}

}  // namespace

std::string common_spelling(std::string name) {
  if (name.starts_with("module.")) name.erase(0, std::string_view("module.").size());
  replace_all(name, ".mobile_inverted_conv.", ".conv.");
  for (const std::string part : {"bn", "conv", "linear"})
    replace_all(name, "." + part + "." + part + ".", "." + part + ".");
  return name;
}

Supernet import_checkpoint(const std::filesystem::path& path, BackboneSpace space) {
  const auto state = read_state(path);
  const bool maxout = space.family == BackboneSpace::Family::maxout;
  const auto& classifier = required(state, maxout ? "hid2val.weight" : "classifier.linear.weight", path, space);
  if (maxout) space.in_features = static_cast<int>(required(state, "op_list.0.lin.weight", path, space).size(1));
  Supernet supernet(space, static_cast<int>(classifier.size(0)), Seed{0});
  for (const auto& [name, tensor] : supernet.tensors()) {
    const auto& found = required(state, name, path, space);
    if (found.sizes() != tensor.sizes())
      throw InputError(fmt::format("tensor {} of {} has shape {}, but space {} needs {}", name, path.string(),
                                   shape_text(found), space.name, shape_text(tensor)),
                       "name the space it was trained for");
    tensor.copy_(found);
  }
  return supernet;
}

}  // namespace harmonic
