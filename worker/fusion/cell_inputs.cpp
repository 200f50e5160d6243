#include "worker/fusion/cell_inputs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace harmonic {
namespace {

constexpr std::int64_t kForbidden = std::numeric_limits<std::int64_t>::min();

/// What a cell reads.
struct Edge {
  std::size_t cell, state;
  auto operator<=>(const Edge&) const = default;
};

/// A logarithm as a whole number of 2^-40: sums are exact, so that equal products are equal, and a chain of exchanges
/// that leads back to its start never seems to gain.
std::int64_t fixed_point(double log) {
  constexpr double kLowest = -1e3;  // no weight comes near it; sums of thousands still fit
  return std::llround(std::ldexp(std::max(log, kLowest), 40));
}

/// Cells that first take their two strongest states each, the best choice as long as nothing must be read. What must be
/// read, and is not, then gets a reader by the chain of exchanges that costs least: a cell gives up one state for one
/// of it; what thereby loses its last reader gets another from the next cell, and so on, until something has a reader
/// to spare. It is a minimum-cost flow from cells to what they read, by successive shortest paths: the choice is the
/// best one after every chain, for as much as is read by then.
class Choice {
 public:
  Choice(std::span<const double> weights, std::span<const int> modalities, int cells, int joined)
      : joined_(static_cast<std::size_t>(joined)), readers_(static_cast<std::size_t>(cells) + modalities.size()) {
    const auto count = static_cast<std::size_t>(cells);
    for (std::size_t m = 0; m < modalities.size(); ++m)
      sources_.insert(sources_.end(), static_cast<std::size_t>(modalities[m]), count + m);
    for (std::size_t cell = 0; cell < count; ++cell) {
      auto& row = weights_.emplace_back();
      for (std::size_t state = 0; state < sources_.size(); ++state) row.push_back(fixed_point(weights[state]));
      weights = weights.subspan(row.size());
      sources_.push_back(cell);
    }
    choose();
  }

  /// The best choice without one more edge, if as much is read then.
  [[nodiscard]] std::optional<Choice> without(const Edge& edge) const {
    Choice other = *this;
    auto& row = other.weights_[edge.cell];
    row[edge.state] = kForbidden;
    other.forbidden_.insert(edge);
    if (row.size() < 2 + static_cast<std::size_t>(std::ranges::count(row, kForbidden))) return {};
    other.choose();
    if (other.unread_ != unread_) return {};
    return other;
  }

  [[nodiscard]] const std::set<Edge>& forbidden() const { return forbidden_; }

  /// What its product of weights falls short of 1 by, as a logarithm.
  [[nodiscard]] std::int64_t cost() const {
    std::int64_t sum = 0;
    for (std::size_t cell = 0; cell < taken_.size(); ++cell)
      for (const auto state : taken_[cell]) sum -= weights_[cell][state];
    return sum;
  }

  /// The first cell that reads the same as an earlier one, after that one.
  [[nodiscard]] std::optional<std::pair<std::size_t, std::size_t>> alike() const {
    for (std::size_t cell = 1; cell < taken_.size(); ++cell)
      for (std::size_t earlier = 0; earlier < cell; ++earlier)
        if (read_by(earlier) == read_by(cell)) return std::pair(earlier, cell);
    return {};
  }

  /// No two cells read the same any more, and all that was read still is: the later of two gives up its weaker state,
  /// which the earlier one reads, for the earlier one itself.
  void tell_apart() {
    while (const auto same = alike()) {
      const auto& [earlier, cell] = *same;
      const auto& row = weights_[cell];
      auto& [a, b] = taken_[cell];
      (std::tuple(row[a], b) < std::tuple(row[b], a) ? a : b) = sources_.size() - taken_.size() + earlier;
    }
  }

  [[nodiscard]] std::vector<CellInputs> inputs() const {
    std::vector<CellInputs> all;
    for (std::size_t cell = 0; cell < taken_.size(); ++cell) all.push_back(read_by(cell));
    return all;
  }

 private:
  /// A cell takes `state` in place of the one in `slot`.
  struct Exchange {
    std::size_t cell, slot, state;
  };
  /// What the cheapest chain costs that gives a source one more reader, and its last exchange; none where it only has
  /// to spare one.
  struct Chain {
    std::int64_t cost = 0;
    std::optional<Exchange> last = {};
  };

  [[nodiscard]] CellInputs read_by(std::size_t cell) const {
    const auto& [a, b] = taken_[cell];
    return std::minmax(static_cast<int>(a), static_cast<int>(b));
  }

  void choose() {
    const std::size_t cells = weights_.size();
    std::ranges::fill(readers_, 0);
    is_needed_.assign(readers_.size(), false);
    taken_.clear();
    for (const auto& row : weights_) {
      taken_.push_back(two_strongest(row));
      for (const auto state : taken_.back()) ++readers_[sources_[state]];
    }
    unread_ = {need(0, cells - joined_), need(cells, readers_.size())};
  }

