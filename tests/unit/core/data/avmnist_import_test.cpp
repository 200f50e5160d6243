#include "core/data/avmnist_import.hpp"

#include <fstream>
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/data/statistics.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "tests/support/npy_stand_in.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

/// "train/3/10031+3_jackson_15" -> "jackson"
std::string speaker_of(const std::string& id) {
  const auto sound = id.substr(id.find('+') + 1);
  return sound.substr(2, sound.rfind('_') - 2);
}

}  // namespace

TEST_CASE("Padding that no sound is given is told of as doing nothing", "[data]") {
  const auto notices = [](const std::vector<std::string>& more) {
    const auto importer = make_avmnist_importer();
    OptionSet options("harmonic data import avmnist", "");
    importer->declare(options);
    std::vector<std::string> words = {"--in", "raw"};
    words.insert(words.end(), more.begin(), more.end());
    (void)options.parse(words);
    return options.notices();
  };
  CHECK(notices({"--mfcc-padding", "zero"}) ==
        std::vector<std::string>{"option --mfcc-padding does nothing: audio-features is not published"});
  CHECK(notices({"--mfcc-padding", "zero", "--audio-features", "published"}).empty());
  CHECK(notices({}).empty());
}

TEST_CASE("Real AV-MNIST: 900 train, 150 val and 450 test pairs, none in two splits", "[data][shared]") {
  const auto folder = testing::shared_data("datasets/avmnist");
  if (!folder) return;
  const auto content = read_avmnist(*folder, {SoundFeatures::native});
  const std::array<std::size_t, 3> sizes = {900, 150, 450};
  std::set<std::string> ids;
  std::set<std::string> images_and_sounds;
  for (std::size_t split = 0; split < 3; ++split) {
    REQUIRE(content.class_labels[split].size() == sizes[split]);
    CHECK(content.samples.at("image")[split].bytes.size() == sizes[split] * 28 * 28);
    CHECK(content.samples.at("audio")[split].floats.size() == sizes[split] * 20 * 20);
    std::map<std::pair<std::int64_t, std::string>, int> takes;
    for (std::size_t i = 0; i < sizes[split]; ++i) {
      const std::string& id = content.ids[split][i];
      ids.insert(id);
      const auto plus = id.find('+');
      images_and_sounds.insert(id.substr(0, plus));
      images_and_sounds.insert(id.substr(plus));
      CHECK(id[id.find('/') + 1] == '0' + content.class_labels[split][i]);
      CHECK(id[plus + 1] == '0' + content.class_labels[split][i]);
      ++takes[{content.class_labels[split][i], speaker_of(id)}];
    }
    CHECK(takes.size() == 30);
    const int each = static_cast<int>(sizes[split]) / 30;  // val: five takes a speaker, 15 pairs a digit
    for (const auto& [digit_and_speaker, count] : takes) CHECK(count == each);
  }
  CHECK(ids.size() == 1500);
  CHECK(images_and_sounds.size() == 3000);
  // The sounds held out are each speaker's last; images are paired in the order of their names.
  CHECK(content.ids[1].front() == "train/0/10240+0_jackson_45");
  // Any beginning is balanced.
  CHECK(std::vector(content.class_labels[2].begin(), content.class_labels[2].begin() + 10) ==
        std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("Native audio is normalised with the train split's own statistics", "[data][shared]") {
  const auto folder = testing::shared_data("datasets/avmnist");
  if (!folder) return;
  const TemporaryFolder out;
  write_dataset(out / "d.h5", read_avmnist(*folder, {SoundFeatures::native}));
  const DatasetFile data(out / "d.h5");
  const auto train = statistics_of(data.read_samples("audio", Split::train));
  CHECK(train.mean == Approx(0.0).margin(1e-4));
  CHECK(train.std == Approx(1.0).margin(1e-4));
  const auto test = statistics_of(data.read_samples("audio", Split::test));
  CHECK(std::abs(test.mean) > 1e-4);
  CHECK(data.modality("image").mean == std::vector<float>{0.5F});
}

TEST_CASE("Published audio is the published map; native audio fills every column", "[data][shared]") {
  const auto path = testing::shared_data("golden/mfcc.h5");
  if (!path) return;
  const Hdf5File golden(*path, Hdf5File::Mode::read);
  for (int i = 0; i < 10; ++i) {
    const auto group = fmt::format("/{}", i);
    const Sound sound{.sample_rate = 8000, .samples = golden.read<float>(group + "/wave_f32")};
    const auto map = sound_features(SoundFeatures::published, sound);
    const auto expected = golden.read<float>(group + "/mfcc_reflect_pad");
    REQUIRE(map.size() == expected.size());
    for (std::size_t k = 0; k < map.size(); ++k) CHECK(map[k] == Approx(expected[k]).margin(1e-3));
    const auto zero = sound_features(SoundFeatures::published, sound, MfccPadding::zero);
    const auto expected_zero = golden.read<float>(group + "/mfcc");
    for (std::size_t k = 0; k < zero.size(); ++k) CHECK(zero[k] == Approx(expected_zero[k]).margin(1e-3));
    const auto native = sound_features(SoundFeatures::native, sound);
    for (std::size_t frame = 0; frame < kSoundSide; ++frame) CHECK(native[kSoundSide + frame] != 0.0F);
  }
}

TEST_CASE("AV-MNIST folders that do not fit are refused, with the folder's name", "[data][shared]") {
  const auto source = testing::shared_data("datasets/avmnist");
  if (!source) return;
  const TemporaryFolder folder;
  const fs::path root = folder / "avmnist";
  CHECK_THROWS_WITH(read_avmnist(root, {SoundFeatures::native}), Contains("avmnist") && Contains("give the folder"));
  fs::copy(*source, root, fs::copy_options::recursive);
  for (const auto& entry : fs::recursive_directory_iterator(root))
    fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);

  SECTION("an image without its sound") {
    fs::remove(root / "sound_450/train/3/3_theo_40.wav");
    CHECK_THROWS_WITH(read_avmnist(root, {SoundFeatures::native}),
                      Contains("105 images") && Contains("104 sounds") && Contains("sound_450/train/3"));
  }
  SECTION("a missing digit") {
    fs::remove_all(root / "mnist/test/7");
    CHECK_THROWS_WITH(read_avmnist(root, {SoundFeatures::native}), Contains("mnist/test/7"));
  }
  SECTION("a sound named otherwise") {
    fs::rename(root / "sound_450/test/2/2_theo_0.wav", root / "sound_450/test/2/theo.wav");
    CHECK_THROWS_WITH(read_avmnist(root, {SoundFeatures::native}), Contains("theo.wav") && Contains("<speaker>"));
  }
  SECTION("a sound that cannot be read") {
    std::ofstream(root / "sound_450/test/2/2_theo_0.wav") << "no sound";
    CHECK_THROWS_WITH(read_avmnist(root, {SoundFeatures::native}), Contains("2_theo_0.wav"));
  }
  SECTION("an image that cannot be read") {
    fs::resize_file(root / "mnist/train/3/10.png", 40);
    CHECK_THROWS_WITH(read_avmnist(root, {SoundFeatures::native}), Contains("mnist/train/3/10.png"));
  }
  SECTION("speakers with names of their own and few takes are welcome") {
    for (int take = 15; take < 18; ++take)
      fs::rename(root / fmt::format("sound_450/train/0/0_jackson_{}.wav", take),
                 root / fmt::format("sound_450/train/0/0_van_der_berg_{}.wav", take));
    const auto content = read_avmnist(root, {SoundFeatures::published});
    CHECK(std::ranges::count(content.ids[1], "van_der_berg", speaker_of) == 1);
    CHECK(content.class_labels[0].size() + content.class_labels[1].size() == 1050);
    CHECK(content.info.modalities.front().mean == std::vector<float>{0.5F});
  }
}

TEST_CASE("Published test pairs are those of the published loader, names in text order", "[data][shared]") {
  const auto folder = testing::shared_data("datasets/avmnist");
  const auto pairs = testing::shared_data("cases/avmnist-published-test-pairs.csv");
  if (!folder || !pairs) return;
  const auto content = read_avmnist(*folder, {SoundFeatures::published});
  CHECK_THAT(content.info.provenance, Contains("by reflection") && Contains("published pairs"));
  std::set<std::string> found(content.ids[2].begin(), content.ids[2].end());
  std::set<std::string> expected;
  const auto table = CsvTable::read(*pairs);
  for (std::size_t row = 0; row < table.rows(); ++row)
    expected.insert(fmt::format("test/{}/{}+{}", table.cell(row, 0), table.cell(row, 1), table.cell(row, 2)));
  CHECK(found == expected);
}

TEST_CASE("AV-MNIST with more images or sounds than pairs says both counts, and --limit takes the first",
          "[data][shared]") {
  const auto source = testing::shared_data("datasets/avmnist");
  const auto odd = testing::shared_data("cases/sounds/one_48k.wav");
  if (!source || !odd) return;
  const TemporaryFolder folder;
  const fs::path root = folder / "avmnist";
  fs::copy(*source, root, fs::copy_options::recursive);
  for (const auto& entry : fs::recursive_directory_iterator(root))
    fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);

  SECTION("a speaker more") {
    for (int take = 15; take < 50; ++take)
      fs::copy(root / fmt::format("sound_450/train/4/4_theo_{}.wav", take),
               root / fmt::format("sound_450/train/4/4_zoe_{}.wav", take));
    CHECK_THROWS_WITH(read_avmnist(root, {}), Contains("105 images") && Contains("140 sounds") &&
                                                  Contains("4_zoe_15.wav") && Contains("--limit 105"));
    const auto content = read_avmnist(root, {.limit = 105});
    CHECK(content.class_labels[0].size() + content.class_labels[1].size() == 1050);
    CHECK(std::ranges::count(content.ids[0], "zoe", speaker_of) +
              std::ranges::count(content.ids[1], "zoe", speaker_of) ==
          26);
  }
  SECTION("what macOS leaves is passed over") {
    std::ofstream(root / "mnist/train/3/._10.png") << "x";
    std::ofstream(root / "sound_450/train/3/._3_theo_40.wav") << "x";
    CHECK(read_avmnist(root, {}).class_labels[2].size() == 450);
  }
  SECTION("another sampling rate is right with native features and refused with published ones") {
    fs::copy_file(*odd, root / "sound_450/train/2/2_theo_20.wav", fs::copy_options::overwrite_existing);
    CHECK_NOTHROW(read_avmnist(root, {}));
    CHECK_THROWS_WITH(read_avmnist(root, {SoundFeatures::published}),
                      Contains("2_theo_20.wav") && Contains("48000") && Contains("8000"));
  }
}

