// The program of deploy/example on a model's archive.
#include <cstdlib>
#include <sstream>

#include <catch2/catch.hpp>
#include <torch/types.h>

#include "core/storage/atomic_file.hpp"
#include "kept_models.hpp"
#include "tests/support/process.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/export/graph_tensors.hpp"
#include "worker/export/model_graph.hpp"
#include "worker/export/torch_archive.hpp"

namespace harmonic {
namespace {

TEST_CASE("The example program loads an exported archive and says the kept model's own classes", "[export]") {
  const char* program = std::getenv("HARMONIC_RUN_MODEL");
  REQUIRE(program != nullptr);
  const testing::TemporaryFolder folder;
  const auto& kind = testing::model_kinds().front();
  const KeptModel model = testing::keep_model(folder / "1", kind);
  replace_file(folder / "model.pt", to_torch_archive(model_graph(model)));
  const auto inputs = testing::noise(kind, 5);
  std::vector<std::string> command = {program, (folder / "model.pt").string()};
  for (std::size_t m = 0; m < inputs.size(); ++m) {
    command.push_back((folder / model.file().modalities[m]).string());
    replace_file(command.back(), to_constant("", inputs[m]).bytes);
  }
  const auto finished = testing::run(command);
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  const auto logits = model.logits(inputs);
  std::istringstream lines(finished.out);
  std::string line;
  for (std::int64_t i = 0; i < 5; ++i) {
    REQUIRE(std::getline(lines, line));
    CHECK_THAT(line, Catch::StartsWith(
                         fmt::format("sample {}: class {}, logit ", i, logits[i].argmax().item<std::int64_t>())));
    CHECK(std::stod(line.substr(line.rfind(' '))) == Approx(logits[i].max().item<double>()).margin(1e-4));
  }
  command.pop_back();
  CHECK(testing::run(command).exit_code == 1);
}

}  // namespace
}  // namespace harmonic
