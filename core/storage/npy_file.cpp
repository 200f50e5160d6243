#include "core/storage/npy_file.hpp"

#include <cstdint>
#include <cstring>
#include <functional>
#include <numeric>
#include <regex>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view problem,
                         std::string_view mend = "write it again with numpy.save") {
  throw InputError(fmt::format("{} {}", path.string(), problem), mend);
}

/// "{'descr': '<i4', 'fortran_order': False, 'shape': (3, 256, 160), }": what `pattern` catches of it.
std::string field(const std::filesystem::path& path, const std::string& header, const char* pattern) {
  std::smatch found;
  if (!std::regex_search(header, found, std::regex(pattern))) refuse(path, "has no NPY header that can be read");
  return found[1];
}

template <class T>
std::vector<float> converted(std::string_view bytes) {
  std::vector<float> values(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<float>(value);
  }
  return values;
}

struct Form {
  std::string_view name;
  std::size_t bytes;
  std::vector<float> (*convert)(std::string_view);
};

constexpr Form kForms[] = {
    {"|u1", 1, converted<std::uint8_t>},  {"|b1", 1, converted<std::uint8_t>},  {"|i1", 1, converted<std::int8_t>},
    {"<u2", 2, converted<std::uint16_t>}, {"<i2", 2, converted<std::int16_t>},  {"<u4", 4, converted<std::uint32_t>},
    {"<i4", 4, converted<std::int32_t>},  {"<u8", 8, converted<std::uint64_t>}, {"<i8", 8, converted<std::int64_t>},
    {"<f4", 4, converted<float>},         {"<f8", 8, converted<double>}};

}  // namespace

NpyArray read_npy(const std::filesystem::path& path) {
  const std::string file = read_file(path);
  if (!file.starts_with(kMagic) || file.size() < 12) refuse(path, "is not an NPY file", "give what numpy.save wrote");
  const bool is_first = file[6] == 1;  // later formats have a longer length
  const std::size_t start = is_first ? 10 : 12;
  std::size_t length = 0;
  for (std::size_t i = start; i > 8; --i) length = length << 8U | static_cast<std::uint8_t>(file[i - 1]);
  if (length > file.size() - start) refuse(path, "is cut short");
  const std::string header = file.substr(start, length);
  const std::string type = field(path, header, "'descr': *'([^']*)'");
  if (field(path, header, "'fortran_order': *(True|False)") == "True")
    refuse(path, "is in Fortran order", "save numpy.ascontiguousarray of it");
  NpyArray array;
  for (const auto& extent : split(field(path, header, "'shape': *\\(([^)]*)\\)"), ','))
    if (!extent.empty())
      array.shape.push_back(static_cast<std::size_t>(parse_integer(extent, "the shape in " + path.string())));
  for (const Form& form : kForms) {
    if (form.name != type) continue;
    const std::size_t count =
        std::accumulate(array.shape.begin(), array.shape.end(), std::size_t{1}, std::multiplies<>{});
    const std::string_view bytes = std::string_view(file).substr(start + length);
    if (bytes.size() / form.bytes < count) refuse(path, fmt::format("is cut short: its shape needs {} values", count));
    array.values = form.convert(bytes.substr(0, count * form.bytes));
    return array;
  }
  refuse(path, fmt::format("holds values of type '{}'", type), "save them as float32, float64 or whole numbers");
}

}  // namespace harmonic
