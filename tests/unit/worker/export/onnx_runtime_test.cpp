// Exported models as ONNX Runtime runs them, from its PyPI package in an environment of its own: tests only.
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <catch2/catch.hpp>
#include <torch/types.h>

#include "core/storage/atomic_file.hpp"
#include "kept_models.hpp"
#include "proto/onnx_codec.hpp"
#include "tests/support/process.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/export/graph_runner.hpp"
#include "worker/export/graph_tensors.hpp"
#include "worker/export/model_graph.hpp"
#include "worker/export/quantization.hpp"

namespace harmonic {
namespace {

using testing::ModelKind;

/// Models with samples and the logits that are expected of them, for run_onnx.py.
class OnnxFolder {
 public:
  void add(const ModelKind& kind, const NetworkGraph& graph, const std::vector<torch::Tensor>& inputs,
           const torch::Tensor& logits) const {
    const auto write = [&](const std::string& name, const std::string& bytes) {
      replace_file(folder_ / (kind.name + name), bytes);
    };
    write(".onnx", to_onnx(graph));
    for (std::size_t m = 0; m < inputs.size(); ++m)
      write("." + graph.inputs[m].name + ".bin", to_constant("", inputs[m]).bytes);
    write(".logits.bin", to_constant("", logits).bytes);
  }

  /// Whether ONNX Runtime is there; where it is not, says so, and the test is skipped.
  [[nodiscard]] static bool can_run() {
    if (std::filesystem::exists(from_environment("HARMONIC_ONNX_PYTHON"))) return true;
    std::cout << "SKIPPED: no ONNX Runtime (HARMONIC_CHECKS=1 deploy/setup.sh installs it)\n";
    return false;
  }

  void check(double tolerance) const {
    const auto finished = testing::run({from_environment("HARMONIC_ONNX_PYTHON"), from_environment("HARMONIC_RUN_ONNX"),
                                        folder_.path().string(), std::to_string(tolerance)});
    INFO(finished.out << finished.err);
    CHECK(finished.exit_code == 0);
  }

 private:
  static std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set: run this test through ctest");
    return value;
  }

  testing::TemporaryFolder folder_;
};

/// Some at a time: features of large pictures take much memory.
torch::Tensor logits_of(const KeptModel& model, const std::vector<torch::Tensor>& inputs) {
  constexpr std::int64_t kChunk = 16;
  std::vector<torch::Tensor> logits;
  for (std::int64_t first = 0; first < inputs.front().size(0); first += kChunk) {
    std::vector<torch::Tensor> chunk;
    for (const auto& input : inputs) chunk.push_back(input.slice(0, first, first + kChunk));
    logits.push_back(model.logits(chunk));
  }
  return at::cat(logits);
}

TEST_CASE("ONNX Runtime gives every kind of model the program's own logits, in batches of any size", "[export]") {
  if (!OnnxFolder::can_run()) return;
  const OnnxFolder folder;
  const testing::TemporaryFolder kept;
  for (const ModelKind& kind : testing::model_kinds()) {
    const KeptModel model = testing::keep_model(kept / kind.name, kind);
    const auto inputs = testing::noise(kind, 64);
    folder.add(kind, model_graph(model), inputs, logits_of(model, inputs));
  }
  folder.check(1e-4);
}

TEST_CASE("ONNX Runtime gives models in whole numbers the logits that they were checked with", "[export]") {
  if (!OnnxFolder::can_run()) return;
  const OnnxFolder folder;
  const testing::TemporaryFolder kept;
  for (const ModelKind& kind : testing::model_kinds()) {
    if (kind.name == "mmimdb") continue;  // which takes longest and has no layer of another kind
    const auto graph = model_graph(testing::keep_model(kept / kind.name, kind));
    const auto inputs = testing::noise(kind, 15);
    ValueRanges ranges;
    (void)GraphRunner(graph).run(inputs, [&](const auto& name, const auto& value) { ranges.add(name, value); });
    const auto whole = quantized(graph, ranges);
    folder.add(kind, whole, inputs, GraphRunner(whole).run(inputs).front());
  }
  folder.check(0.1);  // sums in another order may round to the next whole number
}

}  // namespace
}  // namespace harmonic
