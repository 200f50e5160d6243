#include "core/data/dataset_file.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kRowsAtOnce = 256;  ///< of a split, while it is hashed: memory stays small
constexpr std::string_view kMendFile = "make the file again with `harmonic data synth` or `harmonic data import`";

std::size_t index_of(Split split) {
  return static_cast<std::size_t>(split);
}

std::string samples_path(std::string_view modality, Split split) {
  return fmt::format("/modality/{}/{}", modality, to_text(split));
}

std::string labels_path(Split split) {
  return "/label/" + to_text(split);
}

std::string ids_path(Split split) {
  return "/id/" + to_text(split);
}

std::string shape_text(const std::vector<std::size_t>& shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

bool are_whole(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double value) { return value == std::floor(value); });
}

/// Reads and checks the structure of a file, part by part.
class StructureReader {
 public:
  explicit StructureReader(const Hdf5File& file) : file_(file) {}

  DatasetInfo read() {
    require("/label");
    require("/modality");
    read_root();
    for (const Split split : kSplits) read_labels(split);
    if (info_.samples[index_of(Split::train)] == 0) fail("/label/train", "holds no sample");
    for (const auto& name : file_.members("/modality")) info_.modalities.push_back(read_modality(name));
    if (info_.modalities.empty()) fail("/modality", "holds no modality");
    for (const Split split : kSplits) check_ids(split);
    return std::move(info_);
  }

 private:
  [[noreturn]] void fail(std::string_view object, std::string_view problem) const {
    throw InputError(fmt::format("{}, {}: {}", file_.path().string(), object, problem), kMendFile);
  }

  void require(const std::string& object) const {
    if (!file_.exists(object)) fail(object, "is missing; this is not a data set file of harmonic");
  }

  void read_root() {
    for (const std::string attribute : {"task", "classes"})
      if (!file_.has_attribute("/", attribute)) fail("/", fmt::format("has no attribute '{}'", attribute));
    try {
      info_.labels = value_of(kLabelKinds, file_.attribute_text("/", "task"), "task");
    } catch (const InputError& e) {
      fail("/", e.problem());
    }
    const std::int64_t classes = file_.attribute_int("/", "classes");
    const std::int64_t fewest = info_.labels == LabelKind::multilabel ? 1 : 2;
    if (classes < fewest || classes > 1'000'000) fail("/", fmt::format("classes is {}", classes));
    info_.classes = static_cast<int>(classes);
    if (file_.has_attribute("/", "class_names")) info_.class_names = file_.attribute_texts("/", "class_names");
    if (!info_.class_names.empty() && info_.class_names.size() != static_cast<std::size_t>(classes))
      fail("/", fmt::format("{} class_names for {} classes", info_.class_names.size(), classes));
    if (file_.has_attribute("/", "provenance")) info_.provenance = file_.attribute_text("/", "provenance");
  }

  void read_labels(Split split) {
    const std::string path = labels_path(split);
    require(path);
    const auto shape = file_.shape(path);
    const auto type = file_.type(path);
    const bool is_real = type == ElementType::float32 || type == ElementType::float64;
    if (is_real && !are_whole(file_.read<double>(path))) fail(path, "does not hold whole numbers");
    const auto classes = static_cast<std::size_t>(info_.classes);
    if (info_.labels == LabelKind::multilabel) {
      if (shape.size() != 2 || shape.back() != classes)
        fail(path, fmt::format("has shape {} instead of (N, {})", shape_text(shape), classes));
    } else if (shape.size() != 1 && (shape.size() != 2 || shape.back() != 1)) {  // a column is as good as a list
      fail(path, fmt::format("has shape {} instead of (N)", shape_text(shape)));
    }
    info_.samples[index_of(split)] = shape.front();
    const std::int64_t bound = info_.labels == LabelKind::multilabel ? 2 : info_.classes;
    const auto labels = file_.read<std::int64_t>(path);
    const auto wrong = std::ranges::find_if(labels, [&](std::int64_t label) { return label < 0 || label >= bound; });
    if (wrong != labels.end())
      fail(path, fmt::format("label {} at position {} is not in 0 to {}", *wrong, wrong - labels.begin(), bound - 1));
  }

