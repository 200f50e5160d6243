#include "worker/tensor/permutation.hpp"

#include <numeric>
#include <vector>

namespace harmonic {

torch::Tensor permutation(std::int64_t count, RandomStream& random) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  random.shuffle(order);
  return torch::tensor(order, torch::kInt64);
}

}  // namespace harmonic
