#include "core/data/synthetic.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/base/text.hpp"
#include "core/data/class_pattern.hpp"
#include "core/data/clip_tokens.hpp"
#include "core/data/drawn_digit.hpp"
#include "core/data/parity_turn.hpp"
#include "core/data/sound_features.hpp"
#include "core/data/spoken_digit.hpp"
#include "core/data/statistics.hpp"

namespace harmonic {
namespace {

constexpr double kTrainShare = 0.60;
constexpr double kSyntheticValShare = 0.15;
constexpr double kSpoiltShare = 0.25;  ///< of the samples, for each of the two modalities
constexpr int kDigitClasses = 10;
constexpr int kTextFeatures = 300;
constexpr int kPosterSide = 224, kPosterGenres = 23, kMostGenres = 4;
constexpr int kMemeSide = 112, kMemeClasses = 3;

/// Which modality, if any, says little about a sample's class.
struct Spoilt {
  bool first = false, second = false;
};

Spoilt draw_spoilt(RandomStream& random) {
  const double draw = random.uniform();
  return {.first = draw < kSpoiltShare, .second = draw >= kSpoiltShare && draw < 2 * kSpoiltShare};
}

std::array<int, 3> split_sizes(int samples, int classes) {
  const int train = static_cast<int>(kTrainShare * samples);
  const int val = static_cast<int>(kSyntheticValShare * samples);
  if (val < classes)
    throw InputError(fmt::format("{} samples leave {} for val, which needs {}", samples, val, classes),
                     fmt::format("ask for at least {}", static_cast<int>(classes / kSyntheticValShare) + 1));
  return {train, val, samples - train - val};
}

/// The stream of one sample, and its name in the file.
RandomStream stream_of(Seed seed, std::string_view kind, std::size_t split, int position) {
  return {seed, kind, split, static_cast<std::uint64_t>(position)};
}

std::string id_of(std::size_t split, int position) {
  return fmt::format("{}/{:05}", to_text(kSplits[split]), position);
}

template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

ModalityInfo image_modality(std::size_t channels, std::size_t side) {
  return {.name = "image",
          .type = ElementType::uint8,
          .sample_shape = {channels, side, side},
          .mean = std::vector<float>(channels, 0.5F),
          .std = std::vector<float>(channels, 0.5F)};
}

/// A digit as it is drawn and as it is spoken, at most one of them spoilt.
struct AvDigit {
  std::vector<std::uint8_t> picture;
  Sound sound;
};

AvDigit draw_and_speak(int digit, RandomStream& random) {
  const Spoilt spoilt = draw_spoilt(random);
  auto picture = draw_digit(digit, spoilt.first, random);
  return {std::move(picture), speak_digit(digit, spoilt.second, random)};
}

void append_av(DatasetContent& content, std::size_t split, const AvDigit& sample) {
  append(content.samples["image"][split].bytes, sample.picture);
  append(content.samples["audio"][split].floats, sound_features(SoundFeatures::native, sample.sound));
}

void describe_av(DatasetContent& content) {
  const Statistics audio = statistics_of(content.samples["audio"][0].floats);
  content.info.modalities = {{.name = "audio",
                              .type = ElementType::float32,
                              .sample_shape = {1, kSoundSide, kSoundSide},
                              .mean = {audio.mean},
                              .std = {audio.std}},
                             image_modality(1, kDrawnSide)};
}

DatasetContent make_digits(int samples, Seed seed) {
  DatasetContent content;
  content.info.classes = kDigitClasses;
  for (int digit = 0; digit < kDigitClasses; ++digit) content.info.class_names.push_back(std::to_string(digit));
  const auto sizes = split_sizes(samples, kDigitClasses);
  for (std::size_t split = 0; split < sizes.size(); ++split) {
    for (int i = 0; i < sizes[split]; ++i) {
      RandomStream random = stream_of(seed, "av-digits", split, i);
      const int digit = i % kDigitClasses;
      append_av(content, split, draw_and_speak(digit, random));
      content.class_labels[split].push_back(digit);
      content.ids[split].push_back(id_of(split, i));
    }
  }
  describe_av(content);
  return content;
}

DatasetContent make_parity(int samples, Seed seed) {
  DatasetContent content;
  content.info.classes = kParityClasses;
  for (int digit = 0; digit < kParityDigits; ++digit)
    for (const char* parity : {"even", "odd"}) content.info.class_names.push_back(fmt::format("{} {}", digit, parity));
  const auto sizes = split_sizes(samples, kParityTurns);
  for (std::size_t split = 0; split < sizes.size(); ++split) {
    for (int i = 0; i < sizes[split]; ++i) {
      RandomStream random = stream_of(seed, "av-parity", split, i);
      const ParityTurn turn = parity_turn(i);
      AvDigit sample = draw_and_speak(turn.digit, random);
      if (turn.is_negative) make_negative(sample.picture);
      colour_sound(sample.sound, turn.is_thin);
      append_av(content, split, sample);
      content.class_labels[split].push_back(turn.label());
      content.ids[split].push_back(id_of(split, i));
    }
  }
  describe_av(content);
  return content;
}

/// One to kMostGenres different genres, the first ones being the common ones as in real catalogues.
std::vector<int> draw_genres(RandomStream& random) {
  const std::size_t count = 1 + random.below(kMostGenres);
  std::vector<int> genres;
  while (genres.size() < count) {
    const double draw = random.uniform();
    const int genre = static_cast<int>(draw * draw * kPosterGenres);
    if (std::ranges::find(genres, genre) == genres.end()) genres.push_back(genre);
  }
  std::ranges::sort(genres);
  return genres;
}

enum class PatternText { features, tokens };

/// Each class is hidden from the picture, or from the text, in a share of its samples.
void append_patterns(DatasetContent& content, const ClassPatterns& patterns, PatternText form, std::size_t split,
                     const std::vector<int>& classes, RandomStream& random) {
  std::vector<int> in_picture, in_text;
  for (const int i : classes) {
    const Spoilt spoilt = draw_spoilt(random);
    if (!spoilt.first) in_picture.push_back(i);
    if (!spoilt.second) in_text.push_back(i);
  }
  append(content.samples["image"][split].bytes, patterns.picture(in_picture, random));
  append(content.samples["text"][split].floats, form == PatternText::features
                                                    ? patterns.text(in_text, random)
                                                    : clip_context(patterns.tokens(in_text, random)));
}

void describe_patterns(DatasetContent& content, PatternText form, int side) {
  const bool is_tokens = form == PatternText::tokens;  // which published networks read as they are
  const Statistics text = is_tokens ? Statistics{0, 1} : statistics_of(content.samples["text"][0].floats);
  content.info.modalities = {image_modality(3, static_cast<std::size_t>(side)),
                             {.name = "text",
                              .type = ElementType::float32,
                              .sample_shape = {is_tokens ? kClipContext : std::size_t{kTextFeatures}},
                              .mean = {text.mean},
                              .std = {text.std}}};
}

DatasetContent make_posters(int samples, Seed seed) {
  DatasetContent content;
  content.info.labels = LabelKind::multilabel;
  content.info.classes = kPosterGenres;
  const ClassPatterns patterns(kPosterGenres, kPosterSide, kTextFeatures, seed);
  const auto sizes = split_sizes(samples, 1);
  for (std::size_t split = 0; split < sizes.size(); ++split) {
    for (int i = 0; i < sizes[split]; ++i) {
      RandomStream random = stream_of(seed, "movie-posters", split, i);
      const auto genres = draw_genres(random);
      append_patterns(content, patterns, PatternText::features, split, genres, random);
      std::vector<std::uint8_t> label(kPosterGenres, 0);
      for (const int genre : genres) label[static_cast<std::size_t>(genre)] = 1;
      append(content.label_sets[split], label);
      content.ids[split].push_back(id_of(split, i));
    }
  }
  describe_patterns(content, PatternText::features, kPosterSide);
  return content;
}

DatasetContent make_memes(PatternText form, int samples, Seed seed) {
  DatasetContent content;
  content.info.classes = kMemeClasses;
  const ClassPatterns patterns(kMemeClasses, kMemeSide, kTextFeatures, seed);
  const auto sizes = split_sizes(samples, kMemeClasses);
  for (std::size_t split = 0; split < sizes.size(); ++split) {
    for (int i = 0; i < sizes[split]; ++i) {
      RandomStream random = stream_of(seed, "memes", split, i);
      const int label = i % kMemeClasses;
      append_patterns(content, patterns, form, split, {label}, random);
      content.class_labels[split].push_back(label);
      content.ids[split].push_back(id_of(split, i));
    }
  }
  describe_patterns(content, form, kMemeSide);
  return content;
}

DatasetContent make(SyntheticKind kind, int samples, Seed seed) {
  switch (kind) {
    case SyntheticKind::movie_posters:
      return make_posters(samples, seed);
    case SyntheticKind::memes:
      return make_memes(PatternText::features, samples, seed);
    case SyntheticKind::meme_tokens:
      return make_memes(PatternText::tokens, samples, seed);
    case SyntheticKind::av_parity:
      return make_parity(samples, seed);
    case SyntheticKind::av_digits:
      break;
  }
  return make_digits(samples, seed);
}

}  // namespace

int default_samples(SyntheticKind kind) {
  switch (kind) {
    case SyntheticKind::movie_posters:
      return 600;
    case SyntheticKind::memes:
    case SyntheticKind::meme_tokens:
      return 900;
    case SyntheticKind::av_parity:
    case SyntheticKind::av_digits:
      break;
  }
  return 2000;
}

DatasetContent make_synthetic(SyntheticKind kind, int samples, Seed seed) {
  DatasetContent content = make(kind, samples, seed);
  content.info.provenance =
      fmt::format("synthetic {}, {} samples, seed {}", word_of(kSyntheticKinds, kind), samples, seed.value);
  return content;
}

}  // namespace harmonic
