#include "core/data/mmimdb_import.hpp"

#include <csignal>
#include <fstream>
#include <set>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/data/caffe_pixel.hpp"
#include "core/data/mmimdb_split.hpp"
#include "core/data/resize.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"
#include "tests/support/mmimdb_stand_in.hpp"
#include "tests/support/npy_stand_in.hpp"
#include "tests/support/peak_memory.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::MmimdbStandIn;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

constexpr std::size_t kSide = 224;

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

/// Films 0000000 …, of small posters.
MmimdbStandIn small_films(std::size_t count) {
  MmimdbStandIn films{.ids = {}, .height = 16, .width = 10};
  for (std::size_t i = 0; i < count; ++i) films.ids.push_back(fmt::format("{:07}", i));
  return films;
}

/// The first ones in train, then some in dev and some in test.
void write_split(const fs::path& path, const std::vector<std::string>& ids, std::size_t dev = 2, std::size_t test = 2) {
  nlohmann::json json;
  for (std::size_t i = 0; i < ids.size(); ++i)
    json[i + dev + test < ids.size() ? "train" : i + test < ids.size() ? "dev" : "test"].push_back(ids[i]);
  write_text(path, json.dump());
}

/// Bilinear with half-pixel centres, by the formula, in double: the value of a plane between its pixels.
double between(std::span<const std::uint8_t> plane, std::size_t height, std::size_t width, std::size_t row,
               std::size_t column, std::size_t side) {
  const auto at = [](std::size_t i, std::size_t from, std::size_t to) {
    return std::clamp((static_cast<double>(i) + 0.5) * static_cast<double>(from) / static_cast<double>(to) - 0.5, 0.0,
                      static_cast<double>(from) - 1);
  };
  const double y = at(row, height, side), x = at(column, width, side);
  double sum = 0;
  for (std::size_t r = 0; r < height; ++r)
    for (std::size_t c = 0; c < width; ++c) {
      const double weight = std::max(0.0, 1 - std::abs(y - static_cast<double>(r))) *
                            std::max(0.0, 1 - std::abs(x - static_cast<double>(c)));
      sum += weight * plane[r * width + c];
    }
  return sum;
}

}  // namespace

TEST_CASE("A Caffe value is turned back to the level that it came from, but for 0", "[data]") {
  for (const double mean : kCaffeMeans) {
    for (int level = 0; level <= 255; ++level) {
      const int value = static_cast<int>(std::trunc(level - mean));
      CHECK(value >= lowest_caffe_value(mean));
      CHECK(value <= highest_caffe_value(mean));
      const int back = pixel_of_caffe_value(value, mean);
      if (value == 0) {
        CHECK(std::abs(back - mean) < 1);
      } else {
        CHECK(back == level);
      }
    }
  }
}

TEST_CASE("Bilinear resizing takes half-pixel centres, repeats edges and smooths nothing", "[data]") {
  CHECK(resize_bilinear(std::vector<float>{0, 10}, {1, 2}, {1, 4}) == std::vector<float>{0, 2.5F, 7.5F, 10});
  CHECK(resize_bilinear(std::vector<float>{0, 8, 0, 8, 0, 8, 0, 8}, {1, 8}, {1, 2}) == std::vector<float>{4, 4});
  CHECK(resize_bilinear(std::vector<float>{3}, {1, 1}, {2, 2}) == std::vector<float>(4, 3));
}

