#include "core/data/avmnist_import.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/data/avmnist_arrays.hpp"
#include "core/data/media_file.hpp"
#include "core/data/raw_folder.hpp"
#include "core/data/statistics.hpp"
#include "core/data/uniform_pictures.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

constexpr int kDigits = 10;
constexpr std::size_t kImageSide = 28;
constexpr std::size_t kValShare = 7;  ///< one in seven of a speaker's train takes
constexpr std::string_view kAvmnistLayout =
    "give the folder that holds mnist/{train,test}/<digit>/*.png and "
    "sound_450/{train,test}/<digit>/<digit>_<speaker>_<take>.wav";

struct Take {
  std::string speaker;
  long number = 0;
  fs::path path;
  std::string voice;  ///< whose takes lie together, and take turns when only some are wanted
};

struct Pair {
  int digit = 0;
  std::string speaker;
  fs::path image, sound;
  std::string id;        ///< "train/3/10031+3_jackson_15"
  std::size_t turn = 0;  ///< position among the pairs of its digit and speaker, within the split
};

std::vector<fs::path> files_of(RawFolder& raw, const fs::path& folder, std::string_view extension) {
  if (!fs::is_directory(folder)) throw InputError(fmt::format("no folder {}", folder.string()), kAvmnistLayout);
  auto files = raw.files(folder, extension);
  if (files.empty()) throw InputError(fmt::format("no {} file in {}", extension, folder.string()), kAvmnistLayout);
  return files;
}

/// "3_jackson_15.wav"; a speaker's name may itself hold underscores.
Take parse_take(const fs::path& path, int digit) {
  const std::string stem = path.stem().string();
  const auto first = stem.find('_');
  const auto last = stem.rfind('_');
  if (first == std::string::npos || first == last || stem.substr(0, first) != std::to_string(digit))
    throw InputError(fmt::format("sound {} is not named {}_<speaker>_<take>.wav", path.string(), digit),
                     "rename or remove it");
  return {.speaker = stem.substr(first + 1, last - first - 1),
          .number = parse_integer(stem.substr(last + 1), "the take in the name of sound " + path.string()),
          .path = path};
}

/// The published loader's three lists, in their order: all speakers but two are one.
std::string published_voice(const std::string& speaker) {
  if (speaker == "jackson") return "1";
  return speaker == "nicolas" ? "2" : "3";
}

/// Takes of a digit, voice by voice: native, of each speaker by number; published, of each list by the text of the
/// name.
std::vector<Take> takes_of(RawFolder& raw, const fs::path& folder, int digit, SoundFeatures features) {
  std::vector<Take> takes;
  for (const auto& path : files_of(raw, folder, ".wav")) takes.push_back(parse_take(path, digit));
  const bool is_native = features == SoundFeatures::native;
  for (auto& take : takes) take.voice = is_native ? take.speaker : published_voice(take.speaker);
  const auto order = [&](const Take& take) { return std::pair(take.voice, is_native ? take.number : 0L); };
  std::ranges::stable_sort(takes, {}, order);
  return takes;
}

/// `count` of them, in their order: the voices take turns, so that each stays as long as there are places.
std::vector<Take> some_of(const std::vector<Take>& takes, std::size_t count) {
  std::vector<std::pair<std::size_t, std::size_t>> turns;  // a take's place in its voice, and in all
  std::size_t turn = 0;
  for (std::size_t i = 0; i < takes.size(); ++i) {
    turn = i > 0 && takes[i].voice == takes[i - 1].voice ? turn + 1 : 0;
    turns.emplace_back(turn, i);
  }
  std::ranges::sort(turns);
  turns.resize(std::min(count, turns.size()));
  std::ranges::sort(turns, {}, &std::pair<std::size_t, std::size_t>::second);
  std::vector<Take> some;
  for (const auto& [place, i] : turns) some.push_back(takes[i]);
  return some;
}

/// Of train the first, of test the last, as the published loader takes them.
std::vector<fs::path> some_of(const std::vector<fs::path>& images, std::size_t count, bool is_train) {
  const auto left = static_cast<std::ptrdiff_t>(images.size() - std::min(images.size(), count));
  return is_train ? std::vector(images.begin(), images.end() - left) : std::vector(images.begin() + left, images.end());
}

