#include "master/report/report_data.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace harmonic;

TEST_CASE("Hostile names stay texts: nothing ends the data's element, and all of it is read back", "[report]") {
  const std::string hostile = "</script><script>alert(1)</script><!-- \" ' & \xE2\x80\xA8 \xFF";
  RunResults results;
  results.modalities = {hostile};
  results.devices = {hostile};
  ReportedModel model;
  model.id = hostile;
  model.metric_val = 97.123456789;
  model.genotype = hostile;
  model.genomes = {hostile};
  model.costs[kLatency] = {1.5};
  model.costs[kEnergy] = {std::nullopt};
  results.candidates = results.front = {model};
  const auto columns = model_columns(results);
  const auto html = report_data_html(results, columns, choose_shown(results, columns));
  const std::string start = "<script type=\"application/json\" id=\"run-data\">", end = "</script>\n";
  REQUIRE(html.starts_with(start));
  REQUIRE(html.ends_with(end));
  const auto json_text = html.substr(start.size(), html.size() - start.size() - end.size());
  CHECK(json_text.find_first_of("<>&") == std::string::npos);
  const auto json = nlohmann::json::parse(json_text);
  const std::string readable = hostile.substr(0, hostile.size() - 1) + "\xEF\xBF\xBD";  // that byte is no UTF-8
  CHECK(json.at("modalities").at(0) == readable);
  const auto& row = json.at("models").at(0);
  CHECK(row.at(0) == readable);
  CHECK(row.at(1) == 1);
  CHECK(row.at(2).at(0) == 97.1235);
  CHECK(row.at(3) == readable);
  CHECK(json.at("columns").at(1).at("label") == "latency on " + readable + " (ms)");
  CHECK(json.at("columns").at(1).at("better") == -1);
}