TEST_CASE("Posters of MM-IMDB are RGB levels, resized; or what the published loader gives, to within 1", "[data]") {
  const TemporaryFolder folder;
  const MmimdbStandIn films = small_films(6);
  testing::write_mmimdb(folder / "m.hdf5", films);
  write_split(folder / "split.json", films.ids);
  const auto form = GENERATE(PosterForm::native, PosterForm::published);
  write_dataset(folder / "d.h5",
                read_mmimdb({.in = folder / "m.hdf5", .split = folder / "split.json", .pictures = form}));
  const DatasetFile data(folder / "d.h5");
  CHECK(data.info().samples == std::array<std::size_t, 3>{2, 2, 2});
  CHECK(data.info().class_names.at(22) == "Film-Noir");
  REQUIRE(data.modality("image").sample_shape == std::vector<std::size_t>{3, kSide, kSide});
  const auto pixels = Hdf5File(folder / "d.h5", Hdf5File::Mode::read).read<std::uint8_t>("/modality/image/val");
  const auto seen = data.read_samples("image", Split::val);
  const auto levels = testing::poster_levels(films, 2);
  const std::size_t plane = films.height * films.width;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const bool is_native = form == PosterForm::native;
    const auto of_rgb = std::span(levels).subspan((is_native ? channel : 2 - channel) * plane, plane);
    double furthest = 0;
    for (std::size_t row = 0; row < kSide; row += 5) {
      for (std::size_t column = 0; column < kSide; column += 3) {
        const std::size_t at = (channel * kSide + row) * kSide + column;
        const double expected = between(of_rgb, films.height, films.width, row, column, kSide);
        const double value = is_native ? pixels[at] : seen[at] + kCaffeMeans[channel];
        furthest = std::max(furthest, std::abs(value - expected));
      }
    }
    // Published values are cut before they are interpolated, and lie within 1 of what their level stands for.
    CHECK(furthest <= (is_native ? 0.51 : 1.51));
  }
  const auto mean = data.modality("image").mean;
  if (form == PosterForm::published) {
    const auto stored = Hdf5File(folder / "m.hdf5", Hdf5File::Mode::read).read_rows<float>("/images", 2, 1);
    double furthest = 0;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const auto loaded = resize_bilinear(std::span(stored).subspan(channel * plane, plane),
                                          {films.height, films.width}, {kSide, kSide});
      for (std::size_t i = 0; i < loaded.size(); ++i)
        furthest = std::max(furthest, std::abs(seen[channel * kSide * kSide + i] - static_cast<double>(loaded[i])));
    }
    CHECK(furthest < 0.95);  // half a level, and at the ends of the range what their last level leaves
    CHECK(mean[0] == Approx(103.939 / 255));
    CHECK(data.modality("image").std[0] == Approx(1.0 / 255));
    CHECK(data.modality("text").mean == std::vector<float>{0});
  } else {
    const auto train = data.read_samples("image", Split::train);
    double sum = 0, squares = 0;
    for (const float value : train) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    CHECK(sum / static_cast<double>(train.size()) == Approx(0).margin(1e-4));
    CHECK(squares / static_cast<double>(train.size()) == Approx(1).margin(1e-3));
  }
}

TEST_CASE("Films whose text features are not finite are named, and zeros on demand", "[data]") {
  const TemporaryFolder folder;
  MmimdbStandIn films = small_films(6);
  films.missing_texts = {3};
  testing::write_mmimdb(folder / "m.hdf5", films);
  write_split(folder / "split.json", films.ids);
  MmimdbOptions options{.in = folder / "m.hdf5", .split = folder / "split.json"};
  CHECK_THROWS_WITH(read_mmimdb(options), Contains("film 0000003 (row 3)") && Contains("--missing-text zero"));
  options.missing_text = MissingText::zero;
  const auto content = read_mmimdb(options);
  const auto& val = content.samples.at("text")[1].floats;
  CHECK(std::all_of(val.begin() + 300, val.end(), [](float value) { return value == 0; }));
  CHECK_THAT(content.info.provenance, Contains("1 texts"));
}

