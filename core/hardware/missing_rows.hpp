#pragma once

#include <string>
#include <vector>

#include "core/hardware/lut.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/hardware/network_part.hpp"
#include "core/space/genome.hpp"
#include "core/space/search_space.hpp"

namespace harmonic {

/// What a command prices by tables, and what it has that from: for the commands that make the rows that tables lack.
struct PricedNetworks {
  std::vector<BackboneSpace> spaces;
  std::vector<std::vector<BackboneGenome>> genomes = {};  ///< of every space; none: all that there are
  int head_classes = 0;                                   ///< classifier row of the tables
  std::vector<std::string> operators = {};                ///< of fusion
  int channels = 192, positions = 16;                     ///< of the operators' states
  std::vector<std::string> configs = {};                  ///< config files that may define spaces
  std::string data = {};                                  ///< data set that the space maxout has its length from
  std::string program = "harmonic";                       ///< as it is to be typed
  CostScope cost = CostScope::published;
  int joined = 2;   ///< states that the fusion's head joins, at most; of a full cost
  int classes = 0;  ///< of the data, likewise; 0: head_classes
};

/// @throws InputError when a table lacks rows that a search of these networks may ask for: it names the first row of
///   every such table, and how many there are, and ends with the commands that make all of them, into files that are
///   not there yet, and with the options that take them; before that, when two devices have one name
void check_tables(const std::vector<DeviceSpec>& devices, const PricedNetworks& networks);

/// The same of one table, which its command takes by --lut.
void check_table(const LookUpTable& table, const PricedNetworks& networks);
/// The error for keys that a table lacks, likewise. @param keys one or more @param networks that ask for them
[[nodiscard]] InputError lacking_rows(const LookUpTable& table, const std::vector<std::string>& keys,
                                      const PricedNetworks& networks);

}  // namespace harmonic
