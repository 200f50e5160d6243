#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/config/compute.hpp"
#include "core/config/data_memory.hpp"
#include "core/config/device_use.hpp"
#include "core/config/options.hpp"
#include "core/hardware/bound.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/hardware/network_part.hpp"
#include "core/hardware/objective.hpp"
#include "core/space/search_space.hpp"
#include "core/space/variation.hpp"

namespace harmonic {

/// Which data decide what.
enum class Protocol {
  honest,     ///< architecture on validation data, the discrete network is retrained, test is read once, at the end
  published,  ///< as the published code, for comparison alone: architecture on test, the mixed network is reported
};
inline const Choices<Protocol> kProtocols = {{"honest", Protocol::honest}, {"published", Protocol::published}};

/// What the architecture of an honest fusion search learns from.
enum class ArchitectureSplit {
  val,      ///< the validation samples, which judge the model as well
  holdout,  ///< a stratified fifth of train, which then does not teach the weights of the search
};

/// What decides which pairs of backbones get a fusion search.
enum class PairChoice {
  evolution,  ///< survivors of the modalities, dealt at random; macro-architectures of the parents
  model,      ///< a model of the fused error: the pairs of which most hypervolume is expected for the time they take
};
inline const Choices<PairChoice> kPairChoices = {{"evolution", PairChoice::evolution}, {"model", PairChoice::model}};

/// When new models are bred.
enum class Schedule {
  generational,  ///< from whole generations: the same models on any number of ranks
  steady,        ///< the moment a worker is free, from all that is known then
};
inline const Choices<Schedule> kSchedules = {{"generational", Schedule::generational}, {"steady", Schedule::steady}};

/// Whose trained weights stay in the run directory.
enum class KeepModels { front, all };

/// One modality of a run: "image=avmnist-image,weights.h5".
struct ModalitySpec {
  std::string name;
  BackboneSpace space;
  std::string weights;  ///< supernet file
};

/// Tier 1. Source: method.md, published values in comments.
struct EvolutionSettings {
  int population = 64;               ///< backbones a modality and generation (64)
  int generations = 30;              ///< (30 AV-MNIST, 4 others)
  double backbone_survivors = 0.25;  ///< share of a modality's backbones kept (0.25)
  double model_survivors = 0.5;      ///< share of the multimodal models kept (0.3-0.5)
  double crossover_first = 0.8;      ///< a gene comes from the first parent (0.8)
  double mutation = 0.4;             ///< a gene mutates (0.4)
  int pairs = 0;                     ///< fusion searches a generation; 0: as many as backbones survive
  [[nodiscard]] int pairs_a_generation() const {
    return pairs > 0 ? pairs : static_cast<int>(std::ceil(population * backbone_survivors));
  }
  bool late_fusion = true;  ///< score late fusion (LateFusion) of every pair, too; not as published
  PairChoice choose = PairChoice::evolution;
  Schedule schedule = Schedule::generational;
  /// Generations that may be under way beside the one that is to be judged next, bred from those before it: no worker
  /// waits for the last search of a generation. 0: as published.
  int overlap = 0;
  MacroOptions macro;
  int finetune_epochs = 0;    ///< of one modality: epochs that the networks of the final front are trained on; 0: none
  double finetune_lr = 0.01;  ///< SGD with momentum 0.9, cosine to 0
};

/// Tier 2. Source: method.md.
struct FusionSettings {
  int channels = 192;  ///< C of every reshaped feature
  int side = 4;        ///< maps are pooled to side x side: L = side^2 positions
  int multiplier = 2;  ///< last states joined to the output; but for the published protocol cells alone
  /// How many of its last cells a network of so many joins, but for the published protocol.
  [[nodiscard]] int joined_cells(int cells) const { return std::min(multiplier, cells); }
  double dropout = 0.1;
  /// The backbones' logits, which they are paid for, are added to the network's (FusionHead); not as published.
  bool backbone_logits = true;
  std::vector<std::string> operators = searched_operators();
  /// Per modality, maps offered to fusion; one value serves all. Empty: what each one's backbones can offer, at most
  /// kUsualFeatures (SearchSettings::fusion_in_force fills it in).
  std::vector<int> features;
  static constexpr int kUsualFeatures = 4;  ///< as published on AV-MNIST
  [[nodiscard]] int features_of(std::size_t modality) const;

  /// A few hundred validation samples cannot rank models that are all nearly perfect on them. Varied copies of each,
  /// which keep its label, make the metric finer, and ask for robustness too. 1: the samples alone.
  int validation_views = 1;
  int train_views = 1;       ///< fusion is trained on these: one, drawn at random, a sample and epoch
  double view_strength = 1;  ///< of the variation, 1: as in supernet training

