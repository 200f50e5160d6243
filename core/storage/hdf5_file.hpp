#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace harmonic {

/// A file could be read, but what it holds is damaged, or something else: only then is it no use to keep it.
class ContentError : public InputError {
 public:
  using InputError::InputError;
};

enum class ElementType { uint8, int64, float32, float64 };

/// Values of an array of this shape; 1 of a scalar, whose shape is empty.
[[nodiscard]] std::size_t element_count(std::span<const std::size_t> shape);

/// An open HDF5 file. Movable, closes in its destructor. Paths inside the file are absolute ("/modality/image/train").
/// Every error names the file and the path inside it; where the content is to blame it is a ContentError. What is
/// written carries checksums: Fletcher32 over every data set, the file form's own over names, shapes, attributes and
/// single values; reading what does not match is an error. What was packed with a filter that this library lacks, or is
/// of a newer form than it knows, is refused with that reason. Files without checksums are read like any other. Files
/// are not locked. Threads may use files at once, one file too: their calls wait for each other (the C library is for
/// one thread).
class Hdf5File {
 public:
  enum class Mode { read, create };

  /// `read` refuses a file that is missing, may not be read, is not HDF5, or is damaged or cut short, each by its name.
  /// `create` replaces what is there.
  /// @throws ContentError, or InputError when the system refuses (read), RunError (create)
  Hdf5File(const std::filesystem::path& path, Mode mode);
  ~Hdf5File();
  Hdf5File(Hdf5File&& other) noexcept;
  Hdf5File& operator=(Hdf5File&& other) noexcept;
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Tells this file, as it is now, from every other of this machine, and from itself once it is written again.
  [[nodiscard]] std::string mark() const;
  [[nodiscard]] bool exists(const std::string& object) const;
  /// Names of the members of a group, in alphabetical order. @throws InputError when it is no group.
  [[nodiscard]] std::vector<std::string> members(const std::string& group) const;
  [[nodiscard]] std::vector<std::size_t> shape(const std::string& dataset) const;  ///< @throws InputError
  [[nodiscard]] bool is_text(const std::string& dataset) const;                    ///< @throws InputError
  /// Truth values, as h5py writes them, are float32: read as numbers they are 0 and 1. @throws InputError
  [[nodiscard]] ElementType type(const std::string& dataset) const;

  /// Whole data set, row-major, converted to T (uint8_t, int64_t, float, double). @throws InputError
  template <class T>
  [[nodiscard]] std::vector<T> read(const std::string& dataset) const;
  /// Rows `first` … `first + count - 1` of the leading dimension.
  template <class T>
  [[nodiscard]] std::vector<T> read_rows(const std::string& dataset, std::size_t first, std::size_t count) const;
  /// The same into memory that is there. @param values as many as the rows hold
  template <class T>
  void read_rows_into(const std::string& dataset, std::size_t first, std::size_t count, std::span<T> values) const;
  [[nodiscard]] std::string read_text(const std::string& dataset) const;                ///< scalar string data set
  [[nodiscard]] std::vector<std::string> read_texts(const std::string& dataset) const;  ///< 1-d string data set

  /// Makes the data set, and the groups above it. An empty shape makes a scalar. @throws RunError
  template <class T>
  void write(const std::string& dataset, std::span<const T> values, const std::vector<std::size_t>& dims);
  /// Makes a data set of this shape that write_rows fills, part by part: for what does not fit into memory. @throws
  /// RunError
  template <class T>
  void create_rows(const std::string& dataset, const std::vector<std::size_t>& dims);
  /// Rows of the leading dimension, from `first` on, as many as `values` are. @throws RunError
  template <class T>
  void write_rows(const std::string& dataset, std::size_t first, std::span<const T> values);
  void write_text(const std::string& dataset, std::string_view text);
  void write_texts(const std::string& dataset, const std::vector<std::string>& texts);
  void make_group(const std::string& group);

  // Attributes of an object ("/" for the root).
  [[nodiscard]] bool has_attribute(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::int64_t attribute_int(const std::string& object, const std::string& name) const;
  [[nodiscard]] double attribute_real(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::string attribute_text(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::vector<float> attribute_floats(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::vector<std::string> attribute_texts(const std::string& object, const std::string& name) const;
  /// A table of records, a row each: the named fields, which hold text of fixed length or whole numbers, as text.
  [[nodiscard]] std::vector<std::vector<std::string>> attribute_table(const std::string& object,
                                                                      const std::string& name,
                                                                      const std::vector<std::string>& fields) const;
  void set_attribute(const std::string& object, const std::string& name, std::int64_t value);
  void set_attribute(const std::string& object, const std::string& name, double value);
  void set_attribute(const std::string& object, const std::string& name, std::string_view value);
  void set_attribute(const std::string& object, const std::string& name, std::span<const float> values);
  void set_attribute(const std::string& object, const std::string& name, const std::vector<std::string>& values);

  /// Everything written so far to disk. @throws RunError
  void flush();

 private:
  std::filesystem::path path_;
  std::int64_t file_ = -1;  ///< hid_t
};

}  // namespace harmonic
