// The scripts of deploy/tables, on raw data of the true layout and few samples.
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/system/raw_stand_ins.hpp"
#include "tests/system/world.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

std::string verdict_of(const CsvTable& table, std::size_t row) {
  return table.cell(row, table.column("verdict"));
}

}  // namespace

TEST_CASE("A table's script leads from raw files to the table, and an array's tasks join to the same", "[tables]") {
  const World w = world();
  if (w.program != w.source / "build" / "harmonic") {  // the scripts call that one
    WARN("SKIPPED: the scripts are of another build");
    return;
  }
  const TemporaryFolder folder;
  write_raw_avmnist(folder / "raw");
  const auto script = [&](const std::string& name, const std::vector<std::string>& settings,
                          const std::vector<std::string>& words) {
    std::vector<std::string> command = {"env", "-C", w.source.string()};
    command.insert(command.end(), settings.begin(), settings.end());
    command.push_back((w.source / "deploy/tables" / name).string());
    command.insert(command.end(), words.begin(), words.end());
    const auto finished = run(command);
    INFO(finished.out << finished.err);
    REQUIRE(finished.exit_code == 0);
    return finished.out;
  };
  const std::string sizes =
      "--epochs 2 --warmup-epochs 1 --batch 8 --retrain-epochs 1 --retrain-repeats 1 --validation-views 1";
  const std::vector<std::string> settings = {"RANKS=1", "SEEDS=1", "TRAIN=--epochs 1 --batch 8 --random-subnets 0",
                                             "REPRODUCE=--rows 1 " + sizes};
  const auto out = folder / "tables" / "avmnist";
  script("avmnist.sh", settings, {folder / "raw", out});
  for (const char* protocol : {"honest", "published"}) {
    const auto table = CsvTable::read(out / protocol / "reproduced.csv");
    CHECK(verdict_of(table, 0) == "other data");  // 20 test samples, not 450
    CHECK(std::filesystem::exists(out / protocol / "reproduced.html"));
  }
  // Called again, nothing is done again.
  const auto before = std::filesystem::last_write_time(out / "image.h5");
  script("avmnist.sh", settings, {folder / "raw", out});
  CHECK(std::filesystem::last_write_time(out / "image.h5") == before);

  const auto said = script("supernets.sh", {"RANKS=1"}, {folder / "tables"});
  CHECK_THAT(said, Catch::Contains("mmimdb.sh makes it") && Catch::Contains("86.44"));
  CHECK(CsvTable::read(folder / "tables" / "supernets" / "reproduced.csv").rows() == 2);

  std::vector<std::string> words = {"avmnist",
                                    out / "data.h5",
                                    folder / "array",
                                    "--modality",
                                    "image=avmnist-image," + (out / "image.h5").string(),
                                    "--modality",
                                    "audio=avmnist-audio," + (out / "audio.h5").string()};
  for (const char* word : {"--epochs", "2", "--warmup-epochs", "1", "--batch", "8", "--retrain-epochs", "1",
                           "--retrain-repeats", "1", "--validation-views", "1"})
    words.emplace_back(word);
  script("slurm-array.sh", {"SLURM_ARRAY_TASK_ID=1"}, words);
  CHECK(read_file(folder / "array" / "row-1-seed-1" / "reproduced.csv") ==
        read_file(out / "honest" / "reproduced.csv"));
  script("slurm-array.sh", {"SLURM_ARRAY_TASK_ID=6"}, words);
  const auto last = CsvTable::read(folder / "array" / "row-3-seed-2" / "reproduced.csv");
  CHECK(last.cell(2, last.column("row")) == "3");
  CHECK_THAT(last.cell(2, last.column("values")), Catch::StartsWith("2="));
}
