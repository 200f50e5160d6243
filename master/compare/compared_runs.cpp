#include "master/compare/compared_runs.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/config/search_settings.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/compare/priced_device.hpp"
#include "master/run/data_shape.hpp"
#include "master/run/run_folder.hpp"

namespace harmonic {
namespace {

/// In units that are the same in every run: not multiples of a run's own reference cost.
bool has_own_unit(const std::string& column) {
  return std::ranges::find(kQuantities, column, &Quantity::name) == kQuantities.end();
}

std::string device_column(const Quantity& quantity, const std::string& device) {
  return fmt::format("{}.{}", quantity.column, device);
}

/// All that models can be compared in, for "did you mean …?".
std::vector<std::string> known_columns(const RunResults& results) {
  std::vector<std::string> names = {"metric_val", "metric_test"};
  for (const auto& quantity : kQuantities) {
    names.emplace_back(quantity.name);
    for (const auto& device : results.devices) names.push_back(device_column(quantity, device));
  }
  for (const auto& size : kSizeMeasures) names.emplace_back(size.name);
  return names;
}

std::optional<OptionSet::Values> settings_but_seed(const RunPaths& paths) try {
  SearchSettings settings;
  OptionSet options("harmonic compare", "");
  settings.declare(options);
  const auto config = paths.config().string();
  auto values = options.identity_of(parse_ini(read_file(paths.config()), config), config);
  values.erase("seed");
  values["generations"] = {std::to_string(settings.evolution.generations)};  // free, and yet no result is the same
  return values;
} catch (const InputError&) {
  return std::nullopt;
}

ComparedRun open_run(const std::string& folder, std::size_t place) {
  const auto paths = run_in(folder);
  (void)read_front(paths);
  ComparedRun run{letter_of(place), folder, {}, {}, load_run_results(paths.folder), {}, {}, settings_but_seed(paths)};
  run.seed = run.results.setting("run", "seed");
  if (const auto status = read_status(paths); status.is_object() && status.contains("state"))
    run.state = status.at("state").is_string() ? status.at("state").get<std::string>() : "";
  if (std::filesystem::exists(paths.inputs())) run.inputs = read_conditions(paths.inputs()).value_or(Conditions{});
  return run;
}

void check_named_once(const std::vector<std::string>& folders) {
  std::vector<std::filesystem::path> seen;
  for (const auto& folder : folders) {
    const auto path = std::filesystem::weakly_canonical(folder);
    if (std::ranges::find(seen, path) != seen.end())
      throw InputError(fmt::format("the run {} is named twice", folder), "name every run once");
    seen.push_back(path);
  }
}

std::string input_of(const ComparedRun& run, std::string_view role) {
  const auto found = std::ranges::find(run.inputs, role, &Conditions::value_type::first);
  return found == run.inputs.end() ? std::string() : found->second;
}

std::string named(const ComparedRun& run) {
  return fmt::format("{} ({})", run.letter, run.path);
}

/// The first run that read something else than the one before it that says what it read.
const ComparedRun* other_input(const std::vector<ComparedRun>& runs, std::string_view role, const ComparedRun*& first) {
  first = nullptr;
  for (const auto& run : runs) {
    const auto hash = input_of(run, role);
    if (hash.empty()) continue;
    if (first != nullptr && input_of(*first, role) != hash) return &run;
    if (first == nullptr) first = &run;
  }
  return nullptr;
}

void check_same_data(const std::vector<ComparedRun>& runs) {
  for (const auto& [role, what] : {std::pair{"data", "train and validation samples"}, {"test data", "test samples"}}) {
    const ComparedRun* first = nullptr;
    if (const auto* other = other_input(runs, role, first))
      throw InputError(
          fmt::format("runs {} and {} are of different data: their {} differ", named(*first), named(*other), what),
          "compare runs of the same data set");
  }
}

/// Devices that are given with a table become devices of every run, and are named from then on.
void price_devices(CompareWish& wish, std::vector<ComparedRun>& runs) {
  for (auto& device : wish.devices) {
    if (device.find('=') == std::string::npos) continue;
    const auto spec = parse_device(device);
    for (auto& run : runs) {
      const auto dearest = price_on(run.results, RunPaths{run.path}, spec);
      for (std::size_t q = 0; q < kQuantities.size(); ++q)
        if (dearest[q]) run.dearest[device_column(kQuantities[q], spec.name)] = *dearest[q];
    }
    device = spec.name;
  }
}

/// What was read of a device: the hashes of its tables.
std::vector<std::string> tables_of(const ComparedRun& run, const std::string& device) {
  std::vector<std::string> hashes;
  for (const auto& [role, hash] : run.inputs)
    if (role.starts_with("table ") && role.ends_with(" of " + device)) hashes.push_back(hash);
  return hashes;
}

bool has_device(const ComparedRun& run, const std::string& device) {
  return std::ranges::find(run.results.devices, device) != run.results.devices.end();
}

/// Devices that every run has by the same tables; of others a note says why they are left out.
std::vector<std::string> common_devices(const CompareWish& wish, ComparedRuns& compared) {
  const auto& runs = compared.runs;
  std::vector<std::string> all, common;
  for (const auto& run : runs)
    for (const auto& device : run.results.devices)
      if (std::ranges::find(all, device) == all.end()) all.push_back(device);
  for (const auto& device : wish.devices)
    if (std::ranges::find(all, device) == all.end())
      throw InputError(fmt::format("no run has a device {}", device),
                       fmt::format("did you mean {}? They have {}", nearest(device, all), join(all, ", ")));
  std::vector<std::string> left_out;
  for (const auto& device : wish.devices.empty() ? all : wish.devices) {
    const auto lacks = std::ranges::find_if_not(runs, [&](const auto& run) { return has_device(run, device); });
    const auto& first = runs.front();
    const auto differs = std::ranges::find_if(runs, [&](const ComparedRun& run) {
      const auto there = tables_of(first, device), here = tables_of(run, device);
      return !there.empty() && !here.empty() && there != here;
    });
    if (lacks != runs.end())
      left_out.push_back(fmt::format("device {} is left out: {} has it not", device, named(*lacks)));
    else if (differs != runs.end())
      left_out.push_back(fmt::format("device {} is left out: {} and {} have other tables of it", device, named(first),
                                     named(*differs)));
    else
      common.push_back(device);
  }
  if (!wish.devices.empty() && !left_out.empty())
    throw InputError(left_out.front(), "give --device one that they share, or none");
  std::ranges::copy(left_out, std::back_inserter(compared.notes));
  return common;
}

/// The runs' own axes, where all have the same columns in the same units.
bool has_common_axes(const ComparedRuns& compared) {
  const auto& first = compared.runs.front().results.hypervolumes;
  if (!first) return false;
  const auto& columns = first->axes.columns;
  for (const auto& run : compared.runs) {
    const auto& volumes = run.results.hypervolumes;
    if (!volumes || volumes->axes.columns != columns) return false;
    for (std::size_t c = 0; c < columns.size(); ++c)
      if (!has_own_unit(columns[c]) && volumes->axes.reference[c] != first->axes.reference[c]) return false;
  }
  // Costs of a device that is not compared count for nothing.
  const auto is_of_left_out = [&](const std::string& column) {
    return std::ranges::any_of(kQuantities, [&](const Quantity& quantity) {
      const auto prefix = std::string(quantity.column) + ".";
      return column.starts_with(prefix) &&
             std::ranges::find(compared.devices, column.substr(prefix.size())) == compared.devices.end();
    });
  };
  return std::ranges::none_of(columns, is_of_left_out);
}

bool all_tell(const ComparedRun& run, const std::string& column) {
  return std::ranges::all_of(
      run.results.front, [&](const auto& model) { return value_of_column(run.results, model, column).has_value(); });
}

std::vector<std::string> chosen_columns(const CompareWish& wish, const ComparedRuns& compared) {
  if (!wish.columns.empty()) return wish.columns;
  if (wish.devices.empty() && has_common_axes(compared))
    return compared.runs.front().results.hypervolumes->axes.columns;
  std::vector<std::string> columns = {"metric_val"};
  for (const auto& quantity : kQuantities)
    for (const auto& device : compared.devices)
      if (const auto column = device_column(quantity, device);
          std::ranges::all_of(compared.runs, [&](const auto& run) { return all_tell(run, column); }))
        columns.push_back(column);
  return columns;
}

/// What a run's settings say is the worst of a column; nothing where it does not measure in it.
std::optional<double> own_reference(const ComparedRun& run, const std::string& column) {
  if (const auto priced = run.dearest.find(column); priced != run.dearest.end()) return priced->second;
  const auto& volumes = run.results.hypervolumes;
  if (!volumes) return std::nullopt;
  const auto at = std::ranges::find(volumes->axes.columns, column);
  if (at == volumes->axes.columns.end()) return std::nullopt;
  return volumes->axes.reference[static_cast<std::size_t>(at - volumes->axes.columns.begin())];
}

/// Of all models that any of the runs ever scored.
double dearest(const ComparedRuns& compared, const std::string& column) {
  double most = -std::numeric_limits<double>::infinity();
  for (const auto& run : compared.runs)
    for (const auto* models : {&run.results.candidates, &run.results.front})
      for (const auto& model : *models)
        if (const auto value = value_of_column(run.results, model, column)) most = std::max(most, *value);
  return most;
}

/// No metric at all; of costs the runs' own references, the largest where they differ, or the dearest model scored.
void set_reference(const std::string& given, ComparedRuns& compared) {
  auto& [columns, reference] = compared.axes;
  if (!given.empty()) {
    for (const auto& part : split(given, ',')) reference.push_back(parse_real(part, "a value of --reference"));
    if (reference.size() != columns.size())
      throw InputError(fmt::format("--reference has {} values for {} columns: {}", reference.size(), columns.size(),
                                   join(columns, ", ")),
                       "give one value a column");
    compared.reference_origin = "given";
    return;
  }
  bool differ = false, scored = false;
  for (const auto& column : columns) {
    if (is_maximised(column)) {
      reference.push_back(0);
      continue;
    }
    std::optional<double> largest;
    bool all = true;
    for (const auto& run : compared.runs) {
      const auto own = own_reference(run, column);
      all = all && own;
      differ = differ || (own && largest && own != largest);
      if (own) largest = std::max(largest.value_or(*own), *own);
    }
    scored = scored || !all;
    reference.push_back(all ? largest.value() : dearest(compared, column));
  }
  compared.reference_origin = scored   ? "no metric, and the dearest model that any of the runs scored"
                              : differ ? "the largest of the runs' own"
                                       : "the runs' own";
}

void check_columns(const ComparedRuns& compared) {
  const auto& columns = compared.axes.columns;
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (std::find(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(c), columns[c]) !=
        columns.begin() + static_cast<std::ptrdiff_t>(c))
      throw InputError(fmt::format("--columns lists '{}' twice", columns[c]), "name every column once");
  for (const auto& run : compared.runs)
    for (const auto& column : columns)
      if (!all_tell(run, column))
        throw InputError(fmt::format("run {} does not tell {} of every model of its front", named(run), column),
                         "leave the column out of --columns, or the run out");
}

void note_units(ComparedRuns& compared) {
  for (const auto& column : compared.axes.columns) {
    if (has_own_unit(column)) continue;
    const auto first = own_reference(compared.runs.front(), column);
    if (std::ranges::any_of(compared.runs, [&](const auto& run) { return own_reference(run, column) != first; }))
      compared.notes.push_back(
          fmt::format("{} is in multiples of each run's own smallest network, which may differ", column));
  }
}

void note_states(ComparedRuns& compared) {
  for (const auto& run : compared.runs) {
    if (run.state.empty())
      compared.notes.push_back(fmt::format("{} does not say whether it has finished", named(run)));
    else if (run.state != "finished")
      compared.notes.push_back(fmt::format("{} {} {}: its front is compared as it stands", named(run),
                                           run.state == "running" ? "is" : "has", run.state));
    if (input_of(run, "data").empty())
      compared.notes.push_back(fmt::format("{} does not say which data it is of", named(run)));
    if (!run.settings)
      compared.notes.push_back(fmt::format(
          "{} has settings that this program does not know: whether it differs by its seed alone is not told",
          named(run)));
  }
  const auto& protocol = compared.runs.front().results.protocol;
  for (const auto& run : compared.runs)
    if (run.results.protocol != protocol) {
      compared.notes.push_back(
          fmt::format("{} and {} have other protocols: their metrics are of different networks and samples",
                      named(compared.runs.front()), named(run)));
      break;
    }
}

void check_classes(const ComparedRuns& compared, const PublishedTable& table) {
  for (const auto& run : compared.runs)
    if (const auto shape = find_data_shape(RunPaths{run.path}.inputs()); shape && shape->classes != table.classes)
      throw InputError(fmt::format("run {} tells {} classes apart, table {} is about {}", named(run), shape->classes,
                                   table.name, table.classes),
                       "give --published the table of the run's data set, or leave it out");
}

ComparedRuns::Published published_of(const CompareWish& wish, ComparedRuns& compared) {
  const auto& table = find_published_table(wish.published);
  check_classes(compared, table);
  const auto& devices = compared.devices;
  const auto found = std::ranges::find_if(devices, names_published_device);
  if (found == devices.end() && wish.devices.size() != 1)
    throw InputError(fmt::format("no device that the runs share is a {} by its name, as the published costs are: {}",
                                 kPublishedDevice, devices.empty() ? "they share none" : join(devices, ", ")),
                     "name the one whose costs stand beside the published ones: --device NAME");
  const auto& device = found == devices.end() ? devices.front() : *found;
  if (found == devices.end())
    compared.notes.push_back(
        fmt::format("published costs are of a {}, those beside them of {}: another device", kPublishedDevice, device));
  compared.notes.push_back(fmt::format(
      "runs do not say whether their data is that of table {}: on other data, metrics do not compare with its",
      table.name));
  return {&table, device};
}

}  // namespace

bool is_maximised(std::string_view column) {
  return column.starts_with("metric_");
}

std::string letter_of(std::size_t place) {
  constexpr std::size_t kLetters = 26;
  const char last = static_cast<char>('A' + place % kLetters);
  return place < kLetters ? std::string(1, last) : letter_of(place / kLetters - 1) + last;
}

std::size_t device_place(const RunResults& results, const std::string& device) {
  const auto found = std::ranges::find(results.devices, device);
  if (found == results.devices.end())
    throw InputError(fmt::format("the run has no device {}", device),
                     fmt::format("it has {}", join(results.devices, ", ")));
  return static_cast<std::size_t>(found - results.devices.begin());
}

std::optional<double> value_of_column(const RunResults& results, const ReportedModel& model,
                                      const std::string& column) {
  if (column == "metric_val") return model.metric_val;
  if (column == "metric_test") return model.metric_test;
  for (std::size_t q = 0; q < kQuantities.size(); ++q) {
    if (column == kQuantities[q].name) return model.aggregates[q];
    for (std::size_t d = 0; d < results.devices.size(); ++d)
      if (column == device_column(kQuantities[q], results.devices[d])) return model.costs[q][d];
  }
  for (std::size_t s = 0; s < kSizeMeasures.size(); ++s)
    if (column == kSizeMeasures[s].name) return model.sizes[s];
  const auto known = known_columns(results);
  throw InputError(fmt::format("runs are not compared in '{}'", column),
                   fmt::format("did you mean '{}'? There are {}", nearest(column, known), join(known, ", ")));
}

std::vector<Objectives> ComparedRuns::points(std::size_t run) const {
  const auto& results = runs.at(run).results;
  std::vector<Objectives> all;
  for (const auto& model : results.front) {
    all.emplace_back();
    for (const auto& column : axes.columns)
      all.back().push_back((is_maximised(column) ? -1 : 1) * value_of_column(results, model, column).value());
  }
  return all;
}

ComparedRuns open_runs(CompareWish wish) {
  check_named_once(wish.runs);
  ComparedRuns compared;
  for (const auto& folder : wish.runs) compared.runs.push_back(open_run(folder, compared.runs.size()));
  price_devices(wish, compared.runs);
  check_same_data(compared.runs);
  note_states(compared);
  compared.devices = common_devices(wish, compared);
  if (!wish.published.empty()) compared.published = published_of(wish, compared);
  compared.axes.columns = chosen_columns(wish, compared);
  if (compared.axes.columns.size() == 1 && wish.columns.empty()) {
    std::vector<std::string> owned;
    for (const auto& run : compared.runs)
      owned.push_back(fmt::format("{} has {}", named(run), join(run.results.devices, ", ")));
    throw InputError(fmt::format("the runs share no device by the same tables: {}", join(owned, "; ")),
                     "compare runs of one device, or name what counts: --columns metric_val,parameters");
  }
  check_columns(compared);
  set_reference(wish.reference, compared);
  note_units(compared);
  return compared;
}

}  // namespace harmonic