TEST_CASE("A genre that is neither 0 nor 1 is refused with the film and its file", "[data]") {
  const TemporaryFolder folder;
  const MmimdbStandIn films = small_films(6);
  testing::write_mmimdb(folder / "m.hdf5", films);
  write_split(folder / "split.json", films.ids);
  const auto file = H5Fopen((folder / "m.hdf5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const auto genres = H5Dopen2(file, "/genres", H5P_DEFAULT);
  std::vector<std::int32_t> all(6 * 23, 0);
  all.back() = 7;
  H5Dwrite(genres, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data());
  H5Dclose(genres);
  H5Fclose(file);
  CHECK_THROWS_WITH(read_mmimdb({.in = folder / "m.hdf5", .split = folder / "split.json"}),
                    Contains("film 0000005 (row 5 of") && Contains("m.hdf5) is 7"));
}

TEST_CASE("A split of MM-IMDB that does not fit is refused, with the film", "[data]") {
  const TemporaryFolder folder;
  const MmimdbStandIn films = small_films(6);
  testing::write_mmimdb(folder / "m.hdf5", films);
  const fs::path split = folder / "split.json";
  const auto read = [&] { return read_mmimdb({.in = folder / "m.hdf5", .split = split}); };
  CHECK_THROWS_WITH(read_mmimdb({.in = folder / "m.hdf5"}), Contains("6 films") && Contains("--split"));
  write_text(split, R"({"train": ["0000001"], "dev": ["0000002"], "test": ["0000001"]})");
  CHECK_THROWS_WITH(read(), Contains("film 0000001"));
  write_text(split, R"({"train": ["0000001"], "dev": ["0000002"]})");
  CHECK_THROWS_WITH(read(), Contains("'test'"));
  write_text(split, R"({"train": [1], "dev": ["0000002"], "test": ["0000003"]})");
  CHECK_THROWS_WITH(read(), Contains("1, which is no text"));
  write_text(split, R"({"train": ["0000001"], "dev": ["9"], "test": ["0000003"]})");
  CHECK_THROWS_WITH(read(), Contains("no film of 'dev'"));
  write_text(split, R"({"train": ["0000001"], "val": ["0000002"], "test": ["0000003", "77"]})");
  CHECK(read().ids[0] == std::vector<std::string>{"0000001"});
}

TEST_CASE("The four films of the case: by id and by the file's own rows they are split the same", "[data][shared]") {
  const auto folder = testing::shared_data("cases/mmimdb");
  if (!folder) return;
  MmimdbOptions options{.in = *folder / "multimodal_imdb_mini.hdf5", .missing_text = MissingText::zero};
  const auto by_row = read_mmimdb(options);
  options.split = *folder / "split_mini.json";
  const auto by_id = read_mmimdb(options);
  CHECK(by_row.ids == by_id.ids);
  CHECK(by_row.ids[1] == std::vector<std::string>{"0162024"});
  CHECK(by_row.label_sets == by_id.label_sets);
  options.missing_text = MissingText::refuse;
  CHECK_THROWS_WITH(read_mmimdb(options), Contains("not finite"));
  const TemporaryFolder own;
  write_text(own / "other.json", R"({"train": ["0106714"], "dev": ["0204504"], "test": ["0162024", "0078718"]})");
  options.split = own / "other.json";
  CHECK_THROWS_WITH(read_mmimdb(options), Contains("film 0204504") && Contains("without --split"));
}

TEST_CASE("The real split of MM-IMDB has 15552, 2608 and 7799 films", "[data][shared]") {
  const auto path = testing::shared_data("datasets/mmimdb/mmimdb_split.json");
  if (!path) return;
  const auto split = read_mmimdb_split(*path);
  CHECK(split.ids[0].size() == 15552);
  CHECK(split.ids[1].size() == 2608);
  CHECK(split.ids[2].size() == 7799);
  CHECK(split.of_film.size() == 25959);
}

TEST_CASE("A folder of prepared films is read as the file they come from", "[data]") {
  const TemporaryFolder folder;
  const MmimdbStandIn films = small_films(6);
  testing::write_mmimdb(folder / "m.hdf5", films);
  write_split(folder / "split.json", films.ids);
  const Hdf5File file(folder / "m.hdf5", Hdf5File::Mode::read);
  const auto save = [](const fs::path& path, const std::string& shape, const auto& values) {
    replace_file(path, testing::npy_bytes(shape, values));
  };
  for (std::size_t row = 0; row < 6; ++row) {
    const fs::path split = folder / std::vector<std::string>{"train", "dev", "test"}[row / 2];
    fs::create_directories(split);
    const auto as_int = [](const std::vector<float>& values) {
      return std::vector<std::int32_t>(values.begin(), values.end());
    };
    save(split / fmt::format("image_{:06}.npy", row % 2), "(3, 16, 10)",
         as_int(file.read_rows<float>("/images", row, 1)));
    save(split / fmt::format("text_{:06}.npy", row % 2), "(300,)", file.read_rows<float>("/features", row, 1));
    save(split / fmt::format("label_{:06}.npy", row % 2), "(23,)", as_int(file.read_rows<float>("/genres", row, 1)));
  }
  write_dataset(folder / "a.h5", read_mmimdb({.in = folder / "m.hdf5", .split = folder / "split.json"}));
  write_dataset(folder / "b.h5", read_mmimdb({.in = folder.path()}));
  CHECK(DatasetFile(folder / "a.h5").training_hash() == DatasetFile(folder / "b.h5").training_hash());
  CHECK(DatasetFile(folder / "a.h5").test_hash() == DatasetFile(folder / "b.h5").test_hash());
  fs::remove(folder / "dev" / "text_000001.npy");
  CHECK_THROWS_WITH(read_mmimdb({.in = folder.path()}), Contains("text_000001.npy is missing"));
}

TEST_CASE("Values that are no poster's are refused by film, and nothing is written", "[data]") {
  const TemporaryFolder folder;
  const MmimdbStandIn films = small_films(6);
  testing::write_mmimdb(folder / "m.hdf5", films);
  write_split(folder / "split.json", films.ids);
  const auto file = H5Fopen((folder / "m.hdf5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const auto images = H5Dopen2(file, "/images", H5P_DEFAULT);
  std::vector<std::int32_t> all(6 * 3 * 16 * 10, 0);
  all.back() = 200;
  H5Dwrite(images, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data());
  H5Dclose(images);
  H5Fclose(file);
  CHECK_THROWS_WITH(
      write_dataset(folder / "d.h5", read_mmimdb({.in = folder / "m.hdf5", .split = folder / "split.json"})),
      Contains("film 0000005") && Contains("200"));
  CHECK(!fs::exists(folder / "d.h5"));
}

TEST_CASE("Five hundred films are imported in little memory, and killed in the middle leave no file", "[data]") {
  const TemporaryFolder folder;
  MmimdbStandIn films;
  for (std::size_t i = 0; i < 500; ++i) films.ids.push_back(fmt::format("{:07}", 106714 + i * 7919 % 500));
  testing::write_mmimdb(folder / "m.hdf5", films);
  write_split(folder / "split.json", films.ids, 50, 150);
  const auto import = [&] {
    write_dataset(folder / "d.h5", read_mmimdb({.in = folder / "m.hdf5", .split = folder / "split.json"}));
  };
  const pid_t child = fork();
  if (child == 0) {
    import();
    _exit(0);
  }
  const auto has_begun = [&] {  // the temporary file holds some pictures
    for (const auto& entry : fs::directory_iterator(folder.path()))
      if (entry.path().filename() != "m.hdf5" && entry.file_size() > 4'000'000) return true;
    return false;
  };
  while (!has_begun()) {
    REQUIRE(waitpid(child, nullptr, WNOHANG) == 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  CHECK(!fs::exists(folder / "d.h5"));
  const testing::PeakMemory memory;
  import();
  if (const auto rise = memory.rise_mib()) CHECK(*rise < 64);
  CHECK(DatasetFile(folder / "d.h5").info().samples == std::array<std::size_t, 3>{300, 50, 150});
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 3);  // what the killed one left is gone
}

}  // namespace harmonic
