#include "core/hardware/bound.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {

std::string Bound::text() const {
  return fmt::format("{} {} {}", column, is_upper ? "<=" : ">=", shortest(limit));
}

Bound parse_bound(const std::string& text, bool is_upper) {
  const auto all = trim(text);
  const auto at = all.find_last_of("= ");
  Bound bound;
  bound.is_upper = is_upper;
  if (at != std::string::npos) {  // "<=" before the number says the same as "=", or a blank
    auto& column = bound.column = trim(all.substr(0, at));
    if (column.ends_with('=')) column.pop_back();
    if (column.ends_with(is_upper ? '<' : '>')) column.pop_back();
    column = trim(column);
  }
  if (bound.column.empty() || bound.column.find_first_of("<>=") != std::string::npos)
    throw InputError(fmt::format("'{}' is no bound of a column", text),
                     fmt::format("write --{0} \"COLUMN VALUE\" or --{0} COLUMN=VALUE, such as --{0} {1}",
                                 is_upper ? "max" : "min", is_upper ? "\"latency_ms.tx2 9\"" : "\"metric_val 95\""));
  bound.limit = parse_real(all.substr(at + 1), fmt::format("the bound of {}", bound.column));
  return bound;
}

}  // namespace harmonic
