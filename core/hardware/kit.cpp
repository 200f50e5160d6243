#include "core/hardware/kit.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/storage/csv.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUnsupportedStatus = "unsupported";

/// "'a', 'b', 'c' and 12 more"
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 3;
  std::vector<std::string> shown;
  for (const auto& name : names)
    if (shown.size() < kShown) shown.push_back(fmt::format("'{}'", name));
  const auto text = join(shown, ", ");
  return names.size() <= kShown ? text : fmt::format("{} and {} more", text, names.size() - kShown);
}

/// "0007" of "parts/0007-MBConvLayer.onnx", which stays when people convert or rename the model; empty: none.
std::string number_of(const std::string& file) {
  const auto name = file.substr(file.find_last_of("/\\") + 1);
  const auto end = name.find_first_not_of("0123456789");
  return end != std::string::npos && name[end] == '-' ? name.substr(0, end) : std::string();
}

/// @throws InputError naming the kit's models that no row is of: a line that was deleted would be lacking in the table
void check_complete(const CsvTable& csv, const fs::path& folder) {
  const auto file = csv.find_column("file");
  std::error_code none;
  if (!file || !fs::is_directory(folder / kKitParts, none)) return;
  std::set<std::string> numbers;
  for (std::size_t row = 0; row < csv.rows(); ++row) numbers.insert(number_of(csv.cell(row, *file)));
  std::vector<std::string> lacking;
  for (const auto& entry : fs::directory_iterator(folder / kKitParts, none)) {
    const auto name = entry.path().filename().string();
    const auto number = number_of(name);
    if (entry.path().extension() == ".onnx" && !number.empty() && !numbers.contains(number)) lacking.push_back(name);
  }
  std::ranges::sort(lacking);
  if (!lacking.empty())
    throw InputError(fmt::format("{} has no row for {} of the models in {}: {}", csv.name(), lacking.size(),
                                 (folder / kKitParts).string(), some_of(lacking)),
                     fmt::format("put their lines back, with {} as the status of what the device cannot run; or remove "
                                 "the models that the table is to lack",
                                 kUnsupportedStatus));
}

/// A column "latency_us" would be read as if nobody had measured.
void check_units(const CsvTable& csv) {
  for (const auto& column : csv.header())
    for (const auto& quantity : kQuantities)
      if (column != quantity.column && column.starts_with(std::string(quantity.name) + "_"))
        throw InputError(fmt::format("{} has a column {}", csv.name(), column),
                         fmt::format("give {} in {}, as column {}", quantity.name, quantity.unit, quantity.column));
}

class KitReader {
 public:
  explicit KitReader(const CsvTable& csv) : csv_(csv), key_(csv.column("key")), status_(csv.find_column("status")) {
    check_units(csv);
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      columns_[q] = q == kLatency ? csv.column(kQuantities[q].column) : csv.find_column(kQuantities[q].column);
  }

  LookUpTable read() {
    for (std::size_t row = 0; row < csv_.rows(); ++row) take(row);
    if (!empty_.empty())
      throw InputError(
          fmt::format("{} has no {} in {} of its {} rows, the first is {} ('{}')", csv_.name(),
                      kQuantities[kLatency].column, empty_.size(), csv_.rows(), csv_.line(empty_.front()),
                      csv_.cell(empty_.front(), key_)),
          fmt::format("measure them all, or write {} as the status of what the device cannot run", kUnsupportedStatus));
    for (std::size_t q = 0; q < kQuantities.size(); ++q) check_overhead(q);
    LookUpTable table;
    for (auto& [key, cost] : rows_) table.set(key, without_overhead(cost));
    if (table.rows().empty())
      throw InputError(fmt::format("{} has no rows", csv_.name()), "write a kit with: harmonic lut kit");
    return table;
  }

