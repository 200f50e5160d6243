#include "core/data/dataset_check.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/data/caffe_pixel.hpp"
#include "core/data/channel_statistics.hpp"
#include "core/data/class_counts.hpp"
#include "core/data/clip_tokens.hpp"
#include "core/data/dataset_structure.hpp"
#include "core/data/dataset_summary.hpp"
#include "core/space/channel_order.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kFewestSamples = 2;  ///< of a split, that a search asks for
constexpr double kFarMean = 3;             ///< normalised: samples should have mean 0 and std 1, or about that
constexpr double kNarrow = 0.1, kWide = 10;
constexpr std::size_t kEnoughToCompare = 10;  ///< samples of a split, to tell its scale
constexpr std::size_t kFewChannels = 4;       ///< whose statistics fit in a line

/// "cat, dog and 12 more"
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 8;
  const auto shown = std::min(names.size(), kShown);
  const auto text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  return shown == names.size() ? text : fmt::format("{} and {} more", text, names.size() - shown);
}

/// Of a file whose structure is right. @throws InputError as DatasetFile
std::vector<std::string> class_problems(const DatasetFile& data) {
  std::vector<std::string> problems;
  for (const Split split : kSplits) {
    const auto counts = class_counts(data, split);
    std::vector<std::string> without;
    for (std::size_t i = 0; i < counts.size(); ++i)
      if (counts[i] == 0) without.push_back(class_name(data.info(), i));
    if (!without.empty() && data.samples(split) > 0)
      problems.push_back(
          fmt::format("/label/{}: no sample of class {}: {}; move some there, or leave the class out of the data set",
                      to_text(split), some_of(without),
                      split == Split::train ? "it is never learnt" : "how well it is learnt does not show"));
  }
  return problems;
}

/// What published networks read as it is: posters less Caffe's means, texts as token ids.
bool is_published_form(const ModalityInfo& modality) {
  const auto is = [](const std::vector<float>& values, const auto& expected) {
    return std::ranges::equal(values, expected, [](float a, double b) { return a == static_cast<float>(b); });
  };
  if (modality.sample_shape == std::vector{kClipContext})
    return is(modality.mean, std::array{0.0}) && is(modality.std, std::array{1.0});
  std::array<double, 3> means = kCaffeMeans, deviations{};
  for (double& mean : means) mean /= 255;
  deviations.fill(1.0F / 255);
  return is(modality.mean, means) && is(modality.std, deviations);
}

/// `mean` and `std` as the file has them, against those of train.
std::optional<std::string> scale_problem(const ModalityInfo& modality, const ChannelStatistics& train) {
  if ((modality.mean.empty() && modality.std.empty()) || is_published_form(modality)) return std::nullopt;
  const auto channels = static_cast<double>(train.mean.size());
  double mean = 0, squares = 0;
  for (std::size_t c = 0; c < train.mean.size(); ++c) {
    const auto of = [&](const std::vector<float>& values) -> double { return values[values.size() == 1 ? 0 : c]; };
    const double scale = of(modality.std.empty() ? train.std : modality.std);
    const double away = (train.mean[c] - of(modality.mean.empty() ? train.mean : modality.mean)) / scale;
    mean += away / channels;
    squares += (away * away + std::pow(train.std[c] / scale, 2)) / channels;
  }
  const double deviation = std::sqrt(std::max(0.0, squares - mean * mean));
  if (std::abs(mean) <= kFarMean && deviation >= kNarrow && deviation <= kWide) return std::nullopt;
  const std::string right =
      train.mean.size() > kFewChannels
          ? ""
          : fmt::format(", mean = {:.4g} and std = {:.4g}", fmt::join(train.mean, ","), fmt::join(train.std, ","));
  return fmt::format(
      "/modality/{}: by its mean and std the samples of train have mean {:.3g} and std {:.3g} instead of "
      "about 0 and 1; leave both out: they are then computed from train{}",
      modality.name, mean, deviation, right);
}

/// Samples of train that are all one and the same. @throws InputError as visit_samples
std::optional<std::string> constant_problem(const Hdf5File& file, const ModalityInfo& modality, std::size_t samples) {
  constexpr std::size_t kFirst = 2;  // they tell it of nearly every file
  if (samples < kFirst) return std::nullopt;
  const std::size_t size = element_count(modality.sample_shape);
  std::vector<float> one;
  bool are_alike = true;
  const auto compare = [&](const std::vector<float>& values, std::size_t) {
    if (one.empty()) one.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(size));
    for (auto sample = values.begin(); are_alike && sample != values.end(); sample += static_cast<std::ptrdiff_t>(size))
      are_alike = std::equal(one.begin(), one.end(), sample);
  };
  compare(file.read_rows<float>(samples_path(modality.name, Split::train), 0, kFirst), 0);
  one.clear();  // as it is read there is not as it is visited: bytes are scaled
  if (are_alike) visit_samples(file, modality, Split::train, compare);
  if (!are_alike) return std::nullopt;
  return fmt::format(
      "/modality/{}: all samples of train are the same, from which nothing can be learnt; check how they were written, "
      "or leave the modality out",
      modality.name);
}

