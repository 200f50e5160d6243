#include "master/run/data_shape.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

constexpr const char* kClasses = "classes";
constexpr const char* kData = "data";  ///< the role of an InputFile
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

std::string find_data_hash(const std::filesystem::path& inputs) {
  if (!find_data_shape(inputs)) return {};
  const Conditions conditions = read_conditions(inputs).value_or(Conditions{});
  const auto data = std::ranges::find(conditions, kData, &Conditions::value_type::first);
  return data == conditions.end() ? "" : data->second;
}

}  // namespace harmonic
