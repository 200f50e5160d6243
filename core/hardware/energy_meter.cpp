#include "core/hardware/energy_meter.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <dlfcn.h>

#include <fmt/format.h>

#include "core/base/seconds_since.hpp"
#include "core/base/text.hpp"
#include "core/hardware/sysfs.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

/// Counters of RAPL's packages, in microjoule, which start again at 0 beyond their range.
class RaplMeter final : public EnergyMeter {
 public:
  struct Package {
    fs::path counter;
    double range_uj = 0;
    double last_uj = 0;
  };
  RaplMeter(std::vector<Package> packages, std::string name) : packages_(std::move(packages)), name_(std::move(name)) {}

  double read_mj() override {
    for (auto& package : packages_) {
      const double now = read_value(package.counter).value_or(package.last_uj);
      total_uj_ += now >= package.last_uj ? now - package.last_uj : now + package.range_uj - package.last_uj;
      package.last_uj = now;
    }
    return total_uj_ / 1e3;
  }
  std::string name() const override { return name_; }

 private:
  std::vector<Package> packages_;
  std::string name_;
  double total_uj_ = 0;
};

std::unique_ptr<EnergyMeter> find_rapl(const fs::path& sysfs) {
  std::vector<RaplMeter::Package> packages;
  std::vector<std::string> names;
  for (const auto& zone : entries_of(sysfs / "class/powercap")) {
    const auto name = zone.filename().string();
    if (std::ranges::count(name, ':') != 1) continue;  // parts of packages have two
    const auto now = read_value(zone / "energy_uj");
    if (!now) continue;
    const auto word = read_word(zone / "name");
    if (!word.starts_with("package")) continue;
    packages.push_back({zone / "energy_uj", read_value(zone / "max_energy_range_uj").value_or(0), *now});
    names.push_back(word);
  }
  if (packages.empty()) return nullptr;
  return std::make_unique<RaplMeter>(std::move(packages), "RAPL, " + join(names, " and "));
}

/// Energy of what tells its power alone, in mW: a thread reads it every few milliseconds.
class PowerMeter final : public EnergyMeter {
 public:
  PowerMeter(std::function<double()> power_mw, std::string name)
      : power_mw_(std::move(power_mw)), name_(std::move(name)), sampler_([this] { sample(); }) {}
  ~PowerMeter() override {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    closing_.notify_all();
    sampler_.join();
  }

  double read_mj() override {
    const std::scoped_lock lock(mutex_);
    take();
    return total_mj_;
  }
  std::string name() const override { return name_; }

 private:
  void take() {
    const double power = power_mw_();
    const auto now = std::chrono::steady_clock::now();
    total_mj_ += (power + last_mw_) / 2 * std::chrono::duration<double>(now - last_).count();
    last_ = now;
    last_mw_ = power;
  }
  void sample() {
    constexpr std::chrono::milliseconds kInterval(5);
    std::unique_lock lock(mutex_);
    while (!closing_.wait_for(lock, kInterval, [&] { return closed_; })) take();
  }

  std::function<double()> power_mw_;
  std::string name_;
  std::mutex mutex_;
  std::condition_variable closing_;
  bool closed_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  double last_mw_ = power_mw_();
  double total_mj_ = 0;
  std::thread sampler_;  ///< last: it uses all of the above
};

/// A rail of a Jetson's power monitor (INA3221): its power, or current and voltage.
struct Rail {
  std::string name;
  fs::path power, current, voltage;  ///< mW; or mA and mV

  [[nodiscard]] std::optional<double> read_mw() const {
    if (!power.empty()) return read_value(power);
    const auto milliamperes = read_value(current), millivolts = read_value(voltage);
    if (!milliamperes || !millivolts) return std::nullopt;
    return *milliamperes * *millivolts / 1e3;
  }
};

/// Rails as the older kernels of Jetson boards (TX2, Xavier) show them.
std::vector<Rail> iio_rails(const fs::path& sysfs) {
  std::vector<Rail> rails;
  for (const auto& chip : entries_of(sysfs / "bus/i2c/drivers/ina3221x"))
    for (const auto& device : entries_of(chip))
      for (int channel = 0; channel < 3; ++channel) {
        Rail rail{read_word(device / fmt::format("rail_name_{}", channel)),
                  device / fmt::format("in_power{}_input", channel),
                  {},
                  {}};
        if (!rail.name.empty() && rail.read_mw()) rails.push_back(std::move(rail));
      }
  return rails;
}

/// Rails as newer kernels show them.
std::vector<Rail> hwmon_rails(const fs::path& sysfs) {
  std::vector<Rail> rails;
  for (const auto& chip : entries_of(sysfs / "class/hwmon")) {
    if (read_word(chip / "name") != "ina3221") continue;
    for (int channel = 1; channel <= 3; ++channel) {
      Rail rail{read_word(chip / fmt::format("in{}_label", channel)),
                {},
                chip / fmt::format("curr{}_input", channel),
                chip / fmt::format("in{}_input", channel)};
      if (!rail.name.empty() && rail.read_mw()) rails.push_back(std::move(rail));
    }
  }
  return rails;
}

