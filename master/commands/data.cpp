#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/data/avmnist_import.hpp"
#include "core/data/dataset_file.hpp"
#include "core/data/synthetic.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "master/commands/commands.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kActions = {"synth", "import", "show"};
const std::vector<std::string> kSources = {"avmnist"};

constexpr std::string_view kHelp =
    "Makes, imports and shows data sets.\n\n"
    "Usage: harmonic data synth --out F.h5 [options]\n"
    "       harmonic data import avmnist --in FOLDER --out F.h5 [options]\n"
    "       harmonic data show F.h5 [--json]\n\n"
    "Every one of them has --help.\n";

bool asks_for_help(const std::string& word) {
  return word == "--help" || word == "-h";
}

Arguments after_first(const Arguments& args) {
  return {args.begin() + 1, args.end()};
}

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

// ---- show ----------------------------------------------------------------------------------------------------------

std::string task_of(const DatasetInfo& info) {
  return info.labels == LabelKind::multilabel ? "multilabel" : "classification";
}

/// Samples of each class; in a multilabel split a sample counts for each of its classes.
std::vector<std::size_t> counts_of(const DatasetFile& data, Split split) {
  const auto classes = static_cast<std::size_t>(data.info().classes);
  std::vector<std::size_t> counts(classes, 0);
  if (data.info().labels == LabelKind::multilabel) {
    const auto sets = data.read_label_sets(split);
    for (std::size_t i = 0; i < sets.size(); ++i) counts[i % classes] += sets[i];
  } else {
    for (const std::int64_t label : data.read_classes(split)) ++counts[static_cast<std::size_t>(label)];
  }
  return counts;
}

std::string class_name(const DatasetInfo& info, std::size_t i) {
  return info.class_names.empty() ? std::to_string(i) : info.class_names[i];
}

std::string hash_text(const DatasetFile& data) {
  return fmt::format("{:016x}", data.training_hash());
}

std::string type_text(ElementType type) {
  return type == ElementType::uint8 ? "uint8" : "float32";
}

nlohmann::ordered_json to_json(const DatasetFile& data) {
  const DatasetInfo& info = data.info();
  nlohmann::ordered_json json = {{"file", data.path().string()},  {"task", task_of(info)},
                                 {"classes", info.classes},       {"class_names", info.class_names},
                                 {"provenance", info.provenance}, {"hash", hash_text(data)}};
  for (const auto& modality : info.modalities)
    json["modalities"][modality.name] = {{"shape", modality.sample_shape},
                                         {"type", type_text(modality.type)},
                                         {"mean", modality.mean},
                                         {"std", modality.std}};
  for (const Split split : kSplits)
    json["splits"][to_text(split)] = {{"samples", data.samples(split)}, {"per_class", counts_of(data, split)}};
  return json;
}

std::string statistic_text(const std::vector<float>& values) {
  constexpr std::size_t kMostShown = 3;
  if (values.size() > kMostShown) return fmt::format("{} values", values.size());
  return fmt::format("{:.4g}", fmt::join(values, ", "));
}

std::string to_page(const DatasetFile& data) {
  const DatasetInfo& info = data.info();
  std::vector<std::vector<std::string>> modalities = {{"modality", "shape", "type", "mean", "std"}};
  for (const auto& modality : info.modalities)
    modalities.push_back({modality.name, fmt::format("{}", fmt::join(modality.sample_shape, " x ")),
                          type_text(modality.type), statistic_text(modality.mean), statistic_text(modality.std)});
  std::vector<std::vector<std::string>> classes = {{"class", "train", "val", "test"}};
  std::array<std::vector<std::size_t>, 3> counts;
  for (std::size_t i = 0; i < kSplits.size(); ++i) counts[i] = counts_of(data, kSplits[i]);
  for (std::size_t i = 0; i < static_cast<std::size_t>(info.classes); ++i)
    classes.push_back({class_name(info, i), std::to_string(counts[0][i]), std::to_string(counts[1][i]),
                       std::to_string(counts[2][i])});
  classes.push_back(
      {"samples", std::to_string(info.samples[0]), std::to_string(info.samples[1]), std::to_string(info.samples[2])});
  return fmt::format("{}\n{}, {} classes; hash {}\n{}\n\n{}\n{}", data.path().string(), task_of(info), info.classes,
                     hash_text(data), info.provenance.empty() ? "provenance unknown" : info.provenance,
                     aligned_table(modalities), aligned_table(classes));
}

