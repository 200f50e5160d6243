#pragma once

namespace harmonic {

/// A visitor made of lambdas, one a case: `std::visit(Overloaded{[](const A&) {…}, [](const B&) {…}}, variant)`.
template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;  // Clang needs it before 17

}  // namespace harmonic
