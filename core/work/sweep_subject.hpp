#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/space/search_space.hpp"
#include "core/storage/conditions.hpp"
#include "core/storage/output_file.hpp"

namespace harmonic {

/// What the networks of a sweep are measured on.
struct SweepSubject {
  BackboneSpace space;
  int classes = 0;          ///< of the supernet's classifier
  std::string description;  ///< "avmnist-image on 150 samples of val"
  Conditions conditions;    ///< what a network's metric depends on, but for rounding
};

/// Where a sweep has it from.
struct SweepSource {
  std::vector<OptionFile> files;               ///< that it reads
  std::function<std::uint64_t()> fingerprint;  ///< what all ranks must agree on; takes no time @throws InputError
  std::function<SweepSubject()> open;          ///< takes its time @throws InputError
};

}  // namespace harmonic
