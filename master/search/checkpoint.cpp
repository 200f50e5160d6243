#include "master/search/checkpoint.hpp"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/log.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/hdf5_file.hpp"

namespace harmonic {
namespace {

constexpr std::int64_t kVersion = 5;  ///< another one is not read: its run's journal is refused, too
constexpr std::string_view kSeal = "HARMONIC";

/// The checksum that goes behind the bytes of a checkpoint.
std::string seal_of(std::string_view bytes) {
  return fmt::format("{}{:016x}", kSeal, hash64(bytes));
}

/// Damaged metadata make the HDF5 library give names and numbers that never were: it gets to see a whole file only.
bool is_whole(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  const std::string_view text = bytes;
  const std::size_t size = seal_of("").size();
  return text.size() > size && text.substr(text.size() - size) == seal_of(text.substr(0, text.size() - size));
}

/// Genomes of multimodal models as columns.
struct GenomeColumns {
  std::vector<std::vector<std::string>> backbones;  ///< [modality][model]
  std::vector<std::int64_t> cells, nodes;           ///< [model]
};

/// A search state as the columns of the file.
struct Columns {
  std::vector<std::int64_t> counters;                  ///< generation, next task, next candidate
  std::vector<std::vector<std::string>> survivors;     ///< [modality]
  std::vector<std::vector<std::string>> memo_genomes;  ///< [modality]
  std::vector<std::vector<double>> memo_scores;        ///< [modality], percent; NaN: failed
  std::vector<std::int64_t> parents;
  std::vector<std::int64_t> earlier_parents, earlier_parent_counts;  ///< generation after generation; [generation]
  std::vector<std::int64_t> ids, generations;                        ///< [model]
  std::vector<double> metrics, tests, seconds;                       ///< [model]; test NaN: not read
  std::vector<double> predicted;                                     ///< [model]; NaN: no model of the error chose it
  std::vector<std::string> genotypes;                                ///< [model]
  std::vector<std::int64_t> parameter_counts;                        ///< [model]
  std::vector<float> parameters;                                     ///< of the architecture, model after model
  std::vector<std::int64_t> retraining_counts;                       ///< [model]
  std::vector<double> retrained;  ///< metrics of the retrainings, percent, model after model
  GenomeColumns models, failed;

  explicit Columns(std::size_t modalities) : survivors(modalities), memo_genomes(modalities), memo_scores(modalities) {
    models.backbones.resize(modalities);
    failed.backbones.resize(modalities);
  }
};

struct Writer {
  Hdf5File& file;
  template <class T>
  void field(const std::string& name, std::vector<T>& values) {
    file.write<T>(name, values, {values.size()});
  }
  void field(const std::string& name, std::vector<std::string>& values) { file.write_texts(name, values); }
};

struct Reader {
  const Hdf5File& file;
  template <class T>
  void field(const std::string& name, std::vector<T>& values) {
    values = file.read<T>(name);
  }
  void field(const std::string& name, std::vector<std::string>& values) { values = file.read_texts(name); }
};

template <class File>
void exchange(File& file, const std::string& group, GenomeColumns& columns) {
  for (std::size_t m = 0; m < columns.backbones.size(); ++m)
    file.field(fmt::format("{}/genome_{}", group, m), columns.backbones[m]);
  file.field(group + "/cells", columns.cells);
  file.field(group + "/nodes", columns.nodes);
}

/// The one list of fields, for reading and for writing.
template <class File>
void exchange(File& file, Columns& columns) {
  file.field("/counters", columns.counters);
  for (std::size_t m = 0; m < columns.survivors.size(); ++m) {
    file.field(fmt::format("/modality_{}/survivors", m), columns.survivors[m]);
    file.field(fmt::format("/modality_{}/memo/genome", m), columns.memo_genomes[m]);
    file.field(fmt::format("/modality_{}/memo/metric_val", m), columns.memo_scores[m]);
  }
  file.field("/parents", columns.parents);
  file.field("/earlier_parents", columns.earlier_parents);
  file.field("/earlier_parent_counts", columns.earlier_parent_counts);
  file.field("/models/id", columns.ids);
  file.field("/models/generation", columns.generations);
  file.field("/models/metric_val", columns.metrics);
  file.field("/models/predicted", columns.predicted);
  file.field("/models/seconds", columns.seconds);
  file.field("/models/genotype", columns.genotypes);
  file.field("/models/metric_test", columns.tests);
  file.field("/models/parameter_count", columns.parameter_counts);
  file.field("/models/parameters", columns.parameters);
  file.field("/models/retraining_count", columns.retraining_counts);
  file.field("/models/retrained", columns.retrained);
  exchange(file, "/models", columns.models);
  exchange(file, "/failed", columns.failed);
}

void add(GenomeColumns& columns, const MultimodalGenome& genome) {
  for (std::size_t m = 0; m < columns.backbones.size(); ++m)
    columns.backbones[m].push_back(to_text(genome.backbones.at(m)));
  columns.cells.push_back(genome.macro.cells);
  columns.nodes.push_back(genome.macro.nodes);
}

/// Reads the texts of backbones, of which many are in many models: each text once.
class BackboneTexts {
 public:
  explicit BackboneTexts(const std::vector<BackboneSpace>& spaces) : spaces_(spaces), read_(spaces.size()) {}

