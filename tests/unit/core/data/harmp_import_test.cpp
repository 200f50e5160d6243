#include "core/data/harmp_import.hpp"

#include <fstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/data/clip_tokens.hpp"
#include "core/data/statistics.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

void write_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// A picture of one colour that every reader knows: binary PPM.
void write_picture(const fs::path& path) {
  std::string pixels;
  for (int i = 0; i < 20 * 16; ++i) pixels += "\x40\x80\xc0";
  write_text(path, "P6\n20 16\n255\n" + pixels);
}

std::string line(const std::string& id, const std::string& level, const std::string& text) {
  return fmt::format(R"({{"id":"{}","image":"{}.png","labels":["{}","individual"],"text":"{}"}})", id, id, level,
                     text) +
         "\n";
}

/// The lines of the case, in the published layout, with pictures.
std::optional<HarmpOptions> case_folder(const fs::path& folder) {
  const auto lines = testing::shared_data("cases/harmp");
  const auto vocabulary = testing::shared_data("datasets/clip/bpe_simple_vocab_16e6.txt.gz");
  if (!lines || !vocabulary) return std::nullopt;
  fs::create_directories(folder / "annotations");
  for (const char* split : {"train", "val", "test"}) {
    const fs::path file = folder / "annotations" / fmt::format("{}.jsonl", split);
    fs::copy_file(*lines / fmt::format("harm_p_{}.jsonl", split), file);
    for (const Meme& meme : read_memes(file, HarmLevel::much)) write_picture(folder / "images" / meme.image);
  }
  return HarmpOptions{.in = folder, .bpe = *vocabulary, .blank_label = HarmLevel::much};
}

std::vector<std::uint8_t> formula_picture(std::size_t width, std::size_t height) {
  Picture picture{.width = width, .height = height, .channels = 3};
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x)
      for (const std::size_t value : {x * 7 + y * 3, x * y, x * x + y * 5})
        picture.pixels.push_back(static_cast<std::uint8_t>(value % 256));
  return meme_picture(picture);
}

std::uint64_t weighed_sum(const std::vector<std::uint8_t>& picture) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < picture.size(); ++i) sum += i % 251 * picture[i];
  return sum;
}

}  // namespace

TEST_CASE("Pictures of memes are resized and cut as Pillow and torchvision do, to the bit", "[data]") {
  // Sums by Pillow 13: Image.resize(…, BICUBIC) to the sheet's size, then crop.
  CHECK(weighed_sum(formula_picture(150, 97)) == 597632306);
  CHECK(weighed_sum(formula_picture(40, 301)) == 601741619);
  CHECK(weighed_sum(formula_picture(500, 460)) == 596786934);
}

