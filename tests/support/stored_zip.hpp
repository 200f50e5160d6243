#pragma once

#include <string>
#include <utility>
#include <vector>

namespace harmonic::testing {

/// The bytes of a zip archive of these members (name, content), none of them packed: as numpy.savez and torch.save
/// write theirs.
std::string stored_zip(const std::vector<std::pair<std::string, std::string>>& members);

}  // namespace harmonic::testing