/// Pairs of one digit from one of the folders train and test, voice by voice.
std::vector<Pair> pairs_of(RawFolder& raw, const fs::path& root, const std::string& part, int digit,
                           const AvmnistOptions& options) {
  const std::string name = std::to_string(digit);
  const fs::path image_folder = root / "mnist" / part / name;
  const fs::path sound_folder = root / "sound_450" / part / name;
  auto images = files_of(raw, image_folder, ".png");
  auto takes = takes_of(raw, sound_folder, digit, options.features);
  const std::size_t pairs_there = std::min(images.size(), takes.size());
  if (!options.limit && images.size() != takes.size()) {
    const fs::path& beyond = images.size() > takes.size() ? images[pairs_there] : takes[pairs_there].path;
    throw InputError(
        fmt::format("{} images in {} but {} sounds in {}: {} is the first of {} without a partner", images.size(),
                    image_folder.string(), takes.size(), sound_folder.string(), beyond.filename().string(),
                    std::max(images.size(), takes.size()) - pairs_there),
        fmt::format("pairs are made one to one: leave out what is too many with --limit {}, or add what is "
                    "missing",
                    pairs_there));
  }
  if (options.limit) {
    const std::size_t count = std::min(pairs_there, *options.limit);
    if (count < std::max(images.size(), takes.size()))
      log::info("{} digit {}: {} pairs of {} images and {} sounds", part, digit, count, images.size(), takes.size());
    images = some_of(images, count, part == "train");
    takes = some_of(takes, count);
  }
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < images.size(); ++i)
    pairs.push_back(
        {.digit = digit,
         .speaker = takes[i].speaker,
         .image = images[i],
         .sound = takes[i].path,
         .id = fmt::format("{}/{}/{}+{}", part, digit, images[i].stem().string(), takes[i].path.stem().string())});
  return pairs;
}

/// How many of a speaker's takes of a digit are held out.
std::size_t held_out(std::size_t takes) {
  const std::size_t share = (takes + kValShare / 2) / kValShare;
  return takes < 2 ? 0 : std::max<std::size_t>(1, share);
}

/// Deals the pairs of one digit to train and val, and numbers each speaker's turns.
void deal(const std::vector<Pair>& pairs, std::vector<Pair>& train, std::vector<Pair>* val) {
  std::map<std::string, std::vector<Pair>> by_speaker;
  for (const Pair& pair : pairs) by_speaker[pair.speaker].push_back(pair);
  for (const auto& [speaker, all] : by_speaker) {
    const std::size_t kept = val == nullptr ? all.size() : all.size() - held_out(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool is_kept = i < kept;
      auto& split = is_kept ? train : *val;
      split.push_back(all[i]);
      split.back().turn = is_kept ? i : i - kept;
    }
  }
}

std::array<std::vector<Pair>, 3> read_pairs(const fs::path& root, const AvmnistOptions& options) {
  RawFolder raw;
  std::array<std::vector<Pair>, 3> splits;
  auto& [train, val, test] = splits;
  for (int digit = 0; digit < kDigits; ++digit) {
    deal(pairs_of(raw, root, "train", digit, options), train, &val);
    deal(pairs_of(raw, root, "test", digit, options), test, nullptr);
  }
  raw.report_passed();
  for (auto& pairs : splits)
    std::ranges::sort(pairs, {}, [](const Pair& p) { return std::tie(p.turn, p.speaker, p.digit); });
  return splits;
}

/// Reads images, and keeps an eye on those without a picture in them.
class ImageReader {
 public:
  void append(std::vector<std::uint8_t>& bytes, const fs::path& path) {
    const Picture image = read_picture(path, 1);
    if (image.width != kImageSide || image.height != kImageSide)
      throw InputError(fmt::format("image {} is {}x{}", path.string(), image.width, image.height),
                       "AV-MNIST's images are 28x28");
    if (is_uniform(image)) uniform_.add(path.string());
    bytes.insert(bytes.end(), image.pixels.begin(), image.pixels.end());
  }
  void report() const { uniform_.report(); }

 private:
  UniformPictures uniform_;
};

std::vector<float> sound_map(const fs::path& path, const AvmnistOptions& options) {
  const Sound sound = read_sound(path);
  if (options.features == SoundFeatures::published) {
    if (sound.sample_rate != kSoundRate)
      throw InputError(fmt::format("sound {} has {} samples a second, published features take it for {}", path.string(),
                                   sound.sample_rate, kSoundRate),
                       "resample it, or use --audio-features native");
    if (sound.channels != 1)
      throw InputError(
          fmt::format("sound {} has {} channels, published features take one", path.string(), sound.channels),
          "convert it to mono, or use --audio-features native");
  }
  return sound_features(options.features, sound, options.padding);
}

}  // namespace

