#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/base/ids.hpp"

namespace harmonic {

using Bytes = std::vector<std::byte>;

/// A message as it arrived.
struct Message {
  Rank source;
  Bytes bytes;
};

/// Sends and receives messages between numbered peers; no call ever blocks, and a peer that is gone never holds the
/// caller up, not even over half a message. `Communicator` does it over MPI, tests do it in memory. For one thread at a
/// time, unless an implementation says otherwise.
class Mailbox {
 public:
  virtual ~Mailbox() = default;
  [[nodiscard]] virtual Rank rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;

  /// Takes the bytes and sends them when it can. Messages of one tag between two peers arrive in the order posted.
  /// @throws RunError when the transport refuses at once
  virtual void post(Rank to, int tag, Bytes bytes) = 0;
  /// The next message of this tag from anyone, or nothing when none is there.
  [[nodiscard]] virtual std::optional<Message> try_receive(int tag) = 0;
  /// True once everything posted to this peer has left.
  [[nodiscard]] virtual bool all_sent(Rank to) = 0;
};

}  // namespace harmonic
