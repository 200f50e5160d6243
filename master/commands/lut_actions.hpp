#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/hardware/lut.hpp"
#include "core/storage/json_text.hpp"
#include "master/commands/commands.hpp"

namespace harmonic {

// harmonic lut ACTION, those that need no LibTorch. `args` are the words after the action.
ExitCode lut_import(const Arguments& args);
ExitCode lut_model(const Arguments& args);
ExitCode lut_show(const Arguments& args);
ExitCode lut_cost(const Arguments& args);

// What several of them do.

/// Adds {"latency_ms": …, "energy_mj": … or null}; of what the device cannot run {"unsupported": true} besides.
void add_costs(nlohmann::ordered_json& object, const Cost& cost);
/// {first, "ms", "mJ"}
[[nodiscard]] std::vector<std::string> cost_header(const std::string& first);
[[nodiscard]] std::vector<std::string> cost_row(const std::string& key, const Cost& cost);
/// A table of several files. @throws InputError
[[nodiscard]] LookUpTable load_tables(const std::vector<std::string>& files);

}  // namespace harmonic
