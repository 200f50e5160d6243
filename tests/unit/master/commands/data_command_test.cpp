#include <cmath>
#include <iostream>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/data/dataset_check.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/hdf5_file.hpp"
#include "master/commands/commands.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;

/// What the command prints on stdout.
std::string output_of(const Arguments& args) {
  std::ostringstream captured;
  auto* const before = std::cout.rdbuf(captured.rdbuf());
  try {
    CHECK(data_command(args) == ExitCode::done);
  } catch (...) {
    std::cout.rdbuf(before);
    throw;
  }
  std::cout.rdbuf(before);
  return captured.str();
}

}  // namespace

TEST_CASE("`data synth` writes a file that `data show` describes, for people and for scripts", "[master]") {
  const TemporaryFolder folder;
  const std::string file = folder / "d.h5";
  const auto page = output_of({"synth", "--out", file, "--samples", "200", "--seed", "5"});
  const auto shown = output_of({"show", file});
  CHECK_THAT(shown, Catch::Matchers::StartsWith(page) && Contains("largest class of train: 12 samples"));
  CHECK_THAT(page, Contains("1 x 28 x 28") && Contains("seed 5"));

  const auto json = nlohmann::json::parse(output_of({"show", "--json", file}));
  CHECK(json == nlohmann::json::parse(output_of({"show", file, "--json"})));
  CHECK(json.at("task") == "classification");
  CHECK(json.at("classes") == 10);
  CHECK(json.at("modalities").at("audio").at("shape") == std::vector<int>{1, 20, 20});
  CHECK(json.at("splits").at("train").at("samples") == 120);
  CHECK(json.at("splits").at("test").at("per_class") == std::vector<int>(10, 5));
  CHECK(json.at("hash").get<std::string>().size() == 16);

  const auto bytes = read_file(file);
  output_of({"synth", "--out", file, "--samples", "200", "--seed", "5", "--kind", "av-digits"});
  CHECK(read_file(file) == bytes);
}

TEST_CASE("`data show --check` lists all that is wrong and fails, or says that nothing is", "[master]") {
  const TemporaryFolder folder;
  const auto [kind, samples] = GENERATE(table<std::string, std::string>(
      {{"av-digits", "200"}, {"av-parity", "200"}, {"memes", "100"}, {"meme-tokens", "100"}}));
  const std::string file = folder / "d.h5";
  output_of({"synth", "--kind", kind, "--out", file, "--samples", samples});
  CHECK_THAT(output_of({"show", file, "--check"}), Contains("nothing is wrong"));
  CHECK(nlohmann::json::parse(output_of({"show", "--check", "--json", file})).at("problems").empty());

  const std::string own = folder / "own.h5";
  {
    Hdf5File made(own, Hdf5File::Mode::create);
    made.write<std::int64_t>("/label/train", std::vector<std::int64_t>{0, 1}, {2});
    made.write<float>("/modality/a/train", std::vector<float>(6), {2, 3});
  }
  CHECK_THROWS_WITH(data_command({"show", own, "--check"}), Contains("things") && Contains("configs/README.md"));
}

TEST_CASE("`data show` counts samples that are there twice, inside a split and across, and tells each split's means",
          "[master]") {
  const TemporaryFolder folder;
  const std::string file = folder / "d.h5";
  {
    Hdf5File made(file, Hdf5File::Mode::create);
    made.set_attribute("/", "task", "classification");
    made.set_attribute("/", "classes", std::int64_t{2});
    const auto write = [&](const std::string& split, const std::vector<float>& values) {
      const std::size_t rows = values.size() / 2;
      std::vector<std::int64_t> labels(rows, 1);
      labels[0] = 0;
      made.write<std::int64_t>("/label/" + split, labels, {rows});
      made.write<float>("/modality/a/" + split, values, {rows, 2});
    };
    write("train", {0, 0, 2, 2, 2, 2, 4, 4});
    write("val", {1, 1, 2, 2});
    write("test", {9, 9, 1, 1, 9, 9});
  }
  const auto json = nlohmann::json::parse(output_of({"show", file, "--json"}));
  CHECK(json.at("duplicates") == nlohmann::json{{"within", {{"train", 1}, {"val", 0}, {"test", 1}}}, {"across", 2}});
  CHECK(json.at("summary").at("balance") == nlohmann::json{{"largest", 3}, {"smallest", 1}});
  const auto& means = json.at("summary").at("modalities").at("a").at("mean");
  CHECK(means.at(0).get<double>() == Approx(0).margin(1e-6));  // by train's own mean and std, 2 and the root of 2
  CHECK(means.at(1).get<double>() == Approx(-0.5 / std::sqrt(2.0)).margin(1e-6));
  const auto page = output_of({"show", file});
  CHECK_THAT(page, Contains("2 samples of val and test are in another split, too"));
}

