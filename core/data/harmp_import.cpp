#include "core/data/harmp_import.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/data/clip_text.hpp"
#include "core/data/clip_tokens.hpp"
#include "core/data/problem_list.hpp"
#include "core/data/resize.hpp"
#include "core/data/statistics.hpp"
#include "core/data/token_bag.hpp"
#include "core/data/uniform_pictures.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMemePixels = 112;
constexpr std::size_t kMemeChannels = 3;
const std::vector<float> kClipMeans = {0.48145466F, 0.4578275F, 0.40821073F};
const std::vector<float> kClipStds = {0.26862954F, 0.26130258F, 0.27577711F};

const std::vector<std::string> kUsualPlaces = {"annotations/{split}.jsonl", "annotations/{split}_v1.jsonl",
                                               "{split}.jsonl", "{split}_v1.jsonl"};

std::string of_split(std::string pattern, Split split) {
  constexpr std::string_view kMark = "{split}";
  if (const auto at = pattern.find(kMark); at != std::string::npos) pattern.replace(at, kMark.size(), to_text(split));
  return pattern;
}

fs::path annotation_file(const HarmpOptions& options, Split split) {
  const std::string mend = fmt::format(
      "give the folder that holds {} and images/, or the files' names with --annotations, such as "
      "harm_p_{{split}}.jsonl",
      kUsualPlaces.front());
  if (!fs::is_directory(options.in)) throw InputError(fmt::format("no folder {}", options.in.string()), mend);
  if (!options.annotations.empty() && options.annotations.find("{split}") == std::string::npos)
    throw InputError(fmt::format("--annotations {} has no {{split}} in it", options.annotations), mend);
  const auto places = options.annotations.empty() ? kUsualPlaces : std::vector{options.annotations};
  for (const auto& place : places)
    if (fs::path path = options.in / of_split(place, split); fs::is_regular_file(path)) return path;
  throw InputError(fmt::format("{} has no annotations of {}: no {}", options.in.string(), to_text(split),
                               of_split(places.front(), split)),
                   mend);
}

using Memes = std::array<std::vector<Meme>, 3>;

/// Which memes repeat another.
class Repeats {
 public:
  explicit Repeats(const Memes& memes) {
    for (std::size_t split = 0; split < memes.size(); ++split)
      for (const Meme& meme : memes[split]) is_inside_[split].push_back(!keys_[split].add(meme));
    for (std::size_t split = 0; split < memes.size(); ++split) {
      for (const Meme& meme : memes[split]) {
        bool is_later = false;
        for (std::size_t later = split + 1; later < memes.size(); ++later) {
          const bool is_there = keys_[later].holds(meme);
          across_[split][later] += is_there ? 1 : 0;
          is_later |= is_there;
        }
        is_in_later_[split].push_back(is_later);
      }
    }
  }

  /// "58 of train repeat another of train, 10 of train are in val, too"; empty when there are none.
  [[nodiscard]] std::string summary() const {
    std::vector<std::string> parts;
    for (std::size_t split = 0; split < 3; ++split) {
      const std::string& name = to_text(kSplits[split]);
      if (const auto inside = std::ranges::count(is_inside_[split], true); inside > 0)
        parts.push_back(fmt::format("{} of {} repeat another of {}", inside, name, name));
      for (std::size_t later = split + 1; later < 3; ++later)
        if (across_[split][later] > 0)
          parts.push_back(fmt::format("{} of {} are in {}, too", across_[split][later], name, to_text(kSplits[later])));
    }
    return join(parts, ", ");
  }
  [[nodiscard]] Memes without(const Memes& memes) const {
    Memes kept;
    for (std::size_t split = 0; split < memes.size(); ++split)
      for (std::size_t i = 0; i < memes[split].size(); ++i)
        if (!is_inside_[split][i] && !is_in_later_[split][i]) kept[split].push_back(memes[split][i]);
    return kept;
  }

