#pragma once

#include "core/base/choices.hpp"
#include "core/base/ids.hpp"
#include "core/data/dataset_file.hpp"

namespace harmonic {

/// Data sets that the program makes itself, so that everything can be tried without a download.
enum class SyntheticKind {
  av_digits,      ///< drawn digits 1x28x28 and spoken digits 1x20x20 (native features), 10 classes
  av_parity,      ///< the same shapes, 10 classes in pairs that late fusion cannot tell apart (ParityTurn)
  movie_posters,  ///< shapes of MM-IMDB: images 3x224x224, text vectors of 300, 23 genres, any number a sample
  memes,          ///< shapes of Harm-P: images 3x112x112, text vectors of 300, 3 classes
  meme_tokens,    ///< the same, but texts of 77 token ids, as published
};

inline const Choices<SyntheticKind> kSyntheticKinds = {{"av-digits", SyntheticKind::av_digits},
                                                       {"av-parity", SyntheticKind::av_parity},
                                                       {"movie-posters", SyntheticKind::movie_posters},
                                                       {"memes", SyntheticKind::memes},
                                                       {"meme-tokens", SyntheticKind::meme_tokens}};
[[nodiscard]] int default_samples(SyntheticKind kind);

/// `samples` in all: 60 % train, 15 % val, the rest test; classes take turns. In about half of the samples one
/// modality, never both, is spoilt or silent about the class: one alone stays imperfect, two together need not.
/// A sample depends on seed, kind, split and position alone, and its bytes on no machine.
/// @throws InputError when a split would be empty of some class (av-digits, memes, meme-tokens), turn (av-parity) or of
/// samples
[[nodiscard]] DatasetContent make_synthetic(SyntheticKind kind, int samples, Seed seed);

}  // namespace harmonic
