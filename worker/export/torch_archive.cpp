#include "worker/export/torch_archive.hpp"

#include <vector>

#include <ATen/core/Dict.h>
#include <ATen/core/ivalue.h>

#include <fmt/format.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include "core/base/error.hpp"
#include "worker/export/graph_tensors.hpp"

namespace harmonic {
namespace {

constexpr const char* kGraph = "graph";
constexpr const char* kWeights = "weights";

}  // namespace

std::string to_torch_archive(const NetworkGraph& graph) {
  c10::Dict<std::string, torch::Tensor> weights;
  for (const auto& constant : graph.constants) weights.insert(constant.name, to_tensor(constant));
  c10::impl::GenericDict archive(c10::StringType::get(), c10::AnyType::get());
  archive.insert(kGraph, to_json_text(graph));
  archive.insert(kWeights, weights);
  const auto bytes = torch::jit::pickle_save(archive);
  return {bytes.begin(), bytes.end()};
}

NetworkGraph from_torch_archive(const std::string& bytes, const std::string& whose) try {
  const auto archive = torch::jit::pickle_load({bytes.begin(), bytes.end()}).toGenericDict();
  auto graph = graph_from_json(archive.at(kGraph).toStringRef(), whose);
  const auto weights = archive.at(kWeights).toGenericDict();
  for (auto& constant : graph.constants) {
    const auto own = to_constant(constant.name, weights.at(constant.name).toTensor());
    if (own.type != constant.type || own.shape != constant.shape)
      throw InputError(fmt::format("{} holds another tensor {} than it says", whose, constant.name),
                       "export the model again");
    constant.bytes = own.bytes;
  }
  return graph;
} catch (const c10::Error&) {
  throw InputError(fmt::format("{} is no exported model", whose), "export the model again");
} catch (const std::out_of_range&) {
  throw InputError(fmt::format("{} is no exported model: parts of it are missing", whose), "export the model again");
}

}  // namespace harmonic