/// The rails that feed the device: those whose names tell of it, or the board's input, which has all in it.
std::unique_ptr<EnergyMeter> find_rails(MeteredDevice device, const fs::path& sysfs) {
  auto all = iio_rails(sysfs);
  const auto newer = hwmon_rails(sysfs);
  all.insert(all.end(), newer.begin(), newer.end());
  const auto named = [&](const std::vector<std::string>& words) {
    std::vector<Rail> found;
    for (const auto& rail : all)
      if (std::ranges::any_of(words, [&](const auto& word) { return rail.name.find(word) != std::string::npos; }))
        found.push_back(rail);
    return found;
  };
  auto rails = named(device.gpu ? std::vector<std::string>{"GPU"} : std::vector<std::string>{"CPU"});
  if (rails.empty()) rails = named({"VDD_IN", "5V_IN"});
  if (rails.empty()) return nullptr;
  std::vector<std::string> names;
  for (const auto& rail : rails) names.push_back(rail.name);
  auto power = [rails] {
    double sum = 0;
    for (const auto& rail : rails) sum += rail.read_mw().value_or(0);
    return sum;
  };
  return std::make_unique<PowerMeter>(std::move(power), "power rail " + join(names, " and "));
}

/// NVML of a GPU's driver. What is used of it has been the same since 2018.
class Nvml {
 public:
  /// Null where there is no such library, or no such GPU.
  static std::shared_ptr<Nvml> open(const std::string& uuid) {
    auto nvml = std::shared_ptr<Nvml>(new Nvml);
    nvml->library_ = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (nvml->library_ == nullptr) return nullptr;
    const auto init = nvml->find<int()>("nvmlInit_v2");
    const auto handle = nvml->find<int(const char*, void**)>("nvmlDeviceGetHandleByUUID");
    nvml->energy_ = nvml->find<int(void*, unsigned long long*)>("nvmlDeviceGetTotalEnergyConsumption");
    nvml->power_ = nvml->find<int(void*, unsigned*)>("nvmlDeviceGetPowerUsage");
    if (init == nullptr || handle == nullptr || init() != 0) return nullptr;
    return handle(uuid.c_str(), &nvml->device_) == 0 ? nvml : nullptr;
  }
  ~Nvml() {
    if (library_ != nullptr) ::dlclose(library_);
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  [[nodiscard]] std::optional<double> energy_mj() const {
    unsigned long long millijoules = 0;
    if (energy_ == nullptr || energy_(device_, &millijoules) != 0) return std::nullopt;
    return static_cast<double>(millijoules);
  }
  [[nodiscard]] std::optional<double> power_mw() const {
    unsigned milliwatts = 0;
    if (power_ == nullptr || power_(device_, &milliwatts) != 0) return std::nullopt;
    return milliwatts;
  }

 private:
  Nvml() = default;
  template <class Signature>
  Signature* find(const char* name) const {
    return reinterpret_cast<Signature*>(::dlsym(library_, name));
  }

  void* library_ = nullptr;
  void* device_ = nullptr;
  int (*energy_)(void*, unsigned long long*) = nullptr;
  int (*power_)(void*, unsigned*) = nullptr;
};

class NvmlMeter final : public EnergyMeter {
 public:
  NvmlMeter(std::shared_ptr<Nvml> nvml, std::string name) : nvml_(std::move(nvml)), name_(std::move(name)) {}
  double read_mj() override {
    last_ = nvml_->energy_mj().value_or(last_);
    return last_;
  }
  std::string name() const override { return name_; }

 private:
  std::shared_ptr<Nvml> nvml_;
  std::string name_;
  double last_ = 0;
};

std::unique_ptr<EnergyMeter> find_nvml(const std::string& uuid) {
  auto nvml = Nvml::open(uuid);
  if (!nvml) return nullptr;
  const auto gpu = uuid.substr(0, std::string("GPU-1a2b3c4d").size());
  if (nvml->energy_mj()) return std::make_unique<NvmlMeter>(std::move(nvml), "NVML's energy counter of " + gpu);
  if (!nvml->power_mw()) return nullptr;
  return std::make_unique<PowerMeter>([nvml] { return nvml->power_mw().value_or(0); }, "NVML's power of " + gpu);
}

}  // namespace

std::unique_ptr<EnergyMeter> find_energy_meter(MeteredDevice device, const fs::path& sysfs) {
  auto meter = device.gpu ? find_nvml(device.uuid) : find_rapl(sysfs);
  return meter ? std::move(meter) : find_rails(device, sysfs);
}

}  // namespace harmonic
