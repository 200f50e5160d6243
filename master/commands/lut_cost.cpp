#include <algorithm>
#include <cerrno>
#include <iostream>
#include <optional>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/config/search_settings.hpp"
#include "core/config/space_config.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "core/hardware/missing_rows.hpp"
#include "core/hardware/model_size.hpp"
#include "core/hardware/network_parts.hpp"
#include "core/space/genotype.hpp"
#include "core/space/layers.hpp"
#include "core/work/table_scope.hpp"
#include "master/commands/lut_actions.hpp"

namespace harmonic {
namespace {

/// @throws InputError when a genotype reads a state that is not there
void check_states(const Genotype& genotype, int inputs) {
  const int states = inputs + static_cast<int>(genotype.cells.size());
  const auto check = [&](int state, int below) {
    if (state < 0 || state >= below)
      throw InputError(
          fmt::format("--genotype {} reads state {}, and there are {} by then", to_text(genotype), state, below),
          fmt::format("the backbones offer states 0 to {}, and every cell makes the next", inputs - 1));
  };
  for (std::size_t c = 0; c < genotype.cells.size(); ++c)
    for (const int state : {genotype.cells[c].first, genotype.cells[c].second})
      check(state, inputs + static_cast<int>(c));
  for (const int state : genotype.concat) check(state, states);
}

/// A fusion network of these operators, a cell each, that reads as many of the inputs as it can.
Genotype one_cell_each(const std::vector<std::string>& operators, int inputs) {
  Genotype genotype;
  const auto cells = static_cast<int>(operators.size());
  for (int c = 0; c < cells; ++c)
    genotype.cells.push_back({2 * c % inputs, (2 * c + 1) % inputs, {{operators[static_cast<std::size_t>(c)], 0, 1}}});
  for (int c = cells - FusionSettings{}.joined_cells(cells); c < cells; ++c) genotype.concat.push_back(inputs + c);
  return genotype;
}

constexpr int kUsualClasses = 10;  ///< of a space that is of no data set

/// Of the first space that is of a data set. @throws InputError when they are of several
int usual_classes(const std::vector<std::string>& spaces, const SpaceCatalog& catalog) {
  int classes = 0;
  for (const auto& name : spaces) {
    const int own = published_classes(catalog.find(name));
    if (own > 0 && classes > 0 && own != classes)
      throw InputError(fmt::format("the spaces are of data sets of {} and of {} classes", classes, own),
                       "say how many the classifier has: --classes");
    if (own > 0) classes = own;
  }
  return classes > 0 ? classes : kUsualClasses;
}

}  // namespace

using nlohmann::ordered_json;

ExitCode lut_cost(const Arguments& args) {
  SpaceCatalog catalog;
  std::vector<std::string> luts, spaces, genomes;
  std::string fusion, genotype_text;
  int classes = 0, head_classes = 0, channels = 192, positions = 16;
  CostScope scope = CostScope::published;
  bool json = false, backbone_logits = FusionSettings{}.backbone_logits;
  OptionSet options(
      "harmonic lut cost",
      "Sums what backbones and fusion operators cost on a device: its table's rows, and their parameters and "
      "multiply-adds.");
  options.add("lut", luts, "a table of the device; several are joined").required();
  options.add("space", spaces, "search space of a backbone; once a modality").required();
  options
      .add("genome", genomes, "its genome: K=5,5,5,5;E=3,3,4,3;D=2, smallest, largest; fixed for maxout", kWholeTexts)
      .required();
  declare_spaces(options, catalog);
  options.add("classes", classes,
              fmt::format("classes of the classifier; 0: those of the data set that the space was made for, {} of a "
                          "space of your own",
                          kUsualClasses),
              {0, 1'000'000});
  options.add("head-classes", head_classes,
              "classifier row of the table, where it is not that of --classes; 0: the same", {0, 1'000'000});
  options.add("fusion", fusion, "fusion operators to add, comma separated: LinearGLU,LinearGLU");
  declare_states(options, channels, positions);
  options.add_choice("cost", scope, kCostScopes,
                     "which parts; published: those that published tables have rows for; full: pooling, residual "
                     "additions and classifiers as well, and with --genotype, or --fusion as cells of one operator "
                     "each, a fusion's reshape layers, norms and head");
  options.add("genotype", genotype_text, "fusion network to add, as runs write it: 1+5:Sum(0,1) -> 8, or late:sum");
  options.add("backbone-logits", backbone_logits, "the fusion network adds the backbones' logits; of --cost full");
  options.add("json", json, "print one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  say_notices(options);
  take_fusion(channels, positions, options, args);
  if (spaces.size() != genomes.size())
    throw InputError(fmt::format("{} spaces and {} genomes are given", spaces.size(), genomes.size()),
                     "give --space and --genome in pairs");
  auto names = split(fusion, ',');
  if (!names.empty() && !genotype_text.empty())
    throw InputError("--fusion and --genotype are given", "the second lists the operators already: leave out --fusion");
  if (std::ranges::find(names, "") != names.end())
    throw InputError(fmt::format("--fusion '{}' has an operator without a name", fusion),
                     "list operators between single commas: LinearGLU,LinearGLU");

  if (classes == 0) classes = usual_classes(spaces, catalog);
  const LookUpTable table = load_tables(luts);
  PricedNetworks networks{.spaces = {},
                          .head_classes = head_classes > 0 ? head_classes : classes,
                          .operators = names,
                          .channels = channels,
                          .positions = positions,
                          .configs = config_files(args),
                          .program = program_invocation_name,
                          .cost = scope};
  for (std::size_t m = 0; m < spaces.size(); ++m) {
    networks.spaces.push_back(catalog.find(spaces[m]));
    networks.genomes.push_back({parse_genome(genomes[m], networks.spaces.back())});
  }
  for (const auto& name : names) (void)find_fusion_operator(name);
  ModelSizing sizing{networks.spaces, {}, classes, channels, positions, backbone_logits};
  MultimodalGenome model;
  int inputs = 0;
  for (std::size_t m = 0; m < spaces.size(); ++m) {
    sizing.features.push_back(std::min(most_offered(networks.spaces[m]), FusionSettings::kUsualFeatures));
    inputs += sizing.features.back();
    model.backbones.push_back(networks.genomes[m].front());
  }
  std::optional<Genotype> genotype;
  if (!genotype_text.empty()) genotype = parse_genotype(genotype_text);
  if (genotype) check_states(*genotype, inputs);
  if (!genotype && scope == CostScope::full && !names.empty()) genotype = one_cell_each(names, inputs);
  if (genotype && names.empty()) names = operators_of(*genotype);
  networks.operators = names;
  check_table(table, networks);
  std::vector<CostPart> parts;
  ModelSize size;
  for (std::size_t m = 0; m < spaces.size(); ++m) {
    const BackboneSpace& space = networks.spaces[m];
    const auto& genome = networks.genomes[m].front();
    const auto more = backbone_cost(table, space, genome, networks.head_classes, scope);
    parts.insert(parts.end(), more.begin(), more.end());
    size += backbone_size(space, genome, classes);
  }
  const auto fused = genotype && scope == CostScope::full ? parts_cost(table, fusion_parts(sizing, model, *genotype))
                                                          : fusion_cost(table, names, channels, positions);
  parts.insert(parts.end(), fused.begin(), fused.end());
  if (genotype)
    size = sizing(model, *genotype);
  else
    for (const auto& name : names) size += size_of(fusion_kernels(name, channels, positions));
  const Cost sum = total(parts);
  if (json) {
    ordered_json list = ordered_json::array();
    for (const auto& part : parts) {
      ordered_json object = {{"key", part.key}};
      add_costs(object, part.cost);
      list.push_back(std::move(object));
    }
    ordered_json whole = ordered_json::object();
    add_costs(whole, sum);
    for (const auto& measure : kSizeMeasures) whole[std::string(measure.name)] = size.*measure.value;
    whole["parts"] = std::move(list);
    std::cout << json_text(whole) << '\n';
    return ExitCode::done;
  }
  std::vector<std::vector<std::string>> rows = {cost_header("part")};
  for (const auto& part : parts) rows.push_back(cost_row(part.key, part.cost));
  rows.push_back(cost_row("total", sum));
  std::cout << aligned_table(rows) << '\n';
  for (const auto& measure : kSizeMeasures)
    std::cout << fmt::format("{:.4f} {}\n", size.*measure.value / 1e6, measure.in_millions);
  return ExitCode::done;
}

}  // namespace harmonic
