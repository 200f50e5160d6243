// What core counts from layers alone, against the networks themselves.
#include "core/hardware/model_size.hpp"

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/space/layers.hpp"
#include "core/space/variation.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/fusion/derived_network.hpp"
#include "worker/fusion/late_fusion.hpp"

namespace harmonic {
namespace {

double parameters_of(const Subnet& subnet) {
  double sum = 0;
  for (const auto& [name, tensor] : subnet.state())
    if (!is_buffer(name)) sum += static_cast<double>(tensor.numel());
  return sum;
}

TEST_CASE("A sub-network has the parameters that core counts", "[backbone]") {
  for (const auto& space : published_spaces()) {
    const Supernet supernet(space, 7, Seed{1});
    RandomStream random(Seed{2}, "sizes");
    std::vector<BackboneGenome> genomes = {smallest_genome(space), largest_genome(space)};
    for (int i = 0; i < 4; ++i) genomes.push_back(random_genome(space, random));
    for (const auto& genome : genomes) {
      INFO(space.name << " " << to_text(genome));
      CHECK(backbone_size(space, genome, 7).parameters == parameters_of(Subnet(supernet, genome)));
    }
  }
}

TEST_CASE("A fusion network has the parameters that core counts", "[fusion]") {
  const std::vector<int> channels = {16, 24, 48, 40, 128};
  const std::vector<FusionInput> inputs = {{16}, {24}, {48}, {40}, {128, true}};
  const auto text =
      GENERATE(as<std::string>(), "0+1:Sum(0,1) -> 5", "1+4:LinearGLU(1,0) | 2+5:ConcatFC(0,1),SE1(2,0) -> 5,6",
               "0+4:Sum(0,1) | 1+5:ConcatFC(0,1) -> 6", "0+0:ScaleDotAttn(0,1),CatConvMish(0,2),SE2(1,1) -> 3,5");
  const auto genotype = parse_genotype(text);
  INFO(text);
  const DerivedNetwork network(genotype, channels, 11, {24, 9, 0.1});
  double held = 0;
  for (const auto& parameter : network.parameters()) held += static_cast<double>(parameter.numel());
  CHECK(fusion_size(genotype, inputs, 11, 24, 9).parameters == held);
  const DerivedNetwork adds_logits(genotype, channels, 11, {24, 9, 0.1}, /*backbones=*/2);
  CHECK(fusion_size(genotype, inputs, 11, 24, 9, /*backbones=*/2).parameters == held + 2);
  CHECK(adds_logits.tensors().at("head.scales").numel() == 2);
}

TEST_CASE("A late fusion has the parameters that core counts", "[fusion]") {
  torch::manual_seed(1);
  const auto split = [](int rows) {
    return make_samples({torch::randn({rows, 3, 9}), torch::randn({rows, 5, 9}), torch::randn({rows, 7, 1})},
                        {torch::randn({rows, 4}), torch::randn({rows, 4})},
                        {torch::arange(rows).remainder(4), LabelKind::classification, 4}, 9, torch::kCPU);
  };
  const FusionSamples samples(split(40), split(20), {2, 1});
  for (const auto& [word, late] : kLateFusions) {
    INFO(word);
    double held = 0;
    for (const auto& [name, tensor] : train_late_fusion(samples, late).weights)
      held += static_cast<double>(tensor.numel());
    CHECK(late_fusion_size(late, {{5}, {7, true}}, 4, 9).parameters == held);
  }
}

}  // namespace
}  // namespace harmonic
