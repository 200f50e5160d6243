#pragma once

#include <algorithm>
#include <optional>
#include <vector>

namespace harmonic {

/// Length of the common start of two paths.
template <class Key>
[[nodiscard]] std::size_t common_prefix(const std::vector<Key>& a, const std::vector<Key>& b) {
  const auto [end, ignored] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(end - a.begin());
}

/// Walks paths of keys depth first, taking no step twice that a path shares with the one before it.
/// `step(state, path, level)` gives the state after that level; `leaf(path, state)` sees the state at a path's end.
/// A state is kept only while the next path will go on from it: one path alone keeps none.
/// What a path's states are does not depend on its neighbours, only how often they are computed.
template <class Key, class State, class Step, class Leaf>
void walk_by_prefix(const std::vector<std::vector<Key>>& paths, const State& root, Step step, Leaf leaf) {
  std::vector<State> kept;  // kept[i]: after level i; a shared start of the present path
  for (std::size_t p = 0; p < paths.size(); ++p) {
    const auto& path = paths[p];
    const std::size_t shared_with_next = p + 1 < paths.size() ? common_prefix(path, paths[p + 1]) : 0;
    const std::size_t start = kept.size();
    State state = start > 0 ? kept.back() : root;
    if (shared_with_next < start) kept.resize(shared_with_next);
    for (std::size_t level = start; level < path.size(); ++level) {
      state = step(state, p, level);
      if (level < shared_with_next) kept.push_back(state);
    }
    leaf(p, state);
  }
}

}  // namespace harmonic
