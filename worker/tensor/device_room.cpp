#include "worker/tensor/device_room.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>

#include <ATen/Context.h>
#include <c10/core/CachingDeviceAllocator.h>

namespace harmonic {
namespace {

constexpr std::int64_t kMebibyte = 1 << 20;

std::atomic<std::int64_t> stated_bytes = 0;  ///< 0: what is free
std::atomic<int> ranks_sharing = 1;

/// What this process could still get; nothing where the device does not tell.
std::optional<std::int64_t> free_bytes(torch::Device device) {
  auto* allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  if (allocator == nullptr) return std::nullopt;
  const auto index = device.has_index() ? device.index() : c10::DeviceIndex{0};
  auto free = static_cast<std::int64_t>(allocator->getMemoryInfo(index).first);
  if (allocator->initialized()) {  // what it has taken from the driver and given to nobody is free, too
    const auto stats = allocator->getDeviceStats(index);
    constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    free += stats.reserved_bytes[kAll].current - stats.allocated_bytes[kAll].current;
  }
  return free;
}

/// LibTorch's deterministic kernels, or an error where it has none; cuBLAS wants a workspace of a fixed size for that.
void compute_deterministically() {
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  auto& torch = at::globalContext();
  torch.setDeterministicAlgorithms(true, /*warn_only=*/false);
  torch.setDeterministicFillUninitializedMemory(false);  // nothing here reads what it did not write
  torch.setDeterministicCuDNN(true);
  torch.setBenchmarkCuDNN(false);
}

}  // namespace

void use_device(const DeviceUse& use, torch::Device device, int sharing) {
  if (device.is_cpu()) return;
  const int mebibytes = use.memory_mib == 0 && use.deterministic ? kFixedDeviceMemoryMib : use.memory_mib;
  stated_bytes = mebibytes * kMebibyte;
  ranks_sharing = std::max(1, sharing);
  if (use.deterministic) compute_deterministically();
}

bool computes_deterministically() {
  return at::globalContext().deterministicAlgorithms();
}

Conditions deterministic_conditions() {
  if (!computes_deterministically()) return {};
  return {{"deterministic", "true"}, {"device-memory", std::to_string(stated_bytes / kMebibyte)}};
}

std::int64_t activation_room(torch::Device device) {
  if (device.is_cpu()) return std::numeric_limits<std::int64_t>::max();
  if (stated_bytes > 0) return stated_bytes;
  const auto free = free_bytes(device);
  return free ? *free / ranks_sharing / 2 : kFixedDeviceMemoryMib * kMebibyte;
}

std::int64_t samples_in_room(std::int64_t room, std::int64_t bytes) {
  return std::max<std::int64_t>(1, room / std::max<std::int64_t>(1, bytes));
}

}  // namespace harmonic
