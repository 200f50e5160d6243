#include "core/hardware/energy_meter.hpp"

#include <chrono>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "core/base/seconds_since.hpp"
#include "core/hardware/machine.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

void write(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text << '\n';
}

}  // namespace

TEST_CASE("Where nothing can be read there is no meter", "[hardware]") {
  const testing::TemporaryFolder sys;
  CHECK(find_energy_meter({}, sys.path()) == nullptr);
}

TEST_CASE("RAPL's packages are counted together, beyond the range of their counters, their parts left out",
          "[hardware]") {
  const testing::TemporaryFolder sys;
  const auto zones = sys / "class/powercap";
  for (const std::string zone : {"intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"}) {
    write(zones / zone / "name", zone.ends_with(":0:0") ? "core" : "package-" + zone.substr(zone.size() - 1));
    write(zones / zone / "max_energy_range_uj", "1000000");
    write(zones / zone / "energy_uj", "900000");
  }
  const auto meter = find_energy_meter({}, sys.path());
  REQUIRE(meter);
  CHECK(meter->name() == "RAPL, package-0 and package-1");
  const double start = meter->read_mj();
  write(zones / "intel-rapl:0" / "energy_uj", "50000");  // it began again at 0
  write(zones / "intel-rapl:1" / "energy_uj", "907000");
  CHECK(meter->read_mj() - start == Approx(150 + 7));
}

TEST_CASE("The energy of a Jetson's rail is its power over time", "[hardware]") {
  const testing::TemporaryFolder sys;
  const auto chip = sys / "class/hwmon/hwmon3";
  write(chip / "name", "ina3221");
  write(chip / "in1_label", "VDD_GPU_SOC");
  write(chip / "curr1_input", "500");
  write(chip / "in1_input", "5000");
  write(chip / "in2_label", "VDD_CPU_CV");
  write(chip / "curr2_input", "200");
  write(chip / "in2_input", "5000");
  const auto gpu = find_energy_meter({true}, sys.path());
  const auto cpu = find_energy_meter({}, sys.path());
  REQUIRE(gpu);
  REQUIRE(cpu);
  CHECK(gpu->name() == "power rail VDD_GPU_SOC");
  CHECK(cpu->name() == "power rail VDD_CPU_CV");
  const auto start = std::chrono::steady_clock::now();
  const double before = gpu->read_mj();
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
  const double drawn = gpu->read_mj() - before;
  const double passed = seconds_since(start);
  CHECK(drawn > 2500 * 0.04 * 0.9);  // mW over no less than that time
  CHECK(drawn <= 2500 * passed);
}

TEST_CASE("A machine tells its processor and what it runs at, as far as the kernel does", "[hardware]") {
  const testing::TemporaryFolder root;
  write(root / "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Slow\ncpu MHz\t\t: 1000.5\n\n"
        "processor\t: 1\nmodel name\t: Fast\ncpu MHz\t\t: 2000.2");
  CHECK(report_machine(1, root.path()).processor == "Fast");
  CHECK(report_machine(1, root.path()).conditions == std::vector<std::string>{"2000 MHz"});
  write(root / "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance");
  write(root / "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "1800000");
  write(root / "sys/class/thermal/thermal_zone0/temp", "51000");
  write(root / "proc/loadavg", "0.50 0.40 0.30 1/100 4242");
  CHECK(report_machine(1, root.path()).conditions ==
        std::vector<std::string>{"governor performance", "1800 MHz", "51 C", "load 0.50"});
}

}  // namespace harmonic
