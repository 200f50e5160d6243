#include "master/report/report.hpp"

#include <iostream>

#include "core/config/options.hpp"
#include "core/storage/json_text.hpp"
#include "master/commands/commands.hpp"

namespace harmonic {

ExitCode report_command(const Arguments& args) {
  std::string run;
  bool json = false;
  OptionSet options("harmonic report", "Writes report.html of a run directory: one page that opens offline.");
  options.add("run", run, "run directory of a search").required();
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  const std::string report = write_report(run).string();
  std::cout << (json ? json_text(nlohmann::json{{"report", report}}) : report) << '\n';
  return ExitCode::done;
}

}  // namespace harmonic
