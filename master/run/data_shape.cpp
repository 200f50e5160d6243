#include "master/run/data_shape.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

constexpr const char* kClasses = "classes";
constexpr std::string_view kSamplesOf = "samples of ";

std::vector<std::size_t> parse_shape(const std::string& text) {
  std::vector<std::size_t> shape;
  for (const auto& part : split(text, 'x')) shape.push_back(static_cast<std::size_t>(parse_int(part, "a shape")));
  return shape;
}

}  // namespace

Conditions to_conditions(const DataShape& shape) {
  Conditions conditions = {{kClasses, std::to_string(shape.classes)}};
  for (const auto& [modality, sample] : shape.samples)
    conditions.emplace_back(std::string(kSamplesOf) + modality, fmt::format("{}", fmt::join(sample, "x")));
  return conditions;
}

std::optional<DataShape> find_data_shape(const std::filesystem::path& inputs) try {
  if (!std::filesystem::exists(inputs)) return std::nullopt;
  const auto conditions = read_conditions(inputs);
  if (!conditions) return std::nullopt;
  DataShape shape;
  for (const auto& [name, value] : *conditions) {
    if (name == kClasses) shape.classes = parse_int(value, kClasses);
    if (name.starts_with(kSamplesOf)) shape.samples[name.substr(kSamplesOf.size())] = parse_shape(value);
  }
  return shape.classes > 0 ? std::optional(std::move(shape)) : std::nullopt;
} catch (const InputError&) {
  return std::nullopt;
}

}  // namespace harmonic