 private:
  void take(std::size_t row) {
    const auto& key = csv_.cell(row, key_);
    if (key.empty())
      throw InputError(fmt::format("{}, line {} has no key", csv_.name(), csv_.line(row)), "keep the kit's own keys");
    if (!seen_.insert(key).second)
      throw InputError(fmt::format("{}, line {}: key '{}' is there twice", csv_.name(), csv_.line(row), key),
                       "keep one of its lines");
    const auto status = status_ ? lower_case(trim(csv_.cell(row, *status_))) : std::string();
    if (status == kUnsupportedStatus) {
      if (key == kOverheadKey)
        throw InputError(fmt::format("{}, line {}: {} is {}", csv_.name(), csv_.line(row), key, status),
                         fmt::format("measure what a call costs in another way, or write 0 as its {} where the other "
                                     "rows were measured without it",
                                     kQuantities[kLatency].column));
      rows_.emplace_back(key, Cost::unsupported());
      return;
    }
    if (!status.empty() && status != "ok")
      throw InputError(
          fmt::format("{}, line {}: status '{}'", csv_.name(), csv_.line(row), status),
          fmt::format("leave it empty, or write {} where the device cannot run the model", kUnsupportedStatus));
    if (trim(csv_.cell(row, *columns_[kLatency])).empty()) {
      empty_.push_back(row);
      return;
    }
    Cost cost;
    for (std::size_t q = 0; q < kQuantities.size(); ++q) cost[q] = columns_[q] ? number(row, q) : std::nullopt;
    if (key == kOverheadKey)
      overhead_ = cost;
    else
      rows_.emplace_back(key, cost);
  }

  [[nodiscard]] std::optional<double> number(std::size_t row, std::size_t quantity) const {
    const auto value = csv_.optional_number(row, *columns_[quantity]);
    if (value && !(*value >= 0 && *value <= LookUpTable::kHighestCost))
      throw InputError(
          fmt::format("{}, line {}: {} is {}", csv_.name(), csv_.line(row), kQuantities[quantity].column, *value),
          fmt::format("a cost is between 0 and {:g}", LookUpTable::kHighestCost));
    return value;
  }

  /// @throws InputError when rows are below what a call costs by itself, or none is above it
  void check_overhead(std::size_t q) const {
    const double overhead = overhead_[q].value_or(0);
    if (!(overhead > 0)) return;
    std::size_t measured = 0;
    std::vector<std::string> below, nothing;  // the former are among the latter
    for (const auto& [key, cost] : rows_) {
      if (!cost.is_supported() || !cost[q]) continue;
      ++measured;
      if (*cost[q] <= overhead) nothing.push_back(key);
      if (*cost[q] < overhead * (1 - kOverheadNoise)) below.push_back(key);
    }
    if (nothing.empty()) return;
    const auto& quantity = kQuantities[q];
    const auto less = fmt::format("the {} {} of {}, which is subtracted from all rows", shortest(overhead),
                                  quantity.unit, kOverheadKey);
    const auto mend =
        fmt::format("measure again with more repeats, and in the same unit, {}, in all rows", quantity.unit);
    if (!below.empty())
      throw InputError(fmt::format("{}: {} of {} rows have {} far below {}: {}", csv_.name(), below.size(), measured,
                                   quantity.column, less, some_of(below)),
                       mend);
    if (nothing.size() == measured)
      throw InputError(fmt::format("{}: none of {} rows has {} above {}: {}", csv_.name(), measured, quantity.column,
                                   less, some_of(nothing)),
                       mend);
    log::warning("{}: {} of {} rows count as 0 {}: their {} is not above {}: {}", csv_.name(), nothing.size(), measured,
                 quantity.unit, quantity.column, less, some_of(nothing));
  }

  [[nodiscard]] Cost without_overhead(const Cost& cost) const {
    if (!cost.is_supported()) return cost;
    Cost own = cost;
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      if (own[q]) own[q] = std::max(0.0, *own[q] - overhead_[q].value_or(0));
    return own;
  }

  const CsvTable& csv_;
  std::size_t key_;
  std::optional<std::size_t> status_;
  PerQuantity<std::optional<std::size_t>> columns_;
  std::set<std::string> seen_;
  std::vector<std::pair<std::string, Cost>> rows_;
  std::vector<std::size_t> empty_;  ///< rows without a latency
  Cost overhead_;
};

}  // namespace

std::string kit_manifest(const std::vector<KitLine>& lines) {
  std::string text = csv_row({std::begin(kKitColumns), std::end(kKitColumns)});
  for (const auto& line : lines) text += csv_row({line.key, line.file, "", "", ""});
  return text;
}

LookUpTable read_kit(const std::filesystem::path& manifest) {
  const auto csv = CsvTable::read(manifest);
  auto table = KitReader(csv).read();
  check_complete(csv, manifest.parent_path());
  LutProvenance provenance;
  provenance.settings = fmt::format("measured kit: {}", manifest.filename().string());
  table.set_provenance(std::move(provenance));
  return table;
}

}  // namespace harmonic
