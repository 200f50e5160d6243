#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// A NumPy array (.npy): bool, whole numbers or floats of any size and byte order, in C order. Known by what the file
/// says of itself, not by its name. Source: numpy.lib.format, versions 1 to 3.
class NpyArray {
 public:
  /// @throws InputError naming the file: unreadable, cut short, no array, Python objects, complex numbers, Fortran
  /// order
  [[nodiscard]] static NpyArray read(const std::filesystem::path& path);
  /// The only array of an .npz archive, or that named `member`. @throws InputError as above, naming the members
  [[nodiscard]] static NpyArray read_npz(const std::filesystem::path& path, const std::string& member = "");
  /// @param name stands for the file in messages
  [[nodiscard]] static NpyArray parse(std::string bytes, std::string name);
  /// Headerless bytes, of which a shape is known. @throws InputError when there are more or fewer
  [[nodiscard]] static NpyArray raw_bytes(std::string bytes, std::vector<std::size_t> shape, std::string name);

  [[nodiscard]] const std::vector<std::size_t>& shape() const { return shape_; }
  [[nodiscard]] std::size_t size() const;  ///< values
  [[nodiscard]] bool is_byte() const;      ///< uint8
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Values `first` to `first + count`, in the order of the file. As doubles, which hold whole numbers up to 2^53.
  [[nodiscard]] std::vector<double> values(std::size_t first, std::size_t count) const;

 private:
  char kind_ = 'u';  ///< b bool, u and i whole, f float
  std::size_t bytes_each_ = 1;
  bool big_endian_ = false;
  std::vector<std::size_t> shape_;
  std::string bytes_;      ///< of the whole file
  std::size_t start_ = 0;  ///< of the values
  std::string name_;
};

}  // namespace harmonic
