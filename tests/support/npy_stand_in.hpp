#pragma once

#include <string>
#include <type_traits>
#include <vector>

namespace harmonic::testing {

/// The bytes of an array file of NumPy, version 1.
/// @param shape as a tuple of Python's writes it: "(2,)", "(60, 784)"
template <class T>
std::string npy_bytes(const std::string& shape, const std::vector<T>& values) {
  static_assert(std::is_arithmetic_v<T>);
  constexpr std::size_t kHeader = 118;  // with what stands before it, 128 bytes
  const char kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
  std::string header = std::string("{'descr': '") + (sizeof(T) == 1 ? '|' : '<') + kind + std::to_string(sizeof(T)) +
                       "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.resize(kHeader - 1, ' ');
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += {static_cast<char>(kHeader), '\0'};
  bytes += header + '\n';
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return bytes;
}

}  // namespace harmonic::testing
