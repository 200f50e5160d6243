#include "core/storage/npy_file.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;

/// An array file of version 1.
std::string npy(std::string header, std::string_view values) {
  header.resize((header.size() / 64 + 1) * 64 - 11, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 255U);
  bytes += static_cast<char>(header.size() >> 8U);
  return bytes + header + std::string(values);
}

std::string header(const std::string& type, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

}  // namespace

TEST_CASE("Arrays of any number type and byte order are read") {
  using namespace std::string_view_literals;
  const auto values = [](const std::string& type, std::string_view bytes) {
    return NpyArray::parse(npy(header(type, "(2,)"), bytes), "a").values(0, 2);
  };
  const std::vector<double> expected = {1, -2};
  CHECK(values("|i1", "\x01\xfe"sv) == expected);
  CHECK(values("<i2", "\x01\x00\xfe\xff"sv) == expected);
  CHECK(values(">i2", "\x00\x01\xff\xfe"sv) == expected);
  CHECK(values("<f2", "\x00\x3c\x00\xc0"sv) == expected);
  CHECK(values(">f4", "\x3f\x80\x00\x00\xc0\x00\x00\x00"sv) == expected);
  CHECK(values("|b1", "\x01\x00"sv) == std::vector<double>{1, 0});
}

TEST_CASE("Arrays that are cut short, of objects or in Fortran order are refused with what they are") {
  CHECK_THROWS_WITH(NpyArray::parse(npy(header("<f8", "(2,)"), "12345678"), "a.npy"),
                    Contains("a.npy holds 8 bytes of values instead of 16"));
  CHECK_THROWS_WITH(NpyArray::parse(npy(header("|O", "(2,)"), "12345678"), "a.npy"), Contains("Python objects"));
  CHECK_THROWS_WITH(NpyArray::parse(npy(header("<c8", "(1,)"), "12345678"), "a.npy"), Contains("type <c8"));
  CHECK_THROWS_WITH(NpyArray::parse(npy(header("|u1", "(2, 2)", "True"), "1234"), "a.npy"), Contains("Fortran"));
  CHECK_THROWS_WITH(NpyArray::parse(npy(header("|u1", "(99999999999, 99999999999)"), "1"), "a.npy"),
                    Contains("cut short"));
  CHECK_THROWS_WITH(NpyArray::parse("", "a.npy"), Contains("is empty"));
}

}  // namespace harmonic