/// Ids that stand in two splits.
std::optional<std::string> id_warning(const Hdf5File& file) {
  std::set<std::string> before;
  std::string first;
  std::size_t shared = 0;
  for (const Split split : kSplits) {
    if (!file.exists(ids_path(split)) || !file.is_text(ids_path(split))) continue;
    auto ids = file.read_texts(ids_path(split));
    for (const auto& id : ids)
      if (before.contains(id) && ++shared == 1) first = id;
    before.insert(std::make_move_iterator(ids.begin()), std::make_move_iterator(ids.end()));
  }
  if (shared == 0) return std::nullopt;
  return fmt::format(
      "/id: {} ids of val and test are in another split, too, the first '{}'; where the samples are the same, leave "
      "them in one split",
      shared, first);
}

/// A split that was scaled by itself, or not at all: others are read with the mean and std of train.
std::optional<std::string> split_problem(const ModalityInfo& modality, Split split, const ChannelStatistics& its,
                                         const ChannelStatistics& train) {
  double away = 0, ratio = 0;
  for (std::size_t c = 0; c < train.mean.size(); ++c) {
    const double scale = std::max(train.std[c], std::numeric_limits<float>::min());
    away += std::abs(its.mean[c] - train.mean[c]) / scale / static_cast<double>(train.mean.size());
    ratio += its.std[c] / scale / static_cast<double>(train.mean.size());
  }
  if (away <= kFarMean && ratio >= kNarrow && ratio <= kWide) return std::nullopt;
  return fmt::format(
      "/modality/{}: samples of {} are on another scale than those of train: their mean is {:.3g} of train's standard "
      "deviations away, their deviation {:.3g} times train's; write all splits in the same unit",
      modality.name, to_text(split), away, ratio);
}

}  // namespace

bool is_dataset(const std::filesystem::path& path) {
  return Hdf5File(path, Hdf5File::Mode::read).has_attribute("/", "task");
}

std::optional<std::string> shape_problem(const std::vector<std::size_t>& shape) {
  if (shape.size() != 3 || shape[1] == shape[2]) return std::nullopt;
  return fmt::format("samples of shape ({}) are not square, as every search space has them; {}", fmt::join(shape, ", "),
                     has_channels_last(shape)
                         ? "channels come first: write x.transpose(0, 3, 1, 2) of all, (2, 0, 1) of one"
                         : "crop or pad them");
}

std::optional<std::string> names_problem(const std::vector<std::string>& class_names) {
  std::map<std::string, std::string> known;  // a name by its letters
  for (const auto& name : class_names) {
    std::string letters = lower_case(name);
    std::erase_if(letters, [](unsigned char c) { return std::isspace(c) != 0; });
    if (const auto [other, is_new] = known.try_emplace(letters, name); !is_new)
      return fmt::format("classes '{}' and '{}' differ in case or blanks alone; write them alike if they are one",
                         other->second, name);
  }
  return std::nullopt;
}

std::vector<std::string> dataset_warnings(const std::filesystem::path& path) {
  const DatasetFile data(path);
  std::vector<std::string> warnings;
  const auto tell = [&](const std::optional<std::string>& warning) {
    if (warning) warnings.push_back(fmt::format("{}, {}", path.string(), *warning));
  };
  if (const auto problem = names_problem(data.info().class_names)) tell("/label: " + *problem);
  if (const auto shared = summarise(data).shared; shared > 0)
    tell(fmt::format(
        "/modality: {} samples of val and test are in another split, too: how well is learnt does not show by them; "
        "leave them in one split",
        shared));
  tell(id_warning(Hdf5File(path, Hdf5File::Mode::read)));
  return warnings;
}

std::vector<std::string> dataset_problems(const std::filesystem::path& path) {
  const Hdf5File file(path, Hdf5File::Mode::read);
  std::vector<std::string> problems;
  const DatasetInfo info = read_structure(file, &problems);
  const bool is_sound = problems.empty();
  const auto tell = [&](const std::optional<std::string>& problem) {
    if (problem) problems.push_back(fmt::format("{}, {}", path.string(), *problem));
  };
  for (const Split split : kSplits)
    if (const auto samples = info.samples[static_cast<std::size_t>(split)];
        samples < kFewestSamples && file.exists(labels_path(split)))
      tell(fmt::format("/label/{}: a search asks for {} samples of every split, here are {}; move some there",
                       to_text(split), kFewestSamples, samples));
  for (const auto& modality : info.modalities) {
    if (const auto problem = shape_problem(modality.sample_shape))
      tell(fmt::format("/modality/{}: {}", modality.name, *problem));
    ChannelStatistics train;
    for (const Split split : kSplits) {
      try {
        const auto samples = info.samples[static_cast<std::size_t>(split)];
        if (split == Split::train && samples > 0) {
          train = channel_statistics(file, modality, split);
          tell(scale_problem(modality, train));
          tell(constant_problem(file, modality, samples));
        } else if (samples >= kEnoughToCompare && info.samples[0] >= kEnoughToCompare && !train.mean.empty()) {
          tell(split_problem(modality, split, channel_statistics(file, modality, split), train));
        } else {
          visit_samples(file, modality, split, [](const auto&, std::size_t) {});
        }
      } catch (const InputError& e) {
        problems.emplace_back(e.what());
      }
    }
  }
  if (!is_sound) return problems;
  for (const auto& problem : class_problems(DatasetFile(path))) tell(problem);
  return problems;
}

}  // namespace harmonic
