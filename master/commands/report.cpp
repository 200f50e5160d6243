#include "master/report/report.hpp"

#include <iostream>

#include "core/config/options.hpp"
#include "master/commands/commands.hpp"

namespace harmonic {

ExitCode report_command(const Arguments& args) {
  std::string run;
  OptionSet options("harmonic report", "Writes report.html of a run directory: one page that opens offline.");
  options.add("run", run, "run directory of a search").required();
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  std::cout << write_report(run).string() << '\n';
  return ExitCode::done;
}

}  // namespace harmonic
