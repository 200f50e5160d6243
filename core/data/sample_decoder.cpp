#include "core/data/sample_decoder.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <ranges>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/data/media_file.hpp"
#include "core/data/mfcc.hpp"
#include "core/data/raw_folder.hpp"
#include "core/data/resample.hpp"
#include "core/data/resize.hpp"
#include "core/storage/npy_file.hpp"

namespace harmonic {
namespace {

const Choices<PictureFit> kFits = {{"crop", PictureFit::crop}, {"stretch", PictureFit::stretch}};

/// The keys of a spec: each is asked for once, and what nobody asked for is refused.
class SpecKeys {
 public:
  explicit SpecKeys(const std::string& spec) : spec_(spec) {
    const auto colon = spec.find(':');
    if (colon == std::string::npos) return;
    for (const auto& part : split(std::string_view(spec).substr(colon + 1), ',')) {
      const auto equals = part.find('=');
      if (equals == std::string::npos)
        throw InputError(fmt::format("modality {}: '{}' is no key=value", spec, part),
                         "write NAME:key=value,key=value");
      if (!given_.emplace(trim(part.substr(0, equals)), trim(part.substr(equals + 1))).second)
        throw InputError(fmt::format("modality {}: {} is given twice", spec, part.substr(0, equals)), "give it once");
    }
  }

  std::string text(const std::string& key, std::string value) {
    known_.push_back(key);
    if (const auto found = given_.find(key); found != given_.end()) value = found->second;
    return value;
  }

  /// @param value where the key is not given, in bounds or not
  std::size_t number(const std::string& key, int value, int lowest, int highest) {
    known_.push_back(key);
    const auto given = given_.find(key);
    if (given == given_.end()) return static_cast<std::size_t>(value);
    const int number = parse_int(given->second, what(key));
    if (number < lowest || number > highest)
      throw InputError(fmt::format("{} is {}", what(key), number),
                       fmt::format("give a number from {} to {}", lowest, highest));
    return static_cast<std::size_t>(number);
  }

  [[nodiscard]] std::string what(const std::string& key) const { return fmt::format("modality {}: {}", spec_, key); }

  /// Once all were asked for.
  void finish() const {
    for (const auto& [key, value] : given_)
      if (std::ranges::find(known_, key) == known_.end())
        throw InputError(fmt::format("modality {} has no key '{}'", spec_, key),
                         fmt::format("did you mean {}? There are: {}", nearest(key, known_), join(known_, ", ")));
  }

 private:
  std::string spec_;
  std::map<std::string, std::string> given_;
  std::vector<std::string> known_;
};

class PictureDecoder final : public SampleDecoder {
 public:
  explicit PictureDecoder(SpecKeys keys)
      : side_(keys.number("side", 112, 1, 4096)),
        channels_(keys.number("channels", 3, 1, 3)),
        fit_(value_of(kFits, keys.text("fit", "crop"), keys.what("fit"))) {
    if (channels_ == 2) throw InputError(keys.what("channels") + " is 2", "give 1 (grey) or 3 (RGB)");
    keys.finish();
  }

  Sample read(const std::filesystem::path& path) override {
    const Picture whole = read_picture(path, channels_);
    const Picture picture = resized_to_square(whole, side_, fit_);
    Sample sample{.bytes = {}, .floats = {}, .is_uniform = is_uniform(whole)};
    for (std::size_t c = 0; c < channels_; ++c)
      for (std::size_t i = c; i < picture.pixels.size(); i += channels_) sample.bytes.push_back(picture.pixels[i]);
    return sample;
  }
  [[nodiscard]] ElementType type() const override { return ElementType::uint8; }
  [[nodiscard]] std::vector<std::size_t> shape() const override { return {channels_, side_, side_}; }
  [[nodiscard]] std::size_t group() const override { return side_ * side_; }

 private:
  std::size_t side_, channels_;
  PictureFit fit_;
};

class SoundDecoder final : public SampleDecoder {
 public:
  explicit SoundDecoder(SpecKeys keys)
      : frames_(keys.number("frames", 20, 1, 4096)),
        coefficients_(keys.number("coefficients", 20, 1, 512)),
        rate_(static_cast<int>(keys.number("rate", 16000, 1000, 192000))) {
    if (const auto features = keys.text("features", "mfcc"); features != "mfcc")
      throw InputError(fmt::format("{} is '{}'", keys.what("features"), features), "there is mfcc");
    keys.finish();
  }

  /// Windows over the whole clip, however long, each two hops wide and 32 ms or more.
  Sample read(const std::filesystem::path& path) override {
    const Sound sound = resampled(read_sound(path), rate_);
    const std::size_t hop = (sound.samples.size() + frames_ - 1) / frames_;
    const auto shortest = static_cast<std::size_t>(rate_) * 32 / 1000;
    const auto window = std::bit_ceil(std::max(2 * hop, shortest));
    const auto c = Mfcc({.sample_rate = rate_,
                         .n_fft = static_cast<int>(window),
                         .hop = static_cast<int>(hop),
                         .n_mels = static_cast<int>(2 * coefficients_),
                         .n_mfcc = static_cast<int>(coefficients_)})
                       .coefficients(sound.samples);
    Sample sample;
    for (std::size_t row = 0; row < coefficients_; ++row)
      for (std::size_t frame = 0; frame < frames_; ++frame)
        sample.floats.push_back(frame < c.cols ? static_cast<float>(c.at(row, frame)) : 0.0F);
    return sample;
  }
  [[nodiscard]] ElementType type() const override { return ElementType::float32; }
  [[nodiscard]] std::vector<std::size_t> shape() const override { return {1, coefficients_, frames_}; }
  [[nodiscard]] std::size_t group() const override { return coefficients_ * frames_; }

