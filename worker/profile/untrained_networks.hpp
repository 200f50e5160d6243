#pragma once

#include <vector>

#include "core/export/network_graph.hpp"
#include "core/hardware/model_size.hpp"
#include "worker/backbone/supernet.hpp"

namespace harmonic {

/// Networks as an export writes them, batch norms folded, with weights that nobody trained: what it takes to run one is
/// what a trained one takes.
class UntrainedNetworks {
 public:
  /// @param sizing one space a modality
  explicit UntrainedNetworks(ModelSizing sizing);

  /// A sub-network with its classifier. Its nodes are named "m<modality>/…" as add_backbone names them.
  [[nodiscard]] NetworkGraph backbone(int modality, const BackboneGenome& genome) const;
  /// The whole multimodal model. Backbones run whole: logits that the fusion does not read are outputs besides its own.
  [[nodiscard]] NetworkGraph model(const MultimodalGenome& genome, const Genotype& genotype) const;
  /// The fusion network alone: inputs are the features, and the backbones' logits where it reads them. Its nodes are
  /// named "fusion/…" as add_fusion names them.
  /// @param all features that are offered @param last of each modality, as late fusion takes them: the last ones of
  /// `all`
  [[nodiscard]] static NetworkGraph fusion(const ModelSizing& sizing, const std::vector<FusionInput>& all,
                                           const std::vector<FusionInput>& last, const Genotype& genotype);

 private:
  ModelSizing sizing_;
  std::vector<Supernet> supernets_;  ///< [modality]
};

}  // namespace harmonic
