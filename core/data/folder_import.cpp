#include "core/data/folder_import.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/data/channel_statistics.hpp"
#include "core/data/dataset_check.hpp"
#include "core/data/problem_list.hpp"
#include "core/data/sample_decoder.hpp"
#include "core/data/sample_list.hpp"
#include "core/data/uniform_pictures.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

using Decoders = std::map<std::string, std::shared_ptr<SampleDecoder>>;

/// A decoder a modality, by the kind of its first file. @throws InputError naming a modality that has none
Decoders make_decoders(const RawSamples& raw, const std::vector<std::string>& specs) {
  Decoders decoders;
  for (const auto& modality : raw.modalities) {
    if (modality.find('/') != std::string::npos)
      throw InputError(fmt::format("a modality is named {}", modality), "name it without /");
    const auto spec = std::ranges::find(specs, modality, spec_name);
    const auto has = std::ranges::find_if(raw.samples, [&](const RawSample& s) { return s.files.contains(modality); });
    if (has == raw.samples.end()) throw InputError(fmt::format("modality {} has no files", modality), "check its name");
    const auto& path = has->files.at(modality);
    const auto kind = media_kind(path);
    if (!kind)
      throw InputError(fmt::format("{} is no medium that is read here", path.string()),
                       "give PNG, JPEG, WAV, FLAC, OGG, NPY or NPZ");
    decoders[modality] = make_decoder(spec == specs.end() ? modality : *spec, *kind);
  }
  return decoders;
}

/// @throws InputError naming a modality that is wanted and not there, while others are
void check_found(const std::vector<std::string>& wanted, const std::vector<std::string>& found, const fs::path& in) {
  const auto has_none = [&](const std::string& name) { return std::ranges::find(found, name) == found.end(); };
  const auto missing = std::ranges::find_if(wanted, has_none);
  if (missing == wanted.end()) return;
  const auto all = list_folder(in, {}).modalities;
  if (all.empty()) return;
  throw InputError(fmt::format("{} has no file of modality {}", in.string(), *missing),
                   fmt::format("did you mean {}? There are: {}", nearest(*missing, all), join(all, ", ")));
}

/// Arrays of one modality that differ in length alone.
struct Lengths {
  std::size_t shortest, longest;
  std::size_t unlike = 0;  ///< arrays, the first
};

struct Unusable {
  ProblemList files;
  std::map<std::string, Lengths> lengths;  ///< by modality; a word for all of them, not one each
};

using Decoded = std::map<std::string, SampleDecoder::Sample>;

/// Every modality of a sample, or nothing, and its problems told.
std::optional<Decoded> decode(const RawSample& sample, const Decoders& decoders, Unusable& unusable) {
  Decoded decoded;
  for (const auto& [modality, decoder] : decoders) {
    const auto file = sample.files.find(modality);
    if (file == sample.files.end()) {
      unusable.files.add(InputError(fmt::format("sample {} has no {}", sample.id, modality), "add it"));
    } else if (!fs::is_regular_file(file->second)) {
      unusable.files.add(
          InputError(fmt::format("sample {}: no file {}", sample.id, file->second.string()), "put it there"));
    } else {
      try {
        decoded[modality] = decoder->read(file->second);
      } catch (const LengthError& e) {
        auto& lengths = unusable.lengths.try_emplace(modality, Lengths{e.first(), e.first()}).first->second;
        lengths.shortest = std::min(lengths.shortest, e.length());
        lengths.longest = std::max(lengths.longest, e.length());
        ++lengths.unlike;
      } catch (const InputError& e) {
        unusable.files.add(e);
      }
    }
  }
  if (decoded.size() == decoders.size()) return decoded;
  return std::nullopt;
}

/// @param usable,all samples @throws InputError
void refuse_unusable(const Unusable& unusable, const FolderImport& import, std::size_t usable, std::size_t all) {
  if (!unusable.lengths.empty()) {
    const auto& [modality, lengths] = *unusable.lengths.begin();
    const auto spec = std::ranges::find(import.modalities, modality, spec_name);
    const auto keys =
        spec == import.modalities.end() || spec->find(':') == std::string::npos ? modality + ":" : *spec + ",";
    throw InputError(
        fmt::format("{}: arrays of different lengths ({} to {})", modality, lengths.shortest, lengths.longest),
        fmt::format("give --modality {}length=L: of a longer one the first L are taken, a shorter one is filled up "
                    "with zeros",
                    keys));
  }
  const auto& files = unusable.files;
  if (files.count() > 0)
    throw InputError(fmt::format("{} files of {} samples are missing or unreadable, the first: {}", files.count(), all,
                                 files.first()),
                     usable == 0 ? "" : "--skip-unreadable leaves such samples out");
}

void warn_of_left_out(const Unusable& unusable, std::size_t usable, std::size_t all) {
  for (const auto& [modality, lengths] : unusable.lengths)
    log::warning("{}: {} arrays have other lengths than the first ({} to {})", modality, lengths.unlike,
                 lengths.shortest, lengths.longest);
  if (usable < all) log::warning("{} of {} samples are left out", all - usable, all);
}