  int epochs = 25;        ///< of the differentiable search, at most
  int settle_epochs = 3;  ///< it ends when its operators have been decided and the same for so many; 0: it does not
  /// Measured over 15 searches (AV-MNIST, av-digits, av-parity, 3 seeds a pair): holdout costs 0.1 +- 0.1 points of
  /// test.
  ArchitectureSplit architecture_split = ArchitectureSplit::val;
  int warmup_epochs = 2;  ///< of the weights alone, before the architecture is stepped
  int batch = 256;
  double weight_lr = 1e-3;  ///< Adam; (1e-4, cosine restarts to 1e-6)
  double weight_lr_min = 1e-6;
  double weight_decay = 1e-4;
  /// Adam, betas (0.5, 0.999). A step moves a logit by about the rate: the published 3e-4 leaves every operator at its
  /// uniform weight after 25 epochs.
  double arch_lr = 0.05;
  double arch_weight_decay = 1e-3;
  int arch_steps = 1;  ///< architecture steps a weight step
  /// Of the operators' softmax at the end of the search; 1 at its start. Cross-entropy alone leaves the operators'
  /// entropy at 0.89 of uniform on AV-MNIST; sharpened to 0.2 it ends at 0.24-0.30.
  double arch_temperature = 0.2;
  /// Of a normalised quantity, put together over the devices as the objectives are (each: their mean), in the
  /// architecture loss, beside a cross-entropy that falls to some hundredths; rises from 0 over the search. At 0.1 the
  /// cheapest operator always wins, at 0.03 one that the metric needs can.
  PerQuantity<double> cost_weights = every_quantity(0.03);

  /// A child starts from the architecture parameters of the parent whose macro-architecture it has. Off: what a search
  /// finds is a function of the genome alone (and of the pairs that it trains with, pairs_at_once).
  bool warm_start = false;

  /// Pairs of one macro-architecture that train in one batched pass, at most. Each learns from random numbers and sums
  /// of its pass: another number gives other, equally good results. kAutomaticPairs (pairs_at_once.hpp): as the device
  /// has room and use for.
  int pairs_at_once = 1;

  /// Genotypes of the searched architecture that are tried, at most (likely_genotypes, try_genotypes). 1: its
  /// strongest. With the backbones' logits added four were no better than one: validation 99.06 against 98.89 % on
  /// AV-MNIST (3 seeds), 98.32 against 98.46 on av-parity (6 seeds), for 1.2 and 1.7 times the CPU time of the whole.
  int trials = 1;

  int retrain_epochs = 50;    ///< of the discrete network, at most
  int retrain_repeats = 3;    ///< retrainings of a model at most, each of other weights: their mean metric counts
  int retrain_patience = 15;  ///< epochs without a better validation metric before it stops
  int retrain_batch = 64;
  double retrain_lr = 1e-3;
};

/// The settings with the published code's own learning rates, architecture step and samples in place of this project's.
[[nodiscard]] FusionSettings published_values(FusionSettings settings);

/// Everything that `harmonic search` reads; the same on every rank.
struct SearchSettings {
  std::string data;  ///< data set file
  std::string run;   ///< run directory
  bool resume = false;
  double time_limit_s = std::numeric_limits<double>::infinity();
  double grace_s = 60;  ///< of a run that is to stop: what can be finished in it is
  bool json = false;

  std::uint64_t seed = 1;
  Protocol protocol = Protocol::honest;
  SpaceCatalog spaces;  ///< that modalities may name
  std::vector<ModalitySpec> modalities;
  std::vector<DeviceSpec> devices;
  Aggregate aggregate = Aggregate::mean;
  std::vector<Objective> objectives = device_objectives();  ///< minimised beside the error
  std::vector<Bound> bounds;                                ///< upper ones, that every model has to keep within
  int head_classes = 0;                                     ///< classifier row of the tables; 0: the data's classes
  CostScope cost = CostScope::published;                    ///< which parts of a model are priced

  /// Train samples that batch norms are re-estimated on, at most. On AV-MNIST (64 backbones a modality,
  /// bench_calibration) 512 of the 900 rank as all do with a Kendall tau of 0.78-0.90, two halves of the 900 as each
  /// other with 0.72-0.85; 256 are below that for sounds (0.54).
  int calibration_samples = 512;
  int recalibration_batch = 256;  ///< of these
  int threads = 1;                ///< a worker's compute threads
  int data_memory_mib = kDataMemoryMib;
  Compute compute = Compute::automatic;
  DeviceUse device_use;
  double lease_s = 30;       ///< a worker silent for longer is lost
  double deadline_s = 3600;  ///< a task that runs longer is dealt again
  KeepModels keep_models = KeepModels::front;

  EvolutionSettings evolution;
  FusionSettings fusion;

  /// One modality: nothing is fused, and tier 1 is all there is.
  [[nodiscard]] bool is_alone() const { return modalities.size() == 1; }
  /// Binds every option above. Once they are read, `fusion` is what is in force.
  void declare(OptionSet& options);
  /// Those of them that tell how it is to go: resume, time-limit, json.
  void declare_course(OptionSet& options);
  /// Those of them that a config file may hold.
  void declare_sections(OptionSet& options);
  /// `fusion` and `evolution`, with the published values where the protocol is the published one, and with a number of
  /// features: of settings made by hand, too.
  [[nodiscard]] FusionSettings fusion_in_force() const;
  [[nodiscard]] EvolutionSettings evolution_in_force() const;
  /// Likewise: published, all of train.
  [[nodiscard]] int calibration_samples_in_force() const;
  /// Ranges and consistency that single options cannot see. @throws InputError
  void check() const;
  /// Hash of all settings that determine results (OptionSet::identity): neither paths, whose files count by content,
  /// nor what is free count. @param content hash of those files
  [[nodiscard]] std::uint64_t result_hash(std::uint64_t content) const;
};

}  // namespace harmonic