TEST_CASE("AV-MNIST is read from arrays; the last twelfth of train is val", "[data][shared]") {
  const auto folder = testing::shared_data("cases/avmnist-npy");
  if (!folder) return;
  const TemporaryFolder out;
  write_dataset(out / "d.h5", read_avmnist(*folder, {}));
  const DatasetFile data(out / "d.h5");
  CHECK(data.info().samples == std::array<std::size_t, 3>{11, 1, 4});
  CHECK(data.modality("audio").type == ElementType::uint8);
  CHECK(data.modality("audio").sample_shape == std::vector<std::size_t>{1, 112, 112});
  CHECK(data.modality("image").type == ElementType::float32);
  const auto train = statistics_of(data.read_samples("audio", Split::train));
  CHECK(train.mean == Approx(0.0).margin(1e-3));
  CHECK(train.std == Approx(1.0).margin(1e-3));
  CHECK_THROWS_WITH(read_avmnist(*folder, {SoundFeatures::published}), Contains("holds arrays"));
}

TEST_CASE("Labels of AV-MNIST's arrays may be one-hot rows; others are refused with how to make classes of them",
          "[data][shared]") {
  const auto folder = testing::shared_data("cases/avmnist-npy");
  if (!folder) return;
  const TemporaryFolder copy;
  fs::copy(*folder, copy / "own", fs::copy_options::recursive);
  const auto expected = read_avmnist(*folder, {}).class_labels;
  constexpr std::size_t kTest = 4, kDigits = 10;
  std::vector<float> rows(kTest * kDigits, 0);
  for (std::size_t i = 0; i < kTest; ++i) rows[i * kDigits + static_cast<std::size_t>(expected[2][i])] = 1;
  replace_file(copy / "own/test_labels.npy", testing::npy_bytes("(4, 10)", rows));
  CHECK(read_avmnist(copy / "own", {}).class_labels == expected);
  rows[0] = rows[1] = 0.5F;
  replace_file(copy / "own/test_labels.npy", testing::npy_bytes("(4, 10)", rows));
  CHECK_THROWS_WITH(read_avmnist(copy / "own", {}),
                    Contains("test_labels.npy has shape (4, 10)") && Contains("argmax"));
  replace_file(copy / "own/test_labels.npy", testing::npy_bytes("(4, 3)", std::vector<float>(12, 0)));
  CHECK_THROWS_WITH(read_avmnist(copy / "own", {}), Contains("test_labels.npy has shape (4, 3)") && Contains("argmax"));
}

}  // namespace harmonic
