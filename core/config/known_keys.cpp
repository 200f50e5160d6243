#include "core/config/known_keys.hpp"

#include "core/config/search_settings.hpp"

namespace harmonic {
namespace {

// Of commands that lie above this folder; their tests hold these lists against what they declare.
const std::vector<std::string> kOfReproduce = {"table", "rows", "seeds", "first-seed"};
const std::vector<std::string> kOfSimulate = {"durations", "answers", "noise", "candidates", "virtual-time", "workers"};
const std::vector<std::string> kOfSupernet = {"seed",
                                              "epochs",
                                              "batch",
                                              "random-subnets",
                                              "optimizer",
                                              "lr",
                                              "lr-min",
                                              "warmup-epochs",
                                              "momentum",
                                              "weight-decay",
                                              "clip",
                                              "label-smoothing",
                                              "dropout",
                                              "drop-connect",
                                              "distillation",
                                              "ema",
                                              "augmentation",
                                              "augmentation-strength",
                                              "validate-every",
                                              "calibration-samples",
                                              "calibration-batch",
                                              "sync-batch-norm",
                                              "precision"};

/// A search's options, with what they are set to.
struct SearchOptions {
  SearchSettings settings;
  OptionSet options{"", ""};

  SearchOptions() { settings.declare(options); }
};

}  // namespace

const std::vector<std::string>& known_sections() {
  static const std::vector<std::string> sections = {"run",       "hardware", "evolution", "fusion",
                                                    "reproduce", "simulate", "supernet"};
  return sections;
}

std::vector<std::string> known_keys(std::string_view section) {
  if (section == "reproduce") return kOfReproduce;
  if (section == "simulate") return kOfSimulate;
  if (section == "supernet") return kOfSupernet;
  static const SearchOptions search;
  return search.options.keys(section);
}

}  // namespace harmonic
