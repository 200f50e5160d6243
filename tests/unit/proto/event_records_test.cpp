#include "proto/event_records.hpp"

#include <catch2/catch.hpp>

namespace harmonic {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += {"0123456789abcdef"[byte >> 4U], "0123456789abcdef"[byte & 15U]};
  return text;
}

}  // namespace

TEST_CASE("A record is length, bytes and the masked CRC-32C of each", "[events]") {
  const auto record = event_record("123456789");
  REQUIRE(record.size() == 8 + 4 + 9 + 4);
  CHECK(hex(record.substr(0, 8)) == "0900000000000000");
  CHECK(record.substr(12, 9) == "123456789");
  // The catalogued CRC-32C of these nine letters is e3069283; rotated by 15 bits, plus a282ead8, low byte first.
  CHECK(hex(record.substr(21)) == "e5b08ac7");
}

// The bytes of these events as tensorboard 2.21 writes them.
TEST_CASE("An event file has the bytes of TensorBoard's own writer", "[events]") {
  const Curves curves{"epoch", {"loss", "metric", "search/lr"}, {{4, {0.0, std::nullopt, 0.25}, 2.5}}};
  CHECK(hex(version_record(1.5)) == "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c");
  CHECK(hex(start_record(3, 1.5)) == "0f000000000000006d532b0909000000000000f83f10033a020801ec8612fc");
  CHECK(
      hex(values_record(curves, curves.rows[0])) ==
      "2c00000000000000f4aecc4509000000000000044010042a1f0a0b0a046c6f737315000000000a100a097365617263682f6c72150000803e"
      "04134f9c");
  CHECK(event_file({curves}) == version_record(2.5) + values_record(curves, curves.rows[0]));
}

TEST_CASE("Event files of a folder are read in the order of their numbers", "[events]") {
  CHECK(event_file_name(9) < event_file_name(10));
  CHECK(event_file_name(99'999) < event_file_name(100'000));
}

}  // namespace harmonic
