#pragma once

#include <iostream>
#include <sstream>
#include <string>

namespace harmonic::testing {

/// What `action` prints on std::cout.
template <class Action>
std::string captured_stdout(Action&& action) {
  struct Redirection {
    std::ostringstream text;
    std::streambuf* before = std::cout.rdbuf(text.rdbuf());
    ~Redirection() { std::cout.rdbuf(before); }
  } redirection;
  action();
  return redirection.text.str();
}

}  // namespace harmonic::testing
