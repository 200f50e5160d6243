#include "core/hardware/model_fit.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kFolds = 5;
constexpr double kFar = 0.3;     ///< logarithm beyond which a row counts by its distance, not its square
constexpr double kPrior = 0.02;  ///< weight of a parameter's distance from the usual, in logarithms
constexpr int kIterations = 200;
constexpr double kLargestStep = 1;  ///< of a parameter's logarithm

/// A row that tells something of the device.
struct Row {
  std::string kind;
  std::vector<Kernel> kernels;
  Cost cost;
};

FittedModel usual_model() {
  FittedModel model;
  model.values = {0.15, 0.15, 0.1, 0.05, 0.05, 0.15, 0.1, 2.5, 20, 25, 1, 10, 20, 60, 0.01};
  return model;
}

std::vector<Row> told_rows(const LookUpTable& table, const std::vector<NetworkPart>& parts) {
  std::vector<Row> rows;
  for (const auto& part : parts) {
    const auto key = lut_key(part);
    if (!table.contains(key)) continue;
    const Cost& cost = table.at(key);
    if (!cost.is_supported() || !(cost.latency_ms() > 0)) continue;
    rows.push_back({key_kind(key), part_kernels(part), cost});
  }
  return rows;
}

/// Solves A x = b, A (n, n) positive definite, by Cholesky's method. @return false where it is not
bool solve(std::vector<std::vector<double>> a, std::vector<double>& b) {
  const std::size_t n = b.size();
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < j; ++k) a[j][j] -= a[j][k] * a[j][k];
    if (!(a[j][j] > 0)) return false;
    a[j][j] = std::sqrt(a[j][j]);
    for (std::size_t i = j + 1; i < n; ++i) {
      for (std::size_t k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] /= a[j][j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return true;
}

/// Residual whose square is Huber's loss.
double huber(double r) {
  const double distance = std::abs(r);
  return distance <= kFar ? r : std::copysign(std::sqrt(2 * kFar * distance - kFar * kFar), r);
}

using Residuals = std::function<std::vector<double>(const std::vector<double>& logs)>;

double square_sum(const std::vector<double>& values) {
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
}

/// Levenberg's and Marquardt's method, with differences for derivatives.
std::vector<double> least_squares(const Residuals& residuals, std::vector<double> logs) {
  constexpr double kDifference = 1e-5, kHopeless = 1e12;
  double damping = 1;
  auto now = residuals(logs);
  const std::size_t n = logs.size();
  std::vector<std::vector<double>> products(n, std::vector<double>(n));
  std::vector<double> descent(n);
  const auto derive = [&] {
    std::vector<std::vector<double>> columns;
    for (std::size_t j = 0; j < n; ++j) {
      auto moved = logs;
      moved[j] += kDifference;
      auto column = residuals(moved);
      for (std::size_t i = 0; i < column.size(); ++i) column[i] = (column[i] - now[i]) / kDifference;
      columns.push_back(std::move(column));
    }
    for (std::size_t j = 0; j < n; ++j) {
      descent[j] = -std::inner_product(now.begin(), now.end(), columns[j].begin(), 0.0);
      for (std::size_t k = 0; k < n; ++k)
        products[j][k] = std::inner_product(columns[j].begin(), columns[j].end(), columns[k].begin(), 0.0);
    }
  };
  bool moved_on = true;
  for (int iteration = 0; iteration < kIterations && damping < kHopeless; ++iteration) {
    if (moved_on) derive();
    auto normal = products;
    auto step = descent;
    for (std::size_t j = 0; j < n; ++j) normal[j][j] *= 1 + damping;
    auto moved = logs;
    if (solve(normal, step))
      for (std::size_t j = 0; j < n; ++j) moved[j] += std::clamp(step[j], -kLargestStep, kLargestStep);
    auto then = residuals(moved);
    moved_on = square_sum(then) < square_sum(now);
    if (moved_on) {
      logs = std::move(moved);
      now = std::move(then);
      damping = std::max(damping / 3, 1e-9);
    } else {
      damping *= 4;
    }
  }
  return logs;
}

/// Fits parameters [first, last) to one quantity, the others as they are.
void fit(FittedModel& model, const std::vector<Row>& rows, std::size_t quantity, std::size_t first, std::size_t last) {
  const auto usual = usual_model().values;
  const auto residuals = [&](const std::vector<double>& logs) {
    FittedModel tried = model;
    for (std::size_t p = first; p < last; ++p) tried.values[p] = std::exp(logs[p - first]);
    std::vector<double> found;
    for (const auto& row : rows)
      found.push_back(huber(std::log(*tried.cost(row.kernels)[quantity] / *row.cost[quantity])));
    for (std::size_t p = first; p < last; ++p) found.push_back(kPrior * (logs[p - first] - std::log(usual[p])));
    return found;
  };
  std::vector<double> logs;
  for (std::size_t p = first; p < last; ++p) logs.push_back(std::log(usual[p]));
  logs = least_squares(residuals, std::move(logs));
  for (std::size_t p = first; p < last; ++p) model.values[p] = std::exp(logs[p - first]);
}

FittedModel fitted(const std::vector<Row>& rows, bool with_energy) {
  FittedModel model = usual_model();
  model.has_energy = with_energy;
  fit(model, rows, kLatency, 0, FittedModel::kLatencyParameters);
  if (with_energy) fit(model, rows, kEnergy, FittedModel::kLatencyParameters, FittedModel::count);
  return FittedModel::parse(model.describe());  // what is told is what is used
}

/// Sums of errors.
struct Sums {
  std::size_t rows = 0;
  PerQuantity<double> fitted{}, predicted{};
};

void add_errors(PerQuantity<double>& sums, const FittedModel& model, const Row& row) {
  const Cost modelled = model.cost(row.kernels);
  for (std::size_t q = 0; q < sums.size(); ++q)
    if (modelled[q] && row.cost[q]) sums[q] += std::abs(*modelled[q] / *row.cost[q] - 1);
}

FitError error_of(const std::string& kind, const Sums& sums, bool with_energy) {
  FitError error{kind, sums.rows, {}, {}};
  for (std::size_t q = 0; q < kQuantities.size(); ++q) {
    if (q == kEnergy && !with_energy) continue;
    error.fitted[q] = 100 * sums.fitted[q] / static_cast<double>(sums.rows);
    error.predicted[q] = 100 * sums.predicted[q] / static_cast<double>(sums.rows);
  }
  return error;
}

}  // namespace

