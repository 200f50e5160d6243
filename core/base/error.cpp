#include "core/base/error.hpp"

#include <fmt/format.h>

namespace harmonic {

InputError::InputError(std::string_view problem, std::string_view mend)
    : std::runtime_error(mend.empty() ? std::string(problem) : fmt::format("{}; {}", problem, mend)),
      problem_(problem) {}

}  // namespace harmonic
