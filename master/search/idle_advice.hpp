#pragma once

#include <string>

#include "core/config/search_settings.hpp"

namespace harmonic {

/// The share of the workers' time that is work, 0 … 1, of a search whose pieces of work last as long as they do: of the
/// same expected length, lognormal, a tenfold spread between the shortest and the longest hundredth. By playing a few
/// generations through. @param pieces of work a generation, 1 or more @param workers 1 or more
[[nodiscard]] double expected_utilisation(int pieces, int workers, int overlap);

/// What to change where so many workers would wait for each other; empty where most of their time is work, or they are
/// few. @param at_once pairs of a piece of work
[[nodiscard]] std::string idle_advice(const EvolutionSettings& settings, int at_once, int workers);

}  // namespace harmonic
