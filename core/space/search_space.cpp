#include "core/space/search_space.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/space/channel_order.hpp"

namespace harmonic {
namespace {

BackboneSpace avmnist(std::string name, int resolution) {
  BackboneSpace space;
  space.name = std::move(name);
  space.resolution = resolution;
  space.stages = {{24, 2, Activation::relu, false}};
  return space;
}

BackboneSpace harmp_image() {
  BackboneSpace space;
  space.name = "harmp-image";
  space.in_channels = 3;
  space.resolution = 112;
  space.stages = {
      {24, 2, Activation::relu, false}, {40, 2, Activation::relu, true}, {80, 2, Activation::h_swish, false}};
  space.final_expand = 112;
  space.feature_mix = 160;
  return space;
}

BackboneSpace mmimdb_image() {
  BackboneSpace space;
  space.name = "mmimdb-image";
  space.width_mult = 1.2;
  space.in_channels = 3;
  space.resolution = 224;
  space.stages = {{24, 2, Activation::relu, false},
                  {40, 2, Activation::relu, true},
                  {80, 2, Activation::h_swish, false},
                  {112, 1, Activation::h_swish, true},
                  {160, 2, Activation::h_swish, true}};
  space.final_expand = 960;
  space.feature_mix = 1280;
  return space;
}

/// Takes its length from the data; 300 where there are none.
constexpr std::string_view kMaxoutOfAnyLength = "maxout";

BackboneSpace maxout(std::string name, int in_features) {
  BackboneSpace space;
  space.name = std::move(name);
  space.in_features = in_features;
  space.family = BackboneSpace::Family::maxout;
  return space;
}

/// Values to choose from: some, different, in range, odd where they are sides of kernels.
void check_choices(const BackboneSpace& space, const char* key, const std::vector<int>& values, int lowest, int highest,
                   bool odd = false) {
  const auto wrong = [&](int value) { return value < lowest || value > highest || (odd && value % 2 == 0); };
  if (values.empty() || std::ranges::any_of(values, wrong) ||
      std::set<int>(values.begin(), values.end()).size() != values.size())
    throw InputError(fmt::format("space {} has {} = {}", space.name, key, fmt::join(values, ",")),
                     fmt::format("list different {}numbers from {} to {}", odd ? "odd " : "", lowest, highest));
}

constexpr int kWidestMaxout = 65'536;  ///< beyond it the layers' sizes leave memory, and soon int

void check_maxout(const BackboneSpace& space) {
  std::int64_t width = space.hidden;
  for (int block = 1; block < space.blocks && width <= kWidestMaxout; ++block) width *= space.factor;
  if (width > kWidestMaxout)
    throw InputError(fmt::format("space {} has hidden = {}, blocks = {}, factor = {}: a layer of {} units", space.name,
                                 space.hidden, space.blocks, space.factor, width),
                     fmt::format("lower one of them: {} units are the most", kWidestMaxout));
}

}  // namespace

int BackboneSpace::positions() const {
  return family == Family::maxout ? 0 : kMaxDepth * static_cast<int>(stages.size());
}

int BackboneSpace::scaled(int base) const {
  return make_divisible(base * width_mult, 8);
}

int make_divisible(double value, int divisor) {
  int rounded = std::max(divisor, static_cast<int>(value + divisor / 2.0) / divisor * divisor);
  if (rounded < 0.9 * value) rounded += divisor;
  return rounded;
}

const std::vector<BackboneSpace>& published_spaces() {
  static const std::vector<BackboneSpace> all = {avmnist("avmnist-image", 28),
                                                 avmnist("avmnist-audio", 20),
                                                 mmimdb_image(),
                                                 harmp_image(),
                                                 maxout(std::string(kMaxoutOfAnyLength), 300),
                                                 maxout("maxout-77", 77)};
  return all;
}

int published_classes(const BackboneSpace& space) {
  constexpr std::array<std::pair<std::string_view, int>, 5> kClasses = {
      {{"avmnist-image", 10}, {"avmnist-audio", 10}, {"mmimdb-image", 23}, {"harmp-image", 3}, {"maxout-77", 3}}};
  const auto* found = std::ranges::find(kClasses, space.name, &std::pair<std::string_view, int>::first);
  return found == kClasses.end() ? 0 : found->second;
}

std::vector<std::string> spaces_of_same_tensors(const BackboneSpace& space) {
  std::vector<std::string> names;
  for (BackboneSpace other : published_spaces()) {
    if (other.name == space.name) continue;
    std::string name = std::exchange(other.name, space.name);
    other.resolution = space.resolution;
    if (other == space) names.push_back(std::move(name));
  }
  return names;
}

const BackboneSpace& find_space(std::string_view name) {
  static const SpaceCatalog published;
  return published.find(name);
}

std::vector<std::size_t> sample_shape(const BackboneSpace& space) {
  if (space.family == BackboneSpace::Family::maxout) return {static_cast<std::size_t>(space.in_features)};
  const auto side = static_cast<std::size_t>(space.resolution);
  return {static_cast<std::size_t>(space.in_channels), side, side};
}

BackboneSpace fitted_space(BackboneSpace space, std::span<const std::size_t> sample) {
  if (space.name == kMaxoutOfAnyLength && sample.size() == 1) space.in_features = static_cast<int>(sample.front());
  return space;
}

void check_samples_fit(const BackboneSpace& space, std::span<const std::size_t> sample, std::string_view whose) {
  const auto wanted = sample_shape(space);
  if (std::ranges::equal(sample, wanted)) return;
  std::string mend = "name another space, or the modality that belongs to it";
  const bool vectors = sample.size() == 1, takes_vectors = wanted.size() == 1;
  if (vectors != takes_vectors)
    throw InputError(
        fmt::format("{} has {} of shape {}, space {} takes {}", whose, vectors ? "vectors" : "maps",
                    fmt::join(sample, "x"), space.name, takes_vectors ? "vectors" : "maps"),
        vectors ? fmt::format("name space {}, or a [space.NAME] of your own with family = maxout", kMaxoutOfAnyLength)
                : "name a space of maps, as avmnist-image is, or a [space.NAME] of your own");
  if (vectors && space.name != kMaxoutOfAnyLength)
    mend = fmt::format("write in-features = {} in [space.{}], or name space maxout, which is of any length",
                       sample.front(), space.name);
  else if (sample.size() == 3 && wanted.size() == 3 && sample[1] == sample[2])
    mend =
        fmt::format("write in-channels = {} and resolution = {} in a [space.NAME] of your own, or name another space",
                    sample[0], sample[1]);
  else if (sample.size() == 3 && wanted.size() == 3)
    mend = has_channels_last(sample) ? "channels come first: write x.transpose(0, 3, 1, 2)"
                                     : "pictures must be square: crop or pad them";
  throw InputError(fmt::format("{} has samples of shape {}, space {} takes {}", whose, fmt::join(sample, "x"),
                               space.name, fmt::join(wanted, "x")),
                   mend);
}

void check_space(const BackboneSpace& space) {
  if (space.name.empty() || space.name.find_first_of(".,=+ ") != std::string::npos)
    throw InputError(fmt::format("a space cannot be named '{}'", space.name),
                     "write [space.NAME] with a name of letters, digits and dashes");
  if (space.family == BackboneSpace::Family::maxout) return check_maxout(space);
  constexpr int kWidest = 16'384;
  std::vector<int> widths, strides;
  for (const auto& stage : space.stages) {
    widths.push_back(stage.width);
    strides.push_back(stage.stride);
  }
  if (widths.empty()) throw InputError(fmt::format("space {} has no stage", space.name), "list widths, one a stage");
  for (const int width : widths)
    if (width < 1 || width > kWidest)
      throw InputError(fmt::format("space {} has widths = {}", space.name, fmt::join(widths, ",")),
                       fmt::format("give numbers from 1 to {}", kWidest));
  for (const int stride : strides)
    if (stride != 1 && stride != 2)
      throw InputError(fmt::format("space {} has strides = {}", space.name, fmt::join(strides, ",")),
                       "give 1 or 2 for every stage");
  check_choices(space, "kernels", space.kernels, 3, 31, /*odd=*/true);
  std::vector<int> separate, fused;  // blocks
  for (const int expand : space.expands) (expand < 0 ? fused : separate).push_back(std::abs(expand));
  check_choices(space, "expansions", separate, 1, 64);
  if (!fused.empty()) check_choices(space, "fused expansions (negative ones)", fused, 1, 64);
  if (!fused.empty() && std::ranges::any_of(space.stages, &StageSpec::squeeze_excite))
    throw InputError(fmt::format("space {} has fused blocks and squeeze-excite", space.name),
                     "write squeeze-excite = no, or leave out negative expansions");
  check_choices(space, "depths", space.depths, 1, BackboneSpace::kMaxDepth);
}

const BackboneSpace& SpaceCatalog::find(std::string_view name) const {
  const auto found = std::ranges::find(all_, name, &BackboneSpace::name);
  if (found != all_.end()) return *found;
  const auto known = names();
  throw InputError(fmt::format("no search space '{}'", name),
                   fmt::format("did you mean {}? Known: {}{}", nearest(name, known), join(known, ", "),
                               own().empty() ? "; spaces of your own are read from a config file: --config FILE" : ""));
}

std::vector<std::string> SpaceCatalog::names() const {
  std::vector<std::string> names;
  for (const auto& space : all_) names.push_back(space.name);
  return names;
}

std::span<const BackboneSpace> SpaceCatalog::own() const {
  return std::span(all_).subspan(published_spaces().size());
}

void SpaceCatalog::add(const BackboneSpace& space) {
  check_space(space);
  const auto found = std::ranges::find(all_, space.name, &BackboneSpace::name);
  if (found == all_.end())
    all_.push_back(space);
  else if (*found != space)
    throw InputError(fmt::format("space {} is defined already, as another", space.name), "give yours another name");
}

}  // namespace harmonic
