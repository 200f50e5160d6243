#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/work/table_file.hpp"
#include "core/work/table_scope.hpp"
#include "master/commands/lut_actions.hpp"

namespace harmonic {

ExitCode lut_model(const Arguments& args) {
  std::string profile, device, out, date = today();
  bool json = false;
  TableScopeOptions rows;
  std::vector<std::string> values(model_parameters().size());
  OptionSet options("harmonic lut model",
                    "Fills a table from an analytic model of a device: a roofline with a price a kernel.");
  options.add("device-profile", profile, fmt::format("starting values: {}", join(device_profile_names(), " | ")))
      .required();
  options.add("out", out, "table to write; its folder is made where there is none").required();
  options.add("device", device, "the device, in words, for the table's provenance; the profile's when empty");
  rows.declare(options);
  options.add("date", date, "date for the table's provenance, ISO 8601");
  for (std::size_t p = 0; p < values.size(); ++p)
    options.add(model_parameters()[p].name, values[p],
                fmt::format("{}; the profile's when empty", model_parameters()[p].help));
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  const TableFolder folder(out, {{"data", rows.data()}}, args);
  say_notices(options);

  DeviceModel model = device_profile(profile);
  if (!device.empty()) model.device = device;
  for (std::size_t p = 0; p < values.size(); ++p)
    if (!values[p].empty())
      model.*model_parameters()[p].value = parse_real(values[p], fmt::format("option {}", model_parameters()[p].name));
  const LookUpTable table = model_table(model, rows.scope(options, args), date);
  table.save(out);
  report_table(out, table, json);
  return ExitCode::done;
}

}  // namespace harmonic
