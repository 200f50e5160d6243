#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/base/choices.hpp"
#include "core/config/search_settings.hpp"
#include "core/data/dataset_file.hpp"
#include "core/hardware/model_size.hpp"

namespace harmonic {

enum class ExportFormat { onnx, libtorch };
inline const Choices<ExportFormat> kExportFormats = {{"onnx", ExportFormat::onnx},
                                                     {"libtorch", ExportFormat::libtorch}};

enum class Precision {
  float32,
  int8,  ///< convolutions and linear layers in whole numbers (quantization.hpp)
};
inline const Choices<Precision> kPrecisions = {{"float32", Precision::float32}, {"int8", Precision::int8}};

/// A model to export, and what is known of it.
struct ExportSource {
  std::filesystem::path model;              ///< models/<id> of its run
  SearchSettings settings;                  ///< of the run, fitted to its samples
  std::string data_hash;                    ///< of the data it was trained on; empty where the run does not tell
  std::shared_ptr<const DatasetFile> data;  ///< of the run; null: not at hand
};

struct ExportSettings {
  std::filesystem::path out;  ///< is replaced as a whole, or stays
  ExportFormat format = ExportFormat::onnx;
  Precision precision = Precision::float32;  ///< int8 wants the data: it is calibrated on training samples
  bool preprocessing = false;                ///< the file takes samples as they are stored; wants the data
  int verify = 64;  ///< validation samples that are compared, at most, or of noise without data; 0: none
};

struct ExportReport {
  std::uintmax_t bytes = 0;                  ///< of the file
  ModelSize size;                            ///< as the run's CSVs have it: norms not folded yet
  std::int64_t verified = 0;                 ///< samples that were compared
  std::optional<double> largest_difference;  ///< of a logit from the program's own
  double metric = 0;                         ///< percent on validation, of the training that the weights are of
  /// Of a file in whole numbers: metric in percent on all validation samples, of float32 and of the file.
  struct Measured {
    double float32 = 0, file = 0;
  };
  std::optional<Measured> measured;
};

/// Writes the model as one file. Before that gets its name it is read back, run on its own (GraphRunner), and its
/// logits are compared with the program's own; where they are whole numbers' the same is done to the network that these
/// were made of.
/// @throws InputError: the model cannot be read, or the data have other modalities, shapes or classes; RunError: the
/// logits differ by
///   more than rounding does, or the disk refuses; `out` is then as before
ExportReport export_model(const ExportSource& source, const ExportSettings& settings);

/// Whether a file is one that export_model wrote, and so may write again. @throws std::exception where it is none
[[nodiscard]] bool is_exported_model(const std::filesystem::path& path, ExportFormat format);

}  // namespace harmonic
