#include "core/data/avmnist_import.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/data/media_file.hpp"
#include "core/data/statistics.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

constexpr int kDigits = 10;
constexpr std::size_t kImageSide = 28;
constexpr std::size_t kValShare = 7;  ///< one in seven of a speaker's train takes
constexpr std::string_view kLayout =
    "give the folder that holds mnist/{train,test}/<digit>/*.png and "
    "sound_450/{train,test}/<digit>/<digit>_<speaker>_<take>.wav";

struct Take {
  std::string speaker;
  long number = 0;
  fs::path path;
  auto key() const { return std::tie(speaker, number); }
};

struct Pair {
  int digit = 0;
  std::string speaker;
  fs::path image, sound;
  std::string id;        ///< "train/3/10031+3_jackson_15"
  std::size_t turn = 0;  ///< position among the pairs of its digit and speaker, within the split
};

std::vector<fs::path> files_of(const fs::path& folder, std::string_view extension) {
  if (!fs::is_directory(folder)) throw InputError(fmt::format("no folder {}", folder.string()), kLayout);
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == extension) files.push_back(entry.path());
  std::ranges::sort(files);
  if (files.empty()) throw InputError(fmt::format("no {} file in {}", extension, folder.string()), kLayout);
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

std::vector<Take> takes_of(const fs::path& folder, int digit) {
  std::vector<Take> takes;
  for (const auto& path : files_of(folder, ".wav")) takes.push_back(parse_take(path, digit));
  std::ranges::sort(takes, {}, &Take::key);
  return takes;
}

/// Pairs of one digit from one of the folders train and test, speaker by speaker.
std::vector<Pair> pairs_of(const fs::path& root, const std::string& part, int digit) {
  const std::string name = std::to_string(digit);
  const fs::path image_folder = root / "mnist" / part / name;
  const fs::path sound_folder = root / "sound_450" / part / name;
  const auto images = files_of(image_folder, ".png");
  const auto takes = takes_of(sound_folder, digit);
  if (images.size() != takes.size())
    throw InputError(fmt::format("{} images in {} but {} sounds in {}", images.size(), image_folder.string(),
                                 takes.size(), sound_folder.string()),
                     "pairs are made one to one: remove what is too many, or add what is missing");
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
  for (auto first = pairs.begin(); first != pairs.end();) {
    const auto last = std::find_if(first, pairs.end(), [&](const Pair& p) { return p.speaker != first->speaker; });
    const auto count = static_cast<std::size_t>(last - first);
    const std::size_t kept = val == nullptr ? count : count - held_out(count);
    for (std::size_t i = 0; i < count; ++i, ++first) {
      const bool is_kept = i < kept;
      auto& split = is_kept ? train : *val;
      split.push_back(*first);
      split.back().turn = is_kept ? i : i - kept;
    }
  }
}

std::array<std::vector<Pair>, 3> read_pairs(const fs::path& root) {
  std::array<std::vector<Pair>, 3> splits;
  auto& [train, val, test] = splits;
  for (int digit = 0; digit < kDigits; ++digit) {
    deal(pairs_of(root, "train", digit), train, &val);
    deal(pairs_of(root, "test", digit), test, nullptr);
  }
  for (auto& pairs : splits)
    std::ranges::sort(pairs, {}, [](const Pair& p) { return std::tie(p.turn, p.speaker, p.digit); });
  return splits;
}

void append_image(std::vector<std::uint8_t>& bytes, const fs::path& path) {
  const GreyImage image = read_grey_image(path);
  if (image.width != kImageSide || image.height != kImageSide)
    throw InputError(fmt::format("image {} is {}x{}", path.string(), image.width, image.height),
                     "AV-MNIST's images are 28x28");
  bytes.insert(bytes.end(), image.pixels.begin(), image.pixels.end());
}

/// Reads sounds and holds them to one sample rate.
class SoundReader {
 public:
  explicit SoundReader(SoundFeatures features) : features_(features) {}

  void append(std::vector<float>& floats, const fs::path& path) {
    const Sound sound = read_sound(path);
    if (rate_ == 0) rate_ = sound.sample_rate;
    if (sound.sample_rate != rate_)
      throw InputError(
          fmt::format("sound {} has {} samples a second, those before it {}", path.string(), sound.sample_rate, rate_),
          "bring all sounds to one sample rate");
    const auto map = sound_features(features_, sound);
    floats.insert(floats.end(), map.begin(), map.end());
  }

 private:
  SoundFeatures features_;
  int rate_ = 0;  ///< Hz, of the first sound read
};

}  // namespace

DatasetContent read_avmnist(const fs::path& folder, SoundFeatures features, const SamplesRead& tell) {
  if (!fs::is_directory(folder)) throw InputError(fmt::format("no folder {}", folder.string()), kLayout);
  const auto splits = read_pairs(folder);
  const bool is_native = features == SoundFeatures::native;
  DatasetContent content;
  content.info.classes = kDigits;
  for (int digit = 0; digit < kDigits; ++digit) content.info.class_names.push_back(std::to_string(digit));
  content.info.provenance = fmt::format(
      "AV-MNIST (MNIST images, Free Spoken Digit Dataset sounds), {} audio features; val: the last seventh of each "
      "speaker's train takes",
      is_native ? "native" : "published");
  auto& images = content.samples["image"];
  auto& sounds = content.samples["audio"];
  SoundReader reader(features);
  std::size_t read = 0;
  const std::size_t all = splits[0].size() + splits[1].size() + splits[2].size();
  for (std::size_t split = 0; split < splits.size(); ++split) {
    for (const Pair& pair : splits[split]) {
      append_image(images[split].bytes, pair.image);
      reader.append(sounds[split].floats, pair.sound);
      content.class_labels[split].push_back(pair.digit);
      content.ids[split].push_back(pair.id);
      tell(++read, all);
    }
  }
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
    options.add("in", folder_, "folder that holds mnist and sound_450").required();
    options.add_choice("audio-features", features_,
                       {{"native", SoundFeatures::native}, {"published", SoundFeatures::published}},
                       "native: 20 frames over all of a clip; published: every third sample, window 2048, hop 512");
  }
  [[nodiscard]] DatasetContent read(const SamplesRead& tell) const override {
    return read_avmnist(folder_, features_, tell);
  }

 private:
  std::string folder_;
  SoundFeatures features_ = SoundFeatures::native;
};

}  // namespace

std::unique_ptr<Importer> make_avmnist_importer() {
  return std::make_unique<AvmnistImporter>();
}

}  // namespace harmonic
