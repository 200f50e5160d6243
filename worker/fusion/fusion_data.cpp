#include "worker/fusion/fusion_data.hpp"

#include "core/base/error.hpp"
#include "worker/fusion/samples.hpp"

namespace harmonic {

void check_data(const FusionData& data, const FusionSettings& settings) {
  const int positions = settings.side * settings.side;
  check_samples(data.train, data.train_labels, data.train_views, data.kind, data.classes, positions);
  check_samples(data.val, data.val_labels, data.val_views, data.kind, data.classes, positions);
  if (channels_of(data.train) != channels_of(data.val))
    throw InputError("train and validation features differ in number or channels",
                     "compute both with the same backbones");
}

StateShape state_shape(const FusionSettings& settings) {
  return {settings.channels, settings.side * settings.side, settings.dropout};
}

std::vector<int> channels_of(const std::vector<torch::Tensor>& features) {
  std::vector<int> channels;
  for (const auto& feature : features) channels.push_back(static_cast<int>(feature.size(1)));
  return channels;
}

}  // namespace harmonic
