#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "core/data/dataset_file.hpp"
#include "core/data/importer.hpp"
#include "core/data/sound_features.hpp"

namespace harmonic {

struct AvmnistOptions {
  SoundFeatures features = SoundFeatures::native;
  MfccPadding padding = MfccPadding::reflect;  ///< of published features
  /// Pairs a digit of train, and of test, at most: images from the first on (of test, to the last), sounds of all
  /// voices in turn. None: as many sounds as images there must be.
  std::optional<std::size_t> limit;
};

/// AV-MNIST from the folders that published loaders read:
///   mnist/{train,test}/<digit>/*.png                                    28x28, grey
///   sound_450/{train,test}/<digit>/<digit>_<speaker>_<take>.wav         mono, any number of speakers
/// or, where it holds them, from arrays (see avmnist_arrays). Images (in the order of their names) and sounds of a
/// digit are paired one to one: native, speaker by speaker, takes in the order of their numbers; published, as the
/// published loader does, jackson's, nicolas's and all others', names in the order of text. Of each digit and speaker
/// the last seventh of the train takes (rounded; at least one where there are two) is held out as val, so that val has
/// every speaker's voice and none of train's sounds. Within a split the digits take turns, and so do the speakers: any
/// beginning of a split is balanced.
///
/// Modalities: `image` uint8 (1, 28, 28), mean and std 0.5; `audio` float32 (1, 20, 20), native: mean and std of the
/// train split, any sampling rate; published: 0.5, 8000 Hz alone.
/// @throws InputError naming the folder or file that is missing, unreadable or without its partner
[[nodiscard]] DatasetContent read_avmnist(
    const std::filesystem::path& folder, const AvmnistOptions& options,
    const SamplesRead& tell = [](std::size_t, std::size_t) {});

/// The same as a source of `harmonic data import`.
[[nodiscard]] std::unique_ptr<Importer> make_avmnist_importer();

}  // namespace harmonic