TEST_CASE("The first label is the level; an empty one is refused with its line, or counts as told", "[data]") {
  const TemporaryFolder folder;
  const fs::path file = folder / "train.jsonl";
  write_text(file, "\xef\xbb\xbf" + line("memes_1", "not harmful", "a") + "\r\n" + line("memes_2", "", "b"));
  CHECK_THROWS_WITH(read_memes(file), Contains("line 3") && Contains("--blank-label"));
  const auto memes = read_memes(file, HarmLevel::much);
  REQUIRE(memes.size() == 2);
  CHECK(memes[1].level == HarmLevel::much);
  write_text(file, line("memes_1", "very harmfull", "a"));
  CHECK_THROWS_WITH(read_memes(file), Contains("line 1") && Contains("did you mean very harmful"));
  write_text(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
  CHECK_THROWS_WITH(read_memes(file), Contains("is a Git LFS pointer"));
  write_text(file, "{\"id\":\n");
  CHECK_THROWS_WITH(read_memes(file), Contains("line 1: not JSON"));
  write_text(file, line("memes_1", "not harmful", "a") + "\n" + line("memes_2", "not harmful", "caf\xe9"));
  CHECK_THROWS_WITH(read_memes(file), Contains("train.jsonl line 3 is not UTF-8"));
  write_text(file, R"({"id":"a","image":"a.png","labels":["not harmful"]})");
  CHECK_THROWS_WITH(read_memes(file), Contains("'text'"));
  write_text(file, R"({"id":"a","image":"a.png","labels":"not harmful","text":""})");
  CHECK_THROWS_WITH(read_memes(file), Contains("'labels'"));
}

TEST_CASE("Lines of Harm-P and Harm-C are read as they are distributed", "[data][shared]") {
  const auto lines = testing::shared_data("cases/harmp");
  if (!lines) return;
  CHECK_THROWS_WITH(read_memes(*lines / "harm_p_train.jsonl"), Contains("harm_p_train.jsonl, line 2"));
  const auto memes = read_memes(*lines / "harm_p_train.jsonl", HarmLevel::much);
  REQUIRE(memes.size() == 10);
  CHECK(memes[1].text == "OWN / SITE itsexample.com/memes");
  CHECK(memes[6].text == "\U0001f600 surrogate pair");
  const auto others = read_memes(*lines / "harm_c_train.jsonl");
  REQUIRE(others.size() == 3);
  CHECK(others[2].image == "covid_memes_20.png");
  CHECK(others[2].level == HarmLevel::much);
}

TEST_CASE("Published texts are token ids as they are, native ones bags normalised by train", "[data][shared]") {
  const TemporaryFolder folder;
  auto options = case_folder(folder / "harmp");
  if (!options) return;
  options->text = MemeText::published;
  write_dataset(folder / "p.h5", read_harmp(*options));
  const DatasetFile published(folder / "p.h5");
  CHECK(published.info().samples == std::array<std::size_t, 3>{10, 3, 3});
  CHECK(published.modality("image").sample_shape == std::vector<std::size_t>{3, 112, 112});
  const auto ids = published.read_samples("text", Split::val);
  CHECK(std::vector(ids.begin(), ids.begin() + 4) == std::vector<float>{49406, 321, 49407, 0});
  CHECK(published.read_classes(Split::train)[1] == 2);
  CHECK_THAT(published.info().provenance, Contains("ftfy"));

  options->text = MemeText::native;
  write_dataset(folder / "n.h5", read_harmp(*options));
  const DatasetFile native(folder / "n.h5");
  CHECK(native.modality("text").sample_shape == std::vector<std::size_t>{300});
  CHECK(statistics_of(native.read_samples("text", Split::train)).std == Approx(1).margin(1e-3));
  // The test split changes nothing of what train becomes.
  write_text(folder / "harmp/annotations/test.jsonl", line("memes_7201", "not harmful", "other words"));
  write_dataset(folder / "o.h5", read_harmp(*options));
  CHECK(DatasetFile(folder / "o.h5").training_hash() == native.training_hash());
}

TEST_CASE("Repeated memes are left out on demand: later splits keep theirs", "[data][shared]") {
  const TemporaryFolder folder;
  auto options = case_folder(folder / "harmp");
  if (!options) return;
  CHECK(read_harmp(*options).ids[0].size() == 10);
  options->drop_duplicates = true;
  const auto content = read_harmp(*options);
  // memes_44 and memes_7007 have the text of memes_7201, which is in test.
  CHECK(content.ids[0] == std::vector<std::string>{"memes_326", "memes_7001", "memes_7002", "memes_7003", "memes_7004",
                                                   "memes_7005", "memes_7006", "memes_7008"});
  CHECK(content.ids[2].size() == 3);
}

TEST_CASE("Pictures of one single value are read, counted and warned of", "[data][shared]") {
  const TemporaryFolder folder;
  const auto options = case_folder(folder / "harmp");
  if (!options) return;
  log::open_file(folder / "log.txt");
  (void)read_harmp(*options);
  log::close_file();
  CHECK_THAT(read_file(folder / "log.txt"),
             Contains("16 pictures are of one single value") && Contains("memes_44.png"));
}

TEST_CASE("Pictures that cannot be had are listed before anything is written", "[data][shared]") {
  const TemporaryFolder folder;
  const auto options = case_folder(folder / "harmp");
  if (!options) return;
  fs::remove(options->in / "images/memes_7102.png");
  write_text(options->in / "images/memes_44.png", "no picture");
  log::open_file(folder / "log.txt");
  CHECK_THROWS_WITH(read_harmp(*options), Contains("2 of 16 pictures") && Contains("--images"));
  log::close_file();
  CHECK_THAT(read_file(folder / "log.txt"), Contains("memes_7102.png is missing") && Contains("memes_44.png"));
  fs::remove(options->in / "annotations/val.jsonl");
  CHECK_THROWS_WITH(read_harmp(*options), Contains("annotations/val.jsonl") && Contains("--annotations"));
}

}  // namespace harmonic
