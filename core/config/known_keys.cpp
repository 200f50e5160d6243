#include "core/config/known_keys.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/text.hpp"
#include "core/config/search_settings.hpp"

namespace harmonic {
namespace {

// Of commands that lie above this folder; their tests hold these lists against what they declare.
const std::vector<std::string> kOfReproduce = {"table", "rows", "seeds"};
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
                                              "sync-batch-norm"};

/// Of a config file of a search, keys without a value among them: those stand in its comments.
std::map<std::string, std::vector<std::string>, std::less<>> keys_of_search() {
  SearchSettings search;
  OptionSet options("", "");
  search.declare(options);
  std::map<std::string, std::vector<std::string>, std::less<>> keys;
  const auto values = options.values();
  std::string section;
  for (const auto& line : split(options.to_ini(), '\n')) {
    if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1);
    const auto key =
        trim(line.substr(line.starts_with("# ") ? 2 : 0, line.find(" =") - (line.starts_with("# ") ? 2 : 0)));
    if (values.contains(key)) keys[section].push_back(key);
  }
  for (auto& [name, own] : keys) std::ranges::sort(own);
  return keys;
}

const std::map<std::string, std::vector<std::string>, std::less<>>& of_search() {
  static const auto keys = keys_of_search();
  return keys;
}

}  // namespace

const std::vector<std::string>& known_sections() {
  static const std::vector<std::string> sections = {"run", "hardware", "evolution", "fusion", "reproduce", "supernet"};
  return sections;
}

std::vector<std::string> known_keys(std::string_view section) {
  if (section == "reproduce") return kOfReproduce;
  if (section == "supernet") return kOfSupernet;
  const auto& sections = of_search();
  const auto found = sections.find(section);
  return found == sections.end() ? std::vector<std::string>() : found->second;
}

std::vector<std::string> names_alike(const std::string& name, const std::vector<std::string>& known) {
  constexpr std::size_t kMost = 4;
  // "width" is meant for widths, not for first-width.
  if (const auto near = nearest(name, known); near.starts_with(name) && near.size() < name.size() + 3) return {};
  const auto is_part = [](const std::string& word, const std::string& whole) {
    const auto parts = split(whole, '-');
    return parts.size() > 1 && std::ranges::find(parts, word) != parts.end();
  };
  std::vector<std::string> found;
  for (const auto& other : known)
    if (is_part(name, other) || is_part(other, name)) found.push_back(other);
  if (found.size() > kMost) found.clear();
  return found;
}

std::string likely_names(const std::string& name, const std::vector<std::string>& known) {
  auto names = names_alike(name, known);
  if (names.empty()) return nearest(name, known);
  const std::string last = std::move(names.back());
  names.pop_back();
  return names.empty() ? last : join(names, ", ") + " or " + last;
}

}  // namespace harmonic
