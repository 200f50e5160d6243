#include "worker/tensor/tensor_file.hpp"

#include <cstdint>

namespace harmonic {
namespace {

template <class T>
void write_values(Hdf5File& file, const std::string& dataset, const torch::Tensor& tensor, torch::ScalarType type) {
  const auto values = tensor.detach().to(torch::kCPU, type).contiguous();
  file.write<T>(dataset, {values.data_ptr<T>(), static_cast<std::size_t>(values.numel())}, shape_of(values));
}

template <class T>
torch::Tensor read_values(const Hdf5File& file, const std::string& dataset, torch::ScalarType type) {
  const auto dims = file.shape(dataset);
  auto values = file.read<T>(dataset);
  return torch::from_blob(values.data(), std::vector<std::int64_t>(dims.begin(), dims.end()), type).clone();
}

}  // namespace

void write_tensor(Hdf5File& file, const std::string& dataset, const torch::Tensor& tensor) {
  if (tensor.scalar_type() == torch::kInt64)
    write_values<std::int64_t>(file, dataset, tensor, torch::kInt64);
  else
    write_values<float>(file, dataset, tensor, torch::kFloat32);
}

torch::Tensor read_tensor(const Hdf5File& file, const std::string& dataset) {
  return file.type(dataset) == ElementType::int64 ? read_values<std::int64_t>(file, dataset, torch::kInt64)
                                                  : read_values<float>(file, dataset, torch::kFloat32);
}

std::vector<std::size_t> shape_of(const torch::Tensor& tensor) {
  return {tensor.sizes().begin(), tensor.sizes().end()};
}

}  // namespace harmonic
