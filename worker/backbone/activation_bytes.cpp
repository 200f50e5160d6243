#include "worker/backbone/activation_bytes.hpp"

#include <algorithm>

namespace harmonic {
namespace {

/// Values on their way into an operation: multiplied, added to and activated in float32, gated, and as the operation
/// takes them.
constexpr std::int64_t kEntered = 3 * sizeof(float);

std::int64_t area(int side) {
  return static_cast<std::int64_t>(side) * side;
}

}  // namespace

ActivationBytes activation_bytes(const SubnetLayer& layer, std::int64_t element_bytes) {
  const Layer& shape = layer.key().layer;
  if (layer.key().maxout >= 0) {
    const auto weight = layer.weights().front().second;
    const std::int64_t pieces = weight.size(0);
    return {pieces * element_bytes, (pieces + 2 * weight.size(1)) * kEntered};
  }
  const std::int64_t before = area(shape.resolution), behind = area(strided(shape.resolution, shape.stride));
  const std::int64_t output = behind * shape.out_channels * element_bytes;
  // What is summed up of a map and what is normalised of it is float32.
  const std::int64_t of_output = behind * shape.out_channels * kEntered;
  if (shape.kind != Layer::Kind::mbconv) return {output, of_output + before * shape.in_channels * element_bytes};
  const std::int64_t expanded = before * shape.mid_channels, reduced = behind * shape.mid_channels;
  return {output, (expanded + reduced) * (element_bytes + kEntered) + of_output};
}

}  // namespace harmonic
