#include "tests/support/stored_zip.hpp"

#include <cstdint>

#include <zlib.h>

namespace harmonic::testing {
namespace {

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (; bytes > 0; --bytes, value >>= 8U) text += static_cast<char>(value & 255U);
  return text;
}

}  // namespace

std::string stored_zip(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string archive, directory;
  for (const auto& [name, content] : members) {
    const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
    // version, flags and method; time and date; checksum, both sizes; sizes of the name and of what is behind it
    const std::string entry = std::string("\x14\0\0\0\0\0\0\0\0\0", 10) + little_endian(sum, 4) +
                              little_endian(content.size(), 4) + little_endian(content.size(), 4) +
                              little_endian(name.size(), 2) + little_endian(0, 2);
    directory +=
        "PK\x01\x02" + little_endian(0x14, 2) + entry + std::string(10, '\0') + little_endian(archive.size(), 4) + name;
    archive += "PK\x03\x04" + entry + name + content;
  }
  return archive + directory + "PK\x05\x06" + std::string(4, '\0') + little_endian(members.size(), 2) +
         little_endian(members.size(), 2) + little_endian(directory.size(), 4) + little_endian(archive.size(), 4) +
         std::string(2, '\0');
}

}  // namespace harmonic::testing
