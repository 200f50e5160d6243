#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "master/commands/commands.hpp"
#include "tests/support/captured_stdout.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;
using harmonic::testing::captured_stdout;
using harmonic::testing::TemporaryFolder;

namespace {

struct CsvFile {
  explicit CsvFile(const std::string& text) { std::ofstream(path) << text; }
  TemporaryFolder folder;
  std::string path = folder / "p.csv";
};

std::string run(const Arguments& args) {
  return captured_stdout([&] { CHECK(pareto_command(args) == ExitCode::done); });
}

}  // namespace

TEST_CASE("pareto prints ranks, crowding and hypervolume as JSON", "[master][pareto]") {
  const CsvFile csv("error,latency\n0,4\n1,2\n4,0\n5,5\n");
  const auto json = nlohmann::json::parse(run({"--in", csv.path, "--reference", "5,5", "--json"}));
  CHECK(json["rank"] == nlohmann::json({0, 0, 0, 1}));
  CHECK(json["crowding"] == nlohmann::json({nullptr, 2.0, nullptr, nullptr}));
  CHECK(json["hypervolume"].get<double>() == 5 * 1 + 4 * 2 + 1 * 2);
}

TEST_CASE("pareto takes the worst of every column when no reference is given", "[master][pareto]") {
  const CsvFile csv("a,b\n0,4\n1,2\n4,0\n");
  const auto json = nlohmann::json::parse(run({"--in", csv.path, "--json"}));
  CHECK(json["reference"] == nlohmann::json({4.0, 4.0}));
  CHECK(json["hypervolume"].get<double>() == 6);
  CHECK_THAT(run({"--in", csv.path}), Contains("hypervolume 6") && Contains("crowding"));
}

TEST_CASE("pareto looks at the columns that it is told, and maximises some", "[master][pareto]") {
  const CsvFile csv("id,metric_val,latency,genotype\na,90,1,\"Sum(0,1)\"\nb,95,2,SE1\nc,89,3,\n");
  const Arguments asked = {"--in", csv.path, "--columns", "metric_val:max,latency", "--reference", "80,4"};
  auto json_asked = asked;
  json_asked.emplace_back("--json");
  const auto json = nlohmann::json::parse(run(json_asked));
  CHECK(json["rank"] == nlohmann::json({0, 0, 1}));
  CHECK(json["reference"] == nlohmann::json({80.0, 4.0}));
  CHECK(json["hypervolume"].get<double>() == 10 * 3 + 5 * 2);
  CHECK_THAT(run(asked), Contains("95") && !Contains("-95") && Contains("(80, 4)") && !Contains("genotype"));
  CHECK_THROWS_WITH(pareto_command({"--in", csv.path, "--columns", "metric:max"}),
                    Contains("did you mean 'metric_val'"));
}

TEST_CASE("pareto refuses a bad CSV with its line and column", "[master][pareto]") {
  const auto [text, words] = GENERATE(table<std::string, std::string>({{"a,b\n1,2\n3\n", "line 3"},
                                                                       {"a,b\n1,2\n3,x\n", "line 3, column 'b'"},
                                                                       {"a,b\n1,nan\n", "line 2, column 'b'"},
                                                                       {"a,b\n", "no rows"},
                                                                       {"", "empty"}}));
  const CsvFile csv(text);
  CHECK_THROWS_AS(pareto_command({"--in", csv.path}), InputError);
  CHECK_THROWS_WITH(pareto_command({"--in", csv.path}), Contains(words));
}

TEST_CASE("pareto says how to leave out a column that holds no numbers", "[master][pareto]") {
  const CsvFile csv("id,metric_test,latency\n1,,2\n");
  CHECK_THROWS_WITH(pareto_command({"--in", csv.path}),
                    Contains("column 'metric_test'") && Contains("--columns metric_val:max,latency"));
  CHECK_THROWS_WITH(pareto_command({"--in", csv.path, "--columns", "metric_test,latency"}), !Contains("--columns"));
}

TEST_CASE("pareto refuses a reference that does not fit", "[master][pareto]") {
  const CsvFile csv("a,b\n1,2\n");
  CHECK_THROWS_WITH(pareto_command({"--in", csv.path, "--reference", "1,2,3"}), Contains("3 values"));
  CHECK_THROWS_AS(pareto_command({"--in", csv.path, "--reference", "1,x"}), InputError);
}