 private:
  /// Ids and texts of a split.
  class Keys {
   public:
    /// False when one of them was there before.
    bool add(const Meme& meme) {
      const bool is_new = !holds(meme);
      for (auto& key : keys_of(meme)) keys_.insert(std::move(key));
      return is_new;
    }
    [[nodiscard]] bool holds(const Meme& meme) const {
      return std::ranges::any_of(keys_of(meme), [&](const auto& key) { return keys_.contains(key); });
    }

   private:
    static std::vector<std::string> keys_of(const Meme& meme) {
      std::vector<std::string> keys = {"id " + meme.id};
      if (const std::string text = clip_text(meme.text); !text.empty()) keys.push_back("text " + text);
      return keys;
    }
    std::unordered_set<std::string> keys_;
  };

  std::array<Keys, 3> keys_;
  std::array<std::vector<bool>, 3> is_inside_, is_in_later_;  ///< [split][meme]
  std::array<std::array<std::size_t, 3>, 3> across_{};        ///< [split][later split]
};

Picture read_meme_picture(const fs::path& path) {
  if (!fs::is_regular_file(path)) throw InputError(fmt::format("{} is missing", path.string()), "");
  return read_picture(path, kMemeChannels, Opacity::ignored);
}

/// All pictures. What is missing or cannot be read is warned of. @throws InputError when there is any
void read_pictures(DatasetContent& content, const Memes& memes, const fs::path& folder, const SamplesRead& tell) {
  ProblemList problems;
  UniformPictures uniform;
  std::size_t read = 0;
  const std::size_t all = memes[0].size() + memes[1].size() + memes[2].size();
  for (std::size_t split = 0; split < memes.size(); ++split) {
    auto& bytes = content.samples["image"][split].bytes;
    for (const Meme& meme : memes[split]) {
      try {
        const Picture picture = read_meme_picture(folder / meme.image);
        if (is_uniform(picture)) uniform.add((folder / meme.image).string());
        const auto planes = meme_picture(picture);
        bytes.insert(bytes.end(), planes.begin(), planes.end());
      } catch (const InputError& e) {
        problems.add(e);
      }
      tell(++read, all);
    }
  }
  uniform.report();
  if (problems.count() == 0) return;
  throw InputError(fmt::format("{} of {} pictures are missing or unreadable, the first: {}", problems.count(), all,
                               problems.first()),
                   "put them there, name their folder with --images, or take their lines out of the annotations");
}

using Texts = std::array<std::vector<std::vector<int>>, 3>;  ///< tokens of every meme

ModalityInfo published_texts(DatasetContent& content, const Texts& texts) {
  for (std::size_t split = 0; split < texts.size(); ++split) {
    for (const auto& tokens : texts[split]) {
      const auto context = clip_context(tokens);
      auto& floats = content.samples["text"][split].floats;
      floats.insert(floats.end(), context.begin(), context.end());
    }
  }
  return {.name = "text", .type = ElementType::float32, .sample_shape = {kClipContext}, .mean = {0}, .std = {1}};
}

ModalityInfo native_texts(DatasetContent& content, const Texts& texts) {
  const TokenBag bag(texts[0]);
  for (std::size_t split = 0; split < texts.size(); ++split) {
    for (const auto& tokens : texts[split]) {
      const auto features = bag(tokens);
      auto& floats = content.samples["text"][split].floats;
      floats.insert(floats.end(), features.begin(), features.end());
    }
  }
  const Statistics statistics = statistics_of(content.samples["text"][0].floats);
  return {.name = "text",
          .type = ElementType::float32,
          .sample_shape = {kBagFeatures},
          .mean = {statistics.mean},
          .std = {statistics.std}};
}

Memes read_annotations(const HarmpOptions& options) {
  Memes memes;
  for (std::size_t split = 0; split < memes.size(); ++split)
    memes[split] = read_memes(annotation_file(options, kSplits[split]), options.blank_label);
  const Repeats repeats(memes);
  const std::string summary = repeats.summary();
  if (summary.empty()) return memes;
  if (!options.drop_duplicates) {
    log::warning("{}: {} (text or id, case and blanks aside); --drop-duplicates leaves them out", options.in.string(),
                 summary);
    return memes;
  }
  log::warning("{}: {} (text or id, case and blanks aside): left out", options.in.string(), summary);
  memes = repeats.without(memes);
  for (std::size_t split = 0; split < memes.size(); ++split)
    if (memes[split].empty())
      throw InputError(
          fmt::format("{}: all of {} are in a later split, too", options.in.string(), to_text(kSplits[split])),
          "leave --drop-duplicates out, or check that the three files are the right ones");
  return memes;
}

