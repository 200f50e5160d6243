#include "worker/train/training_data.hpp"

#include <string_view>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "worker/backbone/backbone_evaluator.hpp"

namespace harmonic {

void check_data(const BackboneSpace& space, const TrainingData& data) {
  const auto need = [](const SampleSource& inputs, std::string_view split, std::int64_t fewest) {
    if (inputs.size() < fewest)
      throw InputError(
          fmt::format("samples of split {}: {}; a training needs at least {}", split, inputs.size(), fewest),
          "give another data set");
  };
  need(data.train_inputs, "train", 2);  // one alone has no variance
  need(data.val_inputs, "val", 1);
  check_input(space, data.train_inputs);
  check_input(space, data.val_inputs);
}

}  // namespace harmonic
