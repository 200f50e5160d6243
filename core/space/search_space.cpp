#include "core/space/search_space.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

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

BackboneSpace maxout() {
  BackboneSpace space;
  space.name = "maxout";
  space.family = BackboneSpace::Family::maxout;
  return space;
}

const std::vector<BackboneSpace>& spaces() {
  static const std::vector<BackboneSpace> all = {avmnist("avmnist-image", 28), avmnist("avmnist-audio", 20),
                                                 mmimdb_image(), harmp_image(), maxout()};
  return all;
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

std::vector<std::string> space_names() {
  std::vector<std::string> names;
  for (const auto& space : spaces()) names.push_back(space.name);
  return names;
}

std::vector<std::string> spaces_of_same_tensors(const BackboneSpace& space) {
  std::vector<std::string> names;
  for (BackboneSpace other : spaces()) {
    if (other.name == space.name) continue;
    std::string name = std::exchange(other.name, space.name);
    other.resolution = space.resolution;
    if (other == space) names.push_back(std::move(name));
  }
  return names;
}

const BackboneSpace& find_space(std::string_view name) {
  for (const auto& space : spaces())
    if (space.name == name) return space;
  const auto names = space_names();
  throw InputError(fmt::format("no search space '{}'", name),
                   fmt::format("did you mean {}? Known: {}", nearest(name, names), join(names, ", ")));
}

}  // namespace harmonic
