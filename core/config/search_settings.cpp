#include "core/config/search_settings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "core/config/pairs_at_once.hpp"
#include "core/config/space_config.hpp"
#include "core/space/layers.hpp"

namespace harmonic {

FusionSettings published_values(FusionSettings settings) {
  settings.weight_lr = 1e-4;
  settings.weight_lr_min = 1e-6;
  settings.weight_decay = 1e-4;
  settings.arch_lr = 3e-4;
  settings.arch_weight_decay = 1e-3;
  settings.arch_steps = 1;
  settings.arch_temperature = 1;
  settings.warmup_epochs = 0;
  settings.train_views = settings.validation_views = 1;
  settings.backbone_logits = false;
  settings.settle_epochs = 0;
  settings.trials = 1;
  settings.architecture_split = ArchitectureSplit::val;
  return settings;
}

namespace {

constexpr int kAllSamples = 100'000'000;  // more than any train split has

const Choices<ArchitectureSplit> kArchitectureSplits = {{"val", ArchitectureSplit::val},
                                                        {"holdout", ArchitectureSplit::holdout}};
const Choices<KeepModels> kKeepModels = {{"front", KeepModels::front}, {"all", KeepModels::all}};

double parse_time_limit(const std::string& text) {
  if (text.empty()) return std::numeric_limits<double>::infinity();
  const double seconds = parse_seconds(text, "option time-limit");
  if (seconds <= 0) throw InputError(fmt::format("option time-limit is {}", text), "give a time above 0, e.g. 20m");
  return seconds;
}

/// Rules that results follow and no setting chooses. A program whose rules are others than those of one before says so
/// here: neither goes on with the other's runs.
std::string rules_of(Protocol protocol) {
  return protocol == Protocol::honest
             ? "genotype = cells read cells, no modality is left out, nothing is dead or twice there\n"
               "retraining = once, then as noise leaves the front undecided; the first one's weights are kept\n"
             : "";
}

std::string time_limit_text(double seconds) {
  return std::isinf(seconds) ? "" : shortest(seconds) + "s";
}

ModalitySpec parse_modality(const std::string& text, const SpaceCatalog& spaces) {
  const auto equals = text.find('=');
  const auto parts = split(std::string_view(text).substr(equals == std::string::npos ? text.size() : equals + 1), ',');
  if (equals == std::string::npos || parts.size() != 2)
    throw InputError(fmt::format("cannot read modality '{}'", text), "write it as image=avmnist-image,weights.h5");
  return {trim(text.substr(0, equals)), spaces.find(parts[0]), parts[1]};
}

std::string parse_operator(const std::string& text) {
  if (const auto end = text.find_first_of(" \t"); end != std::string::npos)
    throw InputError(fmt::format("option operators is '{}', several names in one value", text),
                     fmt::format("separate them by commas: {}, …", text.substr(0, end)));
  return find_fusion_operator(text).name;
}

/// The modalities of "image=space,weights.h5,audio=space,weights.h5".
std::vector<std::string> listed_modalities(const std::string& text) {
  std::vector<std::string> modalities;
  const auto parts = listed_values(text);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i % 2 == 0)
      modalities.push_back(parts[i]);
    else
      modalities.back() += "," + parts[i];
  }
  return modalities;
}

std::string to_text(const ModalitySpec& spec) {
  return fmt::format("{}={},{}", spec.name, spec.space.name, spec.weights);
}

}  // namespace

void SearchSettings::declare(OptionSet& o) {
  o.add("data", data, "data set file (HDF5)").required();
  o.add("run", run, "run directory: journal, checkpoint, results").required();
  declare_course(o);
  declare_sections(o);
}

void SearchSettings::declare_course(OptionSet& o) {
  o.add("resume", resume, "go on with the run directory where it stopped");
  o.add("time-limit", time_limit_s, "stop with a checkpoint after this long, e.g. 90s, 20m, 3h; none when empty",
        {parse_time_limit, time_limit_text});
  o.add("json", json, "print the result as one JSON object on stdout");
}