  ModalityInfo read_modality(const std::string& name) const {
    ModalityInfo modality;
    modality.name = name;
    for (const Split split : kSplits) {
      const std::string path = samples_path(name, split);
      require(path);
      const auto shape = file_.shape(path);
      if (shape.size() != 2 && shape.size() != 4)
        fail(path, fmt::format("has shape {} instead of (N, C, H, W) or (N, F)", shape_text(shape)));
      const std::vector<std::size_t> sample(shape.begin() + 1, shape.end());
      if (element_count(sample) == 0) fail(path, fmt::format("has shape {}, with empty samples", shape_text(shape)));
      const auto type = sample_type(path);
      if (type != ElementType::uint8 && type != ElementType::float32) fail(path, "is neither uint8 nor float32");
      if (split == Split::train) {
        modality.sample_shape = sample;
        modality.type = type;
      } else if (sample != modality.sample_shape || type != modality.type) {
        fail(path, fmt::format("samples of shape {} differ in shape or type from {} of train", shape_text(sample),
                               shape_text(modality.sample_shape)));
      }
      const std::size_t labels = info_.samples[index_of(split)];
      if (shape.front() != labels)
        fail(path, fmt::format("holds {} samples, but {} holds {}", shape.front(), labels_path(split), labels));
    }
    modality.mean = read_statistic(modality, "mean");
    modality.std = read_statistic(modality, "std");
    if (std::ranges::any_of(modality.std, [](float value) { return value <= 0; }))
      fail("/modality/" + name, "std is not above 0 everywhere");
    return modality;
  }

  /// float64 is read as float32.
  ElementType sample_type(const std::string& path) const {
    const auto type = file_.type(path);
    return type == ElementType::float64 ? ElementType::float32 : type;
  }

  std::vector<float> read_statistic(const ModalityInfo& modality, const std::string& attribute) const {
    const std::string group = "/modality/" + modality.name;
    if (!file_.has_attribute(group, attribute)) fail(group, fmt::format("has no attribute '{}'", attribute));
    auto values = file_.attribute_floats(group, attribute);
    const std::size_t channels = modality.sample_shape.front();
    const bool is_vector = modality.sample_shape.size() == 1;
    if (values.size() != channels && !(is_vector && values.size() == 1))
      fail(group, fmt::format("{} holds {} values for {} channels", attribute, values.size(), channels));
    if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
      fail(group, fmt::format("{} is not finite", attribute));
    return values;
  }

  void check_ids(Split split) const {
    const std::string path = ids_path(split);
    if (!file_.exists(path)) return;
    const auto shape = file_.shape(path);
    if (shape.size() != 1 || shape.front() != info_.samples[index_of(split)])
      fail(path, fmt::format("has shape {} for {} samples", shape_text(shape), info_.samples[index_of(split)]));
  }

  const Hdf5File& file_;
  DatasetInfo info_;
};

/// In place: (x - mean) / std of x's channel, for samples of `modality.sample_shape`.
void normalise(std::vector<float>& values, const ModalityInfo& modality) {
  const std::size_t channels = modality.sample_shape.front();
  const std::size_t channel_size = element_count(modality.sample_shape) / channels;
  for (std::size_t start = 0, channel = 0; start < values.size(); start += channel_size, ++channel) {
    const std::size_t i = modality.mean.size() == 1 ? 0 : channel % channels;
    const std::size_t j = modality.std.size() == 1 ? 0 : channel % channels;
    for (std::size_t k = start; k < start + channel_size; ++k)
      values[k] = (values[k] - modality.mean[i]) / modality.std[j];
  }
}

template <class T>
std::uint64_t hash_rows(const Hdf5File& file, const std::string& dataset, std::uint64_t hash) {
  const std::size_t rows = file.shape(dataset).front();
  for (std::size_t first = 0; first < rows; first += kRowsAtOnce) {
    const auto values = file.read_rows<T>(dataset, first, std::min(kRowsAtOnce, rows - first));
    hash = hash64(std::as_bytes(std::span(values)), hash);
  }
  return hash;
}

void write_modality(Hdf5File& file, const ModalityInfo& modality, const DatasetContent& content,
                    const std::array<std::size_t, 3>& counts) {
  const std::string group = "/modality/" + modality.name;
  file.make_group(group);
  file.set_attribute(group, "mean", std::span<const float>(modality.mean));
  file.set_attribute(group, "std", std::span<const float>(modality.std));
  for (const Split split : kSplits) {
    std::vector<std::size_t> shape = {counts[index_of(split)]};
    shape.insert(shape.end(), modality.sample_shape.begin(), modality.sample_shape.end());
    const auto& samples = content.samples.at(modality.name)[index_of(split)];
    const std::string path = samples_path(modality.name, split);
    if (modality.type == ElementType::uint8) {
      file.write<std::uint8_t>(path, samples.bytes, shape);
    } else {
      file.write<float>(path, samples.floats, shape);
    }
  }
}

/// Writes the labels of every split; gives their counts.
std::array<std::size_t, 3> write_labels(Hdf5File& file, const DatasetContent& content) {
  std::array<std::size_t, 3> counts{};
  const auto classes = static_cast<std::size_t>(content.info.classes);
  for (const Split split : kSplits) {
    const std::size_t i = index_of(split);
    if (content.info.labels == LabelKind::multilabel) {
      counts[i] = content.label_sets[i].size() / classes;
      file.write<std::uint8_t>(labels_path(split), content.label_sets[i], {counts[i], classes});
    } else {
      counts[i] = content.class_labels[i].size();
      file.write<std::int64_t>(labels_path(split), content.class_labels[i], {counts[i]});
    }
  }
  return counts;
}

