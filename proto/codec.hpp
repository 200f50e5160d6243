#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/base/ids.hpp"
#include "core/work/work.hpp"

namespace harmonic {

/// Worker to master, first of all; and once more when it is ready to work, with its device.
struct Hello {
  Rank rank;
  std::string host;
  std::int64_t process = 0;
  std::uint64_t settings_hash = 0;  ///< run_fingerprint; the master does without a worker that has another
  std::string problem;              ///< why this worker cannot start; empty when it can
  std::string device = {};          ///< on what it computes, "CPU, 2 threads"; empty while it does not know
  std::string meter = {};           ///< of its energy (EnergyMeter::name); empty: none

  bool operator==(const Hello&) const = default;
};
/// About once a second, both ways: the sender lives.
struct Heartbeat {
  Rank rank;
  double share = 0;  ///< of the worker's piece of work under way that is done, 0 … 1

  bool operator==(const Heartbeat&) const = default;
};
/// Master to worker: nobody wants the answer any more. Who hears it in time answers with some Failure.
struct Cancel {
  TaskId task;

  bool operator==(const Cancel&) const = default;
};
/// Master to worker: no more work.
struct Stop {
  bool worker_lost = false;  ///< MPI cannot be finalised any more

  bool operator==(const Stop&) const = default;
};

/// Worker to master: no more answers.
struct Goodbye {
  Rank worker;
  std::optional<Failure> reason = {};  ///< why it can do no more work; nothing: it was told to stop
  std::optional<TaskId> task = {};     ///< over which it broke; nothing: it could not even begin

  bool operator==(const Goodbye&) const = default;
};

/// What master and workers say to each other.
using Envelope = std::variant<Hello, Task, Result, Heartbeat, Cancel, Stop, Goodbye>;

/// The first record of every journal.
struct JournalHeader {
  static constexpr std::uint32_t kVersion = 4;  ///< another one is refused

  std::uint32_t version = kVersion;
  std::uint64_t settings_hash = 0;
  std::string program;        ///< version of the program that began the run
  std::string settings = {};  ///< in force then, but for defaults: INI text; empty in journals of before

  bool operator==(const JournalHeader&) const = default;
};
/// A piece of work and what came of it.
struct FinishedWork {
  Work work;
  Outcome outcome;
  double seconds = 0;

  bool operator==(const FinishedWork&) const = default;
};
using JournalRecord = std::variant<JournalHeader, FinishedWork>;

/// Core types <-> bytes (protobuf). Equal values give equal bytes.
[[nodiscard]] std::vector<std::byte> encode(const Envelope& envelope);
[[nodiscard]] std::vector<std::byte> encode(const JournalRecord& record);
[[nodiscard]] std::vector<std::byte> encode(const Work& work);

/// Nothing for bytes that are no such message, or one that lacks a part: strangers' bytes are no exception.
[[nodiscard]] std::optional<Envelope> decode_envelope(std::span<const std::byte> bytes);
[[nodiscard]] std::optional<JournalRecord> decode_journal_record(std::span<const std::byte> bytes);

}  // namespace harmonic
