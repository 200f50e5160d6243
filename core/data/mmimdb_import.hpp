#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "core/data/dataset_file.hpp"
#include "core/data/importer.hpp"

namespace harmonic {

/// What the pictures of MM-IMDB become, and how the network sees them.
enum class PosterForm {
  native,     ///< RGB, resized as 8-bit pictures; mean and std of train's own, of the texts, too
  published,  ///< BGR less Caffe's means, as the published networks were trained; texts as they are
};
/// What becomes of a film whose text features are not finite (a plot without a known word).
enum class MissingText { refuse, zero };

struct MmimdbOptions {
  std::filesystem::path in;                         ///< multimodal_imdb.hdf5, or the folder of prepared npy files
  std::optional<std::filesystem::path> split = {};  ///< JSON of lists of ids: train, dev, test
  PosterForm pictures = PosterForm::native;
  MissingText missing_text = MissingText::refuse;
};

/// MM-IMDB as it is distributed:
///   multimodal_imdb.hdf5   images (N, 3, H, W), features (N, F), genres (N, 23), imdb_ids (N)
///   or, prepared           {train,dev,test}/{image,text,label}_NNNNNN.npy, a film each
/// A film's split is given by its id in the split JSON, or by its row: by the file's own table of rows, or, where it
/// has none, as published. Where both are there, they must agree. Films keep the order of their rows.
///
/// Modalities: `image` uint8 (3, 224, 224), streamed; `text` float32 (F).
/// @throws InputError naming the file, film and row that does not fit
[[nodiscard]] DatasetContent read_mmimdb(const MmimdbOptions& options);

/// The same as a source of `harmonic data import`.
[[nodiscard]] std::unique_ptr<Importer> make_mmimdb_importer();

}  // namespace harmonic
