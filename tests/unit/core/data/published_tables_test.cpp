#include "core/data/published_tables.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/data/data_origin.hpp"
#include "core/hardware/cost_model.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;

TEST_CASE("Every row of a published table is a model of its spaces", "[data][published]") {
  CHECK(published_table_names() == std::vector<std::string>{"avmnist", "mmimdb", "harmp"});
  for (const auto& name : published_table_names()) {
    const auto& table = find_published_table(name);
    REQUIRE(table.rows.size() == 3);
    for (const auto& row : table.rows) {
      INFO(name << " " << row.row);
      CHECK(table.row(row.row).metric == row.metric);
      REQUIRE(row.backbones.size() == table.modalities.size());
      REQUIRE(row.unimodal_metric.size() == table.modalities.size());
      for (std::size_t m = 0; m < row.backbones.size(); ++m) {
        CHECK_NOTHROW(check_genome(row.backbones[m], find_space(table.modalities[m].space)));
        // Fusing helps in all of them.
        CHECK(row.metric > row.unimodal_metric[m]);
      }
    }
  }
  CHECK(to_text(find_published_table("avmnist").row(3).backbones[1]) == "K=3,3,0,0;E=3,3,0,0;D=2");
}

TEST_CASE("A published supernet is of a modality of a published table", "[data][published]") {
  REQUIRE(published_supernets().size() == 6);
  for (const auto& supernet : published_supernets()) {
    INFO(supernet.row);
    const auto& table = find_published_table(supernet.table);
    const auto modality = std::ranges::find(table.modalities, supernet.modality, &PublishedTable::Modality::name);
    REQUIRE(modality != table.modalities.end());
    CHECK(modality->space == supernet.space);
    CHECK(&supernet - published_supernets().data() == supernet.row - 1);
  }
}

TEST_CASE("A data set is a table's where its importer wrote it and its test split is as large", "[data][published]") {
  const auto origin = [](const char* table, const char* provenance, std::size_t test) {
    DatasetInfo info;
    info.provenance = provenance;
    info.samples = {9, 9, test};
    return data_origin(info, find_published_table(table));
  };
  constexpr const char* kAvmnist =
      "AV-MNIST (MNIST images, Free Spoken Digit Dataset sounds), published audio features (signals padded by "
      "reflection) and published pairs (names in text order)";
  CHECK(origin("avmnist", kAvmnist, 450) == DataOrigin::published);
  CHECK(origin("avmnist", kAvmnist, 449) == DataOrigin::other);
  CHECK(origin("avmnist", "AV-MNIST (MNIST images, Free Spoken Digit Dataset sounds), native audio features", 450) ==
        DataOrigin::other);
  CHECK(origin("avmnist", "synthetic av-digits, 2000 samples, seed 1", 450) == DataOrigin::stand_in);
  CHECK(origin("mmimdb", "MM-IMDB (multimodal_imdb.hdf5), posters back to 8 bits", 7799) == DataOrigin::published);
  CHECK(origin("harmp", "Harm-P's form, shorter side to 112 (bicubic), centre", 355) == DataOrigin::published);
  CHECK(origin("harmp", "Harm-P's form, shorter side to 112 (bicubic), centre", 354) == DataOrigin::other);
  CHECK(origin("harmp", "", 355) == DataOrigin::other);
}

TEST_CASE("A table or row that is not there is named with what there is", "[data][published]") {
  CHECK_THROWS_WITH(find_published_table("avminst"), Catch::Contains("avmnist"));
  CHECK_THROWS_WITH(find_published_table("harmp").row(4), Catch::Contains("row 4") && Catch::Contains("1 to 3"));
}

TEST_CASE(
    "A published total is the given tables' backbones and operators that fit between the cheapest and the dearest",
    "[data][published][shared]") {
  const auto backbones = testing::shared_data("luts/lut_ofa_mnist_tx2.json");
  const auto fusion = testing::shared_data("luts/lut_fusion_tx2.json");
  if (!backbones || !fusion) return;
  const auto costs = LookUpTable::load({*backbones, *fusion});
  const auto& table = find_published_table("avmnist");
  for (const auto& row : table.rows) {
    INFO("row " << row.row);
    double latency_ms = 0;
    for (std::size_t m = 0; m < row.backbones.size(); ++m)
      latency_ms +=
          total(backbone_cost(costs, find_space(table.modalities[m].space), row.backbones[m], 10)).latency_ms();
    double least = 1e9, most = 0;
    for (const auto* op : {"Sum", "ScaleDotAttn", "LinearGLU", "ConcatFC", "SE1", "CatConvMish"}) {
      const double ms = costs.at(fusion_key(op, 192, 16)).latency_ms();
      least = std::min(least, ms);
      most = std::max(most, ms);
    }
    const int count = row.macro.cells * row.macro.nodes;
    CHECK(row.latency_ms + 0.01 >= latency_ms + count * least);
    CHECK(row.latency_ms <= latency_ms + count * most);
  }
}
