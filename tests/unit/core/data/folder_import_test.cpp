#include "core/data/folder_import.hpp"

#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sndfile.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/data/contact_sheet.hpp"
#include "core/data/dataset_check.hpp"
#include "core/data/dataset_summary.hpp"
#include "core/data/media_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/media_bytes.hpp"
#include "tests/support/npy_stand_in.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/stored_zip.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  replace_file(path, bytes);
}

template <class T>
void write_npy(const fs::path& path, const std::string& shape, const std::vector<T>& values) {
  write(path, testing::npy_bytes(shape, values));
}

/// Two classes of `count` samples: a vector of two numbers, and a series of some length with two channels.
void write_samples(const fs::path& folder, int count) {
  for (const std::string label : {"cat", "dog"})
    for (int i = 0; i < count; ++i) {
      const auto x = static_cast<float>(i + (label == "cat" ? 0 : 100));
      write_npy(folder / label / fmt::format("{}.point.npy", i), "(2,)", std::vector<float>{x, -x});
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

TEST_CASE("Files that systems leave are counted wherever they lie, each once", "[data]") {
  const TemporaryFolder folder;
  write_samples(folder / "own", 20);
  for (const std::string name : {"own/.DS_Store", "own/Thumbs.db", "own/cat/._0.point.npy", "own/dog/desktop.ini"})
    replace_file(folder / name, "x");
  log::open_file(folder / "log.txt");
  (void)read_own_data({.in = folder / "own", .modalities = {"point"}});
  log::close_file();
  CHECK_THAT(read_file(folder / "log.txt"), Contains("passed over 4 files that systems leave behind"));
}

TEST_CASE("Every key of a modality counts, whether modalities are given one by one or in a list", "[data]") {
  const TemporaryFolder folder;
  write_samples(folder / "own", 20);
  std::string csv = "label,image,motion\n";
  for (int i = 0; i < 10; ++i) csv += fmt::format("{},{}.png,own/cat/{}.motion.npy\n", i % 2 == 0 ? "a" : "b", i, i);
  for (int i = 0; i < 10; ++i)
    replace_file(folder / fmt::format("{}.png", i),
                 "P6\n4 3\n255\n" + std::string(4 * 3 * 3, static_cast<char>('a' + i)));
  replace_file(folder / "list.csv", csv);
  using Words = std::vector<std::string>;
  const auto words = GENERATE(Words{"--modality", "image:side=8,channels=1", "--modality", "motion:length=4"},
                              Words{"--modality", "image:side=8,channels=1,motion:length=4"});
  const auto importer = make_folder_importer();
  OptionSet options("", "");
  importer->declare(options);
  Words all = {"--in", folder / "list.csv", "--val-share", "0.2", "--test-share", "0.2"};
  all.insert(all.end(), words.begin(), words.end());
  (void)options.parse(all);
  const auto content = importer->read([](std::size_t, std::size_t) {});
  CHECK(content.info.modalities.at(0).sample_shape == std::vector<std::size_t>{1, 8, 8});
  CHECK(content.info.modalities.at(1).sample_shape == std::vector<std::size_t>{8});
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

TEST_CASE("A sample that stands twice in a manifest is refused with both lines; in two splits it is a leak", "[data]") {
  const TemporaryFolder folder;
  write_samples(folder / "own", 20);
  const auto read = [&](const std::string& first_line, const std::string& other_split) {
    std::string csv = "id,split,label,point\n" + first_line;
    for (const std::string label : {"cat", "dog"})
      for (int i = 0; i < 20; ++i)
        csv += fmt::format("{}{},{},{},own/{}/{}.point.npy\n", label, i, other_split, label, label, i);
    replace_file(folder / "list.csv", csv);
    return read_own_data({.in = folder / "list.csv"});
  };
  for (const std::string split : {"", "train"})
    CHECK_THROWS_WITH(
        read(fmt::format("dog3,{},dog,own/dog/7.point.npy\n", split), split),
        Contains("list.csv line 26") && Contains("'dog3'") && Contains("line 2 already") && Contains("id of its own"));
  CHECK(sizes(read("dog3,test,dog,own/dog/3.point.npy\n", "train"))[2] == 1);
}

TEST_CASE("What is missing or unreadable is refused with a count, or left out when told so", "[data]") {
  const TemporaryFolder folder;
  write_samples(folder / "own", 20);
  replace_file(folder.path() / "own/cat/3.point.npy", "<!DOCTYPE html><html>");
  fs::remove(folder.path() / "own/dog/4.motion.npy");
  write_npy(folder.path() / "own/dog/5.point.npy", "(2,)", std::vector<float>{NAN, 1});
  FolderImport import{.in = folder / "own", .modalities = {"point", "motion:length=4"}};
  CHECK_THROWS_WITH(read_own_data(import), Contains("3 files of 40 samples") && Contains("3.point.npy is a web page") &&
                                               Contains("with the site's tool; --skip-unreadable leaves"));
  import.skip_unreadable = true;
  const auto all = sizes(read_own_data(import));
  CHECK(all[0] + all[1] + all[2] == 37);
}

TEST_CASE("Series of different lengths are refused in one line that names the range and the option", "[data]") {
  const TemporaryFolder folder;
  write_samples(folder / "own", 20);
  FolderImport import{.in = folder / "own", .modalities = {"motion"}};
  log::open_file(folder / "log.txt");
  CHECK_THROWS_WITH(read_own_data(import), Contains("motion: arrays of different lengths (1 to 3)") &&
                                               Contains("--modality motion:length=L") && !Contains("unreadable"));
  import.modalities = {"motion:length=0"};
  CHECK_THROWS_WITH(read_own_data(import), Contains("length is 0") && Contains("from 1"));
  import.modalities = {"motion"};
  import.skip_unreadable = true;
  CHECK(sizes(read_own_data(import))[0] > 0);
  log::close_file();
  const auto said = read_file(folder / "log.txt");
  CHECK_THAT(said,
             Contains("26 arrays have other lengths than the first") && Contains("26 of 40 samples are left out"));
  CHECK_THAT(said, Contains("if they are series (T, C): --modality motion:length=1") && !Contains("unlike"));
}

TEST_CASE("Where no file can be read, its own remedy is said, and not that samples can be left out", "[data]") {
  const TemporaryFolder folder;
  for (const std::string label : {"cat", "dog"})
    for (int i = 0; i < 3; ++i) write(folder / "own" / label / fmt::format("{}.point.npy", i), "<!DOCTYPE html><html>");
  FolderImport import{.in = folder / "own"};
  import.skip_unreadable = GENERATE(false, true);
  CHECK_THROWS_WITH(read_own_data(import), Contains("6 files of 6 samples") && Contains("with the site's tool") &&
                                               !Contains("--skip-unreadable"));
}

TEST_CASE("Samples of a kind that is not read, and links to nothing, are named, and not passed over", "[data]") {
  const TemporaryFolder folder;
  write_samples(folder / "own", 6);
  write(folder.path() / "own/cat/7.point.webp", std::string("RIFF\x10\0\0\0WEBPVP8 ", 16));
  fs::create_symlink(folder / "gone.npy", folder / "own/dog/8.point.npy");
  CHECK_THROWS_WITH(read_own_data({.in = folder / "own", .modalities = {"point"}}),
                    Contains("2 files of 14 samples") && Contains("7.point.webp is a WebP picture"));
  CHECK_THROWS_WITH(read_own_data({.in = folder / "own", .modalities = {"pont"}}), Contains("did you mean point?"));
}

TEST_CASE("Arrays of an npz are read, the only one or that of a key", "[data]") {
  const TemporaryFolder folder;
  for (const std::string label : {"cat", "dog"})
    for (int i = 0; i < 10; ++i) {
      const auto x = static_cast<float>(i);
      const auto file = folder.path() / "own" / label / fmt::format("{}", i);
      write(file.string() + ".point.npz",
            testing::stored_zip({{"arr_0.npy", testing::npy_bytes("(2,)", std::vector{x, -x})}}));
      write(file.string() + ".map.npz",
            testing::stored_zip({{"depth.npy", testing::npy_bytes("(2, 3)", std::vector{x, 1.F, 2.F, 3.F, 4.F, 5.F})},
                                 {"mask.npy", testing::npy_bytes("(1,)", std::vector{0.F})}}));
    }
  FolderImport import{.in = folder / "own", .modalities = {"point", "map:key=depth"}};
  write_dataset(folder / "d.h5", read_own_data(import));
  const DatasetFile data(folder / "d.h5");
  CHECK(data.modality("point").sample_shape == std::vector<std::size_t>{2});
  CHECK(data.modality("map").sample_shape == std::vector<std::size_t>{1, 2, 3});
  import.modalities = {"map"};
  CHECK_THROWS_WITH(read_own_data(import),
                    Contains("holds 2 arrays; name one with key=NAME: depth, mask") && !Contains("skip"));
  import.modalities = {"map:key=dept"};
  CHECK_THROWS_WITH(read_own_data(import), Contains("no array 'dept'"));
}

TEST_CASE("Pictures and sounds of any form make samples of one; what memory has no room for is read again", "[data]") {
  const TemporaryFolder folder;
  using testing::PngColours;
  for (const std::string label : {"cat", "dog"})
    for (unsigned i = 0; i < 8; ++i) {
      const auto file = (folder.path() / "own" / label / fmt::format("{}", i)).string();
      const std::vector<std::uint8_t> shades = {static_cast<std::uint8_t>(20 * i), 0, 90, 255};
      const std::string bytes(shades.begin(), shades.end());
      if (i % 4 == 0) write(file + ".png", testing::png_bytes(2, 2, 8, PngColours::grey, bytes));
      if (i % 4 == 1) write(file + ".png", testing::png_bytes(2, 1, 16, PngColours::grey, bytes));
      if (i % 4 == 2) write(file + ".png", testing::png_bytes(2, 1, 8, PngColours::grey_alpha, bytes));
      if (i % 4 == 3) write(file + ".jpg", testing::jpeg_bytes(1, 1, 4, shades));
      const std::string sound = file + (i % 2 == 0 ? ".flac" : ".ogg");
      const int format = i % 2 == 0 ? SF_FORMAT_FLAC | SF_FORMAT_PCM_16 : SF_FORMAT_OGG | SF_FORMAT_VORBIS;
      testing::write_sound(sound, format, i % 3 == 0 ? 44100 : 8000, 1 + static_cast<int>(i % 2),
                           testing::tone(4000 + 2 * i, 8000));
    }
  FolderImport import{.in = folder / "own", .modalities = {"image:side=4", "audio:frames=8,coefficients=8"}};
  write_dataset(folder / "held.h5", read_own_data(import));
  const DatasetFile data(folder / "held.h5");
  CHECK(data.modality("image").sample_shape == std::vector<std::size_t>{3, 4, 4});
  CHECK(data.modality("image").type == ElementType::uint8);
  CHECK(data.modality("audio").sample_shape == std::vector<std::size_t>{1, 8, 8});
  CHECK(summarise(data).modalities[1].mean[0] == Approx(0).margin(1e-3));
  import.held_bytes = 100;  // two pictures
  write_dataset(folder / "again.h5", read_own_data(import));
  CHECK(read_file(folder / "again.h5") == read_file(folder / "held.h5"));
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
  refused({.in = folder / "own", .modalities = {"point", "moton:length=4"}}, "no file of modality moton");
  refused({.in = folder / "own", .modalities = {"point", "moton"}}, "did you mean motion? There are: motion, point");
  refused({.in = folder / "own", .group = "speaker"}, "a folder has none");
  fs::create_directories(folder.path() / "own/train/cat");
  refused({.in = folder / "own"}, "is no split");
}

TEST_CASE("Names and tables that are not UTF-8 are refused, and classes alike but for case are warned of", "[data]") {
  const TemporaryFolder folder;
  for (int i = 0; i < 12; ++i)
    write_npy(folder / "own" / (i % 2 == 0 ? "Yes" : "yes") / fmt::format("{}.point.npy", i), "(1,)",
              std::vector<float>{static_cast<float>(i)});
  log::open_file(folder / "log.txt");
  (void)read_own_data({.in = folder / "own"});
  log::close_file();
  CHECK_THAT(read_file(folder / "log.txt"), Contains("classes 'Yes' and 'yes' differ in case or blanks alone"));
  replace_file(folder / "list.csv", "label,point\nyes,own/yes/1.point.npy\nh\xe4,own/yes/3.point.npy\n");
  CHECK_THROWS_WITH(read_own_data({.in = folder / "list.csv"}), Contains("list.csv line 3 is not UTF-8"));
  replace_file(folder / "list.csv", "train,own/yes/1.point.npy,yes\n");
  CHECK_THROWS_WITH(read_own_data({.in = folder / "list.csv"}),
                    Contains("its first line names no column 'label', but: train, own/yes/1.point.npy, yes") &&
                        Contains("split,label,image"));
  write_npy(folder / "own/h\xe4/1.point.npy", "(1,)", std::vector<float>{1});
  CHECK_THROWS_WITH(read_own_data({.in = folder / "own"}), Contains("its name is not UTF-8") && Contains("convmv"));
}

TEST_CASE("Maps of bytes stay bytes, and one of another type among them is refused", "[data]") {
  const TemporaryFolder folder;
  const auto write_bytes = [&](const std::string& name, const std::string& shape, std::size_t count) {
    write_npy(folder / "own" / name, shape, std::vector<std::uint8_t>(count, 255));
  };
  for (const std::string label : {"cat", "dog"})
    for (int i = 0; i < 10; ++i) {
      write_bytes(fmt::format("{}/{}.picture.npy", label, i), "(3, 4, 4)", 48);
      write_bytes(fmt::format("{}/{}.vector.npy", label, i), "(5,)", 5);
    }
  auto content = read_own_data({.in = folder / "own"});
  const auto samples = content.class_labels[0].size();
  const auto bytes = content.streams.at("picture")(Split::train, 0, samples);
  CHECK(bytes.size() == 48 * samples);
  CHECK(std::ranges::count(bytes, 255) == std::ssize(bytes));
  CHECK(content.samples.at("vector")[0].floats.at(0) == 255);
  write_dataset(folder / "d.h5", content);
  CHECK(DatasetFile(folder / "d.h5").modality("picture").type == ElementType::uint8);
  write_npy(folder / "own/dog/9.picture.npy", "(3, 4, 4)", std::vector<float>(48));
  CHECK_THROWS_WITH(read_own_data({.in = folder / "own"}),
                    Contains("9.picture.npy is not of type uint8, unlike") && Contains("0.picture.npy"));
}

TEST_CASE("Maps that no search takes are told of when they are imported", "[data]") {
  CHECK_THAT(shape_problem({32, 32, 3}).value(), Contains("(32, 32, 3)") && Contains("channels come first"));
  CHECK_THAT(shape_problem({1, 20, 30}).value(), Contains("crop or pad"));
  CHECK_FALSE(shape_problem({3, 32, 32}));
  CHECK_FALSE(shape_problem({7}));
  const TemporaryFolder folder;
  for (int i = 0; i < 12; ++i)
    write_npy(folder / "own" / (i % 2 == 0 ? "cat" : "dog") / fmt::format("{}.map.npy", i), "(4, 4, 2)",
              std::vector<float>(32));
  log::open_file(folder / "log.txt");
  (void)read_own_data({.in = folder / "own"});
  log::close_file();
  const auto said = read_file(folder / "log.txt");
  CHECK_THAT(said, Contains("modality map: samples of shape (4, 4, 2)") && Contains("channels come first"));
  CHECK(said.find("channels come first") == said.rfind("channels come first"));
}

}  // namespace harmonic
