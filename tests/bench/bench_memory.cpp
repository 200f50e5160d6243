// What the ranks of a machine hold together while they train and search on a data set: resident memory, private and
// shared, each shared page counted once (the kernel's proportional set size). Random pictures, and a few numbers beside
// each, as a search wants two modalities: no number depends on their values.
//
//   bench_memory --folder DIR [--mib 2048] [--ranks 4]     the data set is written to DIR once

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "core/base/seconds_since.hpp"
#include "core/config/data_memory.hpp"
#include "core/config/options.hpp"
#include "core/data/dataset_file.hpp"
#include "tests/bench/bench_main.hpp"
#include "tests/support/process.hpp"
#include "worker/backbone/supernet_file.hpp"

namespace harmonic::bench {
namespace {

constexpr int kClasses = 3;
constexpr const char *kSpace = "harmp-image", *kOtherSpace = "maxout";
constexpr std::array<std::size_t, 1> kOtherSample = {300};  // the tables know its cost

struct Options {
  std::string folder, program = "build/harmonic", source = ".";
  int mib = 256, ranks = 4, data_memory_mib = kDataMemoryMib, batch = 32;
  double seconds = 60;

  void declare(OptionSet& options) {
    options.add("folder", folder, "folder on a disk for the data set and what is made of it").required();
    options.add("program", program, "the program to measure");
    options.add("source", source, "folder of the sources, for launcher and tables");
    options.add("mib", mib, "MiB of pictures, uint8", {1, 1'000'000});
    options.add("ranks", ranks, "ranks that compute; a search has one more, which leads", {1, 1000});
    options.add("batch", batch, "samples of a training batch, over all ranks", {2, 65'536});
    options.add_seconds("seconds", seconds, "how long each of both is watched at most", {1.0, 1e6});
    declare_data_memory(options, data_memory_mib);
  }
};

/// Four fifths are train.
void write_pictures(const std::filesystem::path& path, std::size_t bytes) {
  const auto& space = find_space(kSpace);
  const auto side = static_cast<std::size_t>(space.resolution), channels = static_cast<std::size_t>(space.in_channels);
  const std::size_t sample = channels * side * side, samples = std::max<std::size_t>(20, bytes / sample);
  DatasetContent content;
  content.info.classes = kClasses;
  content.info.modalities = {{"image", ElementType::uint8, {channels, side, side}, {}, {}}};
  content.streams["image"] = [&](Split split, std::size_t first, std::size_t count) {
    std::mt19937_64 random(first * 3 + index_of(split));
    std::vector<std::uint8_t> levels(count * sample);
    for (auto& level : levels) level = static_cast<std::uint8_t>(random());
    return levels;
  };
  content.info.modalities.push_back({"text", ElementType::float32, {kOtherSample[0]}, {0}, {1}});
  const std::array counts = {samples - samples / 5, samples / 10, samples / 10};
  for (std::size_t split = 0; split < 3; ++split) {
    content.samples["text"].at(split).floats.resize(counts.at(split) * kOtherSample[0], 0.5F);
    for (std::size_t i = 0; i < counts.at(split); ++i)
      content.class_labels.at(split).push_back(static_cast<std::int64_t>(i % kClasses));
  }
  write_dataset(path, content);
}

/// MiB.
struct Resident {
  double together = 0, shared = 0;  ///< shared: what more than one process sees, once
};

Resident resident(const testing::Process& job, const std::filesystem::path& program) {
  Resident found;
  for (const pid_t pid : job.family()) {
    std::error_code error;
    const auto running = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), error);
    // mpirun and the launcher are none of its ranks.
    if (error || !running.filename().string().starts_with(program.filename().string())) continue;
    std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", pid));
    std::map<std::string, double> kib;
    std::string word;
    for (double value = 0; rollup >> word;)
      if (word.ends_with(':') && rollup >> value)
        kib[word] = value;
      else
        rollup.clear();
    found.together += kib["Pss:"] / 1024;
    found.shared += (kib["Pss:"] - kib["Private_Clean:"] - kib["Private_Dirty:"]) / 1024;
  }
  return found;
}

void watch(const std::string& what, const Options& chosen, const std::vector<std::string>& words) {
  testing::Process job(words);
  const auto start = std::chrono::steady_clock::now();
  Resident highest;
  const bool ended = !testing::wait_until(job, [&] {
    const auto now = resident(job, chosen.program);
    if (now.together > highest.together) highest = now;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return seconds_since(start) > chosen.seconds;
  });
  if (ended) {
    const auto finished = job.wait();
    if (finished.exit_code != 0) throw RunError(fmt::format("{} failed: {}", what, finished.err));
  }
  fmt::print("{:<10} {:7.0f} MiB together at most, {:.0f} of it shared; watched for {:.0f} s\n", what, highest.together,
             highest.shared, seconds_since(start));
  std::cout.flush();
}

int run(const std::vector<std::string>& args) {
  Options chosen;
  OptionSet options("bench_memory", "Measures what ranks hold together while they train and search.");
  chosen.declare(options);
  if (options.parse(args) == OptionSet::Parsed::help_printed) return static_cast<int>(ExitCode::done);
  const std::filesystem::path folder = chosen.folder;
  const auto data = folder / fmt::format("pictures-{}.h5", chosen.mib), image = folder / "image.h5",
             text = folder / "text.h5";
  std::filesystem::create_directories(folder);
  if (!std::filesystem::exists(data)) write_pictures(data, static_cast<std::size_t>(chosen.mib) << 20U);
  save_supernet(image, Supernet(find_space(kSpace), kClasses, Seed{1}), {"image", "not trained"});
  save_supernet(text, Supernet(fitted_space(find_space(kOtherSpace), kOtherSample), kClasses, Seed{1}),
                {"text", "not trained"});
  const auto size_mib = static_cast<double>(std::filesystem::file_size(data)) / (1 << 20);
  fmt::print("{} ranks, a file of {:.0f} MiB\n", chosen.ranks, size_mib);

  const std::string launcher = chosen.source + "/deploy/mpirun.sh", memory = std::to_string(chosen.data_memory_mib);
  for (const auto* left : {"trained.h5", "trained.h5.training", "run"}) std::filesystem::remove_all(folder / left);
  watch("training", chosen,
        {launcher,
         std::to_string(chosen.ranks),
         chosen.program,
         "supernet",
         "train",
         "--data",
         data,
         "--modality",
         "image",
         "--space",
         kSpace,
         "--out",
         folder / "trained.h5",
         "--epochs",
         "1",
         "--batch",
         std::to_string(chosen.batch),
         "--threads",
         "1",
         "--data-memory",
         memory,
         "--compute",
         "cpu"});
  watch("search", chosen, {launcher,        std::to_string(chosen.ranks + 1),
                           chosen.program,  "search",
                           "--data",        data,
                           "--run",         folder / "run",
                           "--modality",    fmt::format("image={},{}", kSpace, image.string()),
                           "--modality",    fmt::format("text={},{}", kOtherSpace, text.string()),
                           "--device",      fmt::format("gpu={}/luts/edge-gpu.json", chosen.source),
                           "--population",  "16",
                           "--generations", "1",
                           "--data-memory", memory,
                           "--compute",     "cpu"});
  return static_cast<int>(ExitCode::done);
}

}  // namespace
}  // namespace harmonic::bench

int main(int argc, char** argv) {
  return harmonic::bench::bench_main(argc, argv, harmonic::bench::run);
}
