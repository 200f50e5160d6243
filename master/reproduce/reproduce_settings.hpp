#pragma once

#include <string>
#include <vector>

#include "core/config/search_settings.hpp"
#include "core/data/published_tables.hpp"

namespace harmonic {

/// Everything that `harmonic reproduce` reads; the same on every rank.
struct ReproduceSettings {
  SearchSettings run;     ///< as a search's; the settings of the evolution play no part
  std::string table;      ///< avmnist | mmimdb | harmp
  std::vector<int> rows;  ///< as the table counts; empty: all
  int seeds = 3;          ///< independent fusion searches a row

  /// Binds every option above.
  void declare(OptionSet& options);
  /// As SearchSettings::check; rows that the table has; modalities of the table's spaces. @throws InputError
  void check() const;
  /// The rows to reproduce, ascending, each once. @throws InputError
  [[nodiscard]] std::vector<PublishedRow> published_rows() const;
  /// For each modality of the run, in its order, which one of the table it is: the one of the same space.
  /// @throws InputError when they do not match one to one
  [[nodiscard]] std::vector<std::size_t> table_modalities() const;
};

}  // namespace harmonic
