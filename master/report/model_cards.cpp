#include "master/report/model_cards.hpp"

#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/markup.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/curves.hpp"
#include "master/models/architecture_picture.hpp"
#include "master/report/curve_plot.hpp"
#include "master/report/described_model.hpp"
#include "master/report/inline_picture.hpp"
#include "master/report/model_text.hpp"
#include "master/report/page.hpp"

namespace harmonic {
namespace {

/// A file of a model's folder, which a search that goes on may remove at any moment.
std::optional<std::string> read_if_there(const std::filesystem::path& path) try {
  return std::filesystem::exists(path) ? std::optional(read_file(path)) : std::nullopt;
} catch (const InputError&) {
  return std::nullopt;
}

std::string picture_of(const std::filesystem::path& folder, const ReportedModel& model) {
  const auto svg = read_if_there(folder / kSvgPicture);
  if (!svg) return "<p class=\"note\">There is no picture of it: harmonic show --svg draws one.</p>\n";
  return "<div class=\"card scroll\" tabindex=\"0\">" +
         inline_picture(*svg, model_title(model.id) + ": its backbones as strips of blocks, and its fusion network") +
         "</div>\n";
}

/// "1.234 (34 %)"
std::string share_text(const std::optional<double>& part, double whole) {
  if (!part) return "–";
  return cost_text(part) + (whole > 0 ? fmt::format(" ({:.0f} %)", 100 * *part / whole) : "");
}

/// Size and costs of every part; a device that some part is not known on has a dash there.
std::string costs_table(const ModelArchitecture& model, const std::string& without_tables) {
  std::vector<Cell> header = {{"part"}};
  for (const auto& measure : kSizeMeasures) header.push_back({std::string(measure.in_millions), true});
  for (const auto& device : model.devices)
    for (const auto& quantity : kQuantities)
      header.push_back({fmt::format("{} {}", escape_html(device), quantity.unit), true});
  std::vector<std::vector<Cell>> rows;
  const auto add = [&](const std::string& name, const ModelSize& size, const std::vector<Cost>& costs, bool is_whole) {
    std::vector<Cell> row = {{is_whole ? fmt::format("<b>{}</b>", name) : escape_html(name)}};
    for (const auto& measure : kSizeMeasures) row.push_back({millions(size.*measure.value), true});
    for (std::size_t d = 0; d < model.devices.size(); ++d)
      for (std::size_t q = 0; q < kQuantities.size(); ++q) {
        const auto cost = d < costs.size() ? costs[d][q] : std::nullopt;
        row.push_back({is_whole ? cost_text(cost) : share_text(cost, model.costs[d][q].value_or(0)), true});
      }
    rows.push_back(std::move(row));
  };
  for (const auto& part : model.parts) add(part.name, part.size, part.costs, false);
  add("the whole model", model.size, model.costs, true);
  const auto why =
      without_tables.empty()
          ? std::string()
          : fmt::format("<p class=\"note\">What each part costs is not known: {}.</p>\n", escape_html(without_tables));
  return why + table_html(header, rows);
}

/// Of models/<id>/curves.csv. One that cannot be read is not drawn.
std::optional<Curves> read_curves(const std::filesystem::path& path) try {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const auto table = CsvTable::read(path);
  Curves curves{table.header().front(), {table.header().begin() + 1, table.header().end()}, {}};
  for (std::size_t r = 0; r < table.rows(); ++r) {
    CurveRow row{static_cast<std::int64_t>(table.number(r, 0)), {}};
    for (std::size_t c = 1; c < table.header().size(); ++c) row.values.push_back(table.optional_number(r, c));
    curves.rows.push_back(std::move(row));
  }
  return curves;
} catch (const InputError&) {
  return std::nullopt;
}

std::string losses_of(const std::filesystem::path& folder) {
  const auto curves = read_curves(folder / "curves.csv");
  std::string plots;
  if (curves)
    for (const auto& [phase, title] :
         {std::pair{"retraining", "Losses of its training"}, std::pair{"search", "Losses of its fusion search"}})
      if (const auto plot = curve_plot(title, "loss", *curves, fmt::format("{}/loss_", phase)); !plot.empty())
        plots += "<div class=\"card\">" + plot + "</div>\n";
  if (plots.empty()) return "<p class=\"note\">It has no losses by epoch: it was not trained by epochs.</p>\n";
  return "<div class=\"plots\">" + plots + "</div>\n";
}

/// "model 7: validation 98.94 ± 0.76 %; edge-gpu 7.560 ms, 10.800 mJ"
std::string summary_of(const ReportedModel& model, const RunResults& results) {
  std::string text =
      fmt::format("Model {}: validation {} %", model.id, percent_text(model.metric_val, model.metric_val_se));
  if (model.metric_test) text += fmt::format(", test {} %", percent_text(model.metric_test, model.metric_test_se));
  for (std::size_t d = 0; d < results.devices.size(); ++d) {
    text += fmt::format("; {}:", results.devices[d]);
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      if (model.costs[q][d]) text += fmt::format(" {} {}", cost_text(model.costs[q][d]), kQuantities[q].unit);
  }
  return text;
}

/// Nothing where this program does not understand the run's settings.
std::optional<RecordedRun> recorded_of(const RunPaths& run) try {
  return read_recorded(run);
} catch (const InputError&) {
  return std::nullopt;
}

std::string parts_of(ModelDescriber& describer, const ReportedModel& model) try {
  const auto described = describer.describe(model);
  return described.architecture ? costs_table(*described.architecture, described.without_tables) : std::string();
} catch (const InputError& e) {
  return fmt::format("<p class=\"note\">Its parts cannot be told: {}.</p>\n", escape_html(e.problem()));
}

}  // namespace

std::string model_anchor(const ReportedModel& model) {
  return "model-" + model.id;
}

std::string model_cards_html(const RunPaths& run, const RunResults& results, std::size_t room) {
  if (results.front.empty()) return {};
  const auto recorded = recorded_of(run);
  std::optional<ModelDescriber> describer;
  if (recorded) describer.emplace(run, results, *recorded);
  std::string html =
      "<h2 id=\"models\">The front's models</h2>\n<p class=\"note\">Each with its picture, what its parts add to its "
      "costs, and the losses of its training. Percent: of the whole model's.</p>\n";
  for (const auto& model : results.front) {
    const auto folder = run.models() / model.id;
    std::string content =
        picture_of(folder, model) + (describer ? parts_of(*describer, model) : std::string()) + losses_of(folder);
    if (content.size() > room)
      content = fmt::format(
          "<p class=\"note\">The report has no room for its picture: models/{}/ of the run has it, harmonic show "
          "--model "
          "{} tells its parts.</p>\n",
          escape_html(model.id), escape_html(model.id));
    else
      room -= content.size();
    html += fmt::format("<details class=\"model\" id=\"{}\"><summary>{}</summary><div>{}</div></details>\n",
                        escape_html(model_anchor(model)), escape_html(summary_of(model, results)), content);
  }
  return html;
}

}  // namespace harmonic
