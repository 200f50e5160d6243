#pragma once

#include <filesystem>

namespace harmonic::testing {

// Raw data as people have them: the layouts and shapes of the real ones, and few samples. Classes show in every
// modality, but for MM-IMDB's, whose posters are noise.

/// FOLDER/multimodal_imdb.hdf5 and FOLDER/mmimdb_split.json: 12, 2 and 2 films.
void write_raw_mmimdb(const std::filesystem::path& folder);

/// FOLDER/annotations/{train,val,test}.jsonl and FOLDER/images: 18, 6 and 6 memes; one of train has no level, another
/// says what one of test says.
void write_raw_harmp(const std::filesystem::path& folder);

/// A file that CLIP's tokeniser reads: as many merges as CLIP's own, of visible ASCII alone.
void write_clip_vocabulary(const std::filesystem::path& path);

/// FOLDER/{train,val,test}/<class>/<sample>.{image.png,audio.wav,motion.npy}: three classes, 18, 6 and 6 samples;
/// series of three channels and several lengths.
void write_raw_folder(const std::filesystem::path& folder);

/// FOLDER/{image,audio}/{train,test}_data.npy and FOLDER/{train,test}_labels.npy: 36 and 10 rows.
void write_raw_avmnist_arrays(const std::filesystem::path& folder);

/// FOLDER/mnist/{train,test}/<digit>/*.png, FOLDER/sound_450/{train,test}/<digit>/<digit>_<speaker>_<take>.wav: 60 and
/// 20 pairs.
void write_raw_avmnist(const std::filesystem::path& folder);

}  // namespace harmonic::testing
