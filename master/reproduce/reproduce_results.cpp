#include "master/reproduce/reproduce_results.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/storage/csv.hpp"

namespace harmonic {
namespace {

/// By what its table says it is of, else by its name.
bool is_published_device(const Device& device) {
  const std::string& told = device.table.provenance().device;
  return names_published_device(told.empty() ? device.name : told);
}

MeanInterval once(const std::optional<double>& value) {
  return value ? mean_interval({&*value, 1}) : MeanInterval{};
}

}  // namespace

std::vector<ComparedQuantity> compare(const Reproduction& reproduction, const std::vector<std::string>& modalities,
                                      const DeviceSet& devices) {
  std::vector<ComparedQuantity> quantities;
  for (const auto& row : reproduction.rows()) {
    const auto add = [&](std::string quantity, std::string device, std::string unit, std::optional<double> published,
                         const MeanInterval& measured) {
      quantities.push_back(
          {row.published.row, std::move(quantity), std::move(device), std::move(unit), published, false, measured});
    };
    for (std::size_t m = 0; m < modalities.size(); ++m)
      add("metric." + modalities[m], "", "%", row.unimodal.at(m), once(reproduction.unimodal_metric(row, m)));
    const auto models = reproduction.models(row);
    std::vector<double> metrics;
    std::vector<PerQuantity<std::vector<double>>> measured(devices.devices().size());  // [device], of the models
    std::array<std::vector<double>, kSizeMeasures.size()> sizes;
    for (const auto* model : models) {
      if (const auto metric = reproduction.metric(*model)) metrics.push_back(*metric);
      const auto& costs = model->costs.devices;
      for (std::size_t d = 0; d < costs.size(); ++d)
        for (std::size_t q = 0; q < kQuantities.size(); ++q)
          if (costs[d][q]) measured[d][q].push_back(*costs[d][q]);
      for (std::size_t s = 0; s < sizes.size(); ++s) sizes[s].push_back(model->costs.size.*kSizeMeasures[s].value);
    }
    add("metric", "", "%", row.published.metric, mean_interval(metrics));
    for (const auto& [word, late] : kLateFusions)
      if (const auto* model = reproduction.late_fusion(row, late))
        add("metric.late-" + word, "", "%", std::nullopt, once(reproduction.metric(*model)));
    const Cost published = {row.published.latency_ms, row.published.energy_mj};
    for (std::size_t d = 0; d < measured.size(); ++d)
      for (std::size_t q = 0; q < kQuantities.size(); ++q) {
        const auto& device = devices.devices()[d];
        add(std::string(kQuantities[q].name), device.name, std::string(kQuantities[q].unit), published[q],
            mean_interval(measured[d][q]));
        quantities.back().other_device = !is_published_device(device);
      }
    for (std::size_t s = 0; s < sizes.size(); ++s)
      add(std::string(kSizeMeasures[s].name), "", "", std::nullopt, mean_interval(sizes[s]));
  }
  return quantities;
}

std::string reproduced_csv(const std::vector<ComparedQuantity>& quantities, const std::string& table,
                           const std::string& protocol) {
  std::string text = csv_row({"table", "row", "protocol", "quantity", "device", "unit", "published", "measured", "ci95",
                              "lowest", "highest", "seeds", "published_device"});
  for (const auto& q : quantities) {
    const bool known = q.measured.count > 0;
    const auto number = [&](double value) { return known ? shortest(value) : std::string(); };
    text += csv_row({table, std::to_string(q.row), protocol, q.quantity, q.device, q.unit,
                     q.published ? shortest(*q.published) : "", number(q.measured.mean),
                     q.measured.half_width ? shortest(*q.measured.half_width) : "", number(q.measured.lowest),
                     number(q.measured.highest), std::to_string(q.measured.count),
                     q.published && !q.device.empty() ? std::string(kPublishedDevice) : ""});
  }
  return text;
}

std::string reproduced_text(const std::vector<ComparedQuantity>& quantities) {
  std::vector<std::vector<std::string>> rows = {
      {"row", "quantity", "published", "measured", "+/-", "lowest", "highest"}};
  for (const auto& q : quantities) {
    const bool known = q.measured.count > 0;
    const auto number = [&](double value) {
      if (!known) return std::string("-");
      return q.unit.empty() ? fmt::format("{:.0f}", value)
                            : fmt::format("{:.2f}", q.unit == "%" ? value : as_published(value));
    };
    const bool varies = q.measured.half_width.has_value();
    rows.push_back({std::to_string(q.row), join({q.quantity, q.unit, q.device}, " "),
                    q.published ? fmt::format("{:.2f}{}", *q.published, q.other_device ? " (TX2)" : "") : "-",
                    number(q.measured.mean), varies ? fmt::format("{:.2f}", *q.measured.half_width) : "-",
                    varies ? number(q.measured.lowest) : "-", varies ? number(q.measured.highest) : "-"});
  }
  std::string text =
      aligned_table(rows) +
      "\nquantity: metric.<modality>: of that backbone alone; metric: of the multimodal model; "
      "metric.late-<kind>: of late fusion of the same backbones; then what the found models cost on each "
      "device, and their sizes\npublished: as the table prints it, -: it has none; measured: the mean over "
      "the seeds; +/-: half its 95 % interval; lowest, highest: of the seeds; -: not known, or measured "
      "once\n";
  if (std::ranges::any_of(quantities, &ComparedQuantity::other_device))
    text += fmt::format(
        "(TX2): published of a {}; the device beside it is another, as far as its name and its table tell: the two do "
        "not compare\n",
        kPublishedDevice);
  return text;
}

}  // namespace harmonic
