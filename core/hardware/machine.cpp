#include "core/hardware/machine.hpp"

#include <algorithm>
#include <fstream>

#include <sched.h>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/hardware/sysfs.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

/// Of /proc/cpuinfo, the first line of this name within the block of a processor.
std::string cpuinfo(const fs::path& root, int cpu, const std::string& name) {
  std::ifstream in(root / "proc/cpuinfo");
  std::string line;
  bool own = false;
  while (std::getline(in, line)) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto key = trim(line.substr(0, colon)), value = trim(line.substr(colon + 1));
    if (key == "processor") own = value == std::to_string(cpu);
    if (own && key == name) return value;
  }
  return {};
}

/// The hottest of the machine's sensors, degrees Celsius.
std::string temperature(const fs::path& root) {
  double hottest = 0;
  for (const auto& zone : entries_of(root / "sys/class/thermal"))
    hottest = std::max(hottest, read_value(zone / "temp").value_or(0) / 1000);
  return hottest > 0 ? fmt::format("{:.0f} C", hottest) : std::string();
}

}  // namespace

MachineReport report_machine(int cpu, const fs::path& root) {
  MachineReport report;
  report.processor = cpuinfo(root, cpu, "model name");
  const auto add = [&](const std::string& text) {
    if (!text.empty()) report.conditions.push_back(text);
  };
  const auto frequency = root / fmt::format("sys/devices/system/cpu/cpu{}/cpufreq", cpu);
  if (const auto governor = read_word(frequency / "scaling_governor"); !governor.empty()) add("governor " + governor);
  if (const auto khz = read_word(frequency / "scaling_cur_freq"); !khz.empty())
    add(fmt::format("{:.0f} MHz", parse_real(khz, "a clock") / 1000));
  else if (const auto mhz = cpuinfo(root, cpu, "cpu MHz"); !mhz.empty())
    add(fmt::format("{:.0f} MHz", parse_real(mhz, "a clock")));
  add(temperature(root));
  if (const auto load = read_word(root / "proc/loadavg"); !load.empty()) add("load " + load.substr(0, load.find(' ')));
  return report;
}

std::vector<int> pin_to_processors(int threads) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return {};
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  std::vector<int> numbers;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && static_cast<int>(numbers.size()) < threads; --cpu)
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &allowed)) {
      CPU_SET(static_cast<std::size_t>(cpu), &chosen);
      numbers.insert(numbers.begin(), cpu);
    }
  if (::sched_setaffinity(0, sizeof chosen, &chosen) != 0) return {};
  return numbers;
}

}  // namespace harmonic