void write_content(const std::filesystem::path& path, const DatasetContent& content) {
  Hdf5File file(path, Hdf5File::Mode::create);
  const DatasetInfo& info = content.info;
  file.set_attribute("/", "task", std::string_view(word_of(kLabelKinds, info.labels)));
  file.set_attribute("/", "classes", std::int64_t{info.classes});
  if (!info.class_names.empty()) file.set_attribute("/", "class_names", info.class_names);
  file.set_attribute("/", "provenance", std::string_view(info.provenance));
  const auto counts = write_labels(file, content);
  for (const auto& modality : info.modalities) write_modality(file, modality, content, counts);
  const bool has_ids = std::ranges::any_of(content.ids, [](const auto& ids) { return !ids.empty(); });
  if (has_ids)
    for (const Split split : kSplits) file.write_texts(ids_path(split), content.ids[index_of(split)]);
  file.flush();
}

}  // namespace

DatasetFile::DatasetFile(const std::filesystem::path& path)
    : file_(path, Hdf5File::Mode::read), info_(StructureReader(file_).read()) {}

const ModalityInfo& DatasetFile::modality(std::string_view name) const {
  const auto it = std::ranges::find(info_.modalities, name, &ModalityInfo::name);
  if (it != info_.modalities.end()) return *it;
  std::vector<std::string> known;
  for (const auto& modality : info_.modalities) known.push_back(modality.name);
  throw InputError(fmt::format("{} has no modality '{}'", path().string(), name),
                   fmt::format("did you mean {}? It holds: {}", nearest(name, known), join(known, ", ")));
}

std::vector<float> DatasetFile::read_samples(std::string_view modality, Split split, std::optional<std::size_t> limit,
                                             std::size_t first) const {
  const ModalityInfo& info = this->modality(modality);
  const std::size_t rest = samples(split) - std::min(samples(split), first);
  auto values = file_.read_rows<float>(samples_path(modality, split), first, std::min(rest, limit.value_or(rest)));
  if (info.type == ElementType::uint8) {
    for (float& value : values) value /= 255.0F;
  } else if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) {
    throw InputError(
        fmt::format("{}, {}: holds values that are not finite", path().string(), samples_path(modality, split)),
        kMendFile);
  }
  normalise(values, info);
  return values;
}

std::vector<std::int64_t> DatasetFile::read_classes(Split split) const {
  if (info_.labels != LabelKind::classification)
    throw InputError(fmt::format("{} holds label sets, not one class a sample", path().string()),
                     "use a data set whose task is classification");
  return file_.read<std::int64_t>(labels_path(split));
}

std::vector<std::uint8_t> DatasetFile::read_label_sets(Split split) const {
  if (info_.labels != LabelKind::multilabel)
    throw InputError(fmt::format("{} holds one class a sample, not label sets", path().string()),
                     "use a data set whose task is multilabel");
  return file_.read<std::uint8_t>(labels_path(split));
}

std::uint64_t DatasetFile::training_hash() const {
  return hash_of({Split::train, Split::val});
}

std::uint64_t DatasetFile::test_hash() const {
  return hash_of({Split::test});
}

std::uint64_t DatasetFile::hash_of(std::initializer_list<Split> splits) const {
  std::uint64_t hash = hash64(fmt::format("{} {}", word_of(kLabelKinds, info_.labels), info_.classes));
  for (const Split split : splits) hash = hash_rows<std::int64_t>(file_, labels_path(split), hash);
  for (const auto& modality : info_.modalities) {
    hash = hash64(fmt::format("{} {} {} {}", modality.name, fmt::join(modality.sample_shape, "x"),
                              fmt::join(modality.mean, ","), fmt::join(modality.std, ",")),
                  hash);
    for (const Split split : splits) {
      const std::string path = samples_path(modality.name, split);
      hash = modality.type == ElementType::uint8 ? hash_rows<std::uint8_t>(file_, path, hash)
                                                 : hash_rows<float>(file_, path, hash);
    }
  }
  return hash;
}

void write_dataset(const std::filesystem::path& path, const DatasetContent& content) {
  if (path.has_parent_path() && !std::filesystem::is_directory(path.parent_path()))
    throw InputError(fmt::format("cannot write {}: no such folder", path.string()), "make the folder, or give another");
  replace_file(path, [&](const std::filesystem::path& temporary) {
    write_content(temporary, content);
    const DatasetFile check(temporary);  // what is written is held to the rules that readers rely on
  });
}

}  // namespace harmonic
