#include "core/data/sample_list.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/data/raw_folder.hpp"
#include "core/data/sample_decoder.hpp"
#include "core/storage/csv.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOwnLayout =
    "give a folder of <split>/<class>/<sample>.<modality>.<ext>, or a CSV of split, label and a column a modality";

std::optional<Split> split_of_word(std::string word) {
  word = lower_case(std::move(word));
  if (word == "train" || word == "training") return Split::train;
  if (word == "val" || word == "valid" || word == "validation" || word == "dev") return Split::val;
  if (word == "test" || word == "testing") return Split::test;
  return std::nullopt;
}

std::string usual_name(MediaKind kind) {
  if (kind == MediaKind::picture) return "image";
  return kind == MediaKind::sound ? "audio" : "array";
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

bool is_number(const std::string& text) {
  return std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// "a.face.png" -> {"a", "face"}; "a.png" -> {"a", "image"}; "a.01.png" -> {"a.01", "image"}. The only modality wanted
/// stands for the usual ones.
std::pair<std::string, std::string> parse_name(const fs::path& file, MediaKind kind,
                                               const std::vector<std::string>& wanted) {
  const fs::path stem = file.stem();
  const std::string inner = stem.extension().string();
  if (inner.size() > 1 && !is_number(inner.substr(1))) return {stem.stem().string(), inner.substr(1)};
  return {stem.string(), wanted.size() == 1 ? wanted.front() : usual_name(kind)};
}

class FolderLister {
 public:
  explicit FolderLister(const std::vector<std::string>& wanted) : wanted_(wanted) {}

  RawSamples list(const fs::path& folder) {
    const auto top = raw_.folders(folder);
    if (top.empty()) throw InputError(fmt::format("{} holds no folders", folder.string()), kOwnLayout);
    const auto is_split = [](const fs::path& path) { return split_of_word(path.filename().string()).has_value(); };
    const auto splits = std::ranges::count_if(top, is_split);
    if (splits > 0 && splits < std::ssize(top))
      throw InputError(
          fmt::format("{} is no split, unlike others beside it", std::ranges::find_if_not(top, is_split)->string()),
          "let train, val and test stand alone, or none of them");
    if (splits == 0) list_classes(folder, std::nullopt);
    for (const auto& path : top)
      if (splits > 0) list_classes(path, split_of_word(path.filename().string()));
    raw_.report_passed();
    if (others_ > 0) log::info("passed over {} files that are no media, the first {}", others_, first_other_.string());
    if (unwanted_ > 0)
      log::info("passed over {} files of other modalities, the first {}", unwanted_, first_unwanted_.string());
    RawSamples all;
    for (auto& [key, sample] : samples_) {
      for (const auto& [modality, path] : sample.files)
        if (!contains(all.modalities, modality)) all.modalities.push_back(modality);
      all.samples.push_back(std::move(sample));
    }
    std::ranges::sort(all.modalities);
    return all;
  }

 private:
  void list_classes(const fs::path& folder, std::optional<Split> split) {
    for (const auto& path : raw_.folders(folder)) {
      const std::string label = path.filename().string();
      for (const auto& file : raw_.files(path)) take(file, label, split);
    }
  }

  void take(const fs::path& file, const std::string& label, std::optional<Split> split) {
    const auto kind = media_kind(file);
    if (!kind) {
      if (++others_ == 1) first_other_ = file;
      return;
    }
    if (!is_utf8(label) || !is_utf8(file.filename().string()))
      throw InputError(fmt::format("{}: its name is not UTF-8 (Latin-1?)", file.string()),
                       "rename what is in the folder: convmv -f latin1 -t utf8 -r --notest FOLDER");
    const auto [name, modality] = parse_name(file, *kind, wanted_);
    if (!wanted_.empty() && !contains(wanted_, modality)) {
      if (++unwanted_ == 1) first_unwanted_ = file;
      return;
    }
    RawSample& sample = samples_[{split ? static_cast<int>(*split) : -1, label, name}];
    sample.split = split;
    sample.labels = {label};
    sample.id = label + "/" + name;
    if (!sample.files.emplace(modality, file).second)
      throw InputError(
          fmt::format("{} and {} are of one sample and modality", sample.files.at(modality).string(), file.string()),
          "remove one of them");
  }

  const std::vector<std::string>& wanted_;
  RawFolder raw_;
  std::map<std::tuple<int, std::string, std::string>, RawSample> samples_;
  std::size_t others_ = 0, unwanted_ = 0;
  fs::path first_other_, first_unwanted_;
};

/// The columns of media: those wanted, or those whose first path is one.
std::vector<std::string> media_columns(const CsvTable& table, const std::vector<std::string>& wanted,
                                       const std::vector<std::string>& taken) {
  for (const auto& name : wanted) (void)table.column(name);
  if (!wanted.empty()) return wanted;
  std::vector<std::string> media;
  for (std::size_t c = 0; c < table.header().size(); ++c) {
    const std::string& name = table.header()[c];
    if (contains(taken, name)) continue;
    std::size_t row = 0;
    while (row < table.rows() && table.cell(row, c).empty()) ++row;
    if (row < table.rows() && media_kind(table.cell(row, c)))
      media.push_back(name);
    else
      log::info("{}: column {} names no media and is passed over", table.name(), name);
  }
  std::ranges::sort(media);
  return media;
}

/// A path as the CSV gives it; one with backslashes, where they part folders elsewhere.
fs::path path_in(const fs::path& folder, std::string text) {
  if (fs::exists(folder / text)) return folder / text;
  std::ranges::replace(text, '\\', '/');
  return folder / text;
}

}  // namespace

RawSamples list_folder(const fs::path& folder, const std::vector<std::string>& wanted) {
  return FolderLister(wanted).list(folder);
}

RawSamples list_manifest(const fs::path& csv, const std::vector<std::string>& wanted, const std::string& group) {
  const CsvTable table = CsvTable::read(csv);
  if (!table.find_column("label"))
    throw InputError(
        fmt::format("{}: its first line names no column 'label', but: {}", table.name(), table.header_text()),
        "let the first line name the columns: split, label and one a modality, such as split,label,image");
  const std::size_t label = table.column("label");
  const auto split_at = table.find_column("split"), id_at = table.find_column("id");
  const auto group_at = group.empty() ? table.find_column("group") : std::optional(table.column(group));
  RawSamples all;
  all.modalities = media_columns(table, wanted, {"label", "split", "id", group.empty() ? "group" : group});
  const auto where = [&](std::size_t row) { return fmt::format("{} line {}", table.name(), table.line(row)); };
  std::map<std::pair<std::string, std::optional<Split>>, std::size_t> known;  // line by id and split
  for (std::size_t row = 0; row < table.rows(); ++row) {
    RawSample sample;
    sample.id = id_at ? table.cell(row, *id_at) : fmt::format("line {}", table.line(row));
    if (group_at) sample.group = trim(table.cell(row, *group_at));
    if (const std::string word = split_at ? trim(table.cell(row, *split_at)) : ""; !word.empty()) {
      sample.split = split_of_word(word);
      if (!sample.split)
        throw InputError(fmt::format("{}: '{}' is no split", where(row), word), "write train, val or test");
    }
    // In two splits it is a leak, which is told of with all others (report_leaks).
    if (const auto [before, is_new] = known.try_emplace({sample.id, sample.split}, table.line(row)); !is_new)
      throw InputError(fmt::format("{}: sample '{}' stands in line {} already", where(row), sample.id, before->second),
                       "give each sample an id of its own and one line, or rename the column");
    for (const auto& name : split(table.cell(row, label), '|'))
      if (!name.empty() && !contains(sample.labels, name)) sample.labels.push_back(name);
    all.is_multilabel |= table.cell(row, label).find('|') != std::string::npos;
    for (const auto& modality : all.modalities)
      if (const auto& cell = table.cell(row, table.column(modality)); !trim(cell).empty())
        sample.files[modality] = path_in(csv.parent_path(), trim(cell));
    all.samples.push_back(std::move(sample));
  }
  if (all.is_multilabel) return all;
  const auto blank = std::ranges::find_if(all.samples, [](const RawSample& s) { return s.labels.empty(); });
  if (blank != all.samples.end())
    throw InputError(fmt::format("{} has no label", where(static_cast<std::size_t>(blank - all.samples.begin()))),
                     "write its class");
  return all;
}

}  // namespace harmonic
