#include "core/config/space_config.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/space/search_space.hpp"

namespace harmonic {
namespace {

enum class SqueezeExcite { no, yes };  // std::vector<bool> is none of bools

BackboneSpace::Family parse_family(const std::string& text) {
  const auto found =
      std::ranges::find(BackboneSpace::kFamilies, text, &Choices<BackboneSpace::Family>::value_type::first);
  if (found != BackboneSpace::kFamilies.end()) return found->second;
  throw InputError(fmt::format("option family is '{}', and there is no such family of networks", text),
                   fmt::format("there are {}: {} for pictures and other maps, {} for vectors",
                               join(words_of(BackboneSpace::kFamilies), " and "),
                               word_of(BackboneSpace::kFamilies, BackboneSpace::Family::mobilenet_v3),
                               word_of(BackboneSpace::kFamilies, BackboneSpace::Family::maxout)));
}

/// A space as its section lists it.
struct SpaceSection {
  BackboneSpace space;
  std::vector<int> widths = {24}, strides = {2};
  std::vector<Activation> activations = {Activation::relu};
  std::vector<SqueezeExcite> squeeze_excite = {SqueezeExcite::no};

  explicit SpaceSection(std::string name) { space.name = std::move(name); }
  explicit SpaceSection(const BackboneSpace& defined) : space(defined) {
    if (space.stages.empty()) return;
    widths.clear(), strides.clear(), activations.clear(), squeeze_excite.clear();
    for (const auto& stage : space.stages) {
      widths.push_back(stage.width);
      strides.push_back(stage.stride);
      activations.push_back(stage.activation);
      squeeze_excite.push_back(stage.squeeze_excite ? SqueezeExcite::yes : SqueezeExcite::no);
    }
  }

  void declare(OptionSet& o) {
    o.section("space." + space.name);
    o.add("family", space.family,
          fmt::format("kind of network: {}, for pictures and other maps, or {}, for vectors",
                      word_of(BackboneSpace::kFamilies, BackboneSpace::Family::mobilenet_v3),
                      word_of(BackboneSpace::kFamilies, BackboneSpace::Family::maxout)),
          {parse_family, [](BackboneSpace::Family family) { return word_of(BackboneSpace::kFamilies, family); }});
    const auto needs = [this](BackboneSpace::Family family) {
      return [this, family] {
        return space.family == family ? std::string()
                                      : fmt::format("family is {}", word_of(BackboneSpace::kFamilies, space.family));
      };
    };
    const auto of_maps = needs(BackboneSpace::Family::mobilenet_v3), of_vectors = needs(BackboneSpace::Family::maxout);
    o.add("in-channels", space.in_channels, "channels of the input", {1, 4096}).idle_while(of_maps);
    o.add("resolution", space.resolution, "side of the square input, pixels", {4, 4096}).idle_while(of_maps);
    o.add("width-mult", space.width_mult, "factor of all widths", {0.05, 20.0}).idle_while(of_maps);
    o.add("first-width", space.first_width, "channels of the first convolution and the first block", {1, 4096})
        .idle_while(of_maps);
    o.add_choice("fixed-activation", space.fixed_activation, kActivations,
                 "of the first convolution, the final expansion and the feature mix")
        .idle_while(of_maps);
    o.add("widths", widths, "channels of every stage").idle_while(of_maps);
    o.add("strides", strides, "stride of every stage's first block: 1 or 2").idle_while(of_maps);
    o.add_choices("activations", activations, kActivations, "of every stage").idle_while(of_maps);
    o.add_choices("squeeze-excite", squeeze_excite, {{"yes", SqueezeExcite::yes}, {"no", SqueezeExcite::no}},
                  "whether a stage has it")
        .idle_while(of_maps);
    o.add("final-expand", space.final_expand, "channels of the last map", {1, 16384}).idle_while(of_maps);
    o.add("feature-mix", space.feature_mix, "features before the classifier", {1, 16384}).idle_while(of_maps);
    o.add("kernels", space.kernels, "kernel sides to choose from").idle_while(of_maps);
    o.add("expansions", space.expands,
          "expansion ratios to choose from; -4 is a fused block: one dense convolution of its side in place of "
          "expansion "
          "and depthwise convolution")
        .idle_while(of_maps);
    o.add("depths", space.depths, fmt::format("blocks of a stage to choose from, {} at most", BackboneSpace::kMaxDepth))
        .idle_while(of_maps);
    o.add("in-features", space.in_features, "maxout: length of the input vector", {1, 1'000'000})
        .idle_while(of_vectors);
    o.add("hidden", space.hidden, "maxout: units of the first layer", {1, 65'536}).idle_while(of_vectors);
    o.add("blocks", space.blocks, "maxout: layers", {1, 64}).idle_while(of_vectors);
    o.add("factor", space.factor, "maxout: growth of the units a layer", {1, 16}).idle_while(of_vectors);
    o.add("pool", space.pool, "maxout: linear pieces of a unit", {1, 64}).idle_while(of_vectors);
  }

  /// Without what the other family's keys say, which does nothing: spaces are the same when their networks are.
  [[nodiscard]] BackboneSpace finished() const {
    const BackboneSpace usual;
    const bool is_maxout = space.family == BackboneSpace::Family::maxout;
    BackboneSpace result = is_maxout ? usual : space;
    const BackboneSpace& of_vectors = is_maxout ? space : usual;
    result.name = space.name;
    result.family = space.family;
    result.in_features = of_vectors.in_features;
    result.hidden = of_vectors.hidden;
    result.blocks = of_vectors.blocks;
    result.factor = of_vectors.factor;
    result.pool = of_vectors.pool;
    if (is_maxout) return result;
    result.stages.clear();
    const auto stage_value = [&](const auto& list, std::size_t stage, const char* key) {
      if (list.size() != 1 && list.size() != widths.size())
        throw InputError(
            fmt::format("[space.{}] lists {} {} for {} widths", space.name, list.size(), key, widths.size()),
            fmt::format("give {} for every stage, or one for all", key));
      return list[list.size() == 1 ? 0 : stage];
    };
    for (std::size_t stage = 0; stage < widths.size(); ++stage)
      result.stages.push_back({widths[stage], stage_value(strides, stage, "strides"),
                               stage_value(activations, stage, "activations"),
                               stage_value(squeeze_excite, stage, "squeeze-excite") == SqueezeExcite::yes});
    return result;
  }
};

std::string to_ini(const BackboneSpace& space) {
  SpaceSection section(space);
  OptionSet keys("", "");
  section.declare(keys);
  return keys.to_ini();
}

}  // namespace

std::vector<std::string> config_files(const std::vector<std::string>& words) {
  constexpr std::string_view kOption = "--config";
  std::vector<std::string> files;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == kOption && i + 1 < words.size()) files.push_back(words[++i]);
    if (words[i].starts_with(std::string(kOption) + "=")) files.push_back(words[i].substr(kOption.size() + 1));
  }
  return files;
}

void declare_spaces(OptionSet& options, SpaceCatalog& spaces) {
  const std::string prefix = "space";
  options.add_family(
      prefix, "a search space of your own, see configs/own-space.cfg",
      [&spaces, prefix](const IniSection& section, const std::string& path) {
        SpaceSection space(section.name.substr(prefix.size() + 1));
        OptionSet keys("", "");
        space.declare(keys);
        keys.take({section}, path);
        spaces.add(space.finished());
        return keys.idle();
      },
      [&spaces] {
        std::string text;
        for (const auto& space : spaces.own()) text += '\n' + to_ini(space);
        return text;
      });
}

}  // namespace harmonic
