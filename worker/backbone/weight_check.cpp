#include "worker/backbone/weight_check.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {

void check_weights(const std::string& name, const torch::Tensor& tensor, const std::string& file) {
  if (!tensor.isfinite().all().item<bool>())
    throw InputError(fmt::format("tensor {} of {} holds values that are not finite", name, file),
                     "give weights of a training that did not diverge");
  if (name.ends_with(".running_var") && tensor.lt(0).any().item<bool>())
    throw InputError(fmt::format("tensor {} of {} holds a variance below 0", name, file),
                     "the file is damaged, or its weights were averaged wrongly: give others");
}

}  // namespace harmonic
