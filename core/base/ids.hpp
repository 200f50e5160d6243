#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace harmonic {

/// An integer with a meaning of its own: no rank can be passed where a task is meant.
template <class Tag, class Rep>
struct Id {
  Rep value{};

  constexpr Id() = default;
  constexpr explicit Id(Rep v) : value(v) {}
  constexpr auto operator<=>(const Id&) const = default;
};

using TaskId = Id<struct TaskIdTag, std::uint64_t>;            ///< one piece of work of one run
using CandidateId = Id<struct CandidateIdTag, std::uint64_t>;  ///< one multimodal model of one run, in the order asked
using Rank = Id<struct RankTag, int>;                          ///< an MPI rank
using Seed = Id<struct SeedTag, std::uint64_t>;                ///< seed of a whole run

}  // namespace harmonic

template <class Tag, class Rep>
struct std::hash<harmonic::Id<Tag, Rep>> {
  std::size_t operator()(const harmonic::Id<Tag, Rep>& id) const noexcept { return std::hash<Rep>{}(id.value); }
};
