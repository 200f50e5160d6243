#include "core/data/avmnist_arrays.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/data/statistics.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/npy_file.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

constexpr int kArrayClasses = 10;
constexpr std::size_t kArrayImageSide = 28, kArrayAudioSide = 112;
constexpr std::size_t kArrayValShare = 12;  ///< one in twelve of train's rows
constexpr std::string_view kArrayLayout =
    "give the folder that holds image/ and audio/ with train_data.npy and test_data.npy, and train_labels.npy and "
    "test_labels.npy";

/// The arrays of one of train and test.
struct Part {
  std::vector<std::int64_t> labels;
  DatasetContent::SplitSamples image, audio;
};

fs::path existing(const fs::path& path) {
  if (!fs::is_regular_file(path)) throw InputError(fmt::format("no file {}", path.string()), kArrayLayout);
  return path;
}

fs::path image_folder(const fs::path& folder) {
  return folder / (fs::is_directory(folder / "images") && !fs::is_directory(folder / "image") ? "images" : "image");
}

/// The class of each row of 0 and one 1. Nothing where rows are others.
std::optional<std::vector<double>> classes_of_one_hot(const std::vector<double>& values, std::size_t rows) {
  const std::size_t each = values.size() / rows;
  std::vector<double> classes;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto own = std::span(values).subspan(row * each, each);
    if (std::ranges::count(own, 1.0) != 1 || std::ranges::count(own, 0.0) + 1 != std::ssize(own)) return std::nullopt;
    classes.push_back(static_cast<double>(std::ranges::find(own, 1.0) - own.begin()));
  }
  return classes;
}

/// One class a sample: (N), (N, 1), or one-hot, (N, 10).
std::vector<std::int64_t> read_labels(const fs::path& path) {
  const NpyArray array = NpyArray::read(existing(path));
  auto values = array.values(0, array.size());
  if (const auto& shape = array.shape(); !values.empty() && values.size() != shape.front()) {
    auto classes =
        values.size() == shape.front() * kArrayClasses ? classes_of_one_hot(values, shape.front()) : std::nullopt;
    if (!classes)
      throw InputError(fmt::format("{} has shape ({}), which is not one label a sample, nor one-hot rows of {}",
                                   path.string(), fmt::join(shape, ", "), kArrayClasses),
                       "save the classes: numpy.save(file, labels.argmax(axis=1))");
    values = std::move(*classes);
  }
  const auto is_digit = [](double v) { return v >= 0 && v < kArrayClasses && v == std::floor(v); };
  const auto wrong = std::ranges::find_if_not(values, is_digit);
  if (wrong != values.end())
    throw InputError(
        fmt::format("{}: label {} at position {} is not in 0 to 9", path.string(), *wrong, wrong - values.begin()),
        "mend the labels");
  if (values.empty()) throw InputError(fmt::format("{} holds no label", path.string()), "give another file");
  return {values.begin(), values.end()};
}

/// Samples of `side` x `side` each, whether they lie as rows or as squares.
DatasetContent::SplitSamples read_samples(const fs::path& path, std::size_t side, std::size_t rows) {
  const std::size_t each = side * side;
  std::string bytes = read_file(existing(path));
  const NpyArray array = bytes.size() == rows * each
                             ? NpyArray::raw_bytes(std::move(bytes), {rows, each}, path.string())
                             : NpyArray::read(path);
  if (array.shape().empty() || array.size() != array.shape().front() * each)
    throw InputError(fmt::format("{} has shape ({})", path.string(), fmt::join(array.shape(), ", ")),
                     fmt::format("samples are of {} values", each));
  if (array.shape().front() != rows)
    throw InputError(fmt::format("{} holds {} samples for {} labels", path.string(), array.shape().front(), rows),
                     "give files of one export");
  DatasetContent::SplitSamples samples;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto values = array.values(row * each, each);
    if (array.is_byte()) {
      samples.bytes.insert(samples.bytes.end(), values.begin(), values.end());
      continue;
    }
    if (!std::ranges::all_of(values, [](double v) { return std::isfinite(static_cast<float>(v)); }))
      throw InputError(fmt::format("{}: sample {} holds values that are not finite", path.string(), row),
                       "mend or remove it");
    samples.floats.insert(samples.floats.end(), values.begin(), values.end());
  }
  return samples;
}