TEST_CASE("`data show` counts a multilabel sample in each of its classes", "[master]") {
  const TemporaryFolder folder;
  const std::string file = folder / "d.h5";
  const auto json = nlohmann::json::parse(
      output_of({"synth", "--kind", "movie-posters", "--samples", "20", "--out", file, "--json"}));
  CHECK(json.at("task") == "multilabel");
  int labels = 0;
  for (const int count : json.at("splits").at("train").at("per_class")) labels += count;
  CHECK(labels >= json.at("splits").at("train").at("samples").get<int>());
}

TEST_CASE("`data show` shows a file whose name is no UTF-8", "[master]") {
  const TemporaryFolder folder;
  const std::string file = folder / "d\xE9.h5";
  const auto json = nlohmann::json::parse(output_of({"synth", "--out", file, "--samples", "200", "--json"}));
  CHECK_THAT(json.at("file").get<std::string>(), Contains("d\xEF\xBF\xBD.h5"));
}

TEST_CASE("`data` says what is wrong with its words, and what is nearest", "[master]") {
  const TemporaryFolder folder;
  const std::string file = folder / "d.h5";
  CHECK_THROWS_WITH(data_command({}), Contains("synth, import, show"));
  CHECK_THROWS_WITH(data_command({"sinth"}), Contains("did you mean synth"));
  CHECK_THROWS_WITH(data_command({"import"}), Contains("avmnist"));
  CHECK_THROWS_WITH(data_command({"import", "--in", "x"}), Contains("avmnist"));
  CHECK_THROWS_WITH(data_command({"import", "avmnits"}), Contains("did you mean avmnist"));
  CHECK_THROWS_WITH(data_command({"import", "avmnist", "--out", file}), Contains("--in"));
  CHECK_THROWS_WITH(data_command({"import", "avmnist", "--in", folder.path(), "--out", file}),
                    Contains("mnist/train/0"));
  CHECK_THROWS_WITH(data_command({"import", "mmimdb", "--in", folder / "none.hdf5", "--out", file}),
                    Contains("none.hdf5"));
  CHECK_THROWS_WITH(data_command({"import", "harmp", "--in", folder.path(), "--out", file}), Contains("--bpe"));
  CHECK_THROWS_WITH(data_command({"import", "harmp", "--in", folder.path(), "--bpe", folder / "v.gz", "--out", file}),
                    Contains("v.gz"));
  CHECK_THROWS_WITH(data_command({"show"}), Contains("names no file"));
  CHECK_THROWS_WITH(data_command({"show", folder / "absent.h5"}), Contains("absent.h5"));
  CHECK_THROWS_WITH(data_command({"show", folder.path()}), Contains("is a folder"));
  CHECK_THROWS_WITH(data_command({"synth"}), Contains("--out"));
  CHECK_THROWS_WITH(data_command({"synth", "--out", file, "--samples", "10"}), Contains("ask for at least"));
  CHECK_THROWS_WITH(data_command({"synth", "--out", file, "--kind", "memez"}), Contains("did you mean memes"));
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("An import never replaces what it reads, under whatever name", "[master]") {
  const TemporaryFolder folder;
  const std::string file = folder / "films.hdf5", link = folder / "link.h5";
  replace_file(file, "films");
  std::filesystem::create_hard_link(file, link);
  for (const auto& out : {file, link}) {
    CHECK_THROWS_WITH(data_command({"import", "mmimdb", "--in", file, "--out", out}), Contains("file of --in"));
    CHECK_THROWS_WITH(data_command({"import", "folder", "--in", file, "--out", out}), Contains("file of --in"));
    CHECK_THROWS_WITH(data_command({"import", "mmimdb", "--in", "x", "--split", file, "--out", out}),
                      Contains("file of --split"));
    CHECK_THROWS_WITH(data_command({"import", "harmp", "--in", folder.path(), "--bpe", file, "--out", out}),
                      Contains("file of --bpe"));
  }
  CHECK(read_file(file) == "films");
}

TEST_CASE("`data show --sheet` draws the samples into a picture", "[master]") {
  const TemporaryFolder folder;
  const std::string file = folder / "d.h5", sheet = folder / "made" / "s.png";
  output_of({"synth", "--out", file, "--samples", "200"});
  CHECK_THROWS_WITH(data_command({"show", file, "--sheet", file}), Contains("would be lost"));
  output_of({"show", file, "--sheet", sheet});
  CHECK(read_file(sheet).starts_with("\x89PNG"));
  output_of({"show", file, "--sheet", sheet});  // its own it replaces
  const std::string other = folder / "other.png";
  for (const std::string content : {"notes\n", "\x89PNG\r\n\x1a\n0000IHDR00000000"}) {
    replace_file(other, content);
    CHECK_THROWS_WITH(data_command({"show", file, "--sheet", other}), Contains("is not a contact sheet"));
    CHECK_THROWS_WITH(data_command({"synth", "--out", other}), Contains("is not a data set"));
    CHECK(read_file(other) == content);
  }
}

TEST_CASE("A sheet by another name than a PNG's is refused, and a check warns of what is in two splits", "[master]") {
  const TemporaryFolder folder;
  const std::string file = folder / "d.h5";
  {
    Hdf5File made(file, Hdf5File::Mode::create);
    made.set_attribute("/", "task", std::string_view("classification"));
    made.set_attribute("/", "classes", std::int64_t{2});
    for (const std::string split : {"train", "val", "test"}) {
      made.write<std::int64_t>("/label/" + split, std::vector<std::int64_t>{0, 1}, {2});
      made.write<float>("/modality/a/" + split, std::vector<float>{1, 2}, {2, 1});
    }
  }
  CHECK_THROWS_WITH(data_command({"show", file, "--sheet", folder / "sheet.jpg"}), Contains("ends with .png"));
  CHECK_FALSE(std::filesystem::exists(folder / "sheet.jpg"));
  CHECK_THAT(output_of({"show", file, "--check"}),
             Contains("- warning: ") && Contains("4 samples of val and test") && Contains("nothing would be refused"));
  CHECK(nlohmann::json::parse(output_of({"show", "--check", "--json", file})).at("warnings").size() == 1);
}

TEST_CASE("Help is there on every level of `data`", "[master]") {
  CHECK_THAT(output_of({"--help"}), Contains("data import SOURCE"));
  CHECK_THAT(output_of({"synth", "--help"}), Contains("--samples"));
  CHECK_THAT(output_of({"import", "--help"}), Contains("avmnist"));
  CHECK_THAT(output_of({"import", "avmnist", "--help"}), Contains("--audio-features"));
  CHECK_THAT(output_of({"import", "mmimdb", "--help"}), Contains("--missing-text"));
  CHECK_THAT(output_of({"import", "harmp", "--help"}), Contains("--blank-label"));
  CHECK_THAT(output_of({"show", "--help"}), Contains("--json"));
}

TEST_CASE("Of a few posters with many classes nothing is wrong but that some classes have none", "[master]") {
  const TemporaryFolder folder;
  const std::string file = folder / "d.h5";
  output_of({"synth", "--kind", "movie-posters", "--out", file, "--samples", "20"});
  CHECK_THROWS_WITH(data_command({"show", file, "--check"}), Contains("would be refused, or learnt badly from"));
  for (const auto& problem : dataset_problems(file)) CHECK_THAT(problem, Contains("no sample of class"));
}

}  // namespace harmonic
