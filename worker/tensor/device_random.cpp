#include "worker/tensor/device_random.hpp"

#include <cmath>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/rng.hpp"
#include "worker/tensor/upload.hpp"

namespace harmonic {

using torch::Tensor;

namespace {

// Philox4x32-10 (Salmon et al., SC 2011): words of 32 bits, which lie in int64 here.
constexpr int kRounds = 10;
constexpr std::int64_t kWord = 0xffffffff;
constexpr std::int64_t kFactors[2] = {0xd2511f53, 0xcd9e8d57};
constexpr std::int64_t kKeySteps[2] = {0x9e3779b9, 0xbb67ae85};

/// Factors, then the keys of every round: 2 * (1 + kRounds) numbers.
std::vector<std::int64_t> constants(const RandomStream::Position& start) {
  std::vector<std::int64_t> numbers(std::begin(kFactors), std::end(kFactors));
  std::int64_t key[2] = {start.key[0], start.key[1]};
  for (int round = 0; round < kRounds; ++round)
    for (int half = 0; half < 2; ++half) {
      numbers.push_back(key[half]);
      key[half] = (key[half] + kKeySteps[half]) & kWord;
    }
  return numbers;
}

}  // namespace

Tensor chances(Seed seed, std::string_view purpose, std::uint64_t a, std::int64_t first, std::int64_t rows,
               std::int64_t columns, double p, torch::Device device) {
  // What all streams have alike, then by row words 1 to 3 of their counters; word 0 numbers a stream's blocks.
  auto numbers = constants(RandomStream(seed, purpose).position());
  const auto alike = static_cast<std::int64_t>(numbers.size());
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto counter = RandomStream(seed, purpose, a, static_cast<std::uint64_t>(first + row)).position().counter;
    numbers.insert(numbers.end(), {counter[1], counter[2], counter[3]});
  }
  const Tensor sent = uploaded(torch::tensor(numbers, torch::kInt64), device);
  const auto fixed = sent.narrow(0, 0, alike).view({1 + kRounds, 2, 1, 1}).unbind(0);
  const auto words = sent.narrow(0, alike, 3 * rows).view({rows, 3}).split(1, 1);  // (rows, 1)
  const std::int64_t blocks = (columns + 1) / 2;                                   // of four words, two a draw
  const Tensor block = torch::arange(blocks, words[0].options()).expand({rows, blocks});
  Tensor even = at::stack({block, words[1].expand({rows, blocks})});       // words 0 and 2
  Tensor odd = at::stack({words[0], words[2]}).expand({2, rows, blocks});  // 1 and 3
  for (std::size_t round = 1; round <= kRounds; ++round) {
    const Tensor product = (even * fixed[0]).flip(0);
    even = product.bitwise_right_shift(32).bitwise_and_(kWord).bitwise_xor_(odd).bitwise_xor_(fixed[round]);
    odd = product.bitwise_and(kWord);
  }
  // A draw is below p when its first 53 bits are below as many of p's.
  const Tensor bits = even.bitwise_left_shift(21).bitwise_or_(odd.bitwise_right_shift(11));  // (2, rows, blocks)
  const Tensor below = bits.lt(static_cast<std::int64_t>(std::ceil(std::ldexp(p, 53))));
  return below.permute({1, 2, 0}).flatten(1).narrow(1, 0, columns);
}

}  // namespace harmonic
