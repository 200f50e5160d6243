#include "core/work/table_scope.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/config/search_settings.hpp"
#include "core/config/space_config.hpp"
#include "core/data/dataset_file.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kChannelsHelp =
    "channels of the fusion operators' states; not given: channels in [fusion] of the config file, if there is one";
constexpr std::string_view kPositionsHelp =
    "positions of the fusion operators' states; not given: side x side of that [fusion]";

/// Adds what a search on these data asks for.
void cover_data(TableScope& scope, const DatasetFile& data) {
  if (const int classes = data.info().classes;
      std::ranges::find(scope.head_classes, classes) == scope.head_classes.end())
    scope.head_classes.push_back(classes);
  const auto spaces = scope.spaces;
  for (const auto& space : spaces)
    for (const auto& modality : data.info().modalities)
      if (auto fitted = fitted_space(space, modality.sample_shape); fitted != space)
        scope.spaces.push_back(std::move(fitted));
}

}  // namespace

void declare_states(OptionSet& options, int& channels, int& positions) {
  options.add("channels", channels, kChannelsHelp, {1, 65536});
  options.add("positions", positions, kPositionsHelp, {1, 65536});
}

void take_fusion(int& channels, int& positions, const OptionSet& options, const std::vector<std::string>& args) {
  if (options.given("channels") && options.given("positions")) return;
  SearchSettings search;
  OptionSet keys("harmonic search", "");
  search.declare(keys);
  for (const auto& file : config_files(args)) {
    const std::string name = fmt::format("config file {}", file);
    if (!std::filesystem::is_regular_file(file)) {  // a pipe: the options have read all of it
      log::warning("{} is no file, and its [fusion] plays no part: give --channels and --positions", name);
      continue;
    }
    auto sections = parse_ini(read_file(file), name);
    std::erase_if(sections, [](const IniSection& section) { return section.name != "fusion"; });
    keys.take(sections, file);
  }
  if (!options.given("channels")) channels = search.fusion.channels;
  if (!options.given("positions")) positions = search.fusion.side * search.fusion.side;
}

void TableScopeOptions::declare(OptionSet& options) {
  options.add("space", spaces_, "a search space to cover; when none is given all, those of the config file too");
  options.add("classes", scope_.head_classes,
              scope_.head_classes.empty()
                  ? "numbers of classes of the classifiers to cover; none given: those of the spaces' own data sets"
                  : "numbers of classes of the classifiers to cover");
  options.add("data", data_, "a data set to cover besides: its number of classes, and maxout on its vectors");
  declare_states(options, scope_.channels, scope_.positions);
  options.add_choice("cost", scope_.cost, kCostScopes,
                     "which rows; published: those that published tables have; full: those of pooling, residual "
                     "additions, reshape layers, norms and classifiers as well, which a search with cost = full needs");
  options.add("joined", scope_.joined, "states that a fusion's head joins, at most; of --cost full", {1, 64});
  declare_spaces(options, catalog_);
}

TableScope TableScopeOptions::whole_scope(const OptionSet& options, const std::vector<std::string>& args) const {
  TableScopeOptions whole = *this;
  whole.spaces_.clear();
  return whole.scope(options, args);
}

TableScope TableScopeOptions::scope(const OptionSet& options, const std::vector<std::string>& args) const {
  TableScope scope = scope_;
  take_fusion(scope.channels, scope.positions, options, args);
  scope.spaces = catalog_.all();
  if (!spaces_.empty()) {
    scope.spaces.clear();
    for (const auto& name : spaces_) scope.spaces.push_back(catalog_.find(name));
  }
  for (const int classes : scope.head_classes)
    if (classes < 1) throw InputError(fmt::format("option classes lists {}", classes), "give numbers of at least 1");
  if (!data_.empty()) cover_data(scope, DatasetFile(data_));
  return scope;
}

}  // namespace harmonic
