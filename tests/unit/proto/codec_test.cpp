#include "proto/codec.hpp"

#include <catch2/catch.hpp>

#include "core/base/rng.hpp"

namespace harmonic {
namespace {

const MultimodalGenome kGenome{{{{3, 5, 7, 0}, {3, 4, 6, 0}, {3}}, {}}, {3, 2}};
const Genotype kGenotype = parse_genotype("1+4:Sum(1,0) | 5+7:ConcatFC(0,1),SE1(2,0) -> 8,9");

std::vector<Work> every_work() {
  return {EvaluateBackbones{1, {kGenome.backbones[0], {}}},
          EvaluateBackbones{},
          EvaluateBackbones{0, {}, Split::test},
          SearchFusion{{{CandidateId{7}, kGenome}}},
          SearchFusion{{{CandidateId{7}, kGenome, {}, 2}}},
          SearchFusion{{{CandidateId{7}, kGenome, {0.5F, -1.25F}, 0}}},
          SearchFusion{{{CandidateId{7}, kGenome, {0.5F}, 0}, {CandidateId{9}, kGenome, {}, 2}}},
          SearchFusion{{{CandidateId{9}, kGenome, {}, 2}, {CandidateId{7}, kGenome, {0.5F}, 0}}},
          TestModel{CandidateId{1ULL << 60U}, kGenome, kGenotype}};
}

std::vector<Outcome> every_outcome() {
  return {BackboneScores{{0.0, 99.125, 1.0 / 3.0}},
          FusionScores{{{98.5, kGenotype}}},
          FusionScores{{{97.5, kGenotype, 96.0}}},
          FusionScores{{{97.5, kGenotype, std::nullopt, {0.1F, 2}}}},
          FusionScores{{{97.5, kGenotype, 96.0, {0.1F, 2}}, {12.5, {}}, {98.5, kGenotype}}},
          TestScore{12.25},
          Failure{"no GPU"},
          Failure{"the loss is not finite", FailureKind::candidate},
          Failure{"weights.h5 is missing", FailureKind::input}};
}

std::vector<Envelope> every_envelope() {
  std::vector<Envelope> all = {Hello{Rank{3}, "node7", 4242, 0xfedcba9876543210U, ""},
                               Hello{Rank{1}, "", 0, 0, "no data"},
                               Heartbeat{Rank{2}, 0.75},
                               Stop{},
                               Stop{true},
                               Cancel{TaskId{9}},
                               Goodbye{Rank{2}},
                               Goodbye{Rank{2}, Failure{"the GPU is gone"}, TaskId{9}},
                               Goodbye{Rank{2}, Failure{"no data", FailureKind::input}}};
  for (const auto& work : every_work()) all.push_back(Task{TaskId{9}, work});
  for (const auto& outcome : every_outcome()) all.push_back(Result{TaskId{9}, Rank{2}, 1.5, outcome, "node7"});
  return all;
}

TEST_CASE("Every message comes back as it went", "[proto]") {
  for (const auto& envelope : every_envelope()) {
    const auto back = decode_envelope(encode(envelope));
    REQUIRE(back.has_value());
    CHECK(*back == envelope);
  }
}

TEST_CASE("Every journal record comes back as it went", "[proto]") {
  const JournalRecord header = JournalHeader{JournalHeader::kVersion, 77, "1.2.3"};
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