 private:
  std::size_t frames_, coefficients_;
  int rate_;
};

class ArrayDecoder final : public SampleDecoder {
 public:
  explicit ArrayDecoder(SpecKeys keys) : length_(keys.number("length", 0, 1, 1'000'000)), key_(keys.text("key", "")) {
    keys.finish();
  }

  Sample read(const std::filesystem::path& path) override {
    const NpyArray array = lower_extension(path) == ".npz" ? NpyArray::read_npz(path, key_) : NpyArray::read(path);
    const auto values = array.values(0, array.size());
    if (!std::ranges::all_of(values, [](double v) { return std::isfinite(static_cast<float>(v)); }))
      throw InputError(fmt::format("{} holds values that are not finite", array.name()), "replace or remove the file");
    const auto& shape = array.shape();
    const bool is_picture = length_ == 0 && shape.size() > 1 && array.is_byte();
    if (shape.empty() || shape.size() > (length_ > 0 ? 2U : 3U) || values.empty())
      throw InputError(fmt::format("{} has shape ({})", array.name(), fmt::join(shape, ", ")),
                       length_ > 0 ? "a series is (T) or (T, C)" : "give (F), (H, W) or (C, H, W)");
    const auto described = length_ > 0 ? std::vector{(shape.size() == 2 ? shape[1] : 1) * length_} : map_shape(shape);
    if (shape_.empty()) {
      shape_ = described;
      first_ = array.name();
      first_shape_ = shape;
      is_picture_ = is_picture;
    }
    if (described != shape_) {
      const auto problem = fmt::format("{} has shape ({}), unlike {}", array.name(), fmt::join(shape, ", "), first_);
      const bool is_series = length_ == 0 && !is_picture && !is_picture_ && shape.size() < 3;
      if (is_series && std::ranges::equal(shape | std::views::drop(1), first_shape_ | std::views::drop(1)))
        throw LengthError(problem, "give a length", first_shape_.front(), shape.front());
      throw InputError(problem, "bring all to one shape");
    }
    if (is_picture != is_picture_)
      throw InputError(fmt::format("{} is {}of type uint8, unlike {}", array.name(), is_picture ? "" : "not ", first_),
                       "bring all to one type: uint8, 0 to 255, or float32");
    Sample sample;
    if (is_picture) {
      for (const double value : values) sample.bytes.push_back(static_cast<std::uint8_t>(value));
      return sample;
    }
    if (length_ == 0) {
      sample.floats.assign(values.begin(), values.end());
      return sample;
    }
    const std::size_t channels = shape_.front() / length_;
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t t = 0; t < length_; ++t)
        sample.floats.push_back(t < shape[0] ? static_cast<float>(values[t * channels + c]) : 0.0F);
    return sample;
  }
  [[nodiscard]] ElementType type() const override { return is_picture_ ? ElementType::uint8 : ElementType::float32; }
  [[nodiscard]] std::vector<std::size_t> shape() const override { return shape_; }
  [[nodiscard]] std::size_t group() const override {
    if (length_ > 0) return length_;
    return shape_.size() == 1 ? 1 : element_count(shape_) / shape_.front();
  }

 private:
  static std::vector<std::size_t> map_shape(const std::vector<std::size_t>& shape) {
    return shape.size() == 2 ? std::vector{std::size_t{1}, shape[0], shape[1]} : shape;
  }

  std::size_t length_;  ///< of a series; 0: as they are
  std::string key_;
  std::vector<std::size_t> shape_;
  std::string first_;                     ///< whose shape it is
  std::vector<std::size_t> first_shape_;  ///< as its file has it
  bool is_picture_ = false;               ///< and whether that is a map of bytes, which are kept as they are
};

}  // namespace

std::optional<MediaKind> media_kind(const std::filesystem::path& path) {
  static const std::map<std::string, MediaKind> kinds = {{".png", MediaKind::picture},
                                                         {".jpg", MediaKind::picture},
                                                         {".jpeg", MediaKind::picture},
                                                         {".bmp", MediaKind::picture},
                                                         {".gif", MediaKind::picture},
                                                         {".wav", MediaKind::sound},
                                                         {".flac", MediaKind::sound},
                                                         {".ogg", MediaKind::sound},
                                                         {".aiff", MediaKind::sound},
                                                         {".npy", MediaKind::array},
                                                         {".npz", MediaKind::array},
                                                         // Not read, but a sample's all the same: they are named.
                                                         {".webp", MediaKind::picture},
                                                         {".tif", MediaKind::picture},
                                                         {".tiff", MediaKind::picture},
                                                         {".heic", MediaKind::picture},
                                                         {".avif", MediaKind::picture},
                                                         {".mp3", MediaKind::sound},
                                                         {".m4a", MediaKind::sound},
                                                         {".aac", MediaKind::sound},
                                                         {".opus", MediaKind::sound}};
  const auto found = kinds.find(lower_extension(path));
  return found == kinds.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> listed_specs(const std::string& text) {
  std::vector<std::string> specs;
  for (const auto& part : split(text, ',')) {
    const bool is_key = part.find('=') < part.find(':');  // of the spec before
    if (is_key && !specs.empty())
      specs.back() += "," + part;
    else
      specs.push_back(part);
  }
  return specs;
}

std::string spec_name(const std::string& spec) {
  return trim(spec.substr(0, spec.find(':')));
}

std::unique_ptr<SampleDecoder> make_decoder(const std::string& spec, MediaKind kind) {
  SpecKeys keys(spec);
  if (kind == MediaKind::picture) return std::make_unique<PictureDecoder>(std::move(keys));
  if (kind == MediaKind::sound) return std::make_unique<SoundDecoder>(std::move(keys));
  return std::make_unique<ArrayDecoder>(std::move(keys));
}

}  // namespace harmonic
