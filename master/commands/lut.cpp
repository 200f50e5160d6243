#include "core/hardware/lut.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/search_settings.hpp"
#include "core/config/space_config.hpp"
#include "core/data/dataset_file.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/device_model.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "core/hardware/missing_rows.hpp"
#include "core/hardware/model_size.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "master/commands/commands.hpp"

namespace harmonic {
namespace {

using nlohmann::ordered_json;

std::string today() {
  using namespace std::chrono;
  const year_month_day date(floor<days>(system_clock::now()));
  return fmt::format("{:04}-{:02}-{:02}", int(date.year()), unsigned(date.month()), unsigned(date.day()));
}

std::vector<std::filesystem::path> as_paths(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

/// Adds {"latency_ms": …, "energy_mj": … or null}.
void add_costs(ordered_json& object, const Cost& cost) {
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    object[std::string(kQuantities[q].column)] = cost[q] ? ordered_json(*cost[q]) : ordered_json();
}

std::vector<std::string> table_header(const std::string& first) {
  std::vector<std::string> cells = {first};
  for (const auto& quantity : kQuantities) cells.emplace_back(quantity.unit);
  return cells;
}

std::vector<std::string> table_row(const std::string& key, const Cost& cost) {
  std::vector<std::string> cells = {key};
  for (std::size_t q = 0; q < kQuantities.size(); ++q) cells.push_back(cost[q] ? fmt::format("{:.5f}", *cost[q]) : "-");
  return cells;
}

/// What import and model say of the table that they wrote.
void report_table(const std::string& path, const LookUpTable& table, bool json) {
  const auto rows = table.rows().size();
  const auto& device = table.provenance().device;
  if (json)
    std::cout << json_text(ordered_json{{"table", path}, {"rows", rows}, {"device", device}}) << '\n';
  else
    std::cout << fmt::format("{}: {} rows of {}\n", path, rows, device);
}

/// Where a table goes to. @param inputs of the command, whose words are `args`: its config files are some, too
class TableFolder : OutputFolder {
 public:
  TableFolder(const std::string& out, std::vector<OptionFile> inputs, const Arguments& args)
      : OutputFolder(out, "out", with_configs(std::move(inputs), args)) {
    check_own_kind(out, "out", "a table of this program",
                   [](const auto& path) { return !LookUpTable::load({path}).provenance().tool.empty(); });
  }

 private:
  static std::vector<OptionFile> with_configs(std::vector<OptionFile> inputs, const Arguments& args) {
    for (const auto& file : config_files(args)) inputs.push_back({"config", file});
    return inputs;
  }
};

/// "KEY=ms,mJ", or "KEY=ms" where no energy is known.
std::pair<std::string, Cost> parse_row(const std::string& text) {
  const auto equals = text.rfind('=');
  const auto values = split(equals == std::string::npos ? "" : std::string_view(text).substr(equals + 1), ',');
  if (equals == 0 || values.empty() || values.size() > kQuantities.size())
    throw InputError(fmt::format("cannot read --set {}", text), "write it as KEY=ms,mJ, or KEY=ms without an energy");
  const std::string key = trim(text.substr(0, equals));
  Cost cost{};
  for (std::size_t q = 0; q < kQuantities.size(); ++q) {
    cost[q].reset();
    if (q < values.size()) cost[q] = parse_real(values[q], fmt::format("{} of '{}'", kQuantities[q].name, key));
    if (const double given = cost[q].value_or(0); given < 0 || given > LookUpTable::kHighestCost)
      throw InputError(fmt::format("--set {}: {} is {}", text, kQuantities[q].name, given),
                       fmt::format("a cost is between 0 and {:g}", LookUpTable::kHighestCost));
  }
  return {key, cost};
}

ExitCode import_tables(const Arguments& args) {
  std::vector<std::string> in, set;
  std::string device, out, date = today();
  bool json = false;
  OptionSet options("harmonic lut import", "Joins tables of one device, published or the project's own, into one.");
  options.add("in", in, "a table to read").required();
  options.add("device", device, "the device, in words, for the table's provenance").required();
  options.add("out", out, "table to write; its folder is made where there is none").required();
  options.add("set", set, "a row to add or replace: KEY=ms,mJ, or KEY=ms without an energy",
              {kWholeTexts.parse, kWholeTexts.text, listed_named_values});
  options.add("date", date, "date for the table's provenance, ISO 8601");
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  std::vector<OptionFile> inputs;
  for (const auto& file : in) inputs.push_back({"in", file});
  const TableFolder folder(out, inputs, args);

  LookUpTable table = LookUpTable::load(as_paths(in));
  LutProvenance provenance = table.provenance();
  if (!provenance.device.empty() && provenance.device != device)
    provenance.settings += fmt::format("; device there: {}", provenance.device);
  if (!provenance.origin.empty() && provenance.origin != "imported")
    provenance.settings +=
        fmt::format("; origin there: {}, {}, {}", provenance.origin, provenance.date, provenance.tool);
  for (const auto& text : set) {
    const auto [key, cost] = parse_row(text);
    table.set(key, cost);
    provenance.settings += fmt::format("; set by hand: {}", key);
  }
  table.set_provenance({device, "imported", date, tool_name(), provenance.settings});
  table.save(out);
  report_table(out, table, json);
  return ExitCode::done;
}

constexpr std::string_view kChannelsHelp =
    "channels of the fusion operators' states; not given: channels in [fusion] of the config file, if there is one";
constexpr std::string_view kPositionsHelp =
    "positions of the fusion operators' states; not given: side x side of that [fusion]";

/// Channels and positions of the fusion operators' states, unless the options of these names give them: as a search
/// with the same config files has them.
void take_fusion(int& channels, int& positions, const OptionSet& options, const Arguments& args) {
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

ExitCode model_device(const Arguments& args) {
  std::string profile, device, data, out, date = today();
  bool json = false;
  TableScope scope;
  SpaceCatalog catalog;
  std::vector<std::string> spaces;
  std::vector<std::string> values(model_parameters().size());
  OptionSet options("harmonic lut model",
                    "Fills a table from an analytic model of a device: a roofline with a price a kernel.");
  options.add("device-profile", profile, fmt::format("starting values: {}", join(device_profile_names(), " | ")))
      .required();
  options.add("out", out, "table to write; its folder is made where there is none").required();
  options.add("device", device, "the device, in words, for the table's provenance; the profile's when empty");
  options.add("space", spaces, "a search space to cover; when none is given all, those of the config file too");
  options.add("classes", scope.head_classes, "numbers of classes of the classifiers to cover");
  options.add("data", data, "a data set to cover besides: its number of classes, and maxout on its vectors");
  options.add("channels", scope.channels, kChannelsHelp, {1, 65536});
  options.add("positions", scope.positions, kPositionsHelp, {1, 65536});
  options.add("date", date, "date for the table's provenance, ISO 8601");
  declare_spaces(options, catalog);
  for (std::size_t p = 0; p < values.size(); ++p)
    options.add(model_parameters()[p].name, values[p],
                fmt::format("{}; the profile's when empty", model_parameters()[p].help));
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  const TableFolder folder(out, {{"data", data}}, args);
  say_notices(options);
  take_fusion(scope.channels, scope.positions, options, args);

  DeviceModel model = device_profile(profile);
  if (!device.empty()) model.device = device;
  for (std::size_t p = 0; p < values.size(); ++p)
    if (!values[p].empty())
      model.*model_parameters()[p].value = parse_real(values[p], fmt::format("option {}", model_parameters()[p].name));
  scope.spaces = catalog.all();
  if (!spaces.empty()) {
    scope.spaces.clear();
    for (const auto& name : spaces) scope.spaces.push_back(catalog.find(name));
  }
  for (const int classes : scope.head_classes)
    if (classes < 1) throw InputError(fmt::format("option classes lists {}", classes), "give numbers of at least 1");
  if (!data.empty()) cover_data(scope, DatasetFile(data));
  const LookUpTable table = model_table(model, scope, date);
  table.save(out);
  report_table(out, table, json);
  return ExitCode::done;
}

ExitCode show(const Arguments& args) {
  std::vector<std::string> files;
  bool json = false;
  OptionSet options("harmonic lut show TABLE.json", "Shows a table's rows and where they came from.");
  options.add("lut", files, "a table; several are shown as one").required();
  options.add("json", json, "print one JSON object");
  // Leading bare words are tables.
  Arguments words;
  const auto first_option = std::ranges::find_if(args, [](const auto& word) { return word.starts_with('-'); });
  for (auto word = args.begin(); word != first_option; ++word) words.insert(words.end(), {"--lut", *word});
  words.insert(words.end(), first_option, args.end());
  if (options.parse(words) == OptionSet::Parsed::help_printed) return ExitCode::done;

  const LookUpTable table = LookUpTable::load(as_paths(files));
  const LutProvenance& from = table.provenance();
  if (json) {
    ordered_json entries = ordered_json::object();
    for (const auto& [key, cost] : table.rows()) add_costs(entries[key], cost);
    std::cout << json_text(ordered_json{{"device", from.device},
                                        {"origin", from.origin},
                                        {"date", from.date},
                                        {"tool", from.tool},
                                        {"settings", from.settings},
                                        {"entries", std::move(entries)}})
              << '\n';
    return ExitCode::done;
  }
  std::cout << fmt::format("device    {}\norigin    {}\ndate      {}\ntool      {}\nsettings  {}\nrows      {}\n\n",
                           from.device, from.origin, from.date, from.tool, from.settings, table.rows().size());
  std::vector<std::vector<std::string>> rows = {table_header("key")};
  for (const auto& [key, cost] : table.rows()) rows.push_back(table_row(key, cost));
  std::cout << aligned_table(rows);
  return ExitCode::done;
}

ExitCode cost(const Arguments& args) {
  SpaceCatalog catalog;
  std::vector<std::string> luts, spaces, genomes;
  std::string fusion;
  int classes = 10, head_classes = 0, channels = 192, positions = 16;
  bool json = false;
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
  options.add("classes", classes, "classes of the classifier", {1, 1'000'000});
  options.add("head-classes", head_classes,
              "classifier row of the table, where it is not that of --classes; 0: the same", {0, 1'000'000});
  options.add("fusion", fusion, "fusion operators to add, comma separated: LinearGLU,LinearGLU");
  options.add("channels", channels, kChannelsHelp, {1, 65536});
  options.add("positions", positions, kPositionsHelp, {1, 65536});
  options.add("json", json, "print one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  say_notices(options);
  take_fusion(channels, positions, options, args);
  if (spaces.size() != genomes.size())
    throw InputError(fmt::format("{} spaces and {} genomes are given", spaces.size(), genomes.size()),
                     "give --space and --genome in pairs");
  const auto names = split(fusion, ',');
  if (std::ranges::find(names, "") != names.end())
    throw InputError(fmt::format("--fusion '{}' has an operator without a name", fusion),
                     "list operators between single commas: LinearGLU,LinearGLU");

  const LookUpTable table = LookUpTable::load(as_paths(luts));
  PricedNetworks networks{.spaces = {},
                          .head_classes = head_classes > 0 ? head_classes : classes,
                          .operators = names,
                          .channels = channels,
                          .positions = positions,
                          .configs = config_files(args),
                          .program = program_invocation_name};
  for (std::size_t m = 0; m < spaces.size(); ++m) {
    networks.spaces.push_back(catalog.find(spaces[m]));
    networks.genomes.push_back({parse_genome(genomes[m], networks.spaces.back())});
  }
  for (const auto& name : names) (void)find_fusion_operator(name);
  check_table(table, networks);
  std::vector<CostPart> parts;
  ModelSize size;
  for (std::size_t m = 0; m < spaces.size(); ++m) {
    const BackboneSpace& space = networks.spaces[m];
    const auto& genome = networks.genomes[m].front();
    const auto more = backbone_cost(table, space, genome, networks.head_classes);
    parts.insert(parts.end(), more.begin(), more.end());
    size += backbone_size(space, genome, classes);
  }
  const auto operators = fusion_cost(table, names, channels, positions);
  parts.insert(parts.end(), operators.begin(), operators.end());
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
  std::vector<std::vector<std::string>> rows = {table_header("part")};
  for (const auto& part : parts) rows.push_back(table_row(part.key, part.cost));
  rows.push_back(table_row("total", sum));
  std::cout << aligned_table(rows) << '\n';
  for (const auto& measure : kSizeMeasures)
    std::cout << fmt::format("{:.4f} {}\n", size.*measure.value / 1e6, measure.in_millions);
  return ExitCode::done;
}

}  // namespace

ExitCode lut_command(const Arguments& args) {
  const std::vector<std::string> verbs = {"import", "model", "show", "cost"};
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    std::cout << "Look-up tables: what every layer costs on a device, in ms and mJ.\n\n"
                 "  harmonic lut import  join published or own tables into one\n"
                 "  harmonic lut model   fill a table from an analytic device model\n"
                 "  harmonic lut show    a table's rows and provenance\n"
                 "  harmonic lut cost    what a network costs, part by part\n\n"
                 "Each takes --help.\n";
    if (args.empty()) throw InputError("harmonic lut needs a word of what to do", join(verbs, ", "));
    return ExitCode::done;
  }
  const Arguments rest(args.begin() + 1, args.end());
  if (args[0] == "import") return import_tables(rest);
  if (args[0] == "model") return model_device(rest);
  if (args[0] == "show") return show(rest);
  if (args[0] == "cost") return cost(rest);
  throw InputError(fmt::format("harmonic lut cannot '{}'", args[0]),
                   fmt::format("did you mean {}? It can {}", nearest(args[0], verbs), join(verbs, ", ")));
}

}  // namespace harmonic
