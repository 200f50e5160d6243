#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/choices.hpp"
#include "core/storage/hdf5_file.hpp"

namespace harmonic {

enum class Split { train, val, test };
inline constexpr std::array kSplits = {Split::train, Split::val, Split::test};
inline const Choices<Split> kSplitWords = {{"train", Split::train}, {"val", Split::val}, {"test", Split::test}};
[[nodiscard]] inline const std::string& to_text(Split split) {
  return word_of(kSplitWords, split);
}
/// Where a split stands in arrays of the three.
[[nodiscard]] inline std::size_t index_of(Split split) {
  return static_cast<std::size_t>(split);
}

/// What the labels are: one class a sample, or any number of them.
enum class LabelKind { classification, multilabel };
inline const Choices<LabelKind> kLabelKinds = {{"classification", LabelKind::classification},
                                               {"multilabel", LabelKind::multilabel}};

struct ModalityInfo {
  std::string name;
  ElementType type = ElementType::float32;  ///< uint8 (scaled to [0,1] when read into a network) or float32
  std::vector<std::size_t> sample_shape;    ///< {C, H, W}, or {F} for vectors
  /// Per channel (per feature, or one, for vectors), applied after scaling; empty where the file has none, which is
  /// then computed: DatasetFile::statistics().
  std::vector<float> mean, std;
};

/// What a modality's samples are normalised by: as ModalityInfo's, and never empty.
struct ChannelStatistics {
  std::vector<float> mean, std;
};

struct DatasetInfo {
  LabelKind labels = LabelKind::classification;
  int classes = 0;
  std::vector<std::string> class_names;  ///< may be empty; where labels are texts, these in alphabetical order
  std::string provenance;
  std::vector<ModalityInfo> modalities;  ///< alphabetical
  std::array<std::size_t, 3> samples{};  ///< of each split, in the order of kSplits
};

/// The data set file of the interface (HDF5): /modality/<name>/{train,val,test}, /label/{…}, /id/{…}.
/// Labels may be truth values or whole floats, too, and a column (N, 1); samples may be float64 or truth values.
/// Opening checks the whole structure (modalities, shapes, counts, attributes), so that later reads find what they
/// expect; a split's samples are read only when asked for, which keeps the test split unread until the end.
class DatasetFile {
 public:
  /// @throws InputError naming the file, what is missing or does not fit, and how to mend it.
  explicit DatasetFile(const std::filesystem::path& path);

  [[nodiscard]] const DatasetInfo& info() const { return info_; }
  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
  [[nodiscard]] std::string mark() const { return file_.mark(); }           ///< of the file as it is (Hdf5File::mark)
  [[nodiscard]] const ModalityInfo& modality(std::string_view name) const;  ///< @throws InputError naming the nearest
  [[nodiscard]] std::size_t samples(Split split) const { return info_.samples[static_cast<std::size_t>(split)]; }

  /// As the file says, else of its train split, which is then read once.
  /// @throws InputError naming the nearest, or a value of train that is not finite
  [[nodiscard]] const ChannelStatistics& statistics(std::string_view modality) const;

  /// Samples of a split as float, row-major (N, C, H, W) or (N, F), scaled and normalised as the file says.
  /// @param limit at most this many, from sample `first` on; no others are read
  [[nodiscard]] std::vector<float> read_samples(std::string_view modality, Split split,
                                                std::optional<std::size_t> limit = {}, std::size_t first = 0) const;
  /// Bytes of one sample as the file's type has it.
  [[nodiscard]] std::size_t sample_bytes(std::string_view modality) const;
  /// Samples as the file holds them, neither scaled nor normalised: uint8 or float32, as its ModalityInfo says. Threads
  /// may read at once. @param out room for `count` of them
  /// @throws InputError where they are damaged, or float32 is not finite
  void read_stored(std::string_view modality, Split split, std::size_t first, std::size_t count,
                   std::span<std::byte> out) const;
  /// classification: (N) class indices, each checked to be in 0 … classes-1. @throws InputError
  [[nodiscard]] std::vector<std::int64_t> read_classes(Split split) const;
  /// multilabel: (N x classes), 0 or 1. @throws InputError
  [[nodiscard]] std::vector<std::uint8_t> read_label_sets(Split split) const;
  /// Hash of labels, shapes and samples of train and val: two files with the same hash hold the same training data.
  [[nodiscard]] std::uint64_t training_hash() const;
  /// The same of test.
  [[nodiscard]] std::uint64_t test_hash() const;

 private:
  [[nodiscard]] std::uint64_t hash_of(std::initializer_list<Split> splits) const;
  /// @throws InputError naming the split where they are not
  void check_finite(std::span<const float> values, std::string_view modality, Split split) const;

  Hdf5File file_;
  DatasetInfo info_;
  mutable std::map<std::string, ChannelStatistics, std::less<>> statistics_;  ///< by modality, as they are asked for
};

/// Samples of a split, from `first` on, row-major: made when they are asked for, in order and once.
using SampleStream = std::function<std::vector<std::uint8_t>(Split split, std::size_t first, std::size_t count)>;

/// A data set on its way to a file: in memory, but for modalities too large for it.
struct DatasetContent {
  struct SplitSamples {
    std::vector<std::uint8_t> bytes;  ///< when the modality's type is uint8
    std::vector<float> floats;        ///< when it is float32
  };
  DatasetInfo info;                                            ///< `samples` is filled in from the labels
  std::map<std::string, std::array<SplitSamples, 3>> samples;  ///< by modality, then split
  /// Of uint8 modalities that are not in `samples`. Where `mean` and `std` are empty, they become train's own.
  std::map<std::string, SampleStream> streams;
  std::array<std::vector<std::int64_t>, 3> class_labels;  ///< classification
  std::array<std::vector<std::uint8_t>, 3> label_sets;    ///< multilabel, N x classes
  std::array<std::vector<std::string>, 3> ids;            ///< optional
};

/// Writes the file atomically; the same content gives the same bytes. @throws InputError, RunError
void write_dataset(const std::filesystem::path& path, const DatasetContent& content);

}  // namespace harmonic
