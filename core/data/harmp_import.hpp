#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "core/data/dataset_file.hpp"
#include "core/data/importer.hpp"
#include "core/data/media_file.hpp"
#include "core/data/meme_annotations.hpp"

namespace harmonic {

/// What the texts of memes become.
enum class MemeText {
  native,     ///< float32 (300): a bag of tokens weighted by rarity (TokenBag), mean and std of train's own
  published,  ///< float32 (77): token ids as they are, which published checkpoints read
};

struct HarmpOptions {
  std::filesystem::path in;           ///< holds annotations/ and images/
  std::filesystem::path bpe;          ///< CLIP's vocabulary
  std::string annotations;            ///< files in `in`: "harm_p_{split}.jsonl"; empty: where they usually are
  std::filesystem::path images = {};  ///< folder of pictures; empty: `in`/images
  MemeText text = MemeText::native;
  std::optional<HarmLevel> blank_label = {};
  bool drop_duplicates = false;
};

/// Harm-P and Harm-C (the same form). Memes keep the order of their lines. Texts and ids that are there before, case
/// and blanks aside, are counted, inside and across splits, and warned of; with `drop_duplicates` the first one stays
/// inside a split, and of two splits the later one (test, then val) keeps its own.
///
/// Modalities: `image` uint8 (3, 112, 112), RGB, mean and std CLIP's; `text`.
/// @throws InputError naming file and line, or the first 20 pictures that are missing or cannot be read
[[nodiscard]] DatasetContent read_harmp(
    const HarmpOptions& options, const SamplesRead& tell = [](std::size_t, std::size_t) {});

/// 3 x 112 x 112: the shorter side to 112 (bicubic, antialiased), the other in proportion, cut down; the middle.
[[nodiscard]] std::vector<std::uint8_t> meme_picture(const Picture& picture);

/// The same as a source of `harmonic data import`.
[[nodiscard]] std::unique_ptr<Importer> make_harmp_importer();

}  // namespace harmonic
