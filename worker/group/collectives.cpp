#include "worker/group/collectives.hpp"

#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <mpi.h>

#include "core/base/error.hpp"
#include "worker/group/backends.hpp"

namespace harmonic {
namespace {

class SoloCollectives : public Collectives {
 public:
  Rank rank() const override { return Rank{0}; }
  int size() const override { return 1; }
  void all_reduce_sum(std::vector<torch::Tensor>) override {}
  void broadcast(std::vector<torch::Tensor>, Rank) override {}
  void barrier() override {}
};

}  // namespace

std::unique_ptr<Collectives> solo_collectives() {
  return std::make_unique<SoloCollectives>();
}

std::unique_ptr<Collectives> world_collectives(torch::Device device, double time_limit_s) {
  int started = 0, ended = 0, ranks = 1;
  MPI_Initialized(&started);
  MPI_Finalized(&ended);
  if (started != 0 && ended == 0) MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (ranks == 1) return solo_collectives();
  return device.is_cuda() ? nccl_collectives(device, time_limit_s) : mpi_collectives(time_limit_s);
}

void through_flat_buffer(const std::vector<torch::Tensor>& tensors,
                         const std::function<void(torch::Tensor&)>& operation) {
  const torch::NoGradGuard no_grad;
  if (tensors.empty()) return;
  if (tensors.size() == 1 && tensors[0].is_contiguous()) {
    auto buffer = tensors[0];
    operation(buffer);
    return;
  }
  std::vector<torch::Tensor> flat;
  std::vector<std::int64_t> lengths;
  for (const auto& tensor : tensors) {
    flat.push_back(tensor.reshape({-1}));
    lengths.push_back(tensor.numel());
  }
  auto buffer = torch::cat(flat);
  operation(buffer);
  const auto parts = buffer.split_with_sizes(lengths);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    auto target = tensors[i];
    target.copy_(parts[i].view(target.sizes()));
  }
}

void wait_until(const std::function<bool()>& done, double time_limit_s, std::string_view operation, Rank rank,
                int size) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  for (std::int64_t polls = 0; !done(); ++polls) {
    // Ranks that share a core must let each other run; a long wait need not be watched closely.
    std::this_thread::yield();
    if (polls % 1000 != 999) continue;
    const double waited_s = std::chrono::duration<double>(Clock::now() - start).count();
    if (waited_s > time_limit_s)
      throw RunError(fmt::format("{}: rank {} of {} waited {:.0f} s for the others; a rank is lost or stuck", operation,
                                 rank.value, size, waited_s));
    if (waited_s > 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace harmonic
