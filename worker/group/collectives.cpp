#include "worker/group/collectives.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "worker/group/backends.hpp"

namespace harmonic {
namespace {

class DoneSum : public PendingSum {
 public:
  void advance() override {}
  void wait() override {}
};

class SoloCollectives : public Collectives {
 public:
  using Collectives::Collectives;
  void all_reduce_sum(std::vector<torch::Tensor>) override {}
  std::unique_ptr<PendingSum> start_all_reduce_sum(torch::Tensor) override { return std::make_unique<DoneSum>(); }
  void broadcast(std::vector<torch::Tensor>, Rank) override {}
  void barrier() override {}
};

/// Two backends cannot meet.
void check_same_device(Collectives& group, torch::Device device) {
  auto on_cuda = torch::zeros({group.size()});
  on_cuda[group.rank().value] = device.is_cuda() ? 1 : 0;
  group.all_reduce_sum({on_cuda});
  const auto count = on_cuda.sum().item<int>();
  if (count == 0 || count == group.size()) return;
  throw InputError(
      fmt::format("{} computes on CUDA, {} on the CPU", group.peers().name(Rank{on_cuda.argmax().item<int>()}),
                  group.peers().name(Rank{on_cuda.argmin().item<int>()})),
      "give --compute cpu, or a GPU to every rank");
}

}  // namespace

std::unique_ptr<Collectives> solo_collectives() {
  return std::make_unique<SoloCollectives>(Peers::alone());
}

std::unique_ptr<Collectives> world_collectives(torch::Device device, std::shared_ptr<Peers> peers) {
  if (peers->size() == 1) return std::make_unique<SoloCollectives>(std::move(peers));
  auto over_mpi = mpi_collectives(peers);
  check_same_device(*over_mpi, device);
  if (!device.is_cuda()) return over_mpi;
  return peers->or_give_up([&] { return nccl_collectives(device, peers); });
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

}  // namespace harmonic
