#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/search_settings.hpp"
#include "core/data/published_tables.hpp"

namespace harmonic {

/// "1-3" -> {1, 2, 3}; "1,3" -> {1, 3}; empty: none. @throws InputError
[[nodiscard]] std::vector<int> parse_rows(const std::string& text);

/// Rows of a table, ascending, each once; all where none are named. @throws InputError
[[nodiscard]] std::vector<PublishedRow> chosen_rows(const PublishedTable& table, const std::vector<int>& rows);

/// Everything that `harmonic reproduce` reads; the same on every rank.
struct ReproduceSettings {
  SearchSettings run;     ///< as a search's; the settings of the evolution play no part
  std::string table;      ///< avmnist | mmimdb | harmp | supernets
  std::vector<int> rows;  ///< as the table counts; empty: all
  int seeds = 3;          ///< independent fusion searches a row
  int first_seed = 1;     ///< number of the first of them

  /// Binds every option above.
  void declare(OptionSet& options);
  /// As SearchSettings::check; rows that the table has; modalities of the table's spaces. @throws InputError
  void check() const;
  [[nodiscard]] bool of_supernets() const { return table == kSupernetsTable; }
  /// The rows to reproduce, ascending, each once. @throws InputError
  [[nodiscard]] std::vector<PublishedRow> published_rows() const;
  /// For each modality of the run, in its order, which one of the table it is: the one of the same space.
  /// @throws InputError when they do not match one to one
  [[nodiscard]] std::vector<std::size_t> table_modalities() const;
  /// Of the table of supernets: the rows of a data set, ascending, that the run has modalities of and the user asked
  /// for. @throws InputError: one that was asked for is of another data set or space; there is none
  [[nodiscard]] std::vector<PublishedSupernet> supernet_rows(const DatasetInfo& data) const;
  /// The modality of the run, in its order, that a published supernet is of; nothing where it has none.
  [[nodiscard]] std::optional<std::size_t> modality_of(const PublishedSupernet& supernet) const;
};

}  // namespace harmonic