/// What no search takes of the shapes that were read.
void warn_of_shapes(const Decoders& decoders, const RawSample& sample) {
  for (const auto& [modality, decoder] : decoders) {
    const auto shape = decoder->shape();
    const auto problem = shape_problem(shape);
    if (!problem) continue;
    const bool may_be_series = shape.front() == 1 && media_kind(sample.files.at(modality)) == MediaKind::array;
    log::warning(
        "modality {}: {}{}", modality, *problem,
        may_be_series ? fmt::format("; if they are series (T, C): --modality {}:length={}", modality, shape[1]) : "");
  }
}

std::vector<std::string> classes_of(const std::vector<RawSample>& samples) {
  std::set<std::string> names;
  for (const auto& sample : samples) names.insert(sample.labels.begin(), sample.labels.end());
  return {names.begin(), names.end()};
}

/// Mean and std of train, of every group of values that share them.
void set_statistics(ModalityInfo& modality, const std::vector<float>& train, std::size_t group) {
  const auto of_groups = channel_statistics(train, element_count(modality.sample_shape) / group, group);
  const bool is_vector = modality.sample_shape.size() == 1;  // which has a mean and a std a value
  for (std::size_t i = 0; i < of_groups.mean.size(); ++i) {
    modality.mean.insert(modality.mean.end(), is_vector ? group : 1, of_groups.mean[i]);
    modality.std.insert(modality.std.end(), is_vector ? group : 1, of_groups.std[i]);
  }
}

/// A modality's pictures on their way to the file: those that memory has no room for are read once more.
class PictureStream {
 public:
  explicit PictureStream(std::shared_ptr<SampleDecoder> decoder) : decoder_(std::move(decoder)) {}

  /// @param bytes empty when they are not held
  void add(Split split, fs::path file, std::vector<std::uint8_t> bytes) {
    (*pictures_)[index_of(split)].push_back({std::move(file), std::move(bytes)});
  }

  std::vector<std::uint8_t> operator()(Split split, std::size_t first, std::size_t count) const {
    std::vector<std::uint8_t> samples;
    for (std::size_t i = first; i < first + count; ++i) {
      auto& [file, held] = (*pictures_)[index_of(split)].at(i);
      const auto bytes = held.empty() ? decoder_->read(file).bytes : std::exchange(held, {});
      samples.insert(samples.end(), bytes.begin(), bytes.end());
    }
    return samples;
  }

 private:
  using Pictures = std::vector<std::pair<fs::path, std::vector<std::uint8_t>>>;

  std::shared_ptr<SampleDecoder> decoder_;
  std::shared_ptr<std::array<Pictures, 3>> pictures_ = std::make_shared<std::array<Pictures, 3>>();
};

void append_labels(DatasetContent& content, const RawSample& sample, std::size_t split) {
  const auto& names = content.info.class_names;
  const auto index = [&](const std::string& name) { return std::ranges::lower_bound(names, name) - names.begin(); };
  if (content.info.labels == LabelKind::classification) {
    content.class_labels[split].push_back(index(sample.labels.front()));
    return;
  }
  std::vector<std::uint8_t> set(names.size(), 0);
  for (const auto& name : sample.labels) set[static_cast<std::size_t>(index(name))] = 1;
  content.label_sets[split].insert(content.label_sets[split].end(), set.begin(), set.end());
}

void warn_of_classes(const std::vector<RawSample>& samples, const std::vector<std::string>& classes) {
  std::set<std::string> learnt;
  for (const auto& sample : samples)
    if (sample.split == Split::train) learnt.insert(sample.labels.begin(), sample.labels.end());
  for (const auto& name : classes)
    if (!learnt.contains(name)) log::warning("class {} has no sample in train", name);
}

}  // namespace

