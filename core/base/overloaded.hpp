#pragma once

namespace harmonic {

/// A visitor made of lambdas, one a case: `std::visit(Overloaded{[](const A&) {…}, [](const B&) {…}}, variant)`.
template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace harmonic
