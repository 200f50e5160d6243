#include "worker/data/dataset.hpp"

#include <catch2/catch.hpp>
#include <torch/torch.h>

#include "core/storage/atomic_file.hpp"
#include "tests/support/many_pictures.hpp"
#include "tests/support/peak_memory.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/tensor/tensor_hash.hpp"

namespace harmonic {
namespace {

/// All levels in pictures of two channels, and vectors of a series; means and deviations that no float hits exactly.
void write_small(const std::filesystem::path& path, std::size_t samples) {
  DatasetContent content;
  content.info.classes = 2;
  content.info.modalities = {
      {"image", ElementType::uint8, {2, 8, 16}, {0.1307F, 0.45F}, {0.3081F, 0.229F}},
      {"text", ElementType::float32, {3}, {0.7F}, {1.3F}},
  };
  for (std::size_t split = 0; split < 3; ++split) {
    auto& bytes = content.samples["image"].at(split).bytes;
    bytes.resize(samples * 256);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256 + split);
    auto& floats = content.samples["text"].at(split).floats;
    floats.resize(samples * 3);
    for (std::size_t i = 0; i < floats.size(); ++i) floats[i] = static_cast<float>(i) / 7.0F;
    for (std::size_t i = 0; i < samples; ++i)
      content.class_labels.at(split).push_back(static_cast<std::int64_t>(i % 2));
  }
  write_dataset(path, content);
}

/// As a data set file gives them by itself.
torch::Tensor as_read(const DatasetFile& file, const std::string& modality, Split split) {
  auto values = file.read_samples(modality, split);
  std::vector<std::int64_t> shape = {static_cast<std::int64_t>(file.samples(split))};
  for (const auto side : file.modality(modality).sample_shape) shape.push_back(static_cast<std::int64_t>(side));
  return torch::from_blob(values.data(), shape).clone();
}

/// Changes a byte of what lies half-way, of a file of one split's samples mostly one of those.
void damage_middle(const std::filesystem::path& path) {
  auto bytes = read_file(path);
  bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]);
  replace_file(path, bytes);
}

constexpr int kEnough = 64, kNothing = 0;  // MiB

}  // namespace

TEST_CASE("Samples are the same bits, held, shared by ranks or left in the file, whatever is asked for", "[data]") {
  const testing::TemporaryFolder folder;
  write_small(folder / "data.h5", 40);
  const auto file = std::make_shared<DatasetFile>(folder / "data.h5");
  const auto [mebibytes, ranks] = GENERATE(std::pair{kEnough, 1}, std::pair{kEnough, 4}, std::pair{kNothing, 1});
  const std::string modality = GENERATE("image", "text");
  INFO(mebibytes << " MiB, " << ranks << " ranks, " << modality);
  DataMemory memory(mebibytes, ranks);
  const auto source = open_samples(file, modality, Split::train, memory);
  const auto expected = as_read(*file, modality, Split::train);
  REQUIRE(source.sizes() == expected.sizes().vec());
  CHECK(torch::equal(source.all(), expected));
  CHECK(torch::equal(source.range(30, 10), expected.narrow(0, 30, 10)));
  const auto ids = torch::tensor({39, 3, 4, 5, 0, 17, 4});
  CHECK(torch::equal(source.at(ids), expected.index_select(0, ids)));
  source.expect(ids);
  CHECK(torch::equal(source.at(ids), expected.index_select(0, ids)));
  source.expect(ids);  // and then others are asked for
  CHECK(torch::equal(source.at(torch::tensor({1})), expected.narrow(0, 1, 1)));
  CHECK(samples_hash(source, 5) == tensor_hash(expected, 5));
  CHECK(torch::equal(open_samples(file, modality, Split::val, memory, 7).all(),
                     as_read(*file, modality, Split::val).narrow(0, 0, 7)));
  const SampleBatches batches(source, {ids, torch::tensor({8, 9})});
  std::vector<torch::Tensor> seen;
  batches.visit([&](const torch::Tensor& batch) { seen.push_back(batch); });
  REQUIRE(seen.size() == 2);
  CHECK(torch::equal(seen[0], expected.index_select(0, ids)));
  CHECK(torch::equal(seen[1], expected.narrow(0, 8, 2)));
}

TEST_CASE("Pictures are held as bytes, and those in the file are not held", "[data]") {
  const testing::TemporaryFolder folder;
  constexpr std::size_t kSamples = 240;
  constexpr double kBytesMib = kSamples * testing::kPictureMib / 4;
  testing::write_pictures(folder / "data.h5", {kSamples, 2, 0});
  const auto file = std::make_shared<DatasetFile>(folder / "data.h5");
  const auto used_mib = [&](int mebibytes) {
    DataMemory memory(mebibytes, 1);
    const testing::PeakMemory peak;
    const auto source = open_samples(file, "image", Split::train, memory);
    for_chunks(source, 8, [](const torch::Tensor& chunk) { REQUIRE(chunk.size(0) == 8); });
    return peak.rise_mib();
  };
  if (const auto held = used_mib(kEnough)) CHECK(*held < 1.8 * kBytesMib);
  if (const auto streamed = used_mib(kNothing)) CHECK(*streamed < kBytesMib);
  DataMemory memory(kEnough, 1);
  CHECK(open_samples(file, "image", Split::test, memory).sizes() == std::vector<std::int64_t>{0, 3, 224, 224});
}

TEST_CASE("Who opens first has the memory; what does not fit stays in the file", "[data]") {
  DataMemory memory(2, 1);
  CHECK(memory.take(1'500'000));
  CHECK_FALSE(memory.take(1'000'000));
  CHECK(memory.take(500'000));
}

TEST_CASE("Damaged samples are found as they are opened, held or not", "[data]") {
  const testing::TemporaryFolder folder;
  testing::write_pictures(folder / "data.h5", {8, 2, 0});
  damage_middle(folder / "data.h5");
  const auto file = std::make_shared<DatasetFile>(folder / "data.h5");
  const auto [mebibytes, ranks] = GENERATE(std::pair{kEnough, 1}, std::pair{kEnough, 4}, std::pair{kNothing, 1});
  DataMemory memory(mebibytes, ranks);
  CHECK_THROWS_WITH(open_samples(file, "image", Split::train, memory),
                    Catch::Contains("/modality/image/train") && Catch::Contains("checksum"));
}

TEST_CASE("Of a few samples out of many the others are not read", "[data]") {
  const testing::TemporaryFolder folder;
  testing::write_pictures(folder / "data.h5", {8, 2, 0});
  damage_middle(folder / "data.h5");
  const auto file = std::make_shared<DatasetFile>(folder / "data.h5");
  const auto source = stream_samples(file, "image", Split::train);
  CHECK(source.at(torch::tensor({0, 7})).isfinite().all().item<bool>());
  source.expect(torch::arange(8));
  CHECK_THROWS_WITH(source.at(torch::arange(8)), Catch::Contains("checksum"));
}

}  // namespace harmonic
