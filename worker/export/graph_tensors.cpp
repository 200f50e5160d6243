#include "worker/export/graph_tensors.hpp"

#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {

torch::ScalarType scalar_type(NumberType type) {
  switch (type) {
    case NumberType::float32:
      return torch::kFloat32;
    case NumberType::float16:
      return torch::kFloat16;
    case NumberType::uint8:
      return torch::kUInt8;
    case NumberType::int8:
      return torch::kInt8;
    case NumberType::int32:
      return torch::kInt32;
    case NumberType::int64:
      break;
  }
  return torch::kInt64;
}

GraphConstant to_constant(std::string name, const torch::Tensor& tensor) {
  const auto values = tensor.detach().cpu().contiguous();
  GraphConstant constant{std::move(name), NumberType::float32, values.sizes().vec(), {}};
  for (const auto& [word, type] : kNumberTypes)
    if (scalar_type(type) == values.scalar_type()) constant.type = type;
  constant.bytes.assign(static_cast<const char*>(values.const_data_ptr()), values.nbytes());
  return constant;
}

torch::Tensor to_tensor(const GraphConstant& constant) {
  auto tensor = torch::empty(constant.shape, scalar_type(constant.type));
  if (tensor.nbytes() != constant.bytes.size())
    throw InputError(fmt::format("constant {} of a network has {} bytes, not {}", constant.name, constant.bytes.size(),
                                 tensor.nbytes()),
                     "export the model again");
  std::memcpy(tensor.data_ptr(), constant.bytes.data(), constant.bytes.size());
  return tensor;
}

}  // namespace harmonic
