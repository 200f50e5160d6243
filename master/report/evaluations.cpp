#include "master/report/evaluations.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/markup.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/report/page.hpp"

namespace harmonic {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(const Json& value) {
  return fmt::format("{:.2f}", value.get<double>());
}

/// The whole model, its parts, and the model without each of them.
std::string parts_table(const Json& one) {
  std::vector<std::vector<Cell>> rows;
  const auto add = [&](const std::string& what, const Json& value) {
    rows.push_back({{escape_html(what)}, {percent(value), true}});
  };
  add("the whole model", one.at("metric"));
  for (const auto& [modality, value] : one.at("unimodal").items()) add(modality + " alone", value);
  add("late fusion: the sum of what these say", one.at("late_fusion"));
  for (const auto& [modality, value] : one.at("missing").items()) add("the whole model without " + modality, value);
  return table_html({{"of"}, {"metric %", true}}, rows);
}

/// How well every class is told; of single labels also what its samples were taken for, where wrong.
std::string classes_table(const Json& one) {
  const auto& classes = one.at("classes");
  const auto& confusion = one.at("confusion");
  std::vector<Cell> header = {{"class"}, {"samples", true}, {"precision %", true}, {"recall %", true}, {"F1 %", true}};
  if (confusion.is_array()) header.push_back({"taken for others"});
  std::vector<std::vector<Cell>> rows;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto& own = classes.at(c);
    std::vector<Cell> row = {{escape_html(own.at("class").get<std::string>())},
                             {std::to_string(own.at("samples").get<std::int64_t>()), true},
                             {percent(own.at("precision")), true},
                             {percent(own.at("recall")), true},
                             {percent(own.at("f1")), true}};
    if (confusion.is_array()) {
      std::string others;
      for (std::size_t o = 0; o < classes.size(); ++o)
        if (const auto count = confusion.at(c).at(o).get<std::int64_t>(); o != c && count > 0)
          others += fmt::format("{}{} ({})", others.empty() ? "" : ", ",
                                escape_html(classes.at(o).at("class").get<std::string>()), count);
      row.push_back({others});
    }
    rows.push_back(std::move(row));
  }
  return table_html(header, rows);
}

std::string evaluation_html(const Json& one) {
  const auto& interval = one.at("interval");
  return fmt::format(
      "<details><summary>Model {} on {}: {} %, between {} and {} by the number of samples</summary>\n"
      "<p class=\"note\">{} samples of {}; loss {:.4f}. The interval is of 95 %. A model without a modality sees 0 in "
      "its "
      "place, the mean of its samples.</p>\n{}{}</details>\n",
      escape_html(one.at("model").get<std::string>()), escape_html(one.at("split").get<std::string>()),
      percent(one.at("metric")), percent(interval.at(0)), percent(interval.at(1)),
      one.at("samples").get<std::int64_t>(), escape_html(one.at("data").get<std::string>()),
      one.at("loss").get<double>(), parts_table(one), classes_table(one));
}

std::vector<std::filesystem::path> evaluation_files(const std::filesystem::path& models) {
  std::vector<std::filesystem::path> files;
  std::error_code none;
  for (const auto& model : std::filesystem::directory_iterator(models, none))
    for (const auto& file : std::filesystem::directory_iterator(model.path(), none)) {
      const auto name = file.path().filename().string();
      if (name.starts_with("evaluation.") && name.ends_with(".json")) files.push_back(file.path());
    }
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::string evaluations_html(const std::filesystem::path& models) {
  std::string html;
  for (const auto& file : evaluation_files(models)) try {
      html += evaluation_html(Json::parse(read_file(file)));
    } catch (const nlohmann::json::exception&) {
      log::warning("the report lacks {}, which is not what harmonic evaluate writes", file.string());
    }
  return html.empty() ? html : "<h2>Evaluations</h2>\n" + html;
}

}  // namespace harmonic
