#include "worker/data/dataset.hpp"

#include <algorithm>
#include <cstring>
#include <future>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/hash.hpp"
#include "core/base/log.hpp"
#include "core/storage/shared_bytes.hpp"
#include "worker/tensor/upload.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kReadBytes = std::size_t{8} << 20U;  ///< of a file at once, about

/// From what a file holds to what a network takes. On every device the same operations on the same values, and so the
/// same bits: a GPU divides exactly by tensors, but multiplies by the reciprocals of numbers.
class Scaling {
 public:
  Scaling(const DatasetFile& file, const std::string& modality) {
    const ModalityInfo& info = file.modality(modality);
    const ChannelStatistics& statistics = file.statistics(modality);
    if (info.type == ElementType::uint8) levels_ = torch::full({1}, 255, torch::kFloat32);
    std::vector<std::int64_t> shape(info.sample_shape.size() + 1, 1);
    shape[1] = -1;
    mean_ = torch::tensor(statistics.mean).view(shape);
    std_ = torch::tensor(statistics.std).view(shape);
  }

  [[nodiscard]] Scaling to(torch::Device device) const {
    Scaling there = *this;
    for (auto* tensor : {&there.levels_, &there.mean_, &there.std_})
      if (tensor->defined()) *tensor = tensor->to(device);
    return there;
  }

  [[nodiscard]] torch::Tensor operator()(const torch::Tensor& stored) const {
    auto values = levels_.defined() ? stored.to(torch::kFloat32).div_(levels_).sub_(mean_) : stored.sub(mean_);
    return values.div_(std_);
  }

 private:
  torch::Tensor levels_, mean_, std_;
};

/// Samples as the file has them, in memory.
class HeldStore final : public SampleStore {
 public:
  HeldStore(torch::Tensor stored, Scaling scaling) : stored_(std::move(stored)), scaling_(std::move(scaling)) {}

  [[nodiscard]] std::vector<std::int64_t> sizes() const override { return stored_.sizes().vec(); }
  [[nodiscard]] torch::Tensor at(const torch::Tensor& ids) const override {
    return scaling_(stored_.index_select(0, uploaded(ids, stored_.device())));
  }
  [[nodiscard]] torch::Tensor range(std::int64_t first, std::int64_t count) const override {
    return scaling_(stored_.narrow(0, first, count));
  }
  [[nodiscard]] std::shared_ptr<const SampleStore> on(torch::Device device) const override {
    return std::make_shared<HeldStore>(stored_.to(device), scaling_.to(device));
  }

 private:
  torch::Tensor stored_;
  Scaling scaling_;
};

/// Samples of a split in the file.
struct SamplesInFile {
  std::shared_ptr<const DatasetFile> file;
  std::string modality;
  Split split;
  std::int64_t count;

  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(count) * row_bytes(); }
  [[nodiscard]] std::size_t row_bytes() const { return file->sample_bytes(modality); }
  [[nodiscard]] std::size_t rows_at_once() const { return std::max<std::size_t>(1, kReadBytes / row_bytes()); }

  [[nodiscard]] torch::ScalarType type() const {
    return file->modality(modality).type == ElementType::uint8 ? torch::kUInt8 : torch::kFloat32;
  }
  /// (rows, C, H, W) or (rows, F)
  [[nodiscard]] std::vector<std::int64_t> shape(std::int64_t rows) const {
    std::vector<std::int64_t> sizes = {rows};
    for (const auto side : file->modality(modality).sample_shape) sizes.push_back(static_cast<std::int64_t>(side));
    return sizes;
  }

  void read(std::int64_t first, std::int64_t rows, std::byte* out) const {
    file->read_stored(modality, split, static_cast<std::size_t>(first), static_cast<std::size_t>(rows),
                      {out, static_cast<std::size_t>(rows) * row_bytes()});
  }
  /// All samples, some at a time, each lot to where `place` says, given the number of its first one.
  template <class Place>
  void read_all(Place place) const {
    const auto at_once = static_cast<std::int64_t>(rows_at_once());
    for (std::int64_t first = 0; first < count; first += at_once)
      read(first, std::min(at_once, count - first), place(first));
  }
};

