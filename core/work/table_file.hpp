#pragma once

#include <string>
#include <vector>

#include "core/hardware/lut.hpp"
#include "core/storage/output_file.hpp"

namespace harmonic {

/// Today's date, ISO 8601, UTC: for a table's provenance.
[[nodiscard]] std::string today();

/// Where a command writes a table. It replaces none but a table of this program.
class TableFolder : OutputFolder {
 public:
  /// @param inputs of the command, whose words are `args`: its config files are some, too
  /// @throws InputError as OutputFolder, and when something else lies there
  TableFolder(const std::string& out, std::vector<OptionFile> inputs, const std::vector<std::string>& args);
};

/// Prints what a command says of the table that it wrote. @param json as {"table", "rows", "device"}
void report_table(const std::string& path, const LookUpTable& table, bool json);

}  // namespace harmonic
