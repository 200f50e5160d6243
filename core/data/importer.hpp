#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/config/options.hpp"
#include "core/data/dataset_file.hpp"

namespace harmonic {

/// Reads one kind of raw data, as people have it, into a data set: what `harmonic data import SOURCE` is for.
class Importer {
 public:
  virtual ~Importer() = default;
  /// Binds the options that this kind of data needs: where it lies, and what is made of it.
  virtual void declare(OptionSet& options) = 0;
  /// @throws InputError naming the file that is missing or cannot be read
  [[nodiscard]] virtual DatasetContent read() const = 0;
};

struct ImporterEntry {
  std::string name;     ///< the word of the command line
  std::string summary;  ///< a sentence: what is read
  std::function<std::unique_ptr<Importer>()> make;
};

/// Every kind there is: a new one is files of its own and a line here.
[[nodiscard]] const std::vector<ImporterEntry>& importers();

}  // namespace harmonic