ModelFit fit_model(const LookUpTable& table, const std::vector<NetworkPart>& parts) {
  const auto rows = told_rows(table, parts);
  if (rows.size() < kFolds)
    throw InputError(fmt::format("table {} has {} rows that a model could be fitted to, {} are the least", table.name(),
                                 rows.size(), kFolds),
                     "name the spaces that the table is of: --space, and --config where they are your own");
  const bool with_energy = std::ranges::all_of(rows, [](const Row& row) { return row.cost[kEnergy].value_or(0) > 0; });
  ModelFit result{fitted(rows, with_energy), {}};

  std::map<std::string, Sums> kinds;
  Sums all{rows.size()};
  for (std::size_t fold = 0; fold < kFolds; ++fold) {
    std::vector<Row> others;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (i % kFolds != fold) others.push_back(rows[i]);
    const auto model = fitted(others, with_energy);
    for (std::size_t i = fold; i < rows.size(); i += kFolds) {
      auto& kind = kinds[rows[i].kind];
      ++kind.rows;
      for (auto* sums : {&kind, &all}) {
        add_errors(sums->fitted, result.model, rows[i]);
        add_errors(sums->predicted, model, rows[i]);
      }
    }
  }
  for (const auto& [kind, sums] : kinds) result.errors.push_back(error_of(kind, sums, with_energy));
  result.errors.push_back(error_of("all", all, with_energy));
  return result;
}

}  // namespace harmonic