void SearchSettings::declare_sections(OptionSet& o) {
  o.section("run");
  o.add("seed", seed,
        "seed of every random number of the run; the same seed, settings and data give the same front on any number of "
        "ranks");
  o.add_choice("protocol", protocol, kProtocols,
               "honest: the architecture is stepped on validation data, the discrete model is retrained and reported, "
               "test is read once; published: as the published code, for comparison alone: stepped on test, the mixed "
               "network's best test epoch is reported, its learning rates");
  o.add("modality", modalities, "a modality of the data, its search space, its supernet: name=space,weights.h5",
        {[this](const auto& text) { return parse_modality(text, spaces); },
         [](const ModalitySpec& spec) { return to_text(spec); }, listed_modalities})
      .names_files([this](const std::string& text, const PathChange& change) {
        auto spec = parse_modality(text, spaces);
        spec.weights = change(spec.weights);
        return to_text(spec);
      });
  o.add("threads", threads,
        "compute threads of a worker; one is right unless there are more cores than workers. A run keeps its number, "
        "which "
        "decides the order of sums, and with it the last digit",
        {1, 1024});
  declare_data_memory(o, data_memory_mib);
  o.add_choice("compute", compute, kComputes,
               "where workers compute; auto: on a GPU where there is one, which rounds otherwise than a CPU");
  declare_device_use(o, device_use);
  o.add_seconds("lease", lease_s, "seconds of silence after which a worker counts as lost; its work is dealt again",
                {1.0, 86400.0})
      .free();
  o.add_seconds("deadline", deadline_s, "seconds after which a piece of work is dealt to another worker", {1.0, 1e7})
      .free();
  o.add_seconds(
       "grace", grace_s,
       "seconds that a run has to stop in, after a signal (SIGTERM, SIGUSR1) or its time limit: no more work is "
       "dealt, what will be finished by then is waited for; under Slurm it ends so long before the job does",
       {0.0, 86400.0})
      .free();
  o.add_choice("keep-models", keep_models, kKeepModels, "whose trained weights stay in the run directory").free();

  o.section("hardware");
  o.add("device", devices,
        "a device to search for: name=table.json[+more.json][,weight=1][,target_ms=10][,target_mj=20]; latency in ms, "
        "energy in mJ, batch 1. Costs count as multiples of the targets, or of what the smallest networks cost",
        {parse_device, [](const DeviceSpec& spec) { return to_text(spec); }, listed_devices})
      .names_files([](const std::string& text, const PathChange& change) {
        auto spec = parse_device(text);
        for (auto& table : spec.tables) table = change(table);
        return to_text(spec);
      });
  o.add_choice("aggregate", aggregate, kAggregates,
               "how several devices' costs become objectives: their weighted mean, the worst (scaled by the weights "
               "over the largest one), or each one's an objective of its own, "
               "so that the front shows what serves one device at the other's expense");
  o.add_choices("objective", objectives, objective_choices(),
                "what is minimised beside the error: costs on the devices, where their tables know them, and sizes of "
                "the whole model");
  o.add("max", bounds,
        "what every model has to keep within, several if need be: latency_ms.tx2 10, energy_mj.tx2 20 on a device; "
        "latency 2, energy 2 over the devices, multiples; parameters 50000, macs 2e6. Models beyond come after all "
        "others, and no fusion is searched for one while others are left",
        {[](const std::string& text) { return parse_bound(text, /*is_upper=*/true); },
         [](const Bound& bound) { return fmt::format("{} {}", bound.column, shortest(bound.limit)); }, whole_value});
  o.add("head-classes", head_classes,
        "classifier row of the tables; 0: the data's number of classes. Tables without a row for it: 1000, say",
        {0, 1'000'000});
  o.add_choice(
      "cost", cost, kCostScopes,
      "which parts of a model are priced; published: those that published tables have rows for; full: pooling, "
      "residual additions, reshape layers, norms and classifiers as well, whose rows harmonic lut profile and "
      "lut model --cost full make");

  o.section("evolution");
  o.add("population", evolution.population, "backbones a modality and generation; one where the space has one",
        {2, 100'000});
  o.add("generations", evolution.generations, "generations of the outer tier", {1, 100'000}).free();
  o.add("backbone-survivors", evolution.backbone_survivors, "share of a modality's backbones that goes on to fusion",
        {0.01, 1.0});
  o.add("model-survivors", evolution.model_survivors, "share of the multimodal models kept as parents", {0.01, 1.0});
  o.add("crossover-first", evolution.crossover_first, "probability that a gene comes from the first parent",
        {0.0, 1.0});
  o.add("mutation", evolution.mutation, "probability that a gene mutates", {0.0, 1.0});
  o.add(
      "pairs", evolution.pairs,
      "fusion searches a generation; 0: as many as backbones survive in the modality with most (published: 16 of 64), "
      "and two more in the first",
      {0, 100'000});
  o.add("late-fusion", evolution.late_fusion,
        "score late fusion of every pair that is looked at, too: the backbones' log-probabilities added, a linear "
        "layer on their logits, one on their last maps; a second a pair (protocol published: off)");
  o.add_choice(
      "choose", evolution.choose, kPairChoices,
      "what decides which pairs get a fusion search; evolution: survivors of the modalities, dealt at random; "
      "model: those of which most hypervolume is expected for the time they take, by a model of the fused error "
      "that learns from all models so far, and every eighth as evolution deals it; more backbones are evaluated "
      "before. It pays where the backbones' own errors say something of the pair's: see the column predicted");
  o.add_choice(
      "schedule", evolution.schedule, kSchedules,
      "generational: models are bred from whole generations, the same ones on any number of ranks; steady: one "
      "the moment a worker is free, from all that is known then, so that none is ever idle: a run then follows "
      "from its journal alone, not from its seed");
  o.add(
       "overlap", evolution.overlap,
       "generations that may be under way beside the one that is judged next; each is bred from those that were judged "
       "before it could begin, so that workers need not wait for the slowest of a generation; as reproducible as 0, as "
       "published",
       {0, 16})
      .idle_while([this] { return evolution.schedule == Schedule::steady ? "schedule is steady" : ""; });
  const auto fuses = [this] { return is_alone() ? "" : "it is for a search of one modality"; };
  o.add("finetune-epochs", evolution.finetune_epochs,
        "of a search of one modality: epochs that each network of the final front is trained on from the supernet's "
        "weights, where that is better on validation; 0: it is read out of the supernet and recalibrated",
        {0, 100'000})
      .idle_while(fuses);
  o.add("finetune-lr", evolution.finetune_lr, "first learning rate of that, SGD with momentum 0.9; cosine to 0",
        {0.0, 10.0})
      .idle_while(fuses);
  o.add("cells", evolution.macro.usual.cells, "usual number of fusion cells", {1, 64});
  o.add("nodes", evolution.macro.usual.nodes, "usual number of operators a cell", {1, 64});
  o.add("macro-other", evolution.macro.p_other, "probability of another number of cells, and of nodes", {0.0, 1.0});
  const auto no_others = [this] { return evolution.macro.p_other > 0 ? "" : "macro-other is 0"; };
  o.add("other-cells", evolution.macro.other_cells, "the other numbers of cells; none when empty")
      .idle_while(no_others);
  o.add("other-nodes", evolution.macro.other_nodes, "the other numbers of nodes; none when empty")
      .idle_while(no_others);
  o.add("calibration-samples", calibration_samples,
        "train samples that a backbone's batch norms are re-estimated on, at most: every class has its share (protocol "
        "published: all)",
        {2, kAllSamples});
  o.add("recalibration-batch", recalibration_batch, "samples a batch when batch norms are re-estimated",
        {2, 1'000'000});

  o.section("fusion");
  o.add("features", fusion.features,
        fmt::format("feature maps a modality offers to fusion, in the modalities' order: 4,2; one value serves all; "
                    "empty: what each one's smallest backbones can offer, {} at most",
                    FusionSettings::kUsualFeatures))
      .identified_by([this] { return std::vector{fmt::format("{}", fmt::join(fusion_in_force().features, ","))}; });
  o.add("operators", fusion.operators, "the operators that fusion may use",
        {parse_operator, [](const auto& name) { return name; }});
  o.add("channels", fusion.channels, "channels of every reshaped feature", {1, 65536});
  o.add("side", fusion.side, "maps are pooled to side x side positions, so that every feature is channels x side^2",
        {1, 256});
  o.add("multiplier", fusion.multiplier,
        "last cells that are joined to the output, at most (protocol published: last states, inputs among them)",
        {1, 64});
  o.add("dropout", fusion.dropout, "dropout inside the fusion network", {0.0, 0.95});
  o.add("backbone-logits", fusion.backbone_logits,
        "add the backbones' logits, a learned scale each, to those of the fusion network, which then learns what they "
        "do not know (protocol published: off)");
  o.add("validation-views", fusion.validation_views,
        "every validation sample counts so often: once as it is, then varied as in supernet training; the metric is "
        "the mean. "
        "1 is right where samples are many: a few hundred cannot rank models that are all nearly perfect on them",
        {1, 1000});
  o.add("train-views", fusion.train_views,
        "views of the samples that fusion is trained on, one drawn a sample and epoch", {1, 1000});
  o.add("view-strength", fusion.view_strength, "strength of that variation; 1: as in supernet training", {0.0, 10.0})
      .idle_while([this] {
        return fusion.validation_views > 1 || fusion.train_views > 1 ? "" : "validation-views and train-views are 1";
      });
  o.add("epochs", fusion.epochs, "epochs of the differentiable search, at most", {1, 100'000});
  o.add("settle-epochs", fusion.settle_epochs,
        "the search ends when its operators have been decided and the same for so many epochs; 0: it runs them all "
        "(protocol published: 0)",
        {0, 100'000});
  o.add_choice("architecture-split", fusion.architecture_split, kArchitectureSplits,
               "what the architecture learns from: the validation samples, which judge the model as well, or a "
               "stratified fifth of train held out from the search's weights");
  o.add("warmup-epochs", fusion.warmup_epochs, "first epochs that train the weights alone", {0, 100'000});
  o.add("batch", fusion.batch, "samples a step of the search", {2, 1'000'000});
  o.add("weight-lr", fusion.weight_lr,
        "Adam's learning rate of the weights: cosine restarts, period doubled (published: 1e-4)", {0.0, 10.0});
  o.add("weight-lr-min", fusion.weight_lr_min, "lowest learning rate of the weights", {0.0, 10.0});
  o.add("weight-decay", fusion.weight_decay, "weight decay of the weights", {0.0, 10.0});
  const auto no_arch_steps = [this] { return fusion.arch_steps > 0 ? "" : "arch-steps is 0"; };
  o.add("arch-lr", fusion.arch_lr,
        "Adam's learning rate of the architecture parameters, stepped on validation data; the published 3e-4 leaves "
        "every "
        "operator at its initial weight",
        {0.0, 10.0})
      .idle_while(no_arch_steps);
  o.add("arch-weight-decay", fusion.arch_weight_decay, "weight decay of the architecture parameters", {0.0, 10.0})
      .idle_while(no_arch_steps);
  o.add("arch-steps", fusion.arch_steps, "architecture steps after each step of the weights", {0, 1000});
  o.add("arch-temperature", fusion.arch_temperature,
        "temperature of the operators' softmax in the last epoch; it falls from 1 geometrically, and decides below 1 "
        "(published: 1)",
        {0.01, 1.0});
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    o.add(fmt::format("{}-weight", kQuantities[q].name), fusion.cost_weights[q],
          fmt::format("weight of the normalised {}, put together over the devices as aggregate says (each: their "
                      "mean), in the architecture's loss, reached linearly from 0; higher finds cheaper operators",
                      kQuantities[q].name),
          {0.0, 1e6});
  o.add("warm-start", fusion.warm_start,
        "on: a fusion search starts from the architecture parameters of the parent with the same macro-architecture");
  o.add("pairs-at-once", fusion.pairs_at_once,
        "pairs of one macro-architecture that train in one batched pass: worth trying on a GPU, which one pair does "
        "not fill; a CPU loses a little by it. auto: one on a CPU; on a GPU, rank 0's, as many as it takes for "
        "arithmetic to last as long as starting its kernels, and as its memory has room for; a run keeps the number",
        kPairsAtOnceText);
  o.add("trials", fusion.trials,
        "likeliest discrete networks of the searched architecture that are trained for a few epochs, the better half "
        "for twice as many, and so on; which states are x and y the search itself does not tell. 1: its strongest goes "
        "on untried",
        {1, 1000});
  const auto not_retrained = [this] {
    return protocol == Protocol::published ? "protocol published retrains nothing" : "";
  };
  o.add("retrain-epochs", fusion.retrain_epochs, "epochs of the discrete network at most", {1, 100'000})
      .idle_while(not_retrained);
  o.add("retrain-repeats", fusion.retrain_repeats,
        "retrainings of a model from other weights at most, whose mean metric counts: the first tells whether it is "
        "worth more",
        {1, 1000})
      .idle_while(not_retrained);
  o.add("retrain-patience", fusion.retrain_patience, "epochs without a better validation metric before it stops",
        {1, 100'000})
      .idle_while(not_retrained);
  o.add("retrain-batch", fusion.retrain_batch, "samples a step of retraining", {2, 1'000'000})
      .idle_while(not_retrained);
  o.add("retrain-lr", fusion.retrain_lr, "Adam's learning rate of retraining (cosine to 0)", {0.0, 10.0})
      .idle_while(not_retrained);

  declare_spaces(o, spaces);
  o.add_rule("protocol = published", [this] {
    fusion = fusion_in_force();
    evolution = evolution_in_force();
    calibration_samples = calibration_samples_in_force();
  });
}

int FusionSettings::features_of(std::size_t modality) const {
  return features.size() == 1 ? features.front() : features.at(modality);
}

FusionSettings SearchSettings::fusion_in_force() const {
  FusionSettings settings = protocol == Protocol::published ? published_values(fusion) : fusion;
  if (!settings.features.empty()) return settings;
  for (const auto& modality : modalities)
    settings.features.push_back(std::min(FusionSettings::kUsualFeatures, most_offered(modality.space)));
  if (auto& numbers = settings.features;
      !numbers.empty() && std::ranges::adjacent_find(numbers, std::ranges::not_equal_to{}) == numbers.end())
    numbers.resize(1);  // as one number is written that serves all
  return settings;
}

int SearchSettings::calibration_samples_in_force() const {
  return protocol == Protocol::published ? kAllSamples : calibration_samples;
}

EvolutionSettings SearchSettings::evolution_in_force() const {
  EvolutionSettings settings = evolution;
  if (protocol != Protocol::published) return settings;
  settings.late_fusion = false;
  settings.choose = PairChoice::evolution;
  settings.schedule = Schedule::generational;
  settings.overlap = 0;
  return settings;
}

void SearchSettings::check() const {
  std::set<std::string> names;
  for (const auto& spec : modalities)
    if (!names.insert(spec.name).second)
      throw InputError(fmt::format("modality '{}' is given twice", spec.name), "name every modality once");
  if (modalities.empty())
    throw InputError("a search needs a modality", "add modality = name=space,weights.h5 to [run], or --modality");
  if (is_alone() && protocol == Protocol::published)
    throw InputError("protocol published is of two modalities or more, one is given",
                     "leave protocol out, or add modality = name=space,weights.h5 to [run]");
  const FusionSettings used = fusion_in_force();
  if (const auto counts = used.features.size(); counts != 1 && counts != modalities.size()) {
    SearchSettings usual = *this;
    usual.fusion.features.clear();
    throw InputError(fmt::format("features lists {} numbers for {} modalities", counts, modalities.size()),
                     fmt::format("give one a modality, --features {}, or one for all; left out it is that",
                                 fmt::join(usual.fusion_in_force().features, ",")));
  }
  for (std::size_t m = 0; m < modalities.size(); ++m)
    if (const int features = used.features_of(m); features < 1)
      throw InputError(fmt::format("features is {} for modality {}", features, modalities[m].name),
                       "give a number of at least 1 as features in [fusion], or --features; or leave it out");
  if (devices.empty())
    throw InputError("a search needs a device", "add device = name=table.json to [hardware], or --device");
  if (objectives.empty())
    throw InputError("objective is empty", fmt::format("give one or more of {} in [hardware], or --objective",
                                                       join(words_of(objective_choices()), ", ")));
  for (auto o = objectives.begin(); o != objectives.end(); ++o)
    if (std::find(objectives.begin(), o, *o) != o)
      throw InputError(fmt::format("objective lists {} twice", word_of(objective_choices(), *o)),
                       "name every objective once");
  if (fusion.operators.empty()) throw InputError("fusion has no operators", "list them as operators in [fusion]");
  std::set<std::string> operators;
  for (const auto& op : fusion.operators)
    if (!operators.insert(op).second)
      throw InputError(fmt::format("operators lists {} twice", op), "name every operator once");
  if (used.warmup_epochs >= used.epochs)
    throw InputError(fmt::format("warmup-epochs is {}, epochs is {}", used.warmup_epochs, used.epochs),
                     "the architecture is stepped in what is left: give --warmup-epochs below --epochs");
  if (fusion.pairs_at_once > 1)
    if (const auto why = why_one_pair_at_once(*this); !why.empty())
      throw InputError(fmt::format("pairs-at-once is {}, but {}", fusion.pairs_at_once, why),
                       "give pairs-at-once = 1 in [fusion], or --pairs-at-once 1");
  const EvolutionSettings evolved = evolution_in_force();
  const bool steady = evolved.schedule == Schedule::steady;
  if (steady && is_alone())
    throw InputError("schedule is steady, but a search of one modality has no pairs to breed",
                     "give schedule = generational in [evolution], or a second modality");
  if (evolved.choose == PairChoice::model && (steady || evolved.overlap > 0))
    throw InputError(fmt::format("choose is model, which learns from whole generations, but {}",
                                 steady ? "schedule is steady" : fmt::format("overlap is {}", evolved.overlap)),
                     steady ? "give choose = evolution in [evolution], or schedule = generational"
                            : "give choose = evolution in [evolution], or overlap = 0");
  for (const int n : evolution.macro.other_cells)
    if (n < 1) throw InputError(fmt::format("other-cells lists {}", n), "give numbers of at least 1");
  for (const int n : evolution.macro.other_nodes)
    if (n < 1) throw InputError(fmt::format("other-nodes lists {}", n), "give numbers of at least 1");
}

std::uint64_t SearchSettings::result_hash(std::uint64_t content) const {
  SearchSettings copy = *this;
  copy.fusion = fusion_in_force();
  copy.evolution = evolution_in_force();
  copy.calibration_samples = calibration_samples_in_force();
  OptionSet options("", "");
  copy.declare(options);
  std::string text;
  for (const auto& [name, values] : options.identity()) text += fmt::format("{} = {}\n", name, fmt::join(values, "\n"));
  return hash64(text + rules_of(protocol), content);
}

}  // namespace harmonic
