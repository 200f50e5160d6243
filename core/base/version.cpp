#include "core/base/version.hpp"

namespace harmonic {

std::string_view program_version() {
  return HARMONIC_VERSION;
}

}  // namespace harmonic