/// Samples that stay in the file.
class FileStore final : public SampleStore {
 public:
  FileStore(SamplesInFile samples, Scaling scaling, torch::Device device)
      : samples_(std::move(samples)), scaling_(std::move(scaling)), device_(device) {}

  [[nodiscard]] std::vector<std::int64_t> sizes() const override { return samples_.shape(samples_.count); }

  [[nodiscard]] torch::Tensor at(const torch::Tensor& ids) const override {
    const bool expected = next_.valid() && torch::equal(next_ids_, ids);
    if (next_.valid()) next_.get();  // whatever it is: it writes into next_rows_
    return scaling_(uploaded(expected ? next_rows_ : read_now(ids), device_));
  }

  void expect(const torch::Tensor& ids) const override {
    if (next_.valid()) next_.get();
    next_ids_ = ids;
    next_rows_ = torch::empty(samples_.shape(ids.size(0)), samples_.type());
    // The thread does no more than read: what LibTorch computes, it computes with threads of its own for each that
    // asks.
    next_ = std::async(std::launch::async,
                       [this, numbers = numbers_of(ids), out = bytes_of(next_rows_)] { read(numbers, out); });
  }

  [[nodiscard]] std::shared_ptr<const SampleStore> on(torch::Device device) const override {
    return std::make_shared<FileStore>(samples_, scaling_.to(device), device);
  }

 private:
  static std::byte* bytes_of(const torch::Tensor& rows) { return static_cast<std::byte*>(rows.data_ptr()); }
  static std::vector<std::int64_t> numbers_of(const torch::Tensor& ids) {
    const auto whole = ids.contiguous();
    const auto* first = whole.const_data_ptr<std::int64_t>();
    return {first, first + whole.numel()};
  }

  [[nodiscard]] torch::Tensor read_now(const torch::Tensor& ids) const {
    const auto rows = torch::empty(samples_.shape(ids.size(0)), samples_.type());
    read(numbers_of(ids), bytes_of(rows));
    return rows;
  }

  /// In the file's order: samples that follow each other in it are read at once.
  void read(const std::vector<std::int64_t>& ids, std::byte* out) const {
    std::vector<std::size_t> order(ids.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) { return ids[i]; });
    const std::size_t bytes = samples_.row_bytes();
    std::vector<std::byte> rows;
    for (std::size_t k = 0, count = 0; k < order.size(); k += count) {
      const auto follows = [&](std::size_t i) {
        return ids[order[k + i]] == ids[order[k]] + static_cast<std::int64_t>(i);
      };
      for (count = 1; count < samples_.rows_at_once() && k + count < order.size() && follows(count);) ++count;
      rows.resize(count * bytes);
      samples_.read(ids[order[k]], static_cast<std::int64_t>(count), rows.data());
      for (std::size_t i = 0; i < count; ++i) std::memcpy(out + order[k + i] * bytes, rows.data() + i * bytes, bytes);
    }
  }

  SamplesInFile samples_;
  Scaling scaling_;
  torch::Device device_;
  mutable torch::Tensor next_ids_, next_rows_;
  mutable std::future<void> next_;  ///< the last member: its end is waited for before the others go
};

