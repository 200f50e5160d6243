#include "core/data/training_mark.hpp"

#include <fmt/format.h>

namespace harmonic {
namespace {

constexpr std::string_view kMark = " (training data ";
constexpr std::size_t kMarkDigits = 16;

}  // namespace

std::string training_mark(const DatasetFile& data) {
  return fmt::format("{}{}{:0{}x}: {})", data.path().filename().string(), kMark, data.training_hash(), kMarkDigits,
                     data.info().provenance);
}

std::optional<TrainingMark> find_training_mark(std::string_view provenance) {
  const auto at = provenance.find(kMark);
  if (at == std::string_view::npos || provenance.size() < at + kMark.size() + kMarkDigits) return std::nullopt;
  const auto name = provenance.substr(0, at);
  return TrainingMark{std::string(name.substr(name.rfind(' ') + 1)),
                      std::string(provenance.substr(at + kMark.size(), kMarkDigits))};
}

}  // namespace harmonic
