#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "core/base/text.hpp"
#include "core/storage/csv.hpp"

namespace harmonic::testing {

/// A model of a run that was never searched for: its numbers are the test's.
struct HandModel {
  int id = 0;
  double metric_val = 0;
  std::optional<double> metric_test = {};
  std::vector<double> latency_ms, energy_mj = {};  ///< a device each; no energies: the column is empty
  std::string genotype = "0+1:Sum(0,1) -> 2";
};

/// What differs between such runs.
struct HandRun {
  std::vector<HandModel> front;
  std::vector<HandModel> dominated = {};
  std::vector<std::string> devices = {"tx2"};
  std::string config = "[run]\nseed = 1\nprotocol = honest\n";
  std::string inputs = R"({"classes": "10", "data": "aa", "test data": "bb"})";
  std::string status = R"({"state": "finished", "exit_code": 0, "generation": 3, "lost": []})";
  std::vector<double> reference =
      {};  ///< of metric_val and every device's latency and energy; none: no hypervolume.csv

  [[nodiscard]] std::vector<std::string> cost_columns() const {
    std::vector<std::string> columns;
    for (const char* quantity : {"latency_ms.", "energy_mj."})
      for (const auto& device : devices) columns.push_back(quantity + device);
    return columns;
  }

  void write(const std::filesystem::path& folder) const {
    std::filesystem::create_directories(folder);
    auto all = front;
    all.insert(all.end(), dominated.begin(), dominated.end());
    std::ofstream(folder / "candidates.csv") << table(all);
    std::ofstream(folder / "front.csv") << table(front);
    std::ofstream(folder / "config.cfg") << config;
    if (!inputs.empty()) std::ofstream(folder / "inputs.json") << inputs;
    if (!status.empty()) std::ofstream(folder / "status.json") << status;
    if (reference.empty()) return;
    std::vector<std::string> header = {"generation", "models", "hypervolume", "reference.metric_val"};
    std::vector<std::string> row = {"1", std::to_string(all.size()), "1"};
    for (const auto& column : cost_columns()) header.push_back("reference." + column);
    for (const double value : reference) row.push_back(shortest(value));
    std::ofstream(folder / "hypervolume.csv") << csv_row(header) << csv_row(row);
  }

 private:
  [[nodiscard]] std::string table(const std::vector<HandModel>& models) const {
    std::vector<std::string> header = {"id", "generation", "metric_val", "metric_test"};
    for (const auto& column : cost_columns()) header.push_back(column);
    header.insert(header.end(), {"latency", "energy", "parameters", "macs", "genome.image", "genome.audio", "cells",
                                 "nodes", "genotype", "seconds"});
    std::string text = csv_row(header);
    for (const auto& model : models) {
      std::vector<std::string> row = {std::to_string(model.id), "1", shortest(model.metric_val),
                                      model.metric_test ? shortest(*model.metric_test) : ""};
      for (const auto* values : {&model.latency_ms, &model.energy_mj})
        for (std::size_t d = 0; d < devices.size(); ++d)
          row.push_back(d < values->size() ? shortest(values->at(d)) : "");
      row.push_back(shortest(model.latency_ms.at(0)));
      row.push_back(model.energy_mj.empty() ? "" : shortest(model.energy_mj.at(0)));
      row.insert(row.end(), {"1000", "2000", "K=3,3,0,0;E=3,3,0,0;D=2", "K=5,3,0,0;E=3,3,0,0;D=2", "1", "1",
                             model.genotype, "10"});
      text += csv_row(row);
    }
    return text;
  }
};

}  // namespace harmonic::testing
