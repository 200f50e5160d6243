#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/config/search_settings.hpp"
#include "core/hardware/model_size.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/space/genome.hpp"
#include "core/space/genotype.hpp"

namespace harmonic {

/// A layer of a backbone as people call it.
struct NamedLayer {
  std::string name;               ///< "first conv", "stage 1 block 2", "classifier", "layer 1" of Maxout
  std::string input, output;      ///< "24 x 7x7"; of a vector "80"
  std::string detail;             ///< "5x5, stride 2, expansion 4 to 96, relu, squeeze-excite"; empty: nothing to say
  std::optional<int> state;       ///< of the fusion network, that it is offered as
  std::optional<ModelSize> size;  ///< none of Maxout's, whose layers are counted together
  int kernel = 0;                 ///< side; 0 where there is none
  int expansion = 0;              ///< ratio, of a block; 0 where there is none
  int position = -1;              ///< index into its genome's lists; -1 of what every backbone has
  std::vector<Cost> costs = {};   ///< a device each; empty where no table is known, and of Maxout's layers
};

struct BackboneDescription {
  std::string modality, space, genome;
  std::vector<NamedLayer> layers;  ///< in order of execution
};

/// A part of a model with what it adds to its size and costs.
struct ModelPart {
  std::string name;  ///< "image backbone", "cell 1: Sum", "inputs, norms and head"
  ModelSize size;
  std::vector<Cost> costs;  ///< a device each; empty where no table is known, or none has a row: it is not counted
};

/// A multimodal model in all its parts.
struct ModelArchitecture {
  std::vector<BackboneDescription> backbones;
  Genotype genotype;
  std::vector<std::string> states;  ///< names of the fusion network's inputs, then of its cells' outputs
  bool backbone_logits = false;     ///< the head adds them
  int classes = 0;
  int channels = 0, side = 0;  ///< of a state
  std::vector<ModelPart> parts;
  ModelSize size;                    ///< of all parts
  std::vector<std::string> devices;  ///< names; empty where no table is known
  std::vector<Cost> costs;           ///< of all parts, a device each
};

/// Puts a model together from what a run searched.
/// @param settings of the run @param classes of its data @param devices with their tables; null: none is known
/// @throws InputError: a genome of another space, a genotype that reads what is not there, a row that a table lacks
[[nodiscard]] ModelArchitecture describe(const SearchSettings& settings, const MultimodalGenome& genome,
                                         const Genotype& genotype, int classes, const DeviceSet* devices);

/// The number of classes with which a model has so many parameters: they grow linearly with the classes. Nothing when
/// there is none.
[[nodiscard]] std::optional<int> classes_for(const SearchSettings& settings, const MultimodalGenome& genome,
                                             const Genotype& genotype, double parameters);

/// The backbones layer by layer, the fusion drawn and in words, sizes and costs by part; only ASCII.
[[nodiscard]] std::string to_text(const ModelArchitecture& model);
/// The same for scripts.
[[nodiscard]] nlohmann::ordered_json to_json(const ModelArchitecture& model);

}  // namespace harmonic
