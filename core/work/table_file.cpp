#include "core/work/table_file.hpp"

#include <chrono>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "core/config/space_config.hpp"
#include "core/storage/json_text.hpp"

namespace harmonic {
namespace {

std::vector<OptionFile> with_configs(std::vector<OptionFile> inputs, const std::vector<std::string>& args) {
  for (const auto& file : config_files(args)) inputs.push_back({"config", file});
  return inputs;
}

}  // namespace

std::string today() {
  using namespace std::chrono;
  const year_month_day date(floor<days>(system_clock::now()));
  return fmt::format("{:04}-{:02}-{:02}", int(date.year()), unsigned(date.month()), unsigned(date.day()));
}

TableFolder::TableFolder(const std::string& out, std::vector<OptionFile> inputs, const std::vector<std::string>& args)
    : OutputFolder(out, "out", with_configs(std::move(inputs), args)) {
  check_own_kind(out, "out", "a table of this program",
                 [](const auto& path) { return !LookUpTable::load({path}).provenance().tool.empty(); });
}

void report_table(const std::string& path, const LookUpTable& table, bool json) {
  const auto rows = table.rows().size();
  const auto& device = table.provenance().device;
  if (json)
    std::cout << json_text(nlohmann::ordered_json{{"table", path}, {"rows", rows}, {"device", device}}) << '\n';
  else
    std::cout << fmt::format("{}: {} rows of {}\n", path, rows, device);
}

}  // namespace harmonic
