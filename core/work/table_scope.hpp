#pragma once

#include <string>
#include <vector>

#include "core/config/options.hpp"
#include "core/hardware/device_model.hpp"
#include "core/space/search_space.hpp"

namespace harmonic {

/// Adds options channels and positions, of the fusion operators' states. To be followed by take_fusion().
void declare_states(OptionSet& options, int& channels, int& positions);
/// Channels and positions, unless the options give them: as a search with the same config files has them.
/// @param args the command's words
void take_fusion(int& channels, int& positions, const OptionSet& options, const std::vector<std::string>& args);

/// The options of a command that makes a table: which rows it is to have.
class TableScopeOptions {
 public:
  /// Adds space, classes, data, channels, positions, cost, joined, and spaces of config files.
  void declare(OptionSet& options);
  /// What they say, once `options` are read. @throws InputError
  [[nodiscard]] TableScope scope(const OptionSet& options, const std::vector<std::string>& args) const;
  /// The same of all spaces that there are, whichever are named.
  [[nodiscard]] TableScope whole_scope(const OptionSet& options, const std::vector<std::string>& args) const;
  [[nodiscard]] const std::string& data() const { return data_; }
  [[nodiscard]] TableScope& defaults() { return scope_; }  ///< before declare()

 private:
  TableScope scope_;
  SpaceCatalog catalog_;
  std::vector<std::string> spaces_;
  std::string data_;
};

}  // namespace harmonic