/// Of a part whose labels are read.
void read_arrays(Part& part, const fs::path& folder, const std::string& name) {
  part.image = read_samples(image_folder(folder) / (name + "_data.npy"), kArrayImageSide, part.labels.size());
  part.audio = read_samples(folder / "audio" / (name + "_data.npy"), kArrayAudioSide, part.labels.size());
}

/// Takes what lies behind the first `kept` elements out of `from`.
template <class T>
std::vector<T> take_rest(std::vector<T>& from, std::size_t kept) {
  const auto at = from.begin() + static_cast<std::ptrdiff_t>(std::min(kept, from.size()));
  std::vector<T> rest(at, from.end());
  from.erase(at, from.end());
  return rest;
}

ModalityInfo describe(const std::string& name, std::size_t side, const DatasetContent::SplitSamples& train) {
  const bool is_byte = !train.bytes.empty();
  const Statistics of = is_byte ? statistics_of(train.bytes) : statistics_of(train.floats);
  const float scale = is_byte ? 255.0F : 1.0F;  // bytes are scaled to [0, 1] before mean and std
  return {.name = name,
          .type = is_byte ? ElementType::uint8 : ElementType::float32,
          .sample_shape = {1, side, side},
          .mean = {of.mean / scale},
          .std = {of.std / scale}};
}

}  // namespace

bool has_avmnist_arrays(const fs::path& folder) {
  return fs::exists(folder / "train_labels.npy") || fs::exists(folder / "audio" / "train_data.npy");
}

DatasetContent read_avmnist_arrays(const fs::path& folder, const SamplesRead& tell) {
  Part train{.labels = read_labels(folder / "train_labels.npy"), .image = {}, .audio = {}};
  Part test{.labels = read_labels(folder / "test_labels.npy"), .image = {}, .audio = {}};
  const std::size_t rows = train.labels.size(), samples = rows + test.labels.size();
  read_arrays(train, folder, "train");
  tell(rows, samples);
  read_arrays(test, folder, "test");
  tell(samples, samples);
  const std::size_t held_out = std::max<std::size_t>(1, (rows + kArrayValShare / 2) / kArrayValShare);
  const std::size_t kept = rows - held_out;
  if (kept == 0) throw InputError(fmt::format("{} holds one train sample", folder.string()), "two are the fewest");
  if (train.image.bytes.empty() != test.image.bytes.empty() || train.audio.bytes.empty() != test.audio.bytes.empty())
    throw InputError(fmt::format("{}: train and test hold values of different types", folder.string()),
                     "give files of one export");
  DatasetContent content;
  content.info.classes = kArrayClasses;
  for (int digit = 0; digit < kArrayClasses; ++digit) content.info.class_names.push_back(std::to_string(digit));
  content.info.provenance = fmt::format("AV-MNIST from arrays ({} train and {} test rows); val: the last {} train rows",
                                        rows, test.labels.size(), held_out);
  for (const auto& [name, member, side] :
       {std::tuple("audio", &Part::audio, kArrayAudioSide), std::tuple("image", &Part::image, kArrayImageSide)}) {
    auto& splits = content.samples[name];
    auto& all = train.*member;
    splits[1] = {take_rest(all.bytes, kept * side * side), take_rest(all.floats, kept * side * side)};
    splits[0] = std::move(all);
    splits[2] = std::move(test.*member);
    content.info.modalities.push_back(describe(name, side, splits[0]));
  }
  content.class_labels[1] = take_rest(train.labels, kept);
  content.class_labels[0] = std::move(train.labels);
  content.class_labels[2] = std::move(test.labels);
  return content;
}

}  // namespace harmonic
