#include "master/report/shown_models.hpp"

#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace harmonic;

namespace {

/// Candidates 0 … count - 1, of which the last is the front; model 7 is the slowest of all, 9 the fastest dominated
/// one.
RunResults results_of(int count) {
  RunResults results;
  results.devices = {"a"};
  for (int i = 0; i < count; ++i) {
    ReportedModel model;
    model.id = std::to_string(i);
    model.metric_val = 90 + 5.0 * i / count;
    model.costs[kLatency] = {i == 7 ? 900.0 : i == 9 ? 0.5 : 10.0 + i % 50};
    model.costs[kEnergy] = {std::nullopt};
    results.candidates.push_back(model);
  }
  results.front = {results.candidates.back()};
  return results;
}

bool shows(const ShownModels& shown, const std::string& id) {
  return std::ranges::find(shown.dominated, id, &ReportedModel::id) != shown.dominated.end();
}

}  // namespace

TEST_CASE("A page draws all models of a small run", "[report]") {
  const auto results = results_of(30);
  const auto shown = choose_shown(results, model_columns(results));
  CHECK(shown.front.size() == 1);
  CHECK(shown.dominated.size() == 29);
  CHECK_FALSE(shows(shown, "29"));  // it is the front's
  CHECK(shown.note().empty());
}

TEST_CASE("Of many models one in so many is drawn, the ends of every column, and the whole front", "[report]") {
  auto results = results_of(20'000);
  results.front.assign(results.candidates.end() - 3000, results.candidates.end());
  const auto shown = choose_shown(results, model_columns(results), 2000);
  CHECK(shown.front.size() == 3000);
  CHECK(shown.every == 9);  // of 17,000
  CHECK(shown.dominated.size() >= 1889);
  CHECK(shown.dominated.size() <= 1889 + 2 * model_columns(results).size());
  CHECK(shows(shown, "0"));
  CHECK(shows(shown, "9"));
  CHECK(shows(shown, "7"));
  CHECK_FALSE(shows(shown, "8"));
  CHECK_THAT(shown.note(), Catch::Contains("Of the 17000 models that others dominate") && Catch::Contains("one in 9"));
  CHECK(std::ranges::is_sorted(shown.dominated, {}, [](const auto* model) { return std::stoi(model->id); }));
}

TEST_CASE("Columns are those that some model has, with the better direction", "[report]") {
  const auto columns = model_columns(results_of(3));
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  CHECK(names == std::vector<std::string>{"metric_val", "latency_ms.a", "generation"});
  CHECK(columns[0].better == ModelColumn::Better::higher);
  CHECK(columns[1].better == ModelColumn::Better::lower);
  CHECK(columns[1].label == "latency on a (ms)");
}
