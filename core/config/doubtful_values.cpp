#include "core/config/doubtful_values.hpp"

#include <array>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace harmonic {
namespace {

/// Where the values of an option lie that are of use.
struct UsefulRange {
  std::string_view option;
  std::string_view what;  ///< such options, in the plural
  double lowest, highest;
};

constexpr std::array kUseful = {UsefulRange{"lr", "learning rates", 1e-6, 0.5},
                                UsefulRange{"lr-min", "lowest learning rates", 0, 0.1},
                                UsefulRange{"weight-lr", "learning rates of Adam", 1e-6, 0.1},
                                UsefulRange{"weight-lr-min", "lowest learning rates", 0, 0.1},
                                UsefulRange{"retrain-lr", "learning rates of Adam", 1e-6, 0.1},
                                UsefulRange{"finetune-lr", "learning rates of SGD", 1e-5, 0.5},
                                UsefulRange{"arch-lr", "learning rates of the architecture", 1e-5, 0.5},
                                UsefulRange{"weight-decay", "decays of weights", 0, 0.5},
                                UsefulRange{"arch-weight-decay", "decays of weights", 0, 0.5},
                                UsefulRange{"arch-temperature", "last temperatures of the softmax", 0.05, 1},
                                UsefulRange{"latency-weight", "weights of the normalised latency", 0, 10},
                                UsefulRange{"energy-weight", "weights of the normalised energy", 0, 10},
                                UsefulRange{"dropout", "shares that are dropped", 0, 0.7},
                                UsefulRange{"drop-connect", "shares that are dropped", 0, 0.7},
                                UsefulRange{"label-smoothing", "shares that are spread", 0, 0.5},
                                UsefulRange{"momentum", "momenta", 0, 0.995},
                                UsefulRange{"augmentation-strength", "strengths of variation", 0, 4},
                                UsefulRange{"view-strength", "strengths of variation", 0, 4}};

}  // namespace

std::vector<std::string> doubtful_values(const OptionSet& options) {
  std::vector<std::string> found;
  const auto values = options.values();
  for (const auto& [option, what, lowest, highest] : kUseful) {
    const auto now = values.find(std::string(option));
    if (now == values.end() || !options.given(option)) continue;
    const double value = parse_real(now->second.front(), option);
    if (value < lowest || value > highest)
      found.push_back(fmt::format("{} is {}: {} that are of use lie between {} and {}", option, shortest(value), what,
                                  shortest(lowest), shortest(highest)));
  }
  return found;
}

}  // namespace harmonic
