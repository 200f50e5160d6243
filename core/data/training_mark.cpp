#include "core/data/training_mark.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/storage/hdf5_file.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kMark = " (training data ";
constexpr std::size_t kMarkDigits = 16;

std::string digits(std::uint64_t hash) {
  return fmt::format("{:0{}x}", hash, kMarkDigits);
}

}  // namespace

std::string training_hash_text(const DatasetFile& data) {
  return digits(data.training_hash());
}

std::string training_mark(const DatasetFile& data) {
  return fmt::format("{}{}{}: {})", data.path().filename().string(), kMark, training_hash_text(data),
                     data.info().provenance);
}

std::optional<TrainingMark> find_training_mark(std::string_view provenance) {
  const auto at = provenance.find(kMark);
  if (at == std::string_view::npos || provenance.size() < at + kMark.size() + kMarkDigits) return std::nullopt;
  const auto name = provenance.substr(0, at);
  return TrainingMark{std::string(name.substr(name.rfind(' ') + 1)),
                      std::string(provenance.substr(at + kMark.size(), kMarkDigits))};
}

void warn_of_other_data(const ModalityWeights& weights, const std::string& data, std::uint64_t hash) {
  std::optional<TrainingMark> mark;
  try {
    const Hdf5File file(weights.file, Hdf5File::Mode::read);
    if (file.has_attribute("/", "provenance")) mark = find_training_mark(file.attribute_text("/", "provenance"));
  } catch (const ContentError&) {  // of no supernet: told by those who read it
  }
  const auto here = digits(hash);
  if (mark && mark->hash != here)
    log::warning(
        "supernet {} of modality {} was trained on other data: on {} (training data {}), here is {} ({}); train it on "
        "these with harmonic supernet train, unless that is what you want",
        weights.file, weights.modality, mark->file, mark->hash, data, here);
}

}  // namespace harmonic
