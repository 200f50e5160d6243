#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic::testing {

/// The bytes with one of them changed; which, and to what, comes from the stream.
inline std::string with_a_byte_changed(std::string bytes, RandomStream& random) {
  auto& byte = bytes[random.below(bytes.size())];
  byte = static_cast<char>(byte ^ static_cast<char>(1 + random.below(255)));
  return bytes;
}

/// Changes one byte of the file, another one `times` times over, and calls `read`, which checks that what it reads is
/// what was written. How often it threw InputError instead, whose text `refused` gets.
inline int refusals_of_a_byte_changed(
    const std::filesystem::path& file, int times, const std::function<void()>& read,
    const std::function<void(const std::string&)>& refused = [](const std::string&) {}) {
  const auto whole = read_file(file);
  RandomStream random(Seed{2}, "flips");
  int count = 0;
  for (int i = 0; i < times; ++i) {
    std::ofstream(file, std::ios::binary) << with_a_byte_changed(whole, random);
    try {
      read();
    } catch (const InputError& e) {
      ++count;
      refused(e.what());
    }
  }
  return count;
}

}  // namespace harmonic::testing
