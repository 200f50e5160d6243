#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/config/options.hpp"
#include "core/data/dataset_file.hpp"
#include "core/storage/output_file.hpp"

namespace harmonic {

/// How many samples of how many have been read.
using SamplesRead = std::function<void(std::size_t read, std::size_t all)>;

/// Reads one kind of raw data, as people have it, into a data set: what `harmonic data import SOURCE` is for.
class Importer {
 public:
  virtual ~Importer() = default;
  /// Binds the options that this kind of data needs: where it lies, and what is made of it.
  virtual void declare(OptionSet& options) = 0;
  /// Files and folders that its options name: no output may be one of them.
  [[nodiscard]] virtual std::vector<OptionFile> inputs() const = 0;
  /// Whether every folder below its inputs is data, whatever its name: no output may lie there.
  [[nodiscard]] virtual bool takes_every_folder() const { return false; }
  /// @param tell hears of every sample that was read
  /// @throws InputError naming the file that is missing or cannot be read
  [[nodiscard]] virtual DatasetContent read(const SamplesRead& tell) const = 0;
};

struct ImporterEntry {
  std::string name;     ///< the word of the command line
  std::string summary;  ///< a sentence: what is read
  std::function<std::unique_ptr<Importer>()> make;
};

/// Every kind there is: a new one is files of its own and a line here.
[[nodiscard]] const std::vector<ImporterEntry>& importers();

}  // namespace harmonic