DatasetContent read_own_data(const FolderImport& import, const SamplesRead& tell) {
  std::vector<std::string> wanted;
  for (const auto& spec : import.modalities) wanted.push_back(spec_name(spec));
  if (!fs::exists(import.in))
    throw InputError(fmt::format("no folder or CSV {}", import.in.string()), "check the path");
  const bool is_folder = fs::is_directory(import.in);
  if (is_folder && !import.group.empty())
    throw InputError("--group names a column, and a folder has none", "give a CSV manifest");
  RawSamples raw = is_folder ? list_folder(import.in, wanted) : list_manifest(import.in, wanted, import.group);
  if (is_folder) check_found(wanted, raw.modalities, import.in);  // a CSV's columns are checked by name
  if (raw.samples.empty() || raw.modalities.empty())
    throw InputError(
        fmt::format("{} names no media", import.in.string()),
        "PNG, JPEG, WAV, FLAC, OGG, NPY and NPZ are read, as <split>/<class>/<sample>.<modality>.<ext> or by a CSV");
  const auto decoders = make_decoders(raw, import.modalities);

  Unusable unusable;
  std::vector<RawSample> samples;
  std::vector<Decoded> decoded;
  UniformPictures uniform;
  std::size_t read = 0, held = 0;
  for (auto& sample : raw.samples) {
    auto values = decode(sample, decoders, unusable);
    tell(++read, raw.samples.size());
    if (!values) continue;
    for (auto& [modality, value] : *values) {
      if (value.is_uniform) uniform.add(sample.files.at(modality).string());
      if (held + value.bytes.size() > import.held_bytes) value.bytes = {};
      held += value.bytes.size();
    }
    samples.push_back(std::move(sample));
    samples.back().place = decoded.size();
    decoded.push_back(std::move(*values));
  }
  if (!import.skip_unreadable || samples.empty()) refuse_unusable(unusable, import, samples.size(), raw.samples.size());
  warn_of_left_out(unusable, samples.size(), raw.samples.size());
  warn_of_shapes(decoders, samples.front());
  uniform.report();

  deal_splits(samples, import.shares, import.seed);
  report_leaks(samples);
  DatasetContent content;
  content.info.class_names = classes_of(samples);
  content.info.classes = static_cast<int>(content.info.class_names.size());
  content.info.labels = raw.is_multilabel ? LabelKind::multilabel : LabelKind::classification;
  if (content.info.classes < 2 && !raw.is_multilabel)
    throw InputError(fmt::format("{} has one class alone", import.in.string()), "two are the fewest");
  warn_of_classes(samples, content.info.class_names);
  if (const auto problem = names_problem(content.info.class_names)) log::warning("{}", *problem);
  content.info.provenance = fmt::format("own data of {}: {} samples{}", import.in.filename().string(), samples.size(),
                                        import.modalities.empty() ? "" : "; " + join(import.modalities, " "));
  std::map<std::string, PictureStream> pictures;
  for (const auto& [name, decoder] : decoders)
    if (decoder->type() == ElementType::uint8) pictures.emplace(name, decoder);
  for (const auto& sample : samples) {
    const auto split = index_of(*sample.split);
    for (auto& [modality, values] : decoded[sample.place]) {
      if (const auto stream = pictures.find(modality); stream != pictures.end()) {
        stream->second.add(*sample.split, sample.files.at(modality), std::move(values.bytes));
        continue;
      }
      auto& floats = content.samples[modality][split].floats;
      floats.insert(floats.end(), values.floats.begin(), values.floats.end());
    }
    decoded[sample.place].clear();
    append_labels(content, sample, split);
    content.ids[split].push_back(sample.id);
  }
  for (const auto& [name, decoder] : decoders) {
    ModalityInfo modality{.name = name, .type = decoder->type(), .sample_shape = decoder->shape()};
    if (const auto stream = pictures.find(name); stream != pictures.end())
      content.streams[name] = stream->second;
    else
      set_statistics(modality, content.samples.at(name)[0].floats, decoder->group());
    content.info.modalities.push_back(std::move(modality));
  }
  return content;
}

namespace {

class FolderImporter final : public Importer {
 public:
  void declare(OptionSet& options) override {
    options
        .add("in", in_, "folder, or CSV with the columns split, label, a path a modality, and optionally id and group")
        .required();
    options.add(
        "modality", import_.modalities,
        "a modality that is taken, and how: NAME:key=value,…; pictures: side, channels (1 or 3), fit (crop or "
        "stretch); sounds: frames, coefficients (of MFCCs), rate (Hz); arrays: length (of a series), key (of an "
        "npz); none: all, as usual",
        {kWholeTexts.parse, kWholeTexts.text, listed_specs});
    options.add("group", import_.group, "column of the CSV whose samples stay in one split: a speaker, a patient");
    options.add("val-share", import_.shares.val, "share of val where splits are made", {0.001, 0.9});
    options.add("test-share", import_.shares.test, "share of test where splits are made", {0.001, 0.9});
    options.add("seed", seed_, "seed of the splits and of the samples' order");
    options.add("skip-unreadable", import_.skip_unreadable, "leave out samples whose files are missing or unreadable");
  }
  [[nodiscard]] std::vector<OptionFile> inputs() const override { return {{"in", in_}}; }
  [[nodiscard]] bool takes_every_folder() const override { return true; }
  [[nodiscard]] DatasetContent read(const SamplesRead& tell) const override {
    FolderImport import = import_;
    import.in = in_;
    import.seed = Seed{seed_};
    if (import.shares.val + import.shares.test >= 1)
      throw InputError("val-share and test-share leave nothing for train", "let them be below 1 together");
    return read_own_data(import, tell);
  }

 private:
  std::string in_;
  FolderImport import_;
  std::uint64_t seed_ = 1;
};

}  // namespace

std::unique_ptr<Importer> make_folder_importer() {
  return std::make_unique<FolderImporter>();
}

}  // namespace harmonic