void print(const fs::path& path, bool as_json) {
  const DatasetFile data(path);
  if (as_json) {
    std::cout << json_text(to_json(data)) << '\n';
  } else {
    std::cout << to_page(data);
  }
}

ExitCode show(Arguments args) {
  const std::string file = take_word(args);
  bool json = false;
  OptionSet options("harmonic data show F.h5", "Shows what a data set file holds.");
  options.add("json", json, "print one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  if (file.empty()) throw InputError("harmonic data show names no file", "give it: harmonic data show F.h5");
  print(file, json);
  return ExitCode::done;
}

// ---- synth and import ----------------------------------------------------------------------------------------------

ExitCode finish(const std::string& out, const DatasetContent& content, bool json) {
  write_dataset(out, content);
  print(out, json);
  return ExitCode::done;
}

ExitCode synth(const Arguments& args) {
  std::string out, kind = "av-digits";
  int samples = 0;
  std::uint64_t seed = 1;
  bool json = false;
  OptionSet options("harmonic data synth", "Makes a data set of two modalities; the same bytes for the same seed.");
  options.add("out", out, "data set file to write (HDF5)").required();
  options.add_choice("kind", kind, synthetic_kind_names(), "what to make");
  options.add(
      "samples", samples,
      fmt::format("samples in all, 60 % train, 15 % val, 25 % test; 0: {} av-digits, {} movie-posters, {} memes",
                  default_samples(SyntheticKind::av_digits), default_samples(SyntheticKind::movie_posters),
                  default_samples(SyntheticKind::memes)),
      {0, 10'000'000});
  options.add("seed", seed, "seed of everything random");
  options.add("json", json, "print what the file holds as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  check_output(out, "out");
  const SyntheticKind made = parse_synthetic_kind(kind);
  return finish(out, make_synthetic(made, samples == 0 ? default_samples(made) : samples, Seed{seed}), json);
}

ExitCode import_data(Arguments args) {
  const std::string source = args.empty() ? "" : args.front();
  if (asks_for_help(source) || source.empty() || source.front() == '-') {
    if (!asks_for_help(source))
      throw InputError("harmonic data import names no source", fmt::format("give one of: {}", join(kSources, ", ")));
    args.insert(args.begin(), kSources.front());
  } else if (std::ranges::find(kSources, source) == kSources.end()) {
    throw InputError(fmt::format("harmonic data import knows no source '{}'", source),
                     fmt::format("did you mean {}?", nearest(source, kSources)));
  }
  std::string in, out, features = "native";
  bool json = false;
  OptionSet options("harmonic data import avmnist",
                    "Reads AV-MNIST from FOLDER/mnist/{train,test}/<digit>/*.png and "
                    "FOLDER/sound_450/{train,test}/<digit>/<digit>_<speaker>_<take>.wav.");
  options.add("in", in, "folder that holds mnist and sound_450").required();
  options.add("out", out, "data set file to write (HDF5)").required();
  options.add_choice("audio-features", features, {"native", "published"},
                     "native: 20 frames over all of a clip; published: every third sample, window 2048, hop 512");
  options.add("json", json, "print what the file holds as one JSON object");
  if (options.parse(after_first(args)) == OptionSet::Parsed::help_printed) return ExitCode::done;
  check_output(out, "out");
  return finish(out, read_avmnist(in, features == "native" ? SoundFeatures::native : SoundFeatures::published), json);
}

}  // namespace

ExitCode data_command(const Arguments& args) {
  if (args.empty() || asks_for_help(args.front())) {
    if (args.empty())
      throw InputError("harmonic data names no action", fmt::format("give one of: {}", join(kActions, ", ")));
    std::cout << kHelp;
    return ExitCode::done;
  }
  if (args.front() == "synth") return synth(after_first(args));
  if (args.front() == "import") return import_data(after_first(args));
  if (args.front() == "show") return show(after_first(args));
  throw InputError(
      fmt::format("harmonic data knows no action '{}'", args.front()),
      fmt::format("did you mean {}? There are: {}", nearest(args.front(), kActions), join(kActions, ", ")));
}

}  // namespace harmonic
