#include "worker/train/training_state.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/hdf5_file.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kFormat = "harmonic-training";
constexpr std::int64_t kVersion = 1;

void write(Hdf5File& file, const std::string& name, const torch::Tensor& tensor) {
  const auto values = tensor.detach().to(torch::kCPU).contiguous();
  const auto count = static_cast<std::size_t>(values.numel());
  file.write<float>(name, {values.data_ptr<float>(), count}, {count});
}

torch::Tensor read(const Hdf5File& file, const std::string& name) {
  auto values = file.read<float>(name);
  return torch::from_blob(values.data(), {static_cast<std::int64_t>(values.size())}, torch::kFloat32).clone();
}

std::string moment_name(std::size_t index) {
  return fmt::format("/moment_{}", index);
}

}  // namespace

void save_training_state(const std::filesystem::path& path, const TrainingState& state, const Conditions& conditions) {
  replace_file(path, [&](const std::filesystem::path& temporary) {
    Hdf5File file(temporary, Hdf5File::Mode::create);
    file.set_attribute("/", "format", kFormat);
    file.set_attribute("/", "version", kVersion);
    std::vector<std::string> names, values;
    for (const auto& [name, value] : conditions) {
      names.push_back(name);
      values.push_back(value);
    }
    file.write_texts("/condition_names", names);
    file.write_texts("/condition_values", values);
    file.set_attribute("/", "step", state.step);
    file.set_attribute("/", "loss", state.loss);
    file.set_attribute("/", "last_loss", state.last_loss);
    file.set_attribute("/", "seconds", state.seconds);
    file.set_attribute("/", "largest_percent", state.largest_percent);
    file.set_attribute("/", "smallest_percent", state.smallest_percent);
    file.set_attribute("/", "best_epoch", static_cast<std::int64_t>(state.best_epoch));
    file.set_attribute("/", "best_largest_percent", state.best_largest_percent);
    file.set_attribute("/", "best_smallest_percent", state.best_smallest_percent);
    write(file, "/values", state.values);
    write(file, "/average", state.average);
    file.set_attribute("/", "moments", static_cast<std::int64_t>(state.moments.size()));
    for (std::size_t i = 0; i < state.moments.size(); ++i) write(file, moment_name(i), state.moments[i]);
    write(file, "/buffers", state.buffers);
    if (state.best_epoch > 0) write(file, "/best", state.best);
    file.flush();
  });
}

TrainingState load_training_state(const std::filesystem::path& path, const Conditions& conditions) {
  const Hdf5File file(path, Hdf5File::Mode::read);
  if (!file.has_attribute("/", "format") || file.attribute_text("/", "format") != kFormat ||
      file.attribute_int("/", "version") != kVersion)
    throw InputError(fmt::format("{} is no state of a training that this program can read", path.string()),
                     "remove it, and train from the start");
  const auto names = file.read_texts("/condition_names"), values = file.read_texts("/condition_values");
  Conditions there;
  for (std::size_t i = 0; i < std::min(names.size(), values.size()); ++i) there.emplace_back(names[i], values[i]);
  const auto others = differences(there, conditions);
  if (!others.empty())
    throw InputError(fmt::format("{} is of another training: {}", path.string(), join(others, ", ")),
                     "resume with its own settings and data, or remove it to train from the start");
  TrainingState state;
  state.step = file.attribute_int("/", "step");
  state.loss = file.attribute_real("/", "loss");
  state.last_loss = file.attribute_real("/", "last_loss");
  state.seconds = file.attribute_real("/", "seconds");
  state.largest_percent = file.attribute_real("/", "largest_percent");
  state.smallest_percent = file.attribute_real("/", "smallest_percent");
  state.best_epoch = static_cast<int>(file.attribute_int("/", "best_epoch"));
  state.best_largest_percent = file.attribute_real("/", "best_largest_percent");
  state.best_smallest_percent = file.attribute_real("/", "best_smallest_percent");
  state.values = read(file, "/values");
  state.average = read(file, "/average");
  const auto moments = static_cast<std::size_t>(file.attribute_int("/", "moments"));
  for (std::size_t i = 0; i < moments; ++i) state.moments.push_back(read(file, moment_name(i)));
  state.buffers = read(file, "/buffers");
  if (state.best_epoch > 0) state.best = read(file, "/best");
  return state;
}

}  // namespace harmonic
