#include "proto/codec.hpp"

#include <catch2/catch.hpp>

#include "core/base/rng.hpp"
#include "tests/support/messages.hpp"

namespace harmonic {
namespace {

using namespace testing;

TEST_CASE("Every message comes back as it went", "[proto]") {
  for (const auto& envelope : every_envelope()) {
    const auto back = decode_envelope(encode(envelope));
    REQUIRE(back.has_value());
    CHECK(*back == envelope);
  }
}

TEST_CASE("Every journal record comes back as it went", "[proto]") {
  const JournalRecord header = JournalHeader{JournalHeader::kVersion, 77, "1.2.3", "[run]\nseed = 1\n"};
  CHECK(decode_journal_record(encode(header)) == header);
  for (const auto& work : every_work())
    for (const auto& outcome : every_outcome()) {
      const JournalRecord record = FinishedWork{work, outcome, 0.25};
      CHECK(decode_journal_record(encode(record)) == record);
    }
}

TEST_CASE("Equal work gives equal bytes, other work gives others", "[proto]") {
  const auto all = every_work();
  for (std::size_t a = 0; a < all.size(); ++a)
    for (std::size_t b = 0; b < all.size(); ++b) CHECK((encode(all[a]) == encode(all[b])) == (a == b));
}

TEST_CASE("A message that lacks a part is no message", "[proto]") {
  CHECK_FALSE(decode_envelope({}).has_value());
  CHECK_FALSE(decode_journal_record({}).has_value());
  // An envelope whose task (field 2) is empty, one whose result (field 3) is.
  for (const auto field : {0x12, 0x1a}) {
    const std::vector<std::byte> bytes = {static_cast<std::byte>(field), std::byte{0}};
    CHECK_FALSE(decode_envelope(bytes).has_value());
  }
  CHECK_FALSE(decode_envelope(encode(Task{TaskId{9}, SearchFusion{}})).has_value());
}

TEST_CASE("Bytes cut short or altered never crash the reader", "[proto]") {
  RandomStream random(Seed{5}, "hostile bytes");
  for (const auto& envelope : every_envelope()) {
    const auto bytes = encode(envelope);
    for (std::size_t length = 0; length < bytes.size(); ++length)
      CHECK(decode_envelope(std::span{bytes}.first(length)) != envelope);
    for (int round = 0; round < 300; ++round) {
      auto altered = bytes;
      for (std::size_t flips = 1 + random.below(4); flips > 0 && !altered.empty(); --flips)
        altered[random.below(altered.size())] = static_cast<std::byte>(random.below(256));
      (void)decode_envelope(altered);
      (void)decode_journal_record(altered);
    }
  }
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::byte> noise(random.below(64));
    for (auto& b : noise) b = static_cast<std::byte>(random.below(256));
    (void)decode_envelope(noise);
    (void)decode_journal_record(noise);
  }
}

}  // namespace
}  // namespace harmonic
