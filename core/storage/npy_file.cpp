#include "core/storage/npy_file.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/foreign_content.hpp"
#include "core/storage/zip_archive.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::string_view kSaveAgain = "save it again with numpy.save";

/// What follows `'key':` in the header, a Python dictionary, up to the next comma or bracket that ends it.
std::string field(std::string_view header, std::string_view key) {
  const auto at = header.find(fmt::format("'{}':", key));
  if (at == std::string_view::npos) return {};
  auto rest = header.substr(at + key.size() + 3);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const char end = rest.starts_with('(') ? ')' : ',';
  return std::string(rest.substr(0, rest.find(end)));
}

double half_to_double(std::uint16_t bits) {
  const int exponent = (bits >> 10U) & 31U;
  const int mantissa = bits & 1023U;
  const double magnitude = exponent == 31  ? (mantissa == 0 ? std::numeric_limits<double>::infinity() : std::nan(""))
                           : exponent == 0 ? std::ldexp(mantissa, -24)
                                           : std::ldexp(mantissa + 1024, exponent - 25);
  return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
}

double to_double(std::uint64_t bits, char kind, std::size_t size) {
  if (kind == 'f') {
    if (size == 8) return std::bit_cast<double>(bits);
    if (size == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    return half_to_double(static_cast<std::uint16_t>(bits));
  }
  if (kind != 'i') return static_cast<double>(bits);
  const unsigned unused = 64U - 8U * static_cast<unsigned>(size);
  return static_cast<double>(static_cast<std::int64_t>(bits << unused) >> unused);
}

}  // namespace

NpyArray NpyArray::read(const std::filesystem::path& path) {
  auto bytes = read_file(path);
  if (!std::string_view(bytes).starts_with(kMagic)) refuse_foreign(path, bytes, "a NumPy array");
  return parse(std::move(bytes), path.string());
}

NpyArray NpyArray::read_npz(const std::filesystem::path& path, const std::string& member) {
  const ZipArchive archive(path);
  std::vector<std::string> names;
  for (const auto& name : archive.names())
    if (name.ends_with(".npy")) names.push_back(name.substr(0, name.size() - 4));
  const auto found = std::ranges::find(names, member);
  if (names.empty())
    throw InputError(fmt::format("{} holds no array", path.string()), "save it again with numpy.savez");
  if (member.empty() ? names.size() > 1 : found == names.end())
    throw InputError(member.empty() ? fmt::format("{} holds {} arrays", path.string(), names.size())
                                    : fmt::format("{} holds no array '{}'", path.string(), member),
                     fmt::format("name one with key=NAME: {}", join(names, ", ")));
  const std::string& name = member.empty() ? names.front() : member;
  return parse(archive.read(name + ".npy"), fmt::format("{}, array '{}'", path.string(), name));
}

NpyArray NpyArray::parse(std::string bytes, std::string name) {
  const auto fail = [&](const std::string& what, std::string_view mend = kSaveAgain) {
    throw InputError(fmt::format("{} {}", name, what), mend);
  };
  if (bytes.empty()) fail("is empty");
  if (!std::string_view(bytes).starts_with(kMagic) || bytes.size() < 12) fail("is not a NumPy array");
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
  const bool is_first_version = byte(6) == 1;
  const std::size_t length =
      is_first_version ? byte(8) | byte(9) << 8U : byte(8) | byte(9) << 8U | byte(10) << 16U | byte(11) << 24U;
  NpyArray array;
  array.start_ = (is_first_version ? 10 : 12) + length;
  if (array.start_ > bytes.size()) fail("is cut short", "copy it again");
  const std::string header = bytes.substr(array.start_ - length, length);
  std::string type = field(header, "descr");
  std::erase_if(type, [](char c) { return c == '\'' || c == '"' || c == ' '; });
  if (type.size() < 3 || type[0] == '[' || type.find('O') != std::string::npos)
    fail(type.find('O') != std::string::npos ? "holds Python objects" : "holds no plain numbers",
         "save an array of numbers of one type: numpy.save(file, array.astype('float32'))");
  array.big_endian_ = type[0] == '>';
  array.kind_ = type[1];
  array.bytes_each_ =
      static_cast<std::size_t>(std::max(0L, parse_integer(type.substr(2), name + ", size of a number")));
  const std::size_t each = array.bytes_each_;
  const bool is_known = (array.kind_ == 'f' && (each == 2 || each == 4 || each == 8)) ||
                        ((array.kind_ == 'u' || array.kind_ == 'i') && std::has_single_bit(each) && each <= 8) ||
                        (array.kind_ == 'b' && each == 1);
  if (!is_known)
    fail(fmt::format("holds values of type {}", type), "save it as numbers: numpy.save(file, array.astype('float32'))");
  if (trim(field(header, "fortran_order")) == "True")
    fail("lies in Fortran order", "save it again: numpy.save(file, numpy.ascontiguousarray(array))");
  std::string shape = field(header, "shape");
  if (!shape.starts_with('(')) fail("has no shape");
  std::size_t values = 1;
  for (const auto& part : split(shape.substr(1), ',')) {
    if (part.empty()) continue;  // behind the last comma
    const long extent = parse_integer(part, name + ", shape");
    if (extent < 0 || (extent > 0 && values > bytes.size() / static_cast<std::size_t>(extent) + 1))
      fail("is cut short", "copy it again");
    array.shape_.push_back(static_cast<std::size_t>(extent));
    values *= static_cast<std::size_t>(extent);
  }
  if (values * each != bytes.size() - array.start_)
    fail(fmt::format("holds {} bytes of values instead of {}", bytes.size() - array.start_, values * each),
         "copy it again, or save it again with numpy.save");
  array.bytes_ = std::move(bytes);
  array.name_ = std::move(name);
  return array;
}

NpyArray NpyArray::raw_bytes(std::string bytes, std::vector<std::size_t> shape, std::string name) {
  NpyArray array;
  array.shape_ = std::move(shape);
  if (bytes.size() != array.size())
    throw InputError(
        fmt::format("{} is no NumPy array, and holds {} bytes instead of {}", name, bytes.size(), array.size()),
        kSaveAgain);
  array.bytes_ = std::move(bytes);
  array.name_ = std::move(name);
  return array;
}

std::size_t NpyArray::size() const {
  std::size_t count = 1;
  for (const auto extent : shape_) count *= extent;
  return count;
}

bool NpyArray::is_byte() const {
  return kind_ == 'u' && bytes_each_ == 1;
}

std::vector<double> NpyArray::values(std::size_t first, std::size_t count) const {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* from = bytes_.data() + start_ + (first + i) * bytes_each_;
    std::uint64_t bits = 0;
    for (std::size_t k = 0; k < bytes_each_; ++k) {
      const std::size_t shift = 8 * (big_endian_ ? bytes_each_ - 1 - k : k);
      bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[k])) << shift;
    }
    values[i] = to_double(bits, kind_, bytes_each_);
  }
  return values;
}

}  // namespace harmonic
