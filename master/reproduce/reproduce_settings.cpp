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

std::vector<int> parse_rows(const std::string& text) {
  std::vector<int> rows;
  for (const auto& part : split(text, ',')) add_rows(part, rows);
  return rows;
}

}  // namespace

void ReproduceSettings::declare(OptionSet& o) {
  run.declare(o);
  o.section("reproduce");
  o.add_choice("table", table, published_table_names(), "the published table").required();
  o.add<std::vector<int>>("rows", rows, "its rows, as in 1,3 or 1-3 or 1-2,4; all when empty",
                          {parse_rows, [](const auto& given) { return fmt::format("{}", fmt::join(given, ",")); }})
      .free();
  o.add("seeds", seeds, "independent fusion searches a row, for the mean and its interval",
        {1, Reproduction::kMostSeeds})
      .free();
}

void ReproduceSettings::check() const {
  run.check();
  (void)published_rows();
  (void)table_modalities();
}

std::vector<PublishedRow> ReproduceSettings::published_rows() const {
  const auto& published = find_published_table(table);
  if (rows.empty()) return published.rows;
  std::vector<PublishedRow> chosen;
  for (const int row : std::set(rows.begin(), rows.end())) chosen.push_back(published.row(row));
  return chosen;
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
    std::vector<std::string> of_table, of_run;
    for (const auto& modality : wanted) of_table.push_back(modality.space);
    for (const auto& spec : given) of_run.push_back(spec.space.name);
    throw InputError(fmt::format("table {} is about backbones of {}; the run has {}", table, join(of_table, " and "),
                                 join(of_run, " and ")),
                     fmt::format("give --config configs/{}.cfg, or modalities of those spaces", table));
  }
  return found;
}

}  // namespace harmonic
