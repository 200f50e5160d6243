#include "worker/train/training_state.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/hdf5_file.hpp"
#include "worker/tensor/tensor_file.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kFormat = "harmonic-training";
constexpr std::int64_t kVersion = 1;
constexpr const char* kModality = "modality";
constexpr const char* kInit = "init";
constexpr const char* kMend = "remove it to train from the start";

std::string moment_name(std::size_t index) {
  return fmt::format("/moment_{}", index);
}

Conditions read_conditions_of(const Hdf5File& file) {
  const auto names = file.read_texts("/condition_names"), values = file.read_texts("/condition_values");
  Conditions conditions;
  for (std::size_t i = 0; i < std::min(names.size(), values.size()); ++i) conditions.emplace_back(names[i], values[i]);
  return conditions;
}

/// What the system refuses passes as it is: such a file may be as good as ever.
/// @throws ContentError when only removing the file helps
std::pair<Conditions, TrainingState> read_state(const std::filesystem::path& path) try {
  const Hdf5File file(path, Hdf5File::Mode::read);
  if (file.attribute_text("/", "format") != kFormat)
    throw ContentError(fmt::format("{} is of another kind", path.string()), kMend);
  if (const auto version = file.attribute_int("/", "version"); version != kVersion)
    throw InputError(fmt::format("{} has format version {}, this program reads {}", path.string(), version, kVersion),
                     fmt::format("go on with the program that wrote it, or {}", kMend));
  Conditions conditions = read_conditions_of(file);
  TrainingState state;
  state.step = file.attribute_int("/", "step");
  state.loss = file.attribute_real("/", "loss");
  if (file.has_attribute("/", "loss_smallest")) {
    state.loss_smallest = file.attribute_real("/", "loss_smallest");
    state.loss_random = file.attribute_real("/", "loss_random");
  }
  state.last_loss = file.attribute_real("/", "last_loss");
  state.seconds = file.attribute_real("/", "seconds");
  state.largest_percent = file.attribute_real("/", "largest_percent");
  state.smallest_percent = file.attribute_real("/", "smallest_percent");
  state.best_epoch = static_cast<int>(file.attribute_int("/", "best_epoch"));
  state.best_largest_percent = file.attribute_real("/", "best_largest_percent");
  state.best_smallest_percent = file.attribute_real("/", "best_smallest_percent");
  state.values = read_tensor(file, "/values");
  state.average = read_tensor(file, "/average");
  const auto moments = static_cast<std::size_t>(file.attribute_int("/", "moments"));
  for (std::size_t i = 0; i < moments; ++i) state.moments.push_back(read_tensor(file, moment_name(i)));
  state.buffers = read_tensor(file, "/buffers");
  if (state.best_epoch > 0) state.best = read_tensor(file, "/best");
  return {std::move(conditions), std::move(state)};
} catch (const ContentError& e) {
  throw ContentError(fmt::format("no state of a training, or a damaged one: {}", e.problem()), kMend);
}

/// The state of `path`, or that before it where it is damaged, which then takes its place: the next one that is written
/// would push out the whole one instead. @throws InputError
std::pair<Conditions, TrainingState> read_newest_state(const std::filesystem::path& path) try {
  return read_state(path);
} catch (const ContentError& e) {
  const auto previous = previous_version(path);
  if (!std::filesystem::exists(previous)) throw;
  auto found = read_state(previous);
  log::warning("{}: going on from the state before, {}", e.problem(), previous.string());
  std::filesystem::rename(previous, path);
  return found;
}

}  // namespace

void save_training_state(const std::filesystem::path& path, const TrainingState& state, const Conditions& conditions,
                         const TrainingSource& source) {
  keep_as(path, previous_version(path));
  replace_file(path, [&](const std::filesystem::path& temporary) {
    Hdf5File file(temporary, Hdf5File::Mode::create);
    file.set_attribute("/", "format", kFormat);
    file.set_attribute("/", "version", kVersion);
    file.set_attribute("/", kModality, source.modality);
    file.set_attribute("/", kInit, source.init);
    std::vector<std::string> names, values;
    for (const auto& [name, value] : conditions) {
      names.push_back(name);
      values.push_back(value);
    }
    file.write_texts("/condition_names", names);
    file.write_texts("/condition_values", values);
    file.set_attribute("/", "step", state.step);
    file.set_attribute("/", "loss", state.loss);
    file.set_attribute("/", "loss_smallest", state.loss_smallest);
    file.set_attribute("/", "loss_random", state.loss_random);
    file.set_attribute("/", "last_loss", state.last_loss);
    file.set_attribute("/", "seconds", state.seconds);
    file.set_attribute("/", "largest_percent", state.largest_percent);
    file.set_attribute("/", "smallest_percent", state.smallest_percent);
    file.set_attribute("/", "best_epoch", static_cast<std::int64_t>(state.best_epoch));
    file.set_attribute("/", "best_largest_percent", state.best_largest_percent);
    file.set_attribute("/", "best_smallest_percent", state.best_smallest_percent);
    write_tensor(file, "/values", state.values);
    write_tensor(file, "/average", state.average);
    file.set_attribute("/", "moments", static_cast<std::int64_t>(state.moments.size()));
    for (std::size_t i = 0; i < state.moments.size(); ++i) write_tensor(file, moment_name(i), state.moments[i]);
    write_tensor(file, "/buffers", state.buffers);
    if (state.best_epoch > 0) write_tensor(file, "/best", state.best);
    file.flush();
  });
}

std::optional<RecordedTraining> recorded_training(const std::filesystem::path& path) {
  for (const auto& file : {path, previous_version(path)}) {
    if (!std::filesystem::exists(file)) continue;
    try {
      const Hdf5File state(file, Hdf5File::Mode::read);
      const auto noted = [&](const char* name) {
        return state.has_attribute("/", name) ? state.attribute_text("/", name) : std::string();
      };
      return RecordedTraining{read_conditions_of(state), {noted(kModality), noted(kInit)}};
    } catch (const std::exception&) {  // load_training_state says what is wrong with it
    }
  }
  return std::nullopt;
}

TrainingState load_training_state(const std::filesystem::path& path, const Conditions& conditions,
                                  const StateSizes& sizes) {
  const auto [there, state] = read_newest_state(path);
  const auto others = differences(there, conditions);
  if (!others.empty())
    throw InputError(fmt::format("{} is of another training: {}", path.string(), join(others, ", ")),
                     "leave settings out: the training holds its own; give its own data; or remove it to train anew");
  const auto check = [&](const std::string& name, std::int64_t found, std::int64_t needed) {
    if (found != needed)
      throw InputError(
          fmt::format("{}, {}: has shape ({}), but this training needs ({})", path.string(), name, found, needed),
          kMend);
  };
  check("/values", state.values.numel(), sizes.parameters);
  check("/average", state.average.numel(), sizes.parameters);
  check("moments", static_cast<std::int64_t>(state.moments.size()), static_cast<std::int64_t>(sizes.moments));
  for (std::size_t i = 0; i < state.moments.size(); ++i)
    check(moment_name(i), state.moments[i].numel(), sizes.parameters);
  check("/buffers", state.buffers.numel(), sizes.buffers);
  if (state.best_epoch > 0) check("/best", state.best.numel(), sizes.parameters + sizes.buffers);
  return state;
}

}  // namespace harmonic
