#pragma once

#include <functional>

#include "core/base/error.hpp"

namespace harmonic {

/// Runs `body`, turns what it throws into one line on stderr and an exit code. Where what it printed did not arrive (a
/// full disk), `done` becomes `failed`.
/// @param speak false on ranks other than 0, which meet the same mistakes
[[nodiscard]] ExitCode guarded(bool speak, const std::function<ExitCode()>& body);

}  // namespace harmonic
