#include "tests/system/raw_stand_ins.hpp"

#include <array>
#include <cmath>
#include <memory>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include <zlib.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sndfile.h>

#include "core/base/rng.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/mmimdb_stand_in.hpp"
#include "tests/support/npy_stand_in.hpp"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>

namespace harmonic::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kDigits = 10;
const std::array<std::string, 3> kSplitFolders = {"train", "val", "test"};

void write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  replace_file(path, bytes);
}

/// Stripes, `number` + 1 across, in noise.
std::uint8_t striped(std::size_t number, std::size_t column, std::size_t width, RandomStream& noise) {
  const bool is_light = column * 2 * (number + 1) / width % 2 == 0;
  return static_cast<std::uint8_t>((is_light ? 150 : 40) + noise.below(60));
}

void write_striped_png(const fs::path& path, std::size_t width, std::size_t height, std::size_t channels,
                       std::size_t number, RandomStream& noise) {
  std::vector<std::uint8_t> pixels;
  for (std::size_t i = 0; i < width * height * channels; ++i)
    pixels.push_back(striped(number, i / channels % width, width, noise));
  fs::create_directories(path.parent_path());
  if (stbi_write_png(path.c_str(), static_cast<int>(width), static_cast<int>(height), static_cast<int>(channels),
                     pixels.data(), 0) == 0)
    throw std::runtime_error("cannot write " + path.string());
}

/// A tone, the higher the larger `number`, in noise; 16 bits.
void write_tone(const fs::path& path, int rate, double seconds, std::size_t number, RandomStream& noise) {
  std::vector<float> samples;
  const auto count = static_cast<std::size_t>(seconds * rate);
  for (std::size_t i = 0; i < count; ++i) {
    const double time = static_cast<double>(i) / rate, pitch = 200.0 * static_cast<double>(number + 1);
    samples.push_back(static_cast<float>(0.4 * std::sin(2 * std::numbers::pi * pitch * time) + 0.05 * noise.normal()));
  }
  fs::create_directories(path.parent_path());
  SF_INFO info = {};
  info.samplerate = rate;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(sf_open(path.c_str(), SFM_WRITE, &info), sf_close);
  if (!file || sf_write_float(file.get(), samples.data(), static_cast<sf_count_t>(count)) != std::ssize(samples))
    throw std::runtime_error("cannot write " + path.string());
}

/// A sensor's series of three channels, row by row in time.
std::string series(std::size_t length, std::size_t number, RandomStream& noise) {
  std::vector<float> values;
  for (std::size_t t = 0; t < length; ++t)
    for (std::size_t channel = 0; channel < 3; ++channel)
      values.push_back(
          static_cast<float>(std::sin(0.1 * static_cast<double>((number + 1) * (t + channel))) + 0.1 * noise.normal()));
  return npy_bytes(fmt::format("({}, 3)", length), values);
}

}  // namespace

void write_raw_mmimdb(const fs::path& folder) {
  MmimdbStandIn films;
  nlohmann::json split;
  // The lists' order is not that of the rows.
  for (const auto& [name, count] : {std::pair("train", 12), {"dev", 2}, {"test", 2}}) {
    std::vector<std::string> list;
    for (int i = 0; i < count; ++i) {
      films.ids.push_back(fmt::format("{:07}", 12345 + films.ids.size()));
      list.insert(list.begin(), films.ids.back());
    }
    split[name] = list;
  }
  fs::create_directories(folder);
  write_mmimdb(folder / "multimodal_imdb.hdf5", films);
  write(folder / "mmimdb_split.json", split.dump());
}

void write_raw_harmp(const fs::path& folder) {
  constexpr std::array kLevels = {"not harmful", "somewhat harmful", "very harmful"};
  constexpr std::array kWords = {"EVERYBODY LOVES", "NOBODY NEEDS", "DOWN WITH"};
  constexpr std::array<std::size_t, 3> kCounts = {18, 6, 6};
  std::size_t number = 0;
  for (std::size_t s = 0; s < kCounts.size(); ++s) {
    std::string lines;
    for (std::size_t i = 0; i < kCounts[s]; ++i) {
      RandomStream random(Seed{4}, "meme", ++number);
      const std::size_t level = i % kLevels.size();
      const std::string id = fmt::format("memes_{}", number);
      const bool is_blank = s == 0 && i == 2, is_repeated = i == 1 && s != 1;
      nlohmann::json labels = {is_blank ? "" : kLevels[level]};
      if (level > 0) labels.push_back("organization");
      const std::string text =
          is_repeated ? "TWICE\nTHE SAME" : fmt::format("{}\nTHE “{}TH” PARTY… \U0001F600\n", kWords[level], number);
      const nlohmann::json line = {{"id", id}, {"image", id + ".png"}, {"labels", labels}, {"text", text}};
      lines += line.dump(-1, ' ', /*ensure_ascii=*/true) + '\n';
      write_striped_png(folder / "images" / (id + ".png"), 120 + 10 * random.below(6), 120 + 10 * random.below(6), 3,
                        level, random);
    }
    write(folder / "annotations" / (kSplitFolders[s] + ".jsonl"), lines);
  }
}

