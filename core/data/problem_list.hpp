#pragma once

#include <cstddef>
#include <string>

#include "core/base/error.hpp"
#include "core/base/log.hpp"

namespace harmonic {

/// What cannot be used of raw data, each with how to mend it: the first twenty are warned of as they come, the others
/// counted.
class ProblemList {
 public:
  void add(const InputError& problem) {
    constexpr std::size_t kMostListed = 20;
    if (++count_ == 1) first_ = problem.what();
    if (count_ <= kMostListed) log::warning("{}", problem.what());
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const std::string& first() const { return first_; }

 private:
  std::size_t count_ = 0;
  std::string first_;
};

}  // namespace harmonic