class HarmpImporter final : public Importer {
 public:
  void declare(OptionSet& options) override {
    options.add("in", in_, "folder that holds annotations and images").required();
    options.add("bpe", bpe_, "CLIP's vocabulary, bpe_simple_vocab_16e6.txt.gz").required();
    options.add("annotations", options_.annotations,
                "names of the three files in the folder, with {split} for train, val and test; empty: " +
                    join(kUsualPlaces, ", "));
    options.add("images", images_, "folder of the pictures; empty: images in the folder");
    options.add_choice("text", options_.text, {{"native", MemeText::native}, {"published", MemeText::published}},
                       "native: a bag of tokens weighted by rarity, 300 numbers; published: 77 token ids as they are");
    options.add("blank-label", blank_label_,
                fmt::format("what an empty level counts as ({}); empty: it is refused. The published loader's: very "
                            "harmful",
                            join(words_of(kHarmLevels), " | ")));
    options.add("drop-duplicates", options_.drop_duplicates,
                "leave out memes whose text or id is there before in their split, or in a later split");
  }
  [[nodiscard]] std::vector<OptionFile> inputs() const override { return {{"in", in_}, {"bpe", bpe_}}; }
  [[nodiscard]] DatasetContent read(const SamplesRead& tell) const override {
    HarmpOptions options = options_;
    options.in = in_;
    options.bpe = bpe_;
    options.images = images_;
    if (!blank_label_.empty()) options.blank_label = value_of(kHarmLevels, blank_label_, "option blank-label");
    return read_harmp(options, tell);
  }

 private:
  std::string in_, bpe_, images_, blank_label_;
  HarmpOptions options_;
};

}  // namespace

std::vector<std::uint8_t> meme_picture(const Picture& picture) {
  const Picture square = resized_to_square(picture, kMemePixels, PictureFit::crop);
  std::vector<std::uint8_t> planes;
  planes.reserve(square.pixels.size());
  for (std::size_t channel = 0; channel < kMemeChannels; ++channel)
    for (std::size_t i = channel; i < square.pixels.size(); i += kMemeChannels) planes.push_back(square.pixels[i]);
  return planes;
}

DatasetContent read_harmp(const HarmpOptions& options, const SamplesRead& tell) {
  const ClipTokens tokens(options.bpe);
  const Memes memes = read_annotations(options);
  DatasetContent content;
  content.info.classes = static_cast<int>(kHarmLevels.size());
  content.info.class_names = words_of(kHarmLevels);
  Texts texts;
  for (std::size_t split = 0; split < memes.size(); ++split) {
    for (const Meme& meme : memes[split]) {
      texts[split].push_back(tokens.encode(meme.text));
      content.class_labels[split].push_back(static_cast<std::int64_t>(meme.level));
      content.ids[split].push_back(meme.id);
    }
  }
  read_pictures(content, memes, options.images.empty() ? options.in / "images" : options.images, tell);
  const bool is_native = options.text == MemeText::native;
  content.info.modalities = {{.name = "image",
                              .type = ElementType::uint8,
                              .sample_shape = {kMemeChannels, kMemePixels, kMemePixels},
                              .mean = kClipMeans,
                              .std = kClipStds},
                             is_native ? native_texts(content, texts) : published_texts(content, texts)};
  content.info.provenance =
      fmt::format("Harm-P's form, shorter side to 112 (bicubic), centre; texts {} of CLIP's byte-pair encoding ({}){}",
                  is_native ? "as bags of tokens (native)" : "as 77 token ids (published)", kClipTextMending,
                  options.drop_duplicates ? "; duplicates left out" : "");
  return content;
}

std::unique_ptr<Importer> make_harmp_importer() {
  return std::make_unique<HarmpImporter>();
}

}  // namespace harmonic
