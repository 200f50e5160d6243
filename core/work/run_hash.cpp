#include "core/work/run_hash.hpp"

#include <fmt/format.h>

#include "core/base/hash.hpp"
#include "core/work/input_files.hpp"

namespace harmonic {

InputHashes input_hashes(const SearchSettings& settings) {
  InputHashes hashes;
  for (const auto& file : input_files(settings)) hashes[file.role] = content_hash(file);
  return hashes;
}

std::uint64_t run_hash(const SearchSettings& settings, const InputHashes& inputs) {
  std::uint64_t hash = 0;
  for (const auto& [role, content] : inputs) hash = hash64(fmt::format("{} {:016x}", role, content), hash);
  return settings.result_hash(hash);
}

std::uint64_t run_fingerprint(const SearchSettings& settings) {
  InputHashes samples;
  for (const auto& file : input_files(settings)) samples[file.role] = content_sample(file);
  SearchSettings shared = settings;
  shared.fusion.pairs_at_once = 1;  // rank 0's affair, which may have to find it out first
  return run_hash(shared, samples);
}

}  // namespace harmonic