DatasetContent read_avmnist(const fs::path& folder, const AvmnistOptions& options, const SamplesRead& tell) {
  if (!fs::is_directory(folder)) throw InputError(fmt::format("no folder {}", folder.string()), kAvmnistLayout);
  if (has_avmnist_arrays(folder)) {
    if (options.features == SoundFeatures::published || options.limit)
      throw InputError(
          fmt::format("{} holds arrays: their sounds are features already, and their pairs are made", folder.string()),
          "leave out --audio-features and --limit");
    return read_avmnist_arrays(folder, tell);
  }
  const auto splits = read_pairs(folder, options);
  const bool is_native = options.features == SoundFeatures::native;
  DatasetContent content;
  content.info.classes = kDigits;
  for (int digit = 0; digit < kDigits; ++digit) content.info.class_names.push_back(std::to_string(digit));
  content.info.provenance = fmt::format(
      "AV-MNIST (MNIST images, Free Spoken Digit Dataset sounds), {}; val: the last seventh of each speaker's train "
      "takes",
      is_native ? "native audio features"
                : fmt::format("published audio features (signals padded {}) and published pairs (names in text order)",
                              options.padding == MfccPadding::reflect ? "by reflection, as librosa before 0.9 does"
                                                                      : "with zeros, as librosa 0.9 and later does"));
  auto& images = content.samples["image"];
  auto& sounds = content.samples["audio"];
  ImageReader reader;
  std::size_t read = 0;
  const std::size_t all = splits[0].size() + splits[1].size() + splits[2].size();
  for (std::size_t split = 0; split < splits.size(); ++split) {
    for (const Pair& pair : splits[split]) {
      reader.append(images[split].bytes, pair.image);
      const auto map = sound_map(pair.sound, options);
      sounds[split].floats.insert(sounds[split].floats.end(), map.begin(), map.end());
      content.class_labels[split].push_back(pair.digit);
      content.ids[split].push_back(pair.id);
      tell(++read, all);
    }
  }
  reader.report();
  const Statistics audio = is_native ? statistics_of(sounds[0].floats) : Statistics{0.5F, 0.5F};
  content.info.modalities = {{.name = "audio",
                              .type = ElementType::float32,
                              .sample_shape = {1, kSoundSide, kSoundSide},
                              .mean = {audio.mean},
                              .std = {audio.std}},
                             {.name = "image",
                              .type = ElementType::uint8,
                              .sample_shape = {1, kImageSide, kImageSide},
                              .mean = {0.5F},
                              .std = {0.5F}}};
  return content;
}

namespace {

class AvmnistImporter final : public Importer {
 public:
  void declare(OptionSet& options) override {
    options.add("in", folder_, "folder that holds mnist and sound_450, or image, audio and the labels as arrays")
        .required();
    options.add_choice("audio-features", options_.features,
                       {{"native", SoundFeatures::native}, {"published", SoundFeatures::published}},
                       "native: 20 frames over all of a clip, pairs by the takes' numbers; published: every third "
                       "sample, window 2048, hop 512, pairs in the text order of the names");
    options
        .add_choice("mfcc-padding", options_.padding, {{"reflect", MfccPadding::reflect}, {"zero", MfccPadding::zero}},
                    "what published features see beyond a sound's ends: librosa before 0.9 (reflect), later (zero)")
        .idle_while(
            [this] { return options_.features == SoundFeatures::published ? "" : "audio-features is not published"; });
    options.add("limit", limit_,
                "pairs a digit of train, and of test, at most, whatever there is of images and sounds; 0: all there "
                "are, which must match",
                {0, 1'000'000});
  }
  [[nodiscard]] std::vector<OptionFile> inputs() const override { return {{"in", folder_}}; }
  [[nodiscard]] DatasetContent read(const SamplesRead& tell) const override {
    AvmnistOptions chosen = options_;
    if (limit_ > 0) chosen.limit = static_cast<std::size_t>(limit_);
    return read_avmnist(folder_, chosen, tell);
  }

 private:
  std::string folder_;
  AvmnistOptions options_;
  int limit_ = 0;
};

}  // namespace

std::unique_ptr<Importer> make_avmnist_importer() {
  return std::make_unique<AvmnistImporter>();
}

}  // namespace harmonic
