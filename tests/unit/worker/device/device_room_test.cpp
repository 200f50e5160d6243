// Batches that fit a device: as many samples at once as there is room for, and the same results whatever it is.
#include "worker/tensor/device_room.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <vector>

#include <ATen/Context.h>
#include <c10/core/CPUAllocator.h>
#include <malloc.h>

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

#include "tests/support/shared_data.hpp"
#include "tests/support/stand_in_accelerator.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/data/dataset.hpp"
#include "worker/train/supernet_training.hpp"

namespace harmonic {
namespace {

using testing::device_calls_of;
using testing::set_free_memory;
using testing::stand_in_accelerator;

constexpr std::int64_t kMebibyte = 1 << 20;

/// Memory that tensors get, counted: the stand-in computes in the host's.
class CountedMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    void* start = std::aligned_alloc(64, (bytes + 64) / 64 * 64);
    const auto own = static_cast<std::int64_t>(::malloc_usable_size(start));
    const auto now = held_.fetch_add(own) + own;
    for (auto most = most_.load(); most < now && !most_.compare_exchange_weak(most, now);) continue;
    return {start, start, give_back, c10::kCPU};
  }
  c10::DeleterFnPtr raw_deleter() const override { return give_back; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }

  /// The most that `body` held beside what was there before, bytes.
  template <class Body>
  static std::int64_t most_of(Body body) {
    static auto* const counted = [] {
      auto* memory = new CountedMemory;  // NOLINT(cppcoreguidelines-owning-memory): tensors may outlive it otherwise
      c10::SetAllocator(c10::kCPU, memory, /*priority=*/1);
      return memory;
    }();
    (void)counted;
    const auto before = held_.load();
    most_ = before;
    body();
    return most_ - before;
  }

 private:
  static void give_back(void* start) {
    held_ -= static_cast<std::int64_t>(::malloc_usable_size(start));
    std::free(start);
  }
  inline static std::atomic<std::int64_t> held_ = 0, most_ = 0;
};

/// Tells the process how it uses the device, for as long as this lives.
class Using {
 public:
  explicit Using(const DeviceUse& use, int sharing = 1) { use_device(use, stand_in_accelerator(), sharing); }
  ~Using() {
    use_device({}, stand_in_accelerator(), 1);
    at::globalContext().setDeterministicAlgorithms(false, false);
  }
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;
};

/// Photographs of 64 px, with squeeze-and-excite and, where `fused`, dense convolutions too.
BackboneSpace photographs(bool fused = false) {
  auto space = find_space("harmp-image");
  space.resolution = 64;
  if (fused) space.expands = {3, 4, -4};
  return space;
}

torch::Tensor pictures(std::int64_t count, std::uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn({count, 3, 64, 64}) + 1;
}

}  // namespace

TEST_CASE("A device has room for half of what is free, dealt to its ranks, or for what it is told", "[room]") {
  const auto device = stand_in_accelerator();
  set_free_memory(4096 * kMebibyte);
  CHECK(activation_room(device) == 2048 * kMebibyte);
  CHECK(activation_room(torch::kCPU) > (std::int64_t{1} << 60U));
  {
    const Using two({}, 2);
    CHECK(activation_room(device) == 1024 * kMebibyte);
    set_free_memory(2048 * kMebibyte);
    CHECK(activation_room(device) == 512 * kMebibyte);
  }
  {
    const Using told({.memory_mib = 100}, 2);
    CHECK(activation_room(device) == 100 * kMebibyte);
  }
  {
    const Using same_every_time({.deterministic = true}, 2);
    CHECK(activation_room(device) == kFixedDeviceMemoryMib * kMebibyte);
  }
  CHECK(samples_in_room(100, 30) == 3);
  CHECK(samples_in_room(-5, 30) == 1);
}

TEST_CASE("The more room a device has, the more samples go through a network at once; the larger they are, the fewer",
          "[room]") {
  const auto chunk = [](const BackboneSpace& space, const BackboneGenome& genome, int mebibytes) {
    const Using told({.memory_mib = mebibytes});
    LayerViews views(Supernet(space, 10, Seed{5}).clone_to(stand_in_accelerator()));
    const auto side = space.resolution;
    return SubnetTree(views, {&genome, 1}).chunk(torch::empty({1}).expand({9000, space.in_channels, side, side}));
  };
  auto photos = photographs();
  const auto largest = largest_genome(photos);
  const auto few = chunk(photos, largest, 64);
  CHECK(few > 1);
  CHECK(chunk(photos, largest, 640) >= 10 * few);
  CHECK(chunk(photos, smallest_genome(photos), 64) > few);
  CHECK(chunk(photos, largest, 1) >= 1);
  photos.resolution = 128;
  CHECK(chunk(photos, largest, 64) <= (few + 3) / 4);
  photos.resolution = 224;  // of which a fixed bound took 13, whatever the device had
  CHECK(chunk(photos, largest, 16 * 1024) > 100);
  CHECK(chunk(find_space("avmnist-image"), largest_genome(find_space("avmnist-image")), 16 * 1024) == 4096);
}

