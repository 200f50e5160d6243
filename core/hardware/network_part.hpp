#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/choices.hpp"
#include "core/hardware/kernels.hpp"
#include "core/space/layers.hpp"

namespace harmonic {

/// Which parts of a network are priced.
enum class CostScope {
  published,  ///< those that published tables have rows for: layers, Maxout's blocks, fusion operators
  full,       ///< all that the deployed network runs, backbones with their classifiers
};
inline const Choices<CostScope> kCostScopes = {{"published", CostScope::published}, {"full", CostScope::full}};

/// What a look-up table has one row for: a piece of a network that runs on its own, batch 1.
struct NetworkPart {
  enum class Kind {
    layer,            ///< of a backbone, without pooling and residual addition
    maxout,           ///< the blocks of a Maxout backbone
    fusion_operator,  ///< on two states
    // What published tables leave out.
    global_pool,      ///< mean over a map
    residual_add,     ///< of two maps
    reshape,          ///< of a feature: adaptive max-pool, 1x1 convolution, ReLU; a vector is repeated
    cell_norm,        ///< the end of a fusion cell: residual addition and layer norm
    fusion_head,      ///< joined states: layer norm, ReLU, linear classifier
    scaled_addition,  ///< a backbone's logits, scaled, added to the network's
    late_sum,         ///< late fusion: logits over their temperatures, added
    late_logits,      ///< late fusion: a linear layer on the joined logits
    late_pool,        ///< late fusion: a map max-pooled and flattened
    late_maps,        ///< late fusion: a linear layer on the joined maps
  };

  Kind kind = Kind::layer;
  Layer layer = {};                 ///< of a layer
  BackboneSpace space = {};         ///< of maxout
  std::string op = {};              ///< of a fusion operator
  int in_channels = 0;              ///< of a map, a vector feature, or numbers of late_maps
  int side = 0;                     ///< of the map, pixels; 0: a vector
  int channels = 0, positions = 0;  ///< C and L of fusion states
  int count = 0;                    ///< joined states, or backbones
  int classes = 0;

  bool operator==(const NetworkPart&) const = default;
};

/// Its table key. Those of published rows are theirs (cost_model.hpp); the others:
///   GlobalPool-input:1_120_4_4
///   ResidualAdd-input:1_24_14_14
///   ReshapeLayer-input:1_24_14_14-out_ch:192-L:16, ReshapeLayer-input:1_128-out_ch:192-L:16 of a vector
///   CellNorm-input:1_192_16
///   FusionHead-states:2-input:1_192_16-classes:10
///   AddLogits-input:1_10
///   LateSum-backbones:2-input:1_10, LateLogits-backbones:2-input:1_10
///   LatePool-input:1_40_2_2-L:16, LateMaps-input:1_1280-classes:10
[[nodiscard]] std::string lut_key(const NetworkPart& part);
/// "MBConvLayer" of any key: what comes before its first '-'.
[[nodiscard]] std::string key_kind(const std::string& key);

/// The part of a key of a published table, as far as its key tells (activations it does not: ReLU). Nothing for other
/// keys.
[[nodiscard]] std::optional<NetworkPart> parse_published_key(const std::string& key);

/// What it launches, one kernel an operator as an eager framework does, norms of layers folded into nothing.
[[nodiscard]] std::vector<Kernel> part_kernels(const NetworkPart& part);

}  // namespace harmonic
