#include "core/data/dataset_file.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "core/data/channel_statistics.hpp"
#include "core/data/dataset_structure.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kRowsAtOnce = 256;     ///< of a split, while it is hashed: memory stays small
constexpr std::size_t kStreamedAtOnce = 32;  ///< samples made and written before the next are asked for
constexpr std::string_view kMendFile =
    "mend the file: `harmonic data show FILE --check` lists all that is wrong with it";

/// In place: (x - mean) / std of x's channel, for samples of this shape.
void normalise(std::vector<float>& values, const std::vector<std::size_t>& sample_shape,
               const ChannelStatistics& statistics) {
  const std::size_t channels = sample_shape.front();
  const std::size_t channel_size = element_count(sample_shape) / channels;
  for (std::size_t start = 0, channel = 0; start < values.size(); start += channel_size, ++channel) {
    const std::size_t i = statistics.mean.size() == 1 ? 0 : channel % channels;
    const std::size_t j = statistics.std.size() == 1 ? 0 : channel % channels;
    for (std::size_t k = start; k < start + channel_size; ++k)
      values[k] = (values[k] - statistics.mean[i]) / statistics.std[j];
  }
}

/// Of labels that are in memory, as hash_rows() of a file's.
std::uint64_t hash_labels(const std::vector<std::int64_t>& labels, std::uint64_t hash) {
  for (std::size_t first = 0; first < labels.size(); first += kRowsAtOnce)
    hash = hash64(std::as_bytes(std::span(labels).subspan(first, std::min(kRowsAtOnce, labels.size() - first))), hash);
  return hash;
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

/// Writes the samples that `stream` makes, few at a time; fills in mean and std where they are empty.
void write_stream(Hdf5File& file, ModalityInfo& modality, const SampleStream& stream,
                  const std::array<std::size_t, 3>& counts) {
  ChannelLevels levels(modality.sample_shape);
  for (const Split split : kSplits) {
    const std::size_t rows = counts[index_of(split)];
    std::vector<std::size_t> shape = {rows};
    shape.insert(shape.end(), modality.sample_shape.begin(), modality.sample_shape.end());
    const std::string path = samples_path(modality.name, split);
    file.create_rows<std::uint8_t>(path, shape);
    for (std::size_t first = 0; first < rows; first += kStreamedAtOnce) {
      const auto samples = stream(split, first, std::min(kStreamedAtOnce, rows - first));
      if (split == Split::train) levels.add(samples);
      file.write_rows<std::uint8_t>(path, first, samples);
    }
  }
  if (!modality.mean.empty()) return;
  auto statistics = levels.statistics();
  modality.mean = std::move(statistics.mean);
  modality.std = std::move(statistics.std);
}

void write_samples(Hdf5File& file, const ModalityInfo& modality, const DatasetContent& content,
                   const std::array<std::size_t, 3>& counts) {
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

void write_modality(Hdf5File& file, ModalityInfo modality, const DatasetContent& content,
                    const std::array<std::size_t, 3>& counts) {
  const std::string group = "/modality/" + modality.name;
  file.make_group(group);
  const auto stream = content.streams.find(modality.name);
  if (stream == content.streams.end()) {
    write_samples(file, modality, content, counts);
  } else {
    write_stream(file, modality, stream->second, counts);
  }
  for (const auto& [name, values] : {std::pair{"mean", &modality.mean}, {"std", &modality.std}})
    if (!values->empty()) file.set_attribute(group, name, std::span<const float>(*values));
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
    : file_(path, Hdf5File::Mode::read), info_(read_structure(file_)) {}

const ModalityInfo& DatasetFile::modality(std::string_view name) const {
  const auto it = std::ranges::find(info_.modalities, name, &ModalityInfo::name);
  if (it != info_.modalities.end()) return *it;
  std::vector<std::string> known;
  for (const auto& modality : info_.modalities) known.push_back(modality.name);
  throw InputError(fmt::format("{} has no modality '{}'", path().string(), name),
                   fmt::format("did you mean {}? It holds: {}", nearest(name, known), join(known, ", ")));
}

const ChannelStatistics& DatasetFile::statistics(std::string_view modality) const {
  if (const auto known = statistics_.find(modality); known != statistics_.end()) return known->second;
  const ModalityInfo& info = this->modality(modality);
  ChannelStatistics found{info.mean, info.std};
  if (info.mean.empty() || info.std.empty()) {
    const auto computed = channel_statistics(file_, info);
    if (info.mean.empty()) found.mean = computed.mean;
    if (info.std.empty()) found.std = computed.std;
  }
  return statistics_.emplace(info.name, std::move(found)).first->second;
}

std::vector<float> DatasetFile::read_samples(std::string_view modality, Split split, std::optional<std::size_t> limit,
                                             std::size_t first) const {
  const ModalityInfo& info = this->modality(modality);
  const std::size_t rest = samples(split) - std::min(samples(split), first);
  auto values = file_.read_rows<float>(samples_path(modality, split), first, std::min(rest, limit.value_or(rest)));
  if (info.type == ElementType::uint8) {
    for (float& value : values) value /= 255.0F;
  } else {
    check_finite(values, modality, split);
  }
  normalise(values, info.sample_shape, statistics(modality));
  return values;
}

std::size_t DatasetFile::sample_bytes(std::string_view modality) const {
  const ModalityInfo& info = this->modality(modality);
  return element_count(info.sample_shape) * (info.type == ElementType::uint8 ? sizeof(std::uint8_t) : sizeof(float));
}

void DatasetFile::read_stored(std::string_view modality, Split split, std::size_t first, std::size_t count,
                              std::span<std::byte> out) const {
  const auto path = samples_path(modality, split);
  if (this->modality(modality).type == ElementType::uint8) {
    file_.read_rows_into<std::uint8_t>(path, first, count, {reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
    return;
  }
  const std::span<float> values(reinterpret_cast<float*>(out.data()), out.size() / sizeof(float));
  file_.read_rows_into<float>(path, first, count, values);
  check_finite(values, modality, split);
}

void DatasetFile::check_finite(std::span<const float> values, std::string_view modality, Split split) const {
  if (std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) return;
  throw InputError(
      fmt::format("{}, {}: holds values that are not finite", path().string(), samples_path(modality, split)),
      kMendFile);
}

std::vector<std::int64_t> DatasetFile::read_classes(Split split) const {
  if (info_.labels != LabelKind::classification)
    throw InputError(fmt::format("{} holds label sets, not one class a sample", path().string()),
                     "use a data set whose task is classification");
  return read_class_labels(file_, info_, split);
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
  for (const Split split : splits)
    hash = file_.is_text(labels_path(split)) ? hash_labels(read_classes(split), hash)
                                             : hash_rows<std::int64_t>(file_, labels_path(split), hash);
  for (const auto& modality : info_.modalities) {
    hash = hash64(
        fmt::format("{} {} {} {}", modality.name, fmt::join(modality.sample_shape, "x"),
                    fmt::join(statistics(modality.name).mean, ","), fmt::join(statistics(modality.name).std, ",")),
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