/// The bytes of all samples, which all ranks of the machine hold once where there are several.
torch::Tensor hold(const SamplesInFile& samples, bool shared) {
  const auto fill = [&](std::byte* start) {
    samples.read_all([&](std::int64_t first) { return start + static_cast<std::size_t>(first) * samples.row_bytes(); });
  };
  if (shared) {
    const auto key = hash64(
        fmt::format("{} {} {} {}", samples.file->mark(), samples.modality, to_text(samples.split), samples.count));
    if (const auto bytes = SharedBytes::get(key, samples.bytes(), [&](auto room) { fill(room.data()); })) {
      // Nobody writes there: what is stored is only read (Scaling).
      auto* start = const_cast<std::byte*>(bytes->bytes().data());
      return torch::from_blob(
          start, samples.shape(samples.count), [bytes](void*) {}, samples.type());
    }
    log::warning(
        "{} cannot hold {} MiB of samples for all ranks of this machine: each holds its own; TMPDIR names "
        "another folder",
        std::filesystem::temp_directory_path().string(), (samples.bytes() >> 20U) + 1);
  }
  const auto stored = torch::empty(samples.shape(samples.count), samples.type());
  fill(static_cast<std::byte*>(stored.data_ptr()));
  return stored;
}

SamplesInFile samples_in(const std::shared_ptr<const DatasetFile>& file, const std::string& modality, Split split) {
  return {file, modality, split, static_cast<std::int64_t>(file->samples(split))};
}

}  // namespace

DataMemory::DataMemory(int mebibytes, int ranks)
    : left_(static_cast<std::size_t>(mebibytes) << 20U), shared_(ranks > 1) {
  std::error_code unknown;
  if (const auto folder = std::filesystem::temp_directory_path(unknown); !unknown) SharedBytes::remove_left(folder);
}

SampleSource open_samples(const std::shared_ptr<const DatasetFile>& file, const std::string& modality, Split split,
                          DataMemory& memory, std::optional<std::size_t> limit) {
  auto samples = samples_in(file, modality, split);
  if (limit) samples.count = std::min(samples.count, static_cast<std::int64_t>(*limit));
  if (samples.count == 0) return torch::empty(samples.shape(0));
  Scaling scaling(*file, modality);
  if (memory.take(samples.bytes()))
    return SampleSource(std::make_shared<HeldStore>(hold(samples, memory.is_shared()), std::move(scaling)));
  std::vector<std::byte> rows(samples.rows_at_once() * samples.row_bytes());
  samples.read_all([&](std::int64_t) { return rows.data(); });
  return SampleSource(std::make_shared<FileStore>(std::move(samples), std::move(scaling), torch::kCPU));
}

SampleSource stream_samples(const std::shared_ptr<const DatasetFile>& file, const std::string& modality, Split split) {
  return SampleSource(
      std::make_shared<FileStore>(samples_in(file, modality, split), Scaling(*file, modality), torch::kCPU));
}

void check_split(const DatasetFile& file, Split split) {
  if (file.samples(split) == 0)
    throw InputError(fmt::format("split {} of {} is empty", to_text(split), file.path().string()),
                     "name another split, or another data set");
}

torch::Tensor stored_samples(const DatasetFile& file, const std::string& modality, Split split, std::int64_t first,
                             std::int64_t count) {
  const ModalityInfo& info = file.modality(modality);
  std::vector<std::int64_t> shape = {count};
  shape.insert(shape.end(), info.sample_shape.begin(), info.sample_shape.end());
  const auto rows = torch::empty(shape, info.type == ElementType::uint8 ? torch::kUInt8 : torch::kFloat32);
  file.read_stored(modality, split, static_cast<std::size_t>(first), static_cast<std::size_t>(count),
                   {static_cast<std::byte*>(rows.data_ptr()), rows.nbytes()});
  return rows;
}

torch::Tensor load_labels(const DatasetFile& file, Split split) {
  const auto n = static_cast<std::int64_t>(file.samples(split));
  if (file.info().labels == LabelKind::multilabel) {
    auto sets = file.read_label_sets(split);
    return torch::from_blob(sets.data(), {n, file.info().classes}, torch::kUInt8).to(torch::kFloat32);
  }
  auto classes = file.read_classes(split);
  return torch::from_blob(classes.data(), {n}, torch::kInt64).clone();
}

}  // namespace harmonic
