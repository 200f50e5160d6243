#pragma once

#include <filesystem>
#include <fstream>

#include "core/base/hash.hpp"
#include "core/config/search_settings.hpp"
#include "core/data/dataset_file.hpp"
#include "core/hardware/cost_model.hpp"

namespace harmonic::testing {

/// Files that a search over the AV-MNIST spaces opens, as small as they may be: 2 samples a split, made-up costs. The
/// evaluator is the caller's.
inline void write_tiny_data(const std::filesystem::path& path, int classes = 10, std::uint8_t pixel = 7,
                            std::uint8_t test_pixel = 7) {
  DatasetContent content;
  content.info.classes = classes;
  content.info.provenance = "made up";
  content.info.modalities = {{"audio", ElementType::float32, {1, 20, 20}, {0}, {1}},
                             {"image", ElementType::uint8, {1, 28, 28}, {0.5F}, {0.5F}}};
  for (std::size_t split = 0; split < 3; ++split) {
    content.class_labels[split] = {0, classes - 1};
    content.samples["image"][split].bytes.assign(2 * 28 * 28, split == 2 ? test_pixel : pixel);
    content.samples["audio"][split].floats.assign(2 * 20 * 20, 0.5F);
  }
  write_dataset(path, content);
}

inline void write_tiny_table(const std::filesystem::path& path, double scale) {
  LookUpTable table;
  const auto set = [&](const std::string& key) {
    const double ms =
        scale * (0.05 + static_cast<double>(key.size() % 7) / 50 + static_cast<double>(hash64(key) % 1000) / 4000);
    table.set(key, {ms, 1.5 * ms + 0.01});
  };
  for (const auto* space : {"avmnist-image", "avmnist-audio"})
    for (const auto& key : space_keys(find_space(space), 10)) set(key);
  for (const auto& op : FusionSettings{}.operators) set(fusion_key(op, 192, 16));
  table.set_provenance({"made up", "modelled", "2024-01-01", "test", ""});
  table.save(path);
}

/// Writes the files into `folder`; the run directory is `folder`/run, not made yet.
inline SearchSettings tiny_run(const std::filesystem::path& folder) {
  write_tiny_data(folder / "data.h5");
  write_tiny_table(folder / "slow.json", 10);
  write_tiny_table(folder / "fast.json", 1);
  std::ofstream(folder / "weights.h5") << "stands for weights";
  SearchSettings settings;
  settings.data = folder / "data.h5";
  settings.run = folder / "run";
  for (const std::string name : {"image", "audio"})
    settings.modalities.push_back({name, find_space("avmnist-" + name), folder / "weights.h5"});
  for (const std::string name : {"slow", "fast"}) settings.devices.push_back({name, {folder / (name + ".json")}});
  settings.evolution.population = 12;
  settings.evolution.late_fusion = false;  // tests count models
  settings.evolution.generations = 3;
  return settings;
}

}  // namespace harmonic::testing
