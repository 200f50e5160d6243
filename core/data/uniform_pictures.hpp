#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "core/base/log.hpp"

namespace harmonic {

/// Counts the pictures of one single value: what a broken export leaves, which is read, and warned of.
class UniformPictures {
 public:
  void add(std::string name) {
    if (++count_ == 1) first_ = std::move(name);
  }
  /// A warning, where there were any.
  void report() const {
    if (count_ > 0) log::warning("{} pictures are of one single value, the first {}", count_, first_);
  }

 private:
  std::size_t count_ = 0;
  std::string first_;
};

}  // namespace harmonic
