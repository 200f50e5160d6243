#include <array>
#include <iostream>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/data/class_counts.hpp"
#include "core/data/contact_sheet.hpp"
#include "core/data/dataset_check.hpp"
#include "core/data/dataset_file.hpp"
#include "core/data/dataset_summary.hpp"
#include "core/data/raw_folder.hpp"
#include "core/data/training_mark.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "master/commands/data_actions.hpp"
#include "master/commands/data_summary.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

/// Takes the word that is no option out of `args`, when it comes first or last.
std::string take_word(Arguments& args) {
  const auto is_word = [](const std::string& arg) { return !arg.empty() && arg.front() != '-'; };
  if (args.empty()) return {};
  const auto at = is_word(args.front()) ? args.begin() : std::prev(args.end());
  if (!is_word(*at)) return {};
  std::string word = std::move(*at);
  args.erase(at);
  return word;
}

std::string type_text(ElementType type) {
  return type == ElementType::uint8 ? "uint8" : "float32";
}

nlohmann::ordered_json to_json(const DatasetFile& data) {
  const DatasetInfo& info = data.info();
  nlohmann::ordered_json json = {{"file", data.path().string()},  {"task", word_of(kLabelKinds, info.labels)},
                                 {"classes", info.classes},       {"class_names", info.class_names},
                                 {"provenance", info.provenance}, {"hash", training_hash_text(data)}};
  for (const auto& modality : info.modalities)
    json["modalities"][modality.name] = {{"shape", modality.sample_shape},
                                         {"type", type_text(modality.type)},
                                         {"mean", data.statistics(modality.name).mean},
                                         {"std", data.statistics(modality.name).std},
                                         {"computed", modality.mean.empty() || modality.std.empty()}};
  for (const Split split : kSplits)
    json["splits"][to_text(split)] = {{"samples", data.samples(split)}, {"per_class", class_counts(data, split)}};
  return json;
}

/// @param stored in the file
std::string statistic_text(const std::vector<float>& values, bool stored) {
  constexpr std::size_t kMostShown = 3;
  const std::string text = values.size() > kMostShown ? fmt::format("{} values", values.size())
                                                      : fmt::format("{:.4g}", fmt::join(values, ", "));
  return stored ? text : text + ", of train";
}

std::string to_page(const DatasetFile& data) {
  const DatasetInfo& info = data.info();
  std::vector<std::vector<std::string>> modalities = {{"modality", "shape", "type", "mean", "std"}};
  for (const auto& modality : info.modalities)
    modalities.push_back({modality.name, fmt::format("{}", fmt::join(modality.sample_shape, " x ")),
                          type_text(modality.type),
                          statistic_text(data.statistics(modality.name).mean, !modality.mean.empty()),
                          statistic_text(data.statistics(modality.name).std, !modality.std.empty())});
  std::vector<std::vector<std::string>> classes = {{"class", "train", "val", "test"}};
  std::array<std::vector<std::size_t>, 3> counts;
  for (std::size_t i = 0; i < kSplits.size(); ++i) counts[i] = class_counts(data, kSplits[i]);
  for (std::size_t i = 0; i < static_cast<std::size_t>(info.classes); ++i)
    classes.push_back({class_name(info, i), std::to_string(counts[0][i]), std::to_string(counts[1][i]),
                       std::to_string(counts[2][i])});
  classes.push_back(
      {"samples", std::to_string(info.samples[0]), std::to_string(info.samples[1]), std::to_string(info.samples[2])});
  return fmt::format("{}\n{}, {} classes; hash {}\n{}\n\n{}\n{}", data.path().string(),
                     word_of(kLabelKinds, info.labels), info.classes, training_hash_text(data),
                     info.provenance.empty() ? "provenance unknown" : info.provenance, aligned_table(modalities),
                     aligned_table(classes));
}

/// Says all that is wrong, on stdout, or what else should be known. @throws InputError when something is wrong
void check_dataset(const std::string& file, bool as_json) {
  const auto problems = dataset_problems(file);
  const auto warnings = problems.empty() ? dataset_warnings(file) : std::vector<std::string>();
  if (as_json) {
    std::cout << json_text(nlohmann::ordered_json{{"file", file}, {"problems", problems}, {"warnings", warnings}})
              << '\n';
  } else {
    for (const auto& problem : problems) std::cout << "- " << problem << '\n';
    for (const auto& warning : warnings) std::cout << "- warning: " << warning << '\n';
    if (problems.empty())
      std::cout << fmt::format("{}: {}\n", file, warnings.empty() ? "nothing is wrong" : "nothing would be refused");
  }
  if (!problems.empty())
    throw InputError(fmt::format("{}: {} of what it holds would be refused, or learnt badly from", file,
                                 problems.size() == 1 ? "something" : fmt::format("{} things", problems.size())),
                     "mend what is listed; configs/README.md shows the layout");
}

/// What the file says and what a look at every sample tells.
void print_with_summary(const fs::path& path, bool as_json) {
  const DatasetFile data(path);
  const auto summary = summarise(data);
  if (as_json) {
    auto json = to_json(data);
    json["summary"] = summary_json(data, summary);
    json["duplicates"] = duplicates_json(summary);
    std::cout << json_text(json) << '\n';
  } else {
    std::cout << to_page(data) << summary_page(data, summary);
  }
}

}  // namespace

void print_dataset(const fs::path& path, bool as_json) {
  const DatasetFile data(path);
  if (as_json) {
    std::cout << json_text(to_json(data)) << '\n';
  } else {
    std::cout << to_page(data);
  }
}

ExitCode data_show(Arguments args) {
  const std::string file = take_word(args);
  bool json = false, check = false;
  std::string sheet;
  OptionSet options("harmonic data show F.h5", "Shows what a data set file holds.");
  options.add("check", check,
              "read every value, and say all that training or a search would refuse, and how to mend it");
  options.add("sheet", sheet, "PNG to write: the first 64 train samples of every modality, side by side");
  options.add("json", json, "print one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  if (file.empty()) throw InputError("harmonic data show names no file", "give it: harmonic data show F.h5");
  if (!sheet.empty()) {
    const OutputFolder folder(sheet, "sheet", {{"", file}});
    check_own_kind(sheet, "sheet", "a contact sheet", is_contact_sheet);
    if (lower_extension(sheet) != ".png")
      throw InputError(fmt::format("--sheet {}: a sheet is a PNG", sheet), "give a name that ends with .png");
    write_contact_sheet(sheet, DatasetFile(file));
  }
  if (check)
    check_dataset(file, json);
  else
    print_with_summary(file, json);
  return ExitCode::done;
}

}  // namespace harmonic
