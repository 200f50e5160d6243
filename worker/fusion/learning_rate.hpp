#pragma once

#include <torch/optim/adam.h>

namespace harmonic {

/// Cosine annealing with warm restarts after 1, 2, 4, … epochs. @param t epochs done, fractions included
[[nodiscard]] double cosine_restarts(double t, double highest, double lowest);

/// Sets the learning rate of all parameters.
void set_learning_rate(torch::optim::Adam& adam, double rate);

}  // namespace harmonic
