#include "core/hardware/table_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/base/statistics.hpp"
#include "core/hardware/network_part.hpp"

namespace harmonic {
namespace {

constexpr double kStrange = 2;              ///< times
constexpr double kStrangeInDeviations = 4;  ///< robust standard deviations
constexpr std::size_t kFewest = 8;          ///< rows that make a trend

/// A row with the logarithm of a ratio that is alike for all rows of a sound table.
struct RowRatio {
  std::string key;
  double log_ratio = 0;
};

/// Those that are far from the median, with how many times they are off.
std::vector<std::pair<std::string, double>> far_ones(const std::vector<RowRatio>& rows) {
  std::vector<std::pair<std::string, double>> far;
  if (rows.size() < kFewest) return far;
  std::vector<double> ratios, distances;
  for (const auto& row : rows) ratios.push_back(row.log_ratio);
  const double middle = median(ratios);
  for (const double ratio : ratios) distances.push_back(std::abs(ratio - middle));
  constexpr double kDeviation = 1.4826;  // of a normal distribution, in median distances
  const double limit = std::max(std::log(kStrange), kStrangeInDeviations * kDeviation * median(distances));
  for (const auto& row : rows)
    if (std::abs(row.log_ratio - middle) > limit) far.emplace_back(row.key, std::exp(row.log_ratio - middle));
  return far;
}

std::string times_text(double ratio) {
  return ratio >= 1 ? fmt::format("{:.1f} times", ratio) : fmt::format("{:.2f} of", ratio);
}

constexpr std::size_t kTerms = 4;
using WorkTerms = std::array<double, kTerms>;

/// Kernels, operations of dense and of depthwise convolutions, and bytes of a layer.
WorkTerms work_of(const NetworkPart& part) {
  WorkTerms work{};
  for (const Kernel& kernel : part_kernels(part)) {
    work[0] += 1;
    work[kernel.depthwise ? 2 : 1] += kernel.flops;
    work[3] += kernel.bytes;
  }
  return work;
}

double predicted(const WorkTerms& prices, const WorkTerms& work) {
  double sum = 0;
  for (std::size_t t = 0; t < kTerms; ++t) sum += prices[t] * work[t];
  return sum;
}

/// Prices of no less than 0, of least squared relative error; rows that are far off count less (Huber's weights).
WorkTerms fit_prices(const std::vector<WorkTerms>& works, const std::vector<double>& latencies) {
  constexpr int kRounds = 40, kSweeps = 200;
  constexpr double kHuber = 0.2;  // relative error
  WorkTerms prices{};
  std::vector<double> weights(works.size(), 1.0);
  for (int round = 0; round < kRounds; ++round) {
    for (int sweep = 0; sweep < kSweeps; ++sweep)
      for (std::size_t t = 0; t < kTerms; ++t) {
        double above = 0, below = 0;
        for (std::size_t i = 0; i < works.size(); ++i) {
          const double x = works[i][t] / latencies[i];
          const double rest = 1 - predicted(prices, works[i]) / latencies[i] + prices[t] * x;
          above += weights[i] * x * rest;
          below += weights[i] * x * x;
        }
        if (below > 0) prices[t] = std::max(0.0, above / below);
      }
    for (std::size_t i = 0; i < works.size(); ++i) {
      const double error = std::abs(1 - predicted(prices, works[i]) / latencies[i]);
      weights[i] = error > kHuber ? kHuber / error : 1;
    }
  }
  return prices;
}

bool is_usable(const Cost& cost) {
  return cost.is_supported() && cost.latency_ms() > 0;
}

std::vector<RowFinding> off_latency_trend(const LookUpTable& table) {
  std::vector<std::string> keys;
  std::vector<WorkTerms> works;
  std::vector<double> latencies;
  for (const auto& [key, cost] : table.rows())
    if (const auto part = parse_published_key(key); part && is_usable(cost)) {
      keys.push_back(key);
      works.push_back(work_of(*part));
      latencies.push_back(cost.latency_ms());
    }
  if (keys.size() < kFewest) return {};
  const WorkTerms prices = fit_prices(works, latencies);
  std::vector<RowRatio> rows;
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (const double expected = predicted(prices, works[i]); expected > 0)
      rows.push_back({keys[i], std::log(latencies[i] / expected)});
  std::vector<RowFinding> findings;
  for (const auto& [key, ratio] : far_ones(rows))
    findings.push_back({key, fmt::format("latency {:.4g} ms, {} what the table's other rows let expect",
                                         table.at(key).latency_ms(), times_text(ratio))});
  return findings;
}

std::vector<RowFinding> off_usual_power(const LookUpTable& table) {
  std::vector<RowRatio> rows;
  for (const auto& [key, cost] : table.rows())
    if (is_usable(cost) && cost.energy_mj().value_or(0) > 0)
      rows.push_back({key, std::log(*cost.energy_mj() / cost.latency_ms())});
  std::vector<RowFinding> findings;
  for (const auto& [key, ratio] : far_ones(rows))
    findings.push_back({key, fmt::format("{:.3g} W, {} what the table's other rows draw",
                                         *table.at(key).energy_mj() / table.at(key).latency_ms(), times_text(ratio))});
  return findings;
}

}  // namespace

std::vector<RowFinding> rows_off_trend(const LookUpTable& table) {
  auto findings = off_latency_trend(table);
  const auto of_power = off_usual_power(table);
  findings.insert(findings.end(), of_power.begin(), of_power.end());
  return findings;
}

std::vector<RowFinding> rows_off_ratio(const LookUpTable& table, const LookUpTable& other) {
  std::vector<RowFinding> findings;
  PerQuantity<std::vector<RowRatio>> ratios;
  for (const auto& [key, cost] : table.rows()) {
    if (!other.contains(key)) continue;
    const Cost& there = other.at(key);
    if (!is_usable(cost) || !is_usable(there)) continue;
    if (cost == there) findings.push_back({key, fmt::format("the same as in {}, to the last digit", other.name())});
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      if (cost[q].value_or(0) > 0 && there[q].value_or(0) > 0)
        ratios[q].push_back({key, std::log(*cost[q] / *there[q])});
  }
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    for (const auto& [key, ratio] : far_ones(ratios[q]))
      findings.push_back({key, fmt::format("{} beside that of {} is {} what it is in most rows", kQuantities[q].name,
                                           other.name(), times_text(ratio))});
  return findings;
}

}  // namespace harmonic
