#include "core/data/folder_import.hpp"

#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/data/contact_sheet.hpp"
#include "core/data/dataset_summary.hpp"
#include "core/data/media_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/npy_stand_in.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

void write_npy(const fs::path& path, const std::string& shape, const std::vector<float>& values) {
  fs::create_directories(path.parent_path());
  replace_file(path, testing::npy_bytes(shape, values));
}

/// Two classes of `count` samples: a vector of two numbers, and a series of some length with two channels.
void write_samples(const fs::path& folder, int count) {
  for (const std::string label : {"cat", "dog"})
    for (int i = 0; i < count; ++i) {
      const auto x = static_cast<float>(i + (label == "cat" ? 0 : 100));
      write_npy(folder / label / fmt::format("{}.point.npy", i), "(2,)", {x, -x});
      write_npy(folder / label / fmt::format("{}.motion.npy", i), fmt::format("({}, 2)", 1 + i % 3),
                std::vector<float>(static_cast<std::size_t>(2 * (1 + i % 3)), x));
    }
}

std::array<std::size_t, 3> sizes(const DatasetContent& content) {
  return {content.class_labels[0].size(), content.class_labels[1].size(), content.class_labels[2].size()};
}

}  // namespace

TEST_CASE("A folder without splits is dealt by the seed, class by class, and read with train's statistics", "[data]") {
  const TemporaryFolder folder;
  write_samples(folder / "own", 20);
  replace_file(folder.path() / "own/cat/._0.point.npy", "x");
  replace_file(folder.path() / "own/cat/Thumbs.db", "x");
  const FolderImport import{.in = folder / "own", .modalities = {"point", "motion:length=4"}};
  const auto content = read_own_data(import);
  CHECK(sizes(content) == std::array<std::size_t, 3>{28, 6, 6});
  CHECK(std::ranges::count(content.class_labels[2], 0) == 3);
  CHECK(content.info.class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(read_own_data(import).ids == content.ids);
  write_dataset(folder / "d.h5", content);
  const DatasetFile data(folder / "d.h5");
  CHECK(data.modality("point").sample_shape == std::vector<std::size_t>{2});
  CHECK(data.modality("motion").sample_shape == std::vector<std::size_t>{8});
  const auto summary = summarise(data);
  for (const auto& modality : summary.modalities) CHECK(modality.mean[0] == Approx(0).margin(1e-4));
  CHECK(summary.shared == 0);
  write_contact_sheet(folder / "sheet.png", data);
  CHECK(read_picture(folder / "sheet.png", 3).width > 1000);
}

TEST_CASE("Groups of a manifest stay in one split; several labels make a multilabel data set", "[data]") {
  const TemporaryFolder folder;
  write_samples(folder / "own", 30);
  std::string csv = "label,point,speaker,age\n";
  for (int i = 0; i < 30; ++i) csv += fmt::format("cat|any,own/cat/{}.point.npy,s{},3\n", i, i % 10);
  replace_file(folder / "list.csv", csv);
  const auto content = read_own_data({.in = folder / "list.csv", .group = "speaker"});
  CHECK(content.info.labels == LabelKind::multilabel);
  CHECK(content.info.class_names == std::vector<std::string>{"any", "cat"});
  std::map<long, std::set<std::size_t>> splits;  // of each speaker
  for (std::size_t split = 0; split < 3; ++split) {
    CHECK(content.ids[split].size() >= 3);
    for (const auto& id : content.ids[split]) splits[(std::stol(id.substr(5)) - 2) % 10].insert(split);
  }
  for (const auto& [speaker, in] : splits) CHECK(in.size() == 1);
}

TEST_CASE("What is missing or unreadable is refused with a count, or left out when told so", "[data]") {
  const TemporaryFolder folder;
  write_samples(folder / "own", 20);
  replace_file(folder.path() / "own/cat/3.point.npy", "<!DOCTYPE html><html>");
  fs::remove(folder.path() / "own/dog/4.motion.npy");
  write_npy(folder.path() / "own/dog/5.point.npy", "(2,)", {NAN, 1});
  FolderImport import{.in = folder / "own", .modalities = {"point", "motion:length=4"}};
  CHECK_THROWS_WITH(read_own_data(import), Contains("3 files of 40 samples") && Contains("3.point.npy is a web page") &&
                                               Contains("--skip-unreadable"));
  import.skip_unreadable = true;
  const auto all = sizes(read_own_data(import));
  CHECK(all[0] + all[1] + all[2] == 37);
}

TEST_CASE("Folders and options that do not fit are refused with what they are", "[data]") {
  const TemporaryFolder folder;
  write_samples(folder / "own", 20);
  const auto refused = [&](const FolderImport& import, const std::string& words) {
    INFO(words);
    CHECK_THROWS_WITH(read_own_data(import), Contains(words));
  };
  refused({.in = folder / "absent"}, "no folder or CSV");
  refused({.in = folder / "own", .modalities = {"point:lenght=3"}}, "did you mean length");
  refused({.in = folder / "own", .modalities = {"motion"}}, "length=L");
  refused({.in = folder / "own", .group = "speaker"}, "a folder has none");
  fs::create_directories(folder.path() / "own/train/cat");
  refused({.in = folder / "own"}, "is no split");
}

}  // namespace harmonic
