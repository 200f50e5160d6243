#include "master/report/report_data.hpp"

#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/storage/json_text.hpp"

namespace harmonic {
namespace {

using Json = nlohmann::ordered_json;

Json rounded(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return {};
  return std::strtod(fmt::format("{:.6g}", *value).c_str(), nullptr);
}

int direction_of(ModelColumn::Better better) {
  switch (better) {
    case ModelColumn::Better::higher:
      return 1;
    case ModelColumn::Better::lower:
      return -1;
    case ModelColumn::Better::neither:
      break;
  }
  return 0;
}

/// The same JSON without a letter that means something to HTML.
std::string inside_html(const std::string& json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char letter : json) {
    if (letter == '<' || letter == '>' || letter == '&')
      safe += fmt::format("\\u{:04x}", static_cast<int>(letter));  // within texts alone: JSON itself has none of them
    else
      safe += letter;
  }
  return safe;
}

}  // namespace

std::string report_data_html(const RunResults& results, const std::vector<ModelColumn>& columns,
                             const ShownModels& shown) {
  Json json = {{"modalities", results.modalities}, {"columns", Json::array()}, {"models", Json::array()}};
  for (const auto& column : columns)
    json["columns"].push_back(
        {{"name", column.name}, {"label", column.label}, {"better", direction_of(column.better)}});
  const auto add = [&](const ReportedModel& model, bool on_front) {
    Json values = Json::array();
    for (const auto& column : columns) values.push_back(rounded(column.value(model)));
    json["models"].push_back(
        Json::array({model.id, on_front ? 1 : 0, std::move(values), model.genotype, model.genomes}));
  };
  for (const auto* model : shown.front) add(*model, true);
  for (const auto* model : shown.dominated) add(*model, false);
  return fmt::format("<script type=\"application/json\" id=\"run-data\">{}</script>\n", inside_html(json_text(json)));
}

}  // namespace harmonic