void write_clip_vocabulary(const fs::path& path) {
  constexpr std::size_t kMerges = 48894;
  constexpr char kFirst = '!', kLast = '~';
  std::vector<std::string> merges;
  const auto add = [&](const std::string& left, const std::string& right) {
    if (merges.size() < kMerges) merges.push_back(left + ' ' + right + '\n');
  };
  for (const std::string end : {"", "</w>"})
    for (char a = kFirst; a <= kLast; ++a)
      for (char b = kFirst; b <= kLast; ++b) add({a}, b + end);
  for (char a = kFirst; a <= kLast; ++a)
    for (char b = kFirst; b <= kLast; ++b)
      for (char c = kFirst; c <= kLast; ++c) add({a, b}, {c});
  fs::create_directories(path.parent_path());
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "wb"), gzclose);
  if (!file) throw std::runtime_error("cannot write " + path.string());
  gzputs(file.get(), "\"a stand-in - Version: 1\n");
  for (const auto& merge : merges) gzputs(file.get(), merge.c_str());
}

void write_raw_folder(const fs::path& folder) {
  constexpr std::array kClasses = {"falling", "sitting", "walking"};
  constexpr std::array<std::size_t, 3> kEach = {6, 2, 2};
  for (std::size_t s = 0; s < kEach.size(); ++s)
    for (std::size_t label = 0; label < kClasses.size(); ++label)
      for (std::size_t i = 0; i < kEach[s]; ++i) {
        RandomStream random(Seed{5}, "own", 10 * s + label, i);
        const auto file = [&](const std::string& kind) {
          return folder / kSplitFolders[s] / kClasses[label] / fmt::format("{}-{}.{}", kSplitFolders[s], i, kind);
        };
        write_striped_png(file("image.png"), 96, 80, 3, label, random);
        write_tone(file("audio.wav"), 22050, 0.5 + 0.1 * static_cast<double>(i), label, random);
        write(file("motion.npy"), series(100 + 20 * i, label, random));
      }
}

void write_raw_avmnist_arrays(const fs::path& folder) {
  constexpr std::size_t kImage = 28, kAudio = 112;
  for (const auto& [name, rows] : {std::pair(std::string("train"), std::size_t{36}), {"test", 10}}) {
    RandomStream random(Seed{6}, "arrays", rows);
    std::vector<double> images;
    std::vector<std::uint8_t> sounds, labels;
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t digit = row % kDigits;
      labels.push_back(static_cast<std::uint8_t>(digit));
      for (std::size_t i = 0; i < kImage * kImage; ++i)
        images.push_back(striped(digit, i % kImage, kImage, random) - 128.5);
      for (std::size_t i = 0; i < kAudio * kAudio; ++i) sounds.push_back(striped(digit, i / kAudio, kAudio, random));
    }
    write(folder / "image" / (name + "_data.npy"), npy_bytes(fmt::format("({}, 784)", rows), images));
    write(folder / "audio" / (name + "_data.npy"), npy_bytes(fmt::format("({}, 112, 112)", rows), sounds));
    write(folder / (name + "_labels.npy"), npy_bytes(fmt::format("({},)", rows), labels));
  }
}

void write_raw_avmnist(const fs::path& folder) {
  for (const auto& [part, takes] : {std::pair(std::string("train"), std::size_t{3}), {"test", 1}})
    for (std::size_t digit = 0; digit < kDigits; ++digit) {
      RandomStream random(Seed{7}, "avmnist", takes, digit);
      std::size_t pair = 0;
      for (const std::string speaker : {"jackson", "theo"})
        for (std::size_t take = 0; take < takes; ++take) {
          const std::string name = std::to_string(digit);
          write_striped_png(folder / "mnist" / part / name / fmt::format("{}.png", 100 * digit + pair++), 28, 28, 1,
                            digit, random);
          write_tone(folder / "sound_450" / part / name / fmt::format("{}_{}_{}.wav", digit, speaker, take), 8000, 0.4,
                     digit, random);
        }
    }
}

}  // namespace harmonic::testing
