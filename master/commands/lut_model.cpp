#include <algorithm>
#include <iostream>
#include <optional>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/hardware/model_fit.hpp"
#include "core/storage/json_text.hpp"
#include "core/work/table_file.hpp"
#include "core/work/table_scope.hpp"
#include "master/commands/lut_actions.hpp"

namespace harmonic {
namespace {

using nlohmann::ordered_json;

/// What a table is filled from, as the options say.
struct ModelOptions {
  std::string profile, parameters, device, out, date = today();
  std::vector<std::string> fitted;  ///< tables to fit to
  std::vector<std::string> values = std::vector<std::string>(model_parameters().size());
  bool missing_only = false, json = false;

  void declare(OptionSet& options, TableScopeOptions& rows) {
    options.add("device-profile", profile, fmt::format("starting values: {}", join(device_profile_names(), " | ")));
    options.add("fit", fitted,
                "instead: a table of the device, measured or published, that a model is fitted to; several are joined");
    options.add("parameters", parameters, "instead: a fitted model, as its tables' provenance lists it");
    options.add("out", out, "table to write; its folder is made where there is none").required();
    options.add("device", device,
                "the device, in words, for the table's provenance; that of the profile or of the fitted table when "
                "empty");
    rows.declare(options);
    options.add("missing-only", missing_only,
                "of --fit: only rows that its table lacks, to be joined with it: --device gpu=measured.json+more.json");
    options.add("date", date, "date for the table's provenance, ISO 8601");
    for (std::size_t p = 0; p < values.size(); ++p)
      options.add(model_parameters()[p].name, values[p],
                  fmt::format("of --device-profile: {}; the profile's when empty", model_parameters()[p].help));
    options.add("json", json, "print the result as one JSON object");
  }
  /// @throws InputError
  void check() const {
    if (int(!profile.empty()) + int(!fitted.empty()) + int(!parameters.empty()) != 1)
      throw InputError("lut model fills a table from one model",
                       "give one of --device-profile, --fit and --parameters");
    if (missing_only && fitted.empty())
      throw InputError("--missing-only is of --fit",
                       "leave it out, or give the table whose rows are not to be modelled");
    for (std::size_t p = 0; p < values.size(); ++p)
      if (!values[p].empty() && profile.empty())
        throw InputError(fmt::format("--{} is of --device-profile", model_parameters()[p].name),
                         "leave it out, or give --device-profile");
  }
};

LookUpTable of_profile(const ModelOptions& options, const TableScope& scope) {
  DeviceModel model = device_profile(options.profile);
  if (!options.device.empty()) model.device = options.device;
  for (std::size_t p = 0; p < options.values.size(); ++p)
    if (!options.values[p].empty())
      model.*model_parameters()[p].value =
          parse_real(options.values[p], fmt::format("option {}", model_parameters()[p].name));
  return model_table(model, scope, options.date);
}

std::string percent(const std::optional<double>& value) {
  return value ? fmt::format("{:.1f}", *value) : "-";
}

/// "latency 4.2 %, energy 11.0 %"
std::string error_text(const PerQuantity<std::optional<double>>& errors) {
  std::vector<std::string> texts;
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    if (errors[q]) texts.push_back(fmt::format("{} {} %", kQuantities[q].name, percent(errors[q])));
  return join(texts, ", ");
}

/// For the provenance of a table: what it was fitted to and how far off it is.
std::string fit_text(const LookUpTable& table, const std::vector<FitError>& errors) {
  std::vector<std::string> files, kinds;
  for (const auto& file : split(table.name(), '+')) files.push_back(std::filesystem::path(file).filename().string());
  for (const auto& error : errors)
    kinds.push_back(fmt::format("{} ({} rows) {}", error.kind, error.rows, error_text(error.predicted)));
  return fmt::format("fitted to {}; mean error, cross-validated: {}", join(files, "+"), join(kinds, ", "));
}

void print_errors(const std::vector<FitError>& errors) {
  std::vector<std::vector<std::string>> rows = {{"kind of row", "rows"}};
  for (const auto& quantity : kQuantities) {
    rows[0].push_back(fmt::format("{} %", quantity.name));
    rows[0].push_back("of rows unseen %");
  }
  for (const auto& error : errors) {
    rows.push_back({error.kind, std::to_string(error.rows)});
    for (std::size_t q = 0; q < kQuantities.size(); ++q) {
      rows.back().push_back(percent(error.fitted[q]));
      rows.back().push_back(percent(error.predicted[q]));
    }
  }
  std::cout << "mean error of the fitted model, by kind of row:\n" << aligned_table(rows);
}

ordered_json errors_json(const std::vector<FitError>& errors) {
  auto list = ordered_json::array();
  for (const auto& error : errors) {
    ordered_json object = {{"kind", error.kind}, {"rows", error.rows}};
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      object[std::string(kQuantities[q].name)] = {{"fitted_percent", json_or_null(error.fitted[q])},
                                                  {"predicted_percent", json_or_null(error.predicted[q])}};
    list.push_back(std::move(object));
  }
  return list;
}

ExitCode fit(const ModelOptions& options, const TableScope& scope, TableScope known) {
  const LookUpTable measured = load_tables(options.fitted);
  // Rows of all spaces that are known tell something, whichever are to be filled.
  known.cost = CostScope::full;
  const auto found = fit_model(measured, known.parts());
  const auto device = options.device.empty() ? measured.provenance().device + ", modelled" : options.device;
  auto table = model_table(found.model, device, fit_text(measured, found.errors), scope, options.date);
  if (options.missing_only) table.remove_rows_of(measured);
  if (table.rows().empty())
    throw InputError(fmt::format("table {} lacks no row of these spaces", measured.name()),
                     "name a --space that it has no rows of, or leave out --missing-only");
  table.save(options.out);
  if (options.json) {
    std::cout << json_text(ordered_json{{"table", options.out},
                                        {"rows", table.rows().size()},
                                        {"device", device},
                                        {"parameters", found.model.describe()},
                                        {"errors", errors_json(found.errors)}})
              << '\n';
    return ExitCode::done;
  }
  print_errors(found.errors);
  report_table(options.out, table, false);
  return ExitCode::done;
}

}  // namespace

ExitCode lut_model(const Arguments& args) {
  ModelOptions given;
  TableScopeOptions rows;
  OptionSet options("harmonic lut model",
                    "Fills a table from an analytic model of a device: a roofline with a price a kernel, or a model "
                    "fitted to a table, whose error is told by kind of row, also of rows that it has not seen.");
  given.declare(options, rows);
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  given.check();
  std::vector<OptionFile> inputs = {{"data", rows.data()}};
  for (const auto& file : given.fitted) inputs.push_back({"fit", file});
  const TableFolder folder(given.out, inputs, args);
  say_notices(options);
  const auto scope = rows.scope(options, args);
  if (!given.fitted.empty()) return fit(given, scope, rows.whole_scope(options, args));
  const LookUpTable table =
      given.parameters.empty()
          ? of_profile(given, scope)
          : model_table(FittedModel::parse(given.parameters), given.device.empty() ? "a fitted device" : given.device,
                        "parameters given", scope, given.date);
  table.save(given.out);
  report_table(given.out, table, given.json);
  return ExitCode::done;
}

}  // namespace harmonic
