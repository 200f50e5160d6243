#pragma once

#include <array>
#include <filesystem>

#include "core/data/dataset_file.hpp"

namespace harmonic::testing {

/// Pictures of 3x224x224, 0.57 MiB each once they are read, and four classes.
inline constexpr double kPictureMib = 3.0 * 224 * 224 * 4 / (1 << 20);

inline void write_pictures(const std::filesystem::path& path, const std::array<std::size_t, 3>& samples) {
  constexpr std::size_t kSide = 224;
  DatasetContent content;
  content.info.classes = 4;
  content.info.modalities = {{.name = "image",
                              .type = ElementType::uint8,
                              .sample_shape = {3, kSide, kSide},
                              .mean = {0, 0, 0},
                              .std = {1, 1, 1}}};
  for (std::size_t split = 0; split < samples.size(); ++split) {
    auto& bytes = content.samples["image"].at(split).bytes;
    bytes.resize(samples.at(split) * 3 * kSide * kSide);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 / 5);
    for (std::size_t i = 0; i < samples.at(split); ++i)
      content.class_labels.at(split).push_back(static_cast<std::int64_t>(i % 4));
  }
  write_dataset(path, content);
}

}  // namespace harmonic::testing
