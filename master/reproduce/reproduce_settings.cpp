#include "master/reproduce/reproduce_settings.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "master/reproduce/reproduction.hpp"

namespace harmonic {
namespace {

/// "1-3" -> {1, 2, 3}; "4" -> {4}
void add_rows(const std::string& part, std::vector<int>& rows) {
  constexpr int kMost = 1000;  // more than any table has
  const std::string what = fmt::format("a row of option rows, '{}',", part);
  const auto dash = part.find('-', 1);
  const int first = parse_int(trim(std::string_view(part).substr(0, dash)), what);
  const int last = dash == std::string::npos ? first : parse_int(trim(std::string_view(part).substr(dash + 1)), what);
  if (first > last || first < 1 || last > kMost)
    throw InputError(fmt::format("option rows lists '{}'", part), "give rows from 1 on, as in 1,3 or 1-3 or 1-2,4");
  for (int row = first; row <= last; ++row) rows.push_back(row);
}

std::vector<std::string> space_names(const std::vector<ModalitySpec>& modalities) {
  std::vector<std::string> names;
  for (const auto& spec : modalities) names.push_back(spec.space.name);
  return names;
}

std::vector<std::string> all_table_names() {
  auto names = published_table_names();
  names.emplace_back(kSupernetsTable);
  return names;
}

}  // namespace

std::vector<int> parse_rows(const std::string& text) {
  std::vector<int> rows;
  for (const auto& part : split(text, ',')) add_rows(part, rows);
  return rows;
}

std::vector<PublishedRow> chosen_rows(const PublishedTable& table, const std::vector<int>& rows) {
  if (rows.empty()) return table.rows;
  std::vector<PublishedRow> chosen;
  for (const int row : std::set(rows.begin(), rows.end())) chosen.push_back(table.row(row));
  return chosen;
}

void ReproduceSettings::declare(OptionSet& o) {
  run.declare(o);
  o.section("reproduce");
  o.add_choice("table", table, all_table_names(),
               "the published table; supernets: the largest sub-network of each published supernet that the run has a "
               "modality of, alone")
      .required();
  o.add<std::vector<int>>("rows", rows, "its rows, as in 1,3 or 1-3 or 1-2,4; all when empty",
                          {parse_rows, [](const auto& given) { return fmt::format("{}", fmt::join(given, ",")); }})
      .free();
  o.add("seeds", seeds, "independent fusion searches a row, for the mean and its interval",
        {1, Reproduction::kMostSeeds})
      .free();
  o.add("first-seed", first_seed,
        "number of the first of them: what search 2 finds is the same whether 1 is made beside it or elsewhere; "
        "harmonic "
        "reproduce --join puts such runs together",
        {1, Reproduction::kMostSeeds})
      .free();
}

void ReproduceSettings::check() const {
  run.check();
  if (const int last = first_seed + seeds - 1; last > Reproduction::kMostSeeds)
    throw InputError(fmt::format("seeds is {} from first-seed {} on: the last would be {}", seeds, first_seed, last),
                     fmt::format("{} is the highest number of a seed", Reproduction::kMostSeeds));
  if (of_supernets()) {
    for (const int row : rows)
      if (row > static_cast<int>(published_supernets().size()))
        throw InputError(fmt::format("published table {} has no row {}", table, row),
                         fmt::format("its rows are 1 to {}", published_supernets().size()));
    return;
  }
  (void)published_rows();
  (void)table_modalities();
}

std::vector<PublishedRow> ReproduceSettings::published_rows() const {
  return chosen_rows(find_published_table(table), rows);
}

std::optional<std::size_t> ReproduceSettings::modality_of(const PublishedSupernet& supernet) const {
  const auto& given = run.modalities;
  const auto of = std::ranges::find_if(given, [&](const ModalitySpec& spec) {
    // The published text networks are one space, of texts of any length.
    return spec.space.name == supernet.space || (find_space(supernet.space).family == BackboneSpace::Family::maxout &&
                                                 spec.space.family == BackboneSpace::Family::maxout);
  });
  return of == given.end() ? std::nullopt : std::optional(static_cast<std::size_t>(of - given.begin()));
}

std::vector<PublishedSupernet> ReproduceSettings::supernet_rows(const DatasetInfo& data) const {
  std::vector<PublishedSupernet> found;
  for (const auto& supernet : published_supernets()) {
    const auto& of = find_published_table(supernet.table);
    const bool asked = std::ranges::find(rows, supernet.row) != rows.end();
    const bool fits = data.labels == of.labels && data.classes == of.classes && modality_of(supernet);
    if (asked && !fits)
      throw InputError(
          fmt::format("row {} of table {} is about {} and {} classes; the run has {} and {}", supernet.row, table,
                      supernet.space, of.classes, join(space_names(run.modalities), " and "), data.classes),
          fmt::format("give the data set and --config configs/{}.cfg, or other --rows", supernet.table));
    if (fits && (asked || rows.empty())) found.push_back(supernet);
  }
  if (found.empty())
    throw InputError(fmt::format("no row of table {} is about {} and {} classes", table,
                                 join(space_names(run.modalities), " or "), data.classes),
                     "give the data set and --config configs/avmnist.cfg, mmimdb.cfg or harmp.cfg");
  return found;
}

std::vector<std::size_t> ReproduceSettings::table_modalities() const {
  const auto& wanted = find_published_table(table).modalities;
  const auto& given = run.modalities;
  std::vector<std::size_t> found;
  for (const auto& spec : given) {
    const auto of = std::ranges::find(wanted, spec.space.name, &PublishedTable::Modality::space);
    if (of != wanted.end()) found.push_back(static_cast<std::size_t>(of - wanted.begin()));
  }
  if (found.size() != wanted.size() || given.size() != wanted.size() ||
      std::set(found.begin(), found.end()).size() != wanted.size()) {
    std::vector<std::string> of_table;
    for (const auto& modality : wanted) of_table.push_back(modality.space);
    throw InputError(fmt::format("table {} is about backbones of {}; the run has {}", table, join(of_table, " and "),
                                 join(space_names(given), " and ")),
                     fmt::format("give --config configs/{}.cfg, or modalities of those spaces", table));
  }
  return found;
}

}  // namespace harmonic
