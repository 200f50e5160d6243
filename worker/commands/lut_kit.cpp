#include <filesystem>
#include <functional>
#include <iostream>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/progress_display.hpp"
#include "core/base/text.hpp"
#include "core/hardware/kit.hpp"
#include "core/hardware/network_parts.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "core/work/stop_signal.hpp"
#include "proto/onnx_codec.hpp"
#include "worker/commands/lut_measuring.hpp"
#include "worker/commands/lut_networks.hpp"
#include "worker/export/graph_builder.hpp"
#include "worker/profile/part_graphs.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

/// A model that does nothing.
NetworkGraph overhead_graph() {
  GraphBuilder graph("overhead");
  const auto x = graph.input("x", NumberType::float32, {1});
  graph.output(graph.add("Identity", "y", {x}), "z", {1});
  return std::move(graph).graph();
}

/// "parts/0007-MBConvLayer.onnx"
std::string file_of(std::size_t number, const std::string& key) {
  return fmt::format("{}/{:04}-{}.onnx", kKitParts, number, key_kind(key));
}

/// Called with the number of models that are written. @throws RunError when the kit is not wanted any more
using Told = std::function<void(std::size_t written)>;

/// Writes the parts and their manifest. @return how many parts
std::size_t write_parts(const fs::path& folder, const TableScope& scope, int batch, const Told& told) {
  fs::create_directories(folder / kKitParts);
  const auto graphs = part_graphs(scope);
  std::vector<KitLine> lines;
  const auto add = [&](const std::string& key, const NetworkGraph& graph) {
    lines.push_back({key, file_of(lines.size(), key)});
    replace_file(folder / lines.back().file, to_onnx(graph, batch));
    told(lines.size());
  };
  add(kOverheadKey, overhead_graph());
  for (const auto& key : lut_keys(scope.parts())) add(key, graphs.at(key));
  replace_file(folder / "manifest.csv", kit_manifest(lines));
  return lines.size();
}

/// Writes whole networks, to judge the table by that the parts give.
void write_networks(const fs::path& folder, const NetworkOptions& networks, const TableScope& scope, int batch,
                    const Told& told) {
  const auto drawn = networks.draw(scope);
  if (drawn.networks.empty()) return;
  fs::create_directories(folder / "networks");
  const UntrainedNetworks untrained(drawn.sizing);
  std::string manifest = csv_row({"network", "file", "latency_ms"});
  for (std::size_t n = 0; n < drawn.networks.size(); ++n) {
    const auto file = fmt::format("networks/{:03}.onnx", n);
    replace_file(folder / file, to_onnx(graph_of(drawn.networks[n], untrained), batch));
    manifest += csv_row({drawn.networks[n].name, file, ""});
    told(n + 1);
  }
  replace_file(folder / "networks.csv", manifest);
}

}  // namespace

ExitCode lut_kit(const Arguments& args) {
  TableScopeOptions rows;
  take_usual_scope(rows);
  NetworkOptions networks;
  networks.subnets = networks.models = 0;
  std::string out;
  int batch = 1;
  bool json = false;
  OptionSet options(
      "harmonic lut kit",
      "For a device that cannot run this program: writes one small ONNX model for every row of a table, and "
      "manifest.csv. Measure each file with the device's own benchmark tool, fill in latency_ms (and "
      "energy_mj where it is known), or write unsupported as the status of what it cannot run; then "
      "harmonic lut import --kit DIR/manifest.csv makes the table. The first row, Overhead, is a call's own price: "
      "import subtracts it from all others.");
  options.add("out", out, "folder to write, which is not there yet").required();
  rows.declare(options);
  options.add("batch", batch, "samples a run", {1, 4096});
  networks.declare(options);
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  say_notices(options);
  check_absent(out, "out", "name another folder, or remove it: measurements may be in it");
  const TableScope scope = measured_scope(rows, options, args);
  const OutputFolder above(out, "out");
  catch_stop_signals();  // so that what is half-written goes
  std::size_t parts = 0;
  ProgressDisplay display("cutting networks into their parts");
  const auto told = [&](const char* what) {
    return [&display, &out, what](std::size_t written) {
      if (stop_signal_seen()) throw RunError(fmt::format("stopped: {} is not written", out));
      if (display.is_due()) display.show({fmt::format("{} {} written", written, what)});
    };
  };
  place_folder(out, [&](const fs::path& folder) {
    parts = write_parts(folder, scope, batch, told("parts"));
    write_networks(folder, networks, scope, batch, told("whole networks"));
  });
  display.close();
  const auto manifest = (fs::path(out) / "manifest.csv").string();
  if (json)
    std::cout << json_text(nlohmann::ordered_json{{"kit", out}, {"manifest", manifest}, {"parts", parts}}) << '\n';
  else
    std::cout << fmt::format("{}: {} models to measure, listed in {}\n", out, parts, manifest);
  return ExitCode::done;
}

}  // namespace harmonic
