#include "core/data/synthetic.hpp"

#include <algorithm>
#include <numeric>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/data/drawn_digit.hpp"
#include "core/data/spoken_digit.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using testing::TemporaryFolder;

std::string bytes_of(const TemporaryFolder& folder, SyntheticKind kind, int samples, std::uint64_t seed) {
  write_dataset(folder / "d.h5", make_synthetic(kind, samples, Seed{seed}));
  return read_file(folder / "d.h5");
}

double mean_square(const std::vector<float>& values) {
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("The same seed gives the same file, another seed another", "[data]") {
  const TemporaryFolder folder;
  const auto [kind, samples] =
      GENERATE(std::pair{SyntheticKind::av_digits, 80}, std::pair{SyntheticKind::av_parity, 140},
               std::pair{SyntheticKind::movie_posters, 24}, std::pair{SyntheticKind::memes, 24},
               std::pair{SyntheticKind::meme_tokens, 24});
  const auto first = bytes_of(folder, kind, samples, 7);
  CHECK(bytes_of(folder, kind, samples, 7) == first);
  CHECK(bytes_of(folder, kind, samples, 8) != first);
}

TEST_CASE("Synthetic data has the shapes of what it stands for", "[data]") {
  const TemporaryFolder folder;
  using Shape = std::vector<std::size_t>;
  const auto written = [&](SyntheticKind kind, int samples) {
    write_dataset(folder / "d.h5", make_synthetic(kind, samples, Seed{1}));
    return DatasetFile(folder / "d.h5");
  };
  SECTION("av-digits") {
    const auto data = written(SyntheticKind::av_digits, 200);
    CHECK(data.info().samples == std::array<std::size_t, 3>{120, 30, 50});
    CHECK(data.modality("image").sample_shape == Shape{1, 28, 28});
    CHECK(data.modality("audio").sample_shape == Shape{1, 20, 20});
    const auto labels = data.read_classes(Split::val);
    for (int digit = 0; digit < 10; ++digit) CHECK(std::ranges::count(labels, digit) == 3);
  }
  SECTION("av-parity") {
    const auto data = written(SyntheticKind::av_parity, 400);
    CHECK(data.info().samples == std::array<std::size_t, 3>{240, 60, 100});
    CHECK(data.modality("image").sample_shape == Shape{1, 28, 28});
    CHECK(data.modality("audio").sample_shape == Shape{1, 20, 20});
    CHECK(data.info().class_names.at(7) == "3 odd");
    CHECK(data.info().provenance == "synthetic av-parity, 400 samples, seed 1");
    const auto labels = data.read_classes(Split::val);
    for (int label = 0; label < 10; ++label) CHECK(std::ranges::count(labels, label) == 6);
  }
  SECTION("movie-posters") {
    const auto data = written(SyntheticKind::movie_posters, 20);
    CHECK(data.info().labels == LabelKind::multilabel);
    CHECK(data.modality("image").sample_shape == Shape{3, 224, 224});
    CHECK(data.modality("text").sample_shape == Shape{300});
    const auto sets = data.read_label_sets(Split::train);
    REQUIRE(sets.size() == 12 * 23);
    for (auto row = sets.begin(); row != sets.end(); row += 23) {
      const auto genres = std::count(row, row + 23, 1);
      CHECK(genres >= 1);
      CHECK(genres <= 4);
    }
  }
  SECTION("meme-tokens") {
    const auto data = written(SyntheticKind::meme_tokens, 40);
    CHECK(data.modality("image").sample_shape == Shape{3, 112, 112});
    CHECK(data.modality("text").sample_shape == Shape{77});
    const auto ids = data.read_samples("text", Split::train);
    for (std::size_t row = 0; row < 24; ++row) {
      CHECK(ids[row * 77] == 49406);
      CHECK(std::count(ids.begin() + static_cast<std::ptrdiff_t>(row * 77),
                       ids.begin() + static_cast<std::ptrdiff_t>(row * 77 + 77), 49407.0F) == 1);
    }
  }
  SECTION("memes") {
    const auto data = written(SyntheticKind::memes, 40);
    CHECK(data.info().classes == 3);
    CHECK(data.modality("image").sample_shape == Shape{3, 112, 112});
    CHECK(data.modality("text").sample_shape == Shape{300});
  }
}

TEST_CASE("A sample does not depend on how many others there are", "[data]") {
  const auto few = make_synthetic(SyntheticKind::av_digits, 100, Seed{3});
  const auto many = make_synthetic(SyntheticKind::av_digits, 200, Seed{3});
  const auto& few_images = few.samples.at("image")[0].bytes;
  const auto& many_images = many.samples.at("image")[0].bytes;
  CHECK(std::equal(few_images.begin(), few_images.end(), many_images.begin()));
  const auto& few_sounds = few.samples.at("audio")[1].floats;
  const auto& many_sounds = many.samples.at("audio")[1].floats;
  CHECK(std::equal(few_sounds.begin(), few_sounds.end(), many_sounds.begin()));
}

TEST_CASE("Digits are drawn inside the sheet, and a cover changes only part of it", "[data]") {
  for (int digit = 0; digit < 10; ++digit) {
    RandomStream open_stream(Seed{5}, "drawing", static_cast<std::uint64_t>(digit));
    RandomStream hidden_stream = open_stream;
    const auto open = draw_digit(digit, false, open_stream);
    const auto hidden = draw_digit(digit, true, hidden_stream);
    REQUIRE(open.size() == 28 * 28);
    const auto inked = std::ranges::count_if(open, [](std::uint8_t pixel) { return pixel > 128; });
    CHECK(inked > 20);
    CHECK(inked < 28 * 28 / 2);
    std::size_t same = 0;
    for (std::size_t i = 0; i < open.size(); ++i) same += open[i] == hidden[i] ? 1 : 0;
    CHECK(same > open.size() / 8);
    CHECK(same < open.size());
  }
}

TEST_CASE("Words last about as long as spoken ones, and noise drowns them on demand", "[data]") {
  for (int digit = 0; digit < 10; ++digit) {
    RandomStream clear_stream(Seed{5}, "speaking", static_cast<std::uint64_t>(digit));
    RandomStream drowned_stream = clear_stream;
    const Sound clear = speak_digit(digit, false, clear_stream);
    const Sound drowned = speak_digit(digit, true, drowned_stream);
    CHECK(clear.sample_rate == 8000);
    CHECK(clear.samples.size() > 800);
    CHECK(clear.samples.size() < 16000);
    CHECK(mean_square(drowned.samples) > 1.5 * mean_square(clear.samples));
  }
}

TEST_CASE("Too few samples for every class in every split are refused", "[data]") {
  CHECK_THROWS_AS(make_synthetic(SyntheticKind::av_digits, 60, Seed{1}), InputError);
  CHECK_NOTHROW(make_synthetic(SyntheticKind::av_digits, 67, Seed{1}));
  CHECK_THROWS_AS(make_synthetic(SyntheticKind::av_parity, 133, Seed{1}), InputError);
  CHECK_NOTHROW(make_synthetic(SyntheticKind::av_parity, 134, Seed{1}));
  CHECK_THROWS_AS(make_synthetic(SyntheticKind::movie_posters, 5, Seed{1}), InputError);
  CHECK_THROWS_AS(make_synthetic(SyntheticKind::memes, 10, Seed{1}), InputError);
}

}  // namespace harmonic
