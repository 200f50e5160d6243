#include "core/data/mmimdb_split.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/storage/json_text.hpp"

namespace harmonic {
namespace {

constexpr std::array<std::size_t, 3> kPublishedRows = {15552, 2608, 7799};  ///< train, dev, test, in this order

/// MM-IMDB's word for val is dev.
const Choices<Split> kListNames = {{"train", Split::train}, {"dev", Split::val}, {"test", Split::test}};

std::optional<Split> split_named(std::string name) {
  if (name == "val" || name == "valid") name = "dev";
  for (const auto& [word, split] : kListNames)
    if (word == name) return split;
  return std::nullopt;
}

}  // namespace

MmimdbSplit read_mmimdb_split(const std::filesystem::path& path) {
  constexpr std::string_view kMend =
      "give mmimdb_split.json, whose lists train, dev and test hold ids such as \"0106714\"";
  const auto json = read_json(path, "split");
  if (!json.is_object()) throw InputError(fmt::format("split {} is no JSON object", path.string()), kMend);
  MmimdbSplit split;
  for (const auto& [name, list] : json.items()) {
    const auto which = split_named(name);
    if (!which) continue;
    if (!list.is_array()) throw InputError(fmt::format("split {}: '{}' is no list", path.string(), name), kMend);
    for (const auto& id : list) {
      if (!id.is_string())
        throw InputError(fmt::format("split {}: '{}' holds {}, which is no text", path.string(), name, json_text(id)),
                         kMend);
      const auto [known, is_new] = split.of_film.emplace(id.get<std::string>(), *which);
      if (!is_new)
        throw InputError(fmt::format("split {}: film {} stands in '{}' and before that in '{}'", path.string(),
                                     known->first, name, word_of(kListNames, known->second)),
                         "a film is in one list, once: take it out of the other");
      split.ids[index_of(*which)].push_back(known->first);
    }
  }
  for (const auto& [word, which] : kListNames)
    if (split.ids[index_of(which)].empty())
      throw InputError(fmt::format("split {} has no list '{}', or an empty one", path.string(), word), kMend);
  return split;
}

std::optional<std::vector<Split>> splits_of_rows(const Hdf5File& file, std::size_t rows) {
  constexpr std::size_t kUnset = 3;
  std::vector<std::size_t> found(rows, kUnset);
  const auto set = [&](std::size_t first, std::size_t end, Split split) {
    std::fill(found.begin() + static_cast<std::ptrdiff_t>(first), found.begin() + static_cast<std::ptrdiff_t>(end),
              index_of(split));
  };
  if (file.has_attribute("/", "split")) {
    for (const auto& row : file.attribute_table("/", "split", {"split", "source", "start", "stop"})) {
      const auto which = split_named(row[0]);
      if (!which || row[1] != "images") continue;
      const auto first = static_cast<std::size_t>(parse_integer(row[2], "a row of attribute 'split'"));
      const auto end = static_cast<std::size_t>(parse_integer(row[3], "a row of attribute 'split'"));
      if (first > end || end > rows)
        throw InputError(fmt::format("{}: attribute 'split' gives rows {} to {} of {} to {}", file.path().string(),
                                     row[2], row[3], rows, row[0]),
                         "the file is not whole: fetch it anew, or give --split");
      set(first, end, *which);
    }
  } else if (rows == kPublishedRows[0] + kPublishedRows[1] + kPublishedRows[2]) {
    std::size_t first = 0;
    for (const Split split : kSplits) {
      set(first, first + kPublishedRows[index_of(split)], split);
      first += kPublishedRows[index_of(split)];
    }
  }
  if (std::ranges::find(found, kUnset) != found.end()) return std::nullopt;
  std::vector<Split> splits;
  for (const std::size_t i : found) splits.push_back(kSplits[i]);
  return splits;
}

std::array<std::vector<std::size_t>, 3> rows_of_splits(const Hdf5File& file, const std::vector<std::string>& ids,
                                                       const std::optional<std::filesystem::path>& json) {
  const auto by_row = splits_of_rows(file, ids.size());
  std::array<std::vector<std::size_t>, 3> rows;
  if (!json) {
    if (!by_row)
      throw InputError(
          fmt::format("{} has {} films and does not say which split they are in", file.path().string(), ids.size()),
          "give the split JSON with --split");
    for (std::size_t row = 0; row < ids.size(); ++row) rows[index_of((*by_row)[row])].push_back(row);
    return rows;
  }
  const auto by_id = read_mmimdb_split(*json);
  std::size_t unnamed = 0;
  for (std::size_t row = 0; row < ids.size(); ++row) {
    const auto film = by_id.of_film.find(ids[row]);
    if (film == by_id.of_film.end()) {
      ++unnamed;
      continue;
    }
    if (by_row && (*by_row)[row] != film->second)
      throw InputError(fmt::format("film {} is in '{}' by {}, but row {} of {} is in '{}'", ids[row],
                                   word_of(kListNames, film->second), json->string(), row, file.path().string(),
                                   word_of(kListNames, (*by_row)[row])),
                       "give the split that belongs to the file, or go by its rows, without --split");
    rows[index_of(film->second)].push_back(row);
  }
  for (const auto& [word, which] : kListNames)
    if (rows[index_of(which)].empty())
      throw InputError(fmt::format("no film of '{}' by {} is in {}", word, json->string(), file.path().string()),
                       "give the split that belongs to the file: its ids are those of imdb_ids");
  const std::size_t found = ids.size() - unnamed;
  if (unnamed > 0) log::warning("{} films are in no list of {}: left out", unnamed, json->string());
  if (found < by_id.of_film.size())
    log::warning("{} of {} films of {} are not in {}", by_id.of_film.size() - found, by_id.of_film.size(),
                 json->string(), file.path().string());
  return rows;
}

}  // namespace harmonic
