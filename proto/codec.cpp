#include "proto/codec.hpp"

#include <limits>
#include <type_traits>

#include "core/base/error.hpp"
#include "core/base/overloaded.hpp"
#include "envelope.pb.h"
#include "journal.pb.h"

namespace harmonic {
namespace {

/// A part that must be there is not.
struct Malformed {};

void require(bool present) {
  if (!present) throw Malformed{};
}

/// Values of the wire, which stay what they are.
constexpr std::int32_t kVal = 0, kTest = 1, kTrain = 2;

std::int32_t to_wire(Split split) {
  return split == Split::val ? kVal : split == Split::test ? kTest : kTrain;
}

Split split_of(std::int32_t wire) {
  require(wire >= kVal && wire <= kTrain);
  return wire == kVal ? Split::val : wire == kTest ? Split::test : Split::train;
}

constexpr std::int32_t kWorker = 0, kCandidate = 1, kInput = 2;

std::int32_t to_wire(FailureKind kind) {
  return kind == FailureKind::worker ? kWorker : kind == FailureKind::candidate ? kCandidate : kInput;
}

FailureKind failure_kind_of(std::int32_t wire) {
  require(wire >= kWorker && wire <= kInput);
  return wire == kWorker ? FailureKind::worker : wire == kCandidate ? FailureKind::candidate : FailureKind::input;
}

// --- core types to protobuf

void put(const BackboneGenome& from, wire::BackboneGenome& to) {
  to.mutable_kernel()->Assign(from.kernel.begin(), from.kernel.end());
  to.mutable_expand()->Assign(from.expand.begin(), from.expand.end());
  to.mutable_depth()->Assign(from.depth.begin(), from.depth.end());
}

void put(const MultimodalGenome& from, wire::MultimodalGenome& to) {
  for (const auto& backbone : from.backbones) put(backbone, *to.add_backbones());
  to.set_cells(from.macro.cells);
  to.set_nodes(from.macro.nodes);
}

void put(const Genotype& from, wire::Genotype& to) {
  for (const auto& cell : from.cells) {
    auto& out = *to.add_cells();
    out.set_first(cell.first);
    out.set_second(cell.second);
    for (const auto& step : cell.steps) {
      auto& written = *out.add_steps();
      written.set_op(step.op);
      written.set_first(step.first);
      written.set_second(step.second);
    }
  }
  to.mutable_concat()->Assign(from.concat.begin(), from.concat.end());
  to.set_late(static_cast<int>(from.late));
}

void put(const FusionCandidate& from, wire::FusionCandidate& to) {
  to.set_candidate(from.candidate.value);
  put(from.genome, *to.mutable_genome());
  to.set_trial(from.trial);
  to.mutable_start()->Assign(from.start.begin(), from.start.end());
}

void put(const Interval& from, wire::Interval& to) {
  to.set_low(from.low);
  to.set_high(from.high);
}

void put(const FusionScore& from, wire::FusionScore& to) {
  to.set_metric_val(from.metric_val);
  if (from.metric_test) to.set_metric_test(*from.metric_test);
  put(from.genotype, *to.mutable_genotype());
  to.mutable_architecture()->Assign(from.architecture.begin(), from.architecture.end());
  if (from.test_interval) put(*from.test_interval, *to.mutable_test_interval());
}

void put(const Work& from, wire::Work& to) {
  std::visit(Overloaded{[&](const EvaluateBackbones& w) {
                          auto& out = *to.mutable_backbones();
                          out.set_modality(w.modality);
                          for (const auto& genome : w.genomes) put(genome, *out.add_genomes());
                          out.set_split(to_wire(w.split));
                        },
                        [&](const SearchFusion& w) {
                          auto& out = *to.mutable_fusion();
                          for (const auto& candidate : w.candidates) put(candidate, *out.add_candidates());
                        },
                        [&](const RetrainModel& w) {
                          auto& out = *to.mutable_retraining();
                          out.set_candidate(w.candidate.value);
                          put(w.genome, *out.mutable_genome());
                          put(w.genotype, *out.mutable_genotype());
                          out.set_repeat(w.repeat);
                          out.set_trial(w.trial);
                        },
                        [&](const TestModel& w) {
                          to.mutable_test()->set_candidate(w.candidate.value);
                          put(w.genome, *to.mutable_test()->mutable_genome());
                          put(w.genotype, *to.mutable_test()->mutable_genotype());
                        }},
             from);
}

void put(const Failure& from, wire::Failure& to) {
  to.set_message(from.message);
  to.set_kind(to_wire(from.kind));
}

void put(const Outcome& from, wire::Outcome& to) {
  std::visit(Overloaded{[&](const BackboneScores& o) {
                          to.mutable_backbones()->mutable_metric()->Assign(o.metric.begin(), o.metric.end());
                        },
                        [&](const FusionScores& o) {
                          auto& out = *to.mutable_fusion();
                          for (const auto& score : o.scores) put(score, *out.add_scores());
                        },
                        [&](const RetrainScore& o) { to.mutable_retraining()->set_metric_val(o.metric_val); },
                        [&](const TestScore& o) {
                          to.mutable_test()->set_metric_test(o.metric_test);
                          if (o.interval) put(*o.interval, *to.mutable_test()->mutable_interval());
                        },
                        [&](const Failure& o) { put(o, *to.mutable_failure()); }},
             from);
}

// --- protobuf to core types

BackboneGenome get(const wire::BackboneGenome& from) {
  return {{from.kernel().begin(), from.kernel().end()},
          {from.expand().begin(), from.expand().end()},
          {from.depth().begin(), from.depth().end()}};
}

MultimodalGenome get(const wire::MultimodalGenome& from) {
  MultimodalGenome genome;
  for (const auto& backbone : from.backbones()) genome.backbones.push_back(get(backbone));
  genome.macro = {from.cells(), from.nodes()};
  return genome;
}

Genotype get(const wire::Genotype& from) {
  Genotype genotype;
  for (const auto& cell : from.cells()) {
    FusionCell read{cell.first(), cell.second(), {}};
    for (const auto& step : cell.steps()) read.steps.push_back({step.op(), step.first(), step.second()});
    genotype.cells.push_back(std::move(read));
  }
  genotype.concat.assign(from.concat().begin(), from.concat().end());
  genotype.late = late_fusion_of({0, from.late()});
  require(static_cast<int>(genotype.late) == from.late());
  return genotype;
}

FusionCandidate get(const wire::FusionCandidate& from) {
  require(from.has_genome());
  return {CandidateId{from.candidate()}, get(from.genome()), {from.start().begin(), from.start().end()}, from.trial()};
}

Interval get(const wire::Interval& from) {
  return {from.low(), from.high()};
}

FusionScore get(const wire::FusionScore& from) {
  require(from.has_genotype());
  return {from.metric_val(),
          get(from.genotype()),
          from.has_metric_test() ? std::optional(from.metric_test()) : std::nullopt,
          {from.architecture().begin(), from.architecture().end()},
          from.has_test_interval() ? std::optional(get(from.test_interval())) : std::nullopt};
}

Work get(const wire::Work& from) {
  switch (from.kind_case()) {
    case wire::Work::kBackbones: {
      EvaluateBackbones work{from.backbones().modality(), {}, split_of(from.backbones().split())};
      for (const auto& genome : from.backbones().genomes()) work.genomes.push_back(get(genome));
      return work;
    }
    case wire::Work::kFusion: {
      require(from.fusion().candidates_size() > 0);
      SearchFusion work;
      for (const auto& candidate : from.fusion().candidates()) work.candidates.push_back(get(candidate));
      return work;
    }
    case wire::Work::kRetraining: {
      const auto& retraining = from.retraining();
      require(retraining.has_genome() && retraining.has_genotype());
      return RetrainModel{CandidateId{retraining.candidate()}, get(retraining.genome()), get(retraining.genotype()),
                          retraining.repeat(), retraining.trial()};
    }
    case wire::Work::kTest:
      require(from.test().has_genome() && from.test().has_genotype());
      return TestModel{CandidateId{from.test().candidate()}, get(from.test().genome()), get(from.test().genotype())};
    case wire::Work::KIND_NOT_SET:
      break;
  }
  throw Malformed{};
}

Failure get(const wire::Failure& from) {
  return {from.message(), failure_kind_of(from.kind())};
}

Outcome get(const wire::Outcome& from) {
  switch (from.kind_case()) {
    case wire::Outcome::kBackbones:
      return BackboneScores{{from.backbones().metric().begin(), from.backbones().metric().end()}};
    case wire::Outcome::kFusion: {
      FusionScores outcome;
      for (const auto& score : from.fusion().scores()) outcome.scores.push_back(get(score));
      return outcome;
    }
    case wire::Outcome::kRetraining:
      return RetrainScore{from.retraining().metric_val()};
    case wire::Outcome::kTest:
      return TestScore{from.test().metric_test(),
                       from.test().has_interval() ? std::optional(get(from.test().interval())) : std::nullopt};
    case wire::Outcome::kFailure:
      return get(from.failure());
    case wire::Outcome::KIND_NOT_SET:
      break;
  }
  throw Malformed{};
}

MeasuredEnergy get(const wire::Energy& from) {
  require(from.work() >= 0 && from.waited() >= 0);
  return {from.work(), from.waited()};
}

Envelope get(const wire::Envelope& from) {
  switch (from.body_case()) {
    case wire::Envelope::kHello: {
      const auto& hello = from.hello();
      return Hello{Rank{hello.rank()}, hello.host(),   hello.process(), hello.settings_hash(),
                   hello.problem(),    hello.device(), hello.meter()};
    }
    case wire::Envelope::kTask:
      require(from.task().has_work());
      return Task{TaskId{from.task().id()}, get(from.task().work())};
    case wire::Envelope::kResult: {
      const auto& result = from.result();
      require(result.has_outcome());
      return Result{TaskId{result.task()}, Rank{result.worker()},
                    result.seconds(),      get(result.outcome()),
                    result.host(),         result.has_energy() ? std::optional(get(result.energy())) : std::nullopt};
    }
    case wire::Envelope::kHeartbeat:
      require(from.heartbeat().share() >= 0 && from.heartbeat().share() <= 1);
      return Heartbeat{Rank{from.heartbeat().rank()}, from.heartbeat().share()};
    case wire::Envelope::kCancel:
      return Cancel{TaskId{from.cancel().task()}};
    case wire::Envelope::kStop:
      return Stop{from.stop().worker_lost()};
    case wire::Envelope::kGoodbye: {
      const auto& goodbye = from.goodbye();
      return Goodbye{Rank{goodbye.worker()}, goodbye.has_reason() ? std::optional(get(goodbye.reason())) : std::nullopt,
                     goodbye.has_task() ? std::optional(TaskId{goodbye.task()}) : std::nullopt};
    }
    case wire::Envelope::BODY_NOT_SET:
      break;
  }
  throw Malformed{};
}

JournalRecord get(const wire::JournalRecord& from) {
  switch (from.body_case()) {
    case wire::JournalRecord::kHeader:
      return JournalHeader{from.header().version(), from.header().settings_hash(), from.header().program(),
                           from.header().settings()};
    case wire::JournalRecord::kFinished: {
      const auto& finished = from.finished();
      require(finished.has_work() && finished.has_outcome());
      return FinishedWork{get(finished.work()), get(finished.outcome()), finished.seconds()};
    }
    case wire::JournalRecord::BODY_NOT_SET:
      break;
  }
  throw Malformed{};
}

// --- bytes

std::vector<std::byte> serialize(const google::protobuf::MessageLite& message) {
  std::vector<std::byte> bytes(message.ByteSizeLong());
  if (!message.SerializeToArray(bytes.data(), static_cast<int>(bytes.size())))
    throw RunError("a message is too large to be written");
  return bytes;
}

template <class Value, class Wire>
std::optional<Value> decode(std::span<const std::byte> bytes) {
  Wire message;
  if (bytes.size() > std::numeric_limits<int>::max() ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return std::nullopt;
  try {
    return get(message);
  } catch (const Malformed&) {
    return std::nullopt;
  }
}

}  // namespace

std::vector<std::byte> encode(const Envelope& envelope) {
  wire::Envelope message;
  std::visit(Overloaded{[&](const Hello& hello) {
                          auto& out = *message.mutable_hello();
                          out.set_rank(hello.rank.value);
                          out.set_host(hello.host);
                          out.set_process(hello.process);
                          out.set_settings_hash(hello.settings_hash);
                          out.set_problem(hello.problem);
                          out.set_device(hello.device);
                          out.set_meter(hello.meter);
                        },
                        [&](const Task& task) {
                          message.mutable_task()->set_id(task.id.value);
                          put(task.work, *message.mutable_task()->mutable_work());
                        },
                        [&](const Result& result) {
                          auto& out = *message.mutable_result();
                          out.set_task(result.task.value);
                          out.set_worker(result.worker.value);
                          out.set_seconds(result.seconds);
                          out.set_host(result.host);
                          put(result.outcome, *out.mutable_outcome());
                          if (!result.energy) return;
                          out.mutable_energy()->set_work(result.energy->work_j);
                          out.mutable_energy()->set_waited(result.energy->waited_j);
                        },
                        [&](const Heartbeat& beat) {
                          message.mutable_heartbeat()->set_rank(beat.rank.value);
                          message.mutable_heartbeat()->set_share(beat.share);
                        },
                        [&](const Cancel& cancel) { message.mutable_cancel()->set_task(cancel.task.value); },
                        [&](const Stop& stop) { message.mutable_stop()->set_worker_lost(stop.worker_lost); },
                        [&](const Goodbye& goodbye) {
                          auto& out = *message.mutable_goodbye();
                          out.set_worker(goodbye.worker.value);
                          if (goodbye.reason) put(*goodbye.reason, *out.mutable_reason());
                          if (goodbye.task) out.set_task(goodbye.task->value);
                        }},
             envelope);
  return serialize(message);
}

std::vector<std::byte> encode(const JournalRecord& record) {
  wire::JournalRecord message;
  std::visit(Overloaded{[&](const JournalHeader& header) {
                          message.mutable_header()->set_version(header.version);
                          message.mutable_header()->set_settings_hash(header.settings_hash);
                          message.mutable_header()->set_program(header.program);
                          message.mutable_header()->set_settings(header.settings);
                        },
                        [&](const FinishedWork& finished) {
                          put(finished.work, *message.mutable_finished()->mutable_work());
                          put(finished.outcome, *message.mutable_finished()->mutable_outcome());
                          message.mutable_finished()->set_seconds(finished.seconds);
                        }},
             record);
  return serialize(message);
}

std::vector<std::byte> encode(const Work& work) {
  wire::Work message;
  put(work, message);
  return serialize(message);
}

std::optional<Envelope> decode_envelope(std::span<const std::byte> bytes) {
  return decode<Envelope, wire::Envelope>(bytes);
}

std::optional<JournalRecord> decode_journal_record(std::span<const std::byte> bytes) {
  return decode<JournalRecord, wire::JournalRecord>(bytes);
}

}  // namespace harmonic
