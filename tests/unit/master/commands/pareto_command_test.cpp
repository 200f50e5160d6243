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
                    Contains("line 2, column 'metric_test' is empty") && Contains("--columns id,latency"));
  CHECK_THROWS_WITH(pareto_command({"--in", csv.path, "--columns", "metric_test,latency"}),
                    Contains("line 2, column 'metric_test' is empty") && Contains("leave the column out"));
}

TEST_CASE("pareto refuses a reference that does not fit", "[master][pareto]") {
  const CsvFile csv("a,b\n1,2\n");
  CHECK_THROWS_WITH(pareto_command({"--in", csv.path, "--reference", "1,2,3"}), Contains("3 values"));
  CHECK_THROWS_AS(pareto_command({"--in", csv.path, "--reference", "1,x"}), InputError);
}

TEST_CASE("pareto maximises the columns that it is told, listed and repeated", "[master][pareto]") {
  const CsvFile csv("speed,quality,price\n1,2,3\n2,1,3\n1,1,3\n");
  for (const Arguments& maximise :
       {Arguments{"--maximise", "speed,quality"}, Arguments{"--maximise", "speed", "--maximise", "quality"}}) {
    Arguments args = {"--in", csv.path, "--json"};
    args.insert(args.end(), maximise.begin(), maximise.end());
    const auto json = nlohmann::json::parse(run(args));
    CHECK(json["rank"] == nlohmann::json({0, 0, 1}));
    CHECK(json["maximised"] == nlohmann::json({"speed", "quality"}));
  }
  CHECK_THROWS_WITH(pareto_command({"--in", csv.path, "--maximise", "sped"}), Contains("did you mean 'speed'"));
  CHECK_THROWS_WITH(pareto_command({"--in", csv.path, "--columns", "price", "--maximise", "speed"}),
                    Contains("--columns price,speed"));
}

TEST_CASE("pareto knows what counts in this program's own CSVs", "[master][pareto]") {
  const TemporaryFolder folder;
  const auto write = [&](const char* name, const char* text) {
    std::ofstream(folder / name) << text;
    return (folder / name).string();
  };
  const auto candidates = write("candidates.csv",
                                "id,metric_val,metric_test,latency_ms.a,latency,energy,genotype\n"
                                "4,90,,5,1,3,late:sum\n7,95,,6,2,2,late:sum\n9,89,,7,3,4,late:sum\n");
  auto json = nlohmann::json::parse(run({"--in", candidates, "--json"}));
  CHECK(json["columns"] == nlohmann::json({"metric_val", "latency", "energy"}));
  CHECK(json["rank"] == nlohmann::json({0, 0, 1}));
  CHECK(json["reference"] == nlohmann::json({89.0, 3.0, 4.0}));
  // The run beside it says what it minimised, and where its hypervolumes are measured from.
  write("hypervolume.csv", "generation,models,hypervolume,reference.metric_val,reference.latency_ms.a\n1,3,1,0,10\n");
  json = nlohmann::json::parse(run({"--in", candidates, "--json"}));
  CHECK(json["columns"] == nlohmann::json({"metric_val", "latency_ms.a"}));
  CHECK(json["reference"] == nlohmann::json({0.0, 10.0}));
  CHECK(json["hypervolume"].get<double>() == 90 * 5 + 5 * 4);
  CHECK_THAT(run({"--in", candidates}), Contains("metric_val maximised, latency_ms.a minimised") &&
                                            Contains("below reference (0, 10), the run's"));
  const auto sweep = write("all.csv",
                           "genome,metric,latency_ms.a,energy_mj.a,parameters,macs,front\n"
                           "\"K=3,3,0,0;E=3,3,0,0;D=2\",90,1,2,10,20,1\n\"K=5,3,0,0;E=3,3,0,0;D=2\",80,1,2,10,20,0\n");
  json = nlohmann::json::parse(run({"--in", sweep, "--json"}));
  CHECK(json["columns"] == nlohmann::json({"metric", "latency_ms.a", "energy_mj.a"}));
  CHECK(json["rank"] == nlohmann::json({0, 1}));
  // What a run writes besides is no set of points, but for who says what counts.
  const std::vector<std::string> course = {"--in", (folder / "hypervolume.csv").string()};
  CHECK_THROWS_WITH(pareto_command(course), Contains("the hypervolume of each generation"));
  CHECK_NOTHROW(run({course[0], course[1], "--columns", "models,hypervolume:max"}));
  CHECK_THROWS_WITH(
      pareto_command({"--in", write("reproduced.csv", "table,row,quantity,measured\navmnist,1,metric,90\n")}),
      Contains("rows of a published table"));
}