TEST_CASE("Scores, features and statistics do not depend on a device's memory, which holds what goes through at once",
          "[room]") {
  const bool fused = GENERATE(false, true);
  const auto space = photographs(fused);
  const Supernet supernet(space, 10, Seed{5});
  const auto batches = calibration_batches(pictures(60, 1), 30);
  const auto inputs = pictures(48, 2);
  const auto labels = torch::arange(48).remainder(10);
  const std::vector<BackboneGenome> genomes = {smallest_genome(space), largest_genome(space)};
  const auto offered = offered_features(feature_count(space, genomes[1]), 3);
  struct Found {
    std::vector<double> scores;
    std::vector<NamedTensor> state;
    std::vector<torch::Tensor> features;
    std::int64_t bytes, launches;
  };
  const auto found = [&](int mebibytes) {
    const Using told({.memory_mib = mebibytes});
    const BackboneEvaluator evaluator(supernet, batches, stand_in_accelerator());
    Found all;
    const auto calls = device_calls_of([&] {
      all.bytes = CountedMemory::most_of([&] {
        all.state = evaluator.subnet_state(genomes[1]);
        all.scores = evaluator.evaluate(genomes, inputs, labels, LabelKind::classification);
      });
    });
    all.launches = calls.launches;
    all.features = evaluator.features(genomes[1], {inputs}, offered, 4).front();
    return all;
  };
  const int little = 24;
  const auto whole = found(4096), parts = found(little);
  CHECK(parts.launches > 2 * whole.launches);
  CHECK(whole.bytes > 3 * little / 2 * kMebibyte);
  // With weights and statistics, which are no activations. Dense convolutions are recalibrated on whole batches.
  if (!fused) CHECK(parts.bytes < (little + 4) * kMebibyte);
  CHECK(parts.scores == whole.scores);
  REQUIRE(parts.state.size() == whole.state.size());
  for (std::size_t i = 0; i < whole.state.size(); ++i) {
    INFO(whole.state[i].first);
    CHECK(torch::allclose(parts.state[i].second, whole.state[i].second, 1e-3, 1e-5));
  }
  for (std::size_t i = 0; i < whole.features.size(); ++i)
    CHECK(torch::allclose(parts.features[i], whole.features[i], 1e-3, 1e-3));
}

TEST_CASE("Bytes of pictures go to the device as bytes", "[room]") {
  const testing::TemporaryFolder folder;
  constexpr std::size_t kSamples = 40, kSide = 28;
  DatasetContent content;
  content.info.classes = 10;
  content.info.provenance = "made up";
  content.info.modalities = {{"image", ElementType::uint8, {1, kSide, kSide}, {0.5F}, {0.5F}}};
  for (std::size_t split = 0; split < 3; ++split) {
    content.class_labels[split].assign(kSamples, 3);
    auto& bytes = content.samples["image"][split].bytes;
    bytes.resize(kSamples * kSide * kSide);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 100);
  }
  write_dataset(folder / "d.h5", content);
  const auto file = std::make_shared<const DatasetFile>(folder / "d.h5");
  const Supernet supernet(find_space("avmnist-image"), 10, Seed{5});
  const BackboneEvaluator there(supernet, calibration_batches(torch::randn({20, 1, 28, 28}), 20),
                                stand_in_accelerator());
  const auto genome = smallest_genome(supernet.space());
  (void)there.subnet(genome);
  const bool held = GENERATE(true, false);  // or read from the file, batch by batch
  DataMemory memory(held ? 100 : 0, 1);
  const auto samples = open_samples(file, "image", Split::val, memory);
  const BackboneEvaluator here(supernet, calibration_batches(torch::randn({20, 1, 28, 28}), 20), torch::kCPU);
  const auto calls = device_calls_of([&] {
    const auto source = samples.to(stand_in_accelerator());
    std::int64_t count = 0;
    for_chunks(source, 16, [&](const torch::Tensor& chunk) { count += chunk.size(0); });
    CHECK(count == kSamples);
  });
  const auto bytes = static_cast<std::int64_t>(kSamples * kSide * kSide);
  CHECK(calls.uploaded_bytes >= bytes);
  CHECK(calls.uploaded_bytes < bytes + bytes / 4);  // and how they are scaled
  CHECK(torch::equal(samples.to(stand_in_accelerator()).all().cpu(), samples.all()));
}

TEST_CASE("A deterministic training on a device says so in its state, and goes on as nothing else", "[room]") {
  const testing::TemporaryFolder folder;
  torch::manual_seed(4);
  const auto inputs = torch::randn({24, 1, 20, 20});
  const auto labels = torch::arange(24).remainder(4);
  const TrainingData data{inputs, labels, inputs, labels, LabelKind::classification};
  SupernetTrainingSettings settings;
  settings.epochs = 2;
  settings.batch = 12;
  settings.augmentation = Augmentation::mfcc;
  const Supernet initial(find_space("avmnist-audio"), 4, Seed{1});
  const auto train = [&](int steps) {
    TrainingControl control;
    control.state_file = folder / "state";
    control.resume = true;
    control.stop = [&, done = 0]() mutable { return ++done >= steps; };
    return train_supernet(initial, data, settings, *solo_collectives(), stand_in_accelerator(), control);
  };
  CHECK_FALSE(computes_deterministically());
  {
    const Using same_every_time({.deterministic = true});
    CHECK(computes_deterministically());
    CHECK(std::getenv("CUBLAS_WORKSPACE_CONFIG") != nullptr);
    CHECK(train(2).stopped);  // every operator of a step has a deterministic kernel, of the CPU's at least
  }
  CHECK_THROWS_WITH(train(100), Catch::Contains("deterministic (true there, nothing given)"));
  const Using same_every_time({.deterministic = true});
  CHECK_FALSE(train(100).stopped);
}

TEST_CASE("A CPU gives the same bits every time and is told nothing", "[room]") {
  use_device({.memory_mib = 1, .deterministic = true}, torch::kCPU, 1);
  CHECK_FALSE(computes_deterministically());
  CHECK(activation_room(torch::kCPU) > (std::int64_t{1} << 60U));
}

}  // namespace harmonic
