#include "worker/tensor/scratch_tensor.hpp"

#include <catch2/catch.hpp>
#include <torch/utils.h>

#include "tests/support/peak_memory.hpp"

namespace harmonic {
namespace {

TEST_CASE("A tensor in a file holds its numbers when their memory is given back", "[tensor]") {
  torch::Tensor tensor = scratch_tensor({1000, 4, 6});
  REQUIRE(is_scratch(tensor));
  const torch::Tensor expected = torch::randn({1000, 4, 6});
  tensor.copy_(expected);
  const torch::Tensor view = tensor.transpose(1, 2).narrow(0, 10, 20);
  CHECK(is_scratch(view));
  let_go(view);
  CHECK(torch::equal(tensor, expected));
  tensor.reset();
  CHECK(torch::equal(view, expected.transpose(1, 2).narrow(0, 10, 20)));  // the file goes with the last of them
}

TEST_CASE("To let a tensor in memory go changes nothing", "[tensor]") {
  const torch::Tensor tensor = torch::ones({3});
  CHECK_FALSE(is_scratch(tensor));
  let_go(tensor);
  CHECK(torch::equal(tensor, torch::ones({3})));
}

TEST_CASE("A tensor in a file takes the memory of what is at work", "[tensor]") {
  constexpr std::int64_t kRows = 64, kNumbers = 1 << 18;  // of a mebibyte each
  const testing::PeakMemory memory;
  const torch::Tensor tensor = scratch_tensor({kRows, kNumbers});
  double sum = 0;
  for (std::int64_t i = 0; i < kRows; ++i) {
    tensor[i].fill_(1);
    let_go(tensor);
  }
  for (std::int64_t i = 0; i < kRows; ++i) {
    sum += tensor[i].sum().item<double>();
    let_go(tensor);
  }
  CHECK(sum == kRows * kNumbers);
  if (const auto rise = memory.rise_mib()) CHECK(*rise < 24);
}

}  // namespace
}  // namespace harmonic