  /// Gives readers to as many of the sources first … last-1 as can have one, while those needed before keep theirs.
  /// @return how many have none
  std::ptrdiff_t need(std::size_t first, std::size_t last) {
    std::fill(is_needed_.begin() + static_cast<std::ptrdiff_t>(first),
              is_needed_.begin() + static_cast<std::ptrdiff_t>(last), true);
    while (give_one_reader(first, last)) {
    }
    return std::count(readers_.begin() + static_cast<std::ptrdiff_t>(first),
                      readers_.begin() + static_cast<std::ptrdiff_t>(last), 0);
  }

  static std::array<std::size_t, 2> two_strongest(const std::vector<std::int64_t>& row) {
    const auto first = static_cast<std::size_t>(std::ranges::max_element(row) - row.begin());
    std::size_t second = first == 0 ? 1 : 0;
    for (std::size_t state = 0; state < row.size(); ++state)
      if (state != first && row[state] > row[second]) second = state;
    return {first, second};
  }

  /// [source] Bellman-Ford.
  [[nodiscard]] std::vector<std::optional<Chain>> cheapest_chains() const {
    std::vector<std::optional<Chain>> chains(readers_.size());
    for (std::size_t source = 0; source < chains.size(); ++source)
      if (readers_[source] > (is_needed_[source] ? 1 : 0)) chains[source] = Chain{};
    for (bool changed = true; std::exchange(changed, false);)
      for (std::size_t cell = taken_.size(); cell-- > 0;)  // where nothing else decides, the later choice gives way
        for (const std::size_t slot : {1U, 0U})
          for (std::size_t state = 0; state < weights_[cell].size(); ++state)
            changed |= lengthen(chains, {cell, slot, state});
    return chains;
  }

  /// Whether the exchange makes a cheaper chain to what it reads.
  bool lengthen(std::vector<std::optional<Chain>>& chains, const Exchange& exchange) const {
    const auto& [cell, slot, state] = exchange;
    const std::size_t given_up = taken_[cell][slot], from = sources_[given_up], to = sources_[state];
    if (from == to || std::ranges::count(taken_[cell], state) > 0 || !chains[from]) return false;
    if (weights_[cell][state] == kForbidden) return false;
    const std::int64_t cost = chains[from]->cost + weights_[cell][given_up] - weights_[cell][state];
    if (chains[to] && chains[to]->cost <= cost) return false;
    chains[to] = {cost, exchange};
    return true;
  }

  bool give_one_reader(std::size_t first, std::size_t last) {
    const auto chains = cheapest_chains();
    std::optional<std::size_t> target;
    for (std::size_t source = first; source < last; ++source)
      if (readers_[source] == 0 && chains[source] && (!target || chains[source]->cost < chains[*target]->cost))
        target = source;
    if (!target) return false;
    std::size_t source = *target;
    while (const auto& exchange = chains[source]->last) {
      auto& taken = taken_[exchange->cell][exchange->slot];
      source = sources_[std::exchange(taken, exchange->state)];
    }
    ++readers_[*target];
    --readers_[source];
    return true;
  }

  // A source is what states belong to: the cells, which are a state each, then the modalities.
  std::vector<std::size_t> sources_;                ///< [state]
  std::vector<std::vector<std::int64_t>> weights_;  ///< [cell][state]
  std::size_t joined_;
  std::set<Edge> forbidden_;                            ///< those of weight kForbidden
  std::vector<std::array<std::size_t, 2>> taken_;       ///< [cell] states
  std::vector<int> readers_;                            ///< [source]
  std::vector<bool> is_needed_;                         ///< [source]
  std::pair<std::ptrdiff_t, std::ptrdiff_t> unread_{};  ///< cells that are needed, modalities
};

/// The best choice in which no two cells read the same. Where two do, such a choice lacks one of their four edges: each
/// is forbidden in turn, and of all that is then open the best is looked at next.
Choice best_of_different(Choice first) {
  constexpr int kMostLooks = 100;
  std::map<std::pair<std::int64_t, int>, Choice> open;  // [cost, the latest first]
  std::set<std::set<Edge>> seen;
  int latest = 0;
  open.emplace(std::pair(first.cost(), latest), std::move(first));
  for (int looks = 1;; ++looks) {
    Choice best = std::move(open.extract(open.begin()).mapped());
    const auto same = best.alike();
    if (!same) return best;
    const auto [a, b] = best.inputs()[same->second];
    for (const std::size_t cell : {same->first, same->second})  // where nothing else decides, the later gives way
      for (const int state : {a, b})
        if (auto other = best.without({cell, static_cast<std::size_t>(state)});
            other && seen.insert(other->forbidden()).second)
          open.emplace(std::pair(other->cost(), --latest), std::move(*other));
    if (looks == kMostLooks || open.empty()) {
      best.tell_apart();
      return best;
    }
  }
}

}  // namespace

std::vector<CellInputs> choose_cell_inputs(std::span<const double> weights, std::span<const int> modalities, int cells,
                                           int joined) {
  return best_of_different(Choice(weights, modalities, cells, joined)).inputs();
}

}  // namespace harmonic
