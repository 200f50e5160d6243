#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/ids.hpp"
#include "core/space/genome.hpp"
#include "core/space/genotype.hpp"
#include "core/storage/curves.hpp"
#include "worker/fusion/trials.hpp"

namespace harmonic {

/// A trained multimodal model as a run keeps it: `DIR/models/<id>/model.json` (genome, genotype, metric) beside
/// `weights.h5` (one data set a tensor: fusion/<name>, backbone/<modality>/<name>), and, where several genotypes were
/// tried, `trials.csv` (genotype, epochs, metric_val, loss_val; round by round, the better ones later), and, where it
/// was trained by epochs, `curves.csv` (training_curves.hpp).
struct ModelFile {
  std::vector<std::string> modalities;  ///< names, in the run's order
  std::vector<std::string> spaces;      ///< their search spaces
  MultimodalGenome genome;
  Genotype genotype;
  int classes = 0;
  double metric_val = 0;                                        ///< percent, of the training that these weights are of
  std::vector<Trial> trials;                                    ///< genotypes that were tried
  std::vector<Curves> curves;                                   ///< of its search, and of the training of the weights
  std::map<std::string, torch::Tensor> fusion;                  ///< of the derived network
  std::vector<std::map<std::string, torch::Tensor>> backbones;  ///< recalibrated sub-networks, one a modality
};

[[nodiscard]] std::filesystem::path model_folder(const std::filesystem::path& run, CandidateId id);

/// A model is there as a whole, on disk, or not at all (place_folder). One that is there already stays: what came of
/// the same work before is as good, and may be what the master counts. @throws RunError
void save_model(const std::filesystem::path& folder, const ModelFile& model);
/// Whether every weight of the model that a run keeps is there and can be read. Where one is not, its folder is moved
/// to FOLDER.damaged, and the model can be kept anew. @throws RunError when it cannot be moved
/// @throws InputError when the system refuses to read it
[[nodiscard]] bool has_whole_model(const std::filesystem::path& run, CandidateId id);
/// The whole model but for its trials. @param spaces that its modalities may be of
/// @throws InputError naming the file, and what in it is missing or cannot be read
[[nodiscard]] ModelFile load_model(const std::filesystem::path& folder, const std::vector<BackboneSpace>& spaces);
/// The weights of the fusion network. @throws InputError naming the file
[[nodiscard]] std::map<std::string, torch::Tensor> load_fusion_weights(const std::filesystem::path& folder);

}  // namespace harmonic
