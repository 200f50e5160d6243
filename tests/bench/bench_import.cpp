// How fast MM-IMDB is imported, and in how much memory: posters of random levels in the true layout.
//
//   bench_import FOLDER [FILMS]     25959 films without FILMS: 12.8 GB, written to FOLDER once, and 3.9 GB of pictures

#include <chrono>
#include <filesystem>

#include <fmt/format.h>

#include "core/base/seconds_since.hpp"
#include "core/base/text.hpp"
#include "core/data/mmimdb_import.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/bench/bench_main.hpp"
#include "tests/support/mmimdb_stand_in.hpp"
#include "tests/support/peak_memory.hpp"

namespace harmonic {
namespace {

constexpr int kFilms = 25959;

void measure(const std::filesystem::path& folder, int films) {
  testing::MmimdbStandIn stand_in;
  for (int i = 0; i < films; ++i) stand_in.ids.push_back(fmt::format("{:07}", i));
  const auto source = folder / fmt::format("films-{}.hdf5", films);
  if (!std::filesystem::exists(source))
    replace_file(source, [&](const auto& temporary) { testing::write_mmimdb(temporary, stand_in); });
  const auto split = folder / fmt::format("films-{}.json", films);
  std::array<std::string, 3> lists;
  for (int i = 0; i < films; ++i) {
    auto& list = lists[i < films * 6 / 10 ? 0U : i < films * 7 / 10 ? 1U : 2U];
    list += fmt::format("{}\"{:07}\"", list.empty() ? "" : ",", i);
  }
  replace_file(split, fmt::format(R"({{"train":[{}],"dev":[{}],"test":[{}]}})", lists[0], lists[1], lists[2]));
  for (const auto form : {PosterForm::native, PosterForm::published}) {
    const testing::PeakMemory memory;
    const auto start = std::chrono::steady_clock::now();
    MmimdbOptions options{.in = source, .pictures = form};
    if (films != kFilms) options.split = split;  // as many as published are split by their rows
    write_dataset(folder / "imported.h5", read_mmimdb(options));
    const double seconds = seconds_since(start);
    fmt::print("{}: {:.0f} posters a second, {:.1f} s; {:.0f} MiB\n",
               form == PosterForm::native ? "native" : "published", films / seconds, seconds,
               memory.rise_mib().value_or(0));
  }
}

}  // namespace
}  // namespace harmonic

int main(int argc, char** argv) {
  using namespace harmonic;
  return bench::bench_main(argc, argv, [](const std::vector<std::string>& args) {
    if (args.empty() || args.size() > 2)
      throw InputError("bench_import takes a folder and a number of films", "give them: bench_import FOLDER [FILMS]");
    if (!std::filesystem::is_directory(args[0]))
      throw InputError(fmt::format("{}: no such folder", args[0]), "give one with room for the films");
    measure(args[0], args.size() > 1 ? parse_int(args[1], "the number of films") : kFilms);
    return static_cast<int>(ExitCode::done);
  });
}