  const BackboneGenome& at(std::size_t modality, const std::string& text) {
    auto& known = read_[modality];
    const auto found = known.find(text);
    return found != known.end() ? found->second
                                : known.emplace(text, parse_genome(text, spaces_[modality])).first->second;
  }

 private:
  const std::vector<BackboneSpace>& spaces_;
  std::vector<std::unordered_map<std::string, BackboneGenome>> read_;  ///< [modality]
};

MultimodalGenome genome_at(const GenomeColumns& columns, std::size_t row, BackboneTexts& texts) {
  MultimodalGenome genome;
  for (std::size_t m = 0; m < columns.backbones.size(); ++m)
    genome.backbones.push_back(texts.at(m, columns.backbones[m].at(row)));
  genome.macro = {static_cast<int>(columns.cells.at(row)), static_cast<int>(columns.nodes.at(row))};
  return genome;
}

Columns to_columns(const SearchState& state, std::size_t modalities) {
  Columns columns(modalities);
  columns.counters = {state.generation, static_cast<std::int64_t>(state.next_task),
                      static_cast<std::int64_t>(state.next_candidate)};
  for (std::size_t m = 0; m < state.survivors.size(); ++m)
    for (const auto& genome : state.survivors[m]) columns.survivors.at(m).push_back(to_text(genome));
  for (const auto& [modality, scores] : state.memo.scores())
    for (const auto& [genome, score] : scores) {
      const auto m = static_cast<std::size_t>(modality);
      columns.memo_genomes.at(m).push_back(to_text(genome));
      columns.memo_scores.at(m).push_back(score.value_or(std::numeric_limits<double>::quiet_NaN()));
    }
  for (const auto id : state.parents) columns.parents.push_back(static_cast<std::int64_t>(id.value));
  for (const auto& parents : state.earlier_parents) {
    columns.earlier_parent_counts.push_back(static_cast<std::int64_t>(parents.size()));
    for (const auto id : parents) columns.earlier_parents.push_back(static_cast<std::int64_t>(id.value));
  }
  for (const auto& [id, model] : state.archive.models()) {
    columns.ids.push_back(static_cast<std::int64_t>(id.value));
    columns.generations.push_back(model.generation);
    columns.metrics.push_back(model.metric_val);
    columns.tests.push_back(model.metric_test.value_or(std::numeric_limits<double>::quiet_NaN()));
    columns.predicted.push_back(model.predicted.value_or(std::numeric_limits<double>::quiet_NaN()));
    columns.seconds.push_back(model.seconds);
    columns.genotypes.push_back(to_text(model.genotype));
    columns.parameter_counts.push_back(static_cast<std::int64_t>(model.architecture.size()));
    columns.parameters.insert(columns.parameters.end(), model.architecture.begin(), model.architecture.end());
    columns.retraining_counts.push_back(static_cast<std::int64_t>(model.retrained.size()));
    columns.retrained.insert(columns.retrained.end(), model.retrained.begin(), model.retrained.end());
    add(columns.models, model.genome);
  }
  for (const auto& genome : state.archive.failed()) add(columns.failed, genome);
  return columns;
}

/// Takes the next `count` values off a column of many models. @throws InputError when it has not so many
template <class T>
std::vector<T> take(std::span<const T>& column, std::int64_t count) {
  if (count < 0 || static_cast<std::size_t>(count) > column.size())
    throw InputError("it lacks values of its models", "");
  const auto own = column.first(static_cast<std::size_t>(count));
  column = column.subspan(own.size());
  return {own.begin(), own.end()};
}

SearchState to_state(const Columns& columns, const std::vector<BackboneSpace>& spaces) {
  SearchState state;
  BackboneTexts texts(spaces);
  state.generation = static_cast<int>(columns.counters.at(0));
  state.next_task = static_cast<std::uint64_t>(columns.counters.at(1));
  state.next_candidate = static_cast<std::uint64_t>(columns.counters.at(2));
  for (std::size_t m = 0; m < spaces.size(); ++m) {
    auto& survivors = state.survivors.emplace_back();
    for (const auto& text : columns.survivors[m]) survivors.push_back(texts.at(m, text));
    for (std::size_t i = 0; i < columns.memo_genomes[m].size(); ++i) {
      const double score = columns.memo_scores[m].at(i);
      state.memo.add(static_cast<int>(m), texts.at(m, columns.memo_genomes[m][i]),
                     std::isnan(score) ? std::nullopt : BackboneMemo::Score(score));
    }
  }
  for (const auto id : columns.parents) state.parents.push_back(CandidateId{static_cast<std::uint64_t>(id)});
  std::span<const std::int64_t> earlier = columns.earlier_parents;
  for (const auto count : columns.earlier_parent_counts) {
    auto& parents = state.earlier_parents.emplace_back();
    for (const auto id : take(earlier, count)) parents.push_back(CandidateId{static_cast<std::uint64_t>(id)});
  }
  const auto unless_nan = [](double value) { return std::isnan(value) ? std::nullopt : std::optional(value); };
  std::span<const float> parameters = columns.parameters;
  std::span<const double> retrained = columns.retrained;
  for (std::size_t i = 0; i < columns.ids.size(); ++i)
    state.archive.add({CandidateId{static_cast<std::uint64_t>(columns.ids[i])},
                       static_cast<int>(columns.generations.at(i)), genome_at(columns.models, i, texts),
                       columns.metrics.at(i), parse_genotype(columns.genotypes.at(i)), columns.seconds.at(i),
                       unless_nan(columns.tests.at(i)), take(parameters, columns.parameter_counts.at(i)),
                       take(retrained, columns.retraining_counts.at(i)), unless_nan(columns.predicted.at(i))});
  for (std::size_t i = 0; i < columns.failed.cells.size(); ++i)
    state.archive.add_failed(genome_at(columns.failed, i, texts));
  return state;
}

/// Names and indices are those of this program, and the parts fit each other. @throws InputError
void check(const SearchState& state, const AnswerCheck& answers) {
  for (const auto& [id, model] : state.archive.models()) {
    const Work work = SearchFusion{{{id, model.genome}}};
    const auto why = answers.why_nonsense(
        work, FusionScores{{{model.metric_val, model.genotype, model.metric_test, model.architecture}}});
    if (!why.empty()) throw InputError(fmt::format("model {} has {}", id.value, why), "");
    for (const double metric : model.retrained)
      if (const auto bad = answers.why_nonsense(RetrainModel{}, RetrainScore{metric}); !bad.empty())
        throw InputError(fmt::format("model {} has {}", id.value, bad), "");
    if (model.predicted && !(*model.predicted >= 0 && *model.predicted <= 100))
      throw InputError(fmt::format("model {} was predicted {} percent", id.value, *model.predicted), "");
    if (id.value >= state.next_candidate) throw InputError(fmt::format("model {} is yet to come", id.value), "");
  }
  auto generations = state.earlier_parents;
  generations.push_back(state.parents);
  for (const auto& parents : generations)
    for (const auto id : parents)
      if (!state.archive.models().contains(id)) throw InputError(fmt::format("parent {} is no model", id.value), "");
  if (state.generation < 0) throw InputError("its generation is below 0", "");
}

/// @throws InputError, or what else comes of a file that is not what this program wrote
SearchState read_checkpoint(const std::filesystem::path& path, std::uint64_t settings_hash,
                            const std::vector<BackboneSpace>& spaces, const AnswerCheck& answers) {
  if (!is_whole(path)) throw InputError("it is damaged or cut short", "");
  const Hdf5File file(path, Hdf5File::Mode::read);
  if (const auto version = file.attribute_int("/", "version"); version != kVersion)
    throw InputError(fmt::format("it has version {}, this program knows {}", version, kVersion), "");
  if (static_cast<std::uint64_t>(file.attribute_int("/", "settings_hash")) != settings_hash)
    throw InputError("it belongs to other settings", "");
  Columns columns(spaces.size());
  Reader reader{file};
  exchange(reader, columns);
  auto state = to_state(columns, spaces);
  check(state, answers);
  return state;
}

/// A damaged one would push out the one before it.
void keep_previous(const std::filesystem::path& path) {
  if (std::filesystem::exists(path) && is_whole(path)) keep_as(path, previous_version(path));
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const SearchState& state, std::uint64_t settings_hash,
                     std::size_t modalities) {
  keep_previous(path);
  replace_file(path, [&](const std::filesystem::path& temporary) {
    {
      Hdf5File file(temporary, Hdf5File::Mode::create);
      file.set_attribute("/", "version", kVersion);
      file.set_attribute("/", "settings_hash", static_cast<std::int64_t>(settings_hash));
      Columns columns = to_columns(state, modalities);
      Writer writer{file};
      exchange(writer, columns);
      file.flush();
    }
    const std::string seal = seal_of(read_file(temporary));
    std::ofstream out(temporary, std::ios::binary | std::ios::app);
    out << seal;
    out.close();
    if (!out) throw RunError(fmt::format("cannot write {}: {}", temporary.string(), std::strerror(errno)));
  });
}

std::optional<SearchState> load_checkpoint(const std::filesystem::path& path, std::uint64_t settings_hash,
                                           const std::vector<BackboneSpace>& spaces, const AnswerCheck& answers) {
  bool found = false;
  for (const auto& file : {path, previous_version(path)}) {
    if (!std::filesystem::exists(file)) continue;
    found = true;
    try {
      return read_checkpoint(file, settings_hash, spaces, answers);
    } catch (const std::exception& e) {
      log::warning("checkpoint {} cannot be used: {}", file.string(), e.what());
    }
  }
  if (found) log::warning("no checkpoint can be used: the search is followed again from the journal");
  return std::nullopt;
}

}  // namespace harmonic
