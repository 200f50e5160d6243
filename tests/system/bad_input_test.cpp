// Every mistake of a user: one line that says what, where and how to mend it, exit code 2, nothing lost.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "core/base/text.hpp"
#include "core/data/dataset_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/hand_run.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/system/world.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

/// Exit code 2, one line on stderr with all the given words in it.
void check_refused(const std::vector<std::string>& command, const std::vector<std::string>& words) {
  const auto finished = run(command);
  INFO(finished.err);
  CHECK(finished.exit_code == 2);
  CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
  for (const auto& word : words) CHECK_THAT(finished.err, Catch::Contains(word));
}

/// A command line and what its one line of answer must hold: the name of the thing, where it is, what to do instead.
struct Mistake {
  std::string command;
  std::vector<std::string> words;
};

/// Words of a command line, with names for what the tests know:
///   $DATA, $IMAGE, $AUDIO  the tiny data set and its supernets    $GPU   a device table
///   $FILES                 a folder with the files of write_files()  $OUT  a path in it where nothing lies
///   $TRAIN, $SWEEP, $SEARCH  the options that such a command needs, but for those that the line gives itself
const std::vector<Mistake> kMistakes = {
    // Commands and options
    {"serch", {"serch", "search"}},
    {"data", {"data", "synth"}},
    {"data sinth --out $OUT", {"sinth", "synth"}},
    {"supernet trian", {"trian", "train"}},
    {"lut costs", {"costs", "cost"}},
    {"search", {"--data"}},
    {"data synth", {"--out"}},
    {"data synth extra --out $OUT", {"extra"}},
    {"data synth --out $OUT --sede 2", {"--sede", "--seed"}},
    {"data synth --out $OUT --seed", {"--seed"}},
    {"data synth --out $OUT -seed 2", {"'-seed'", "two plain dashes: --seed"}},
    {"search $SEARCH --popul 3", {"--popul", "did you mean --population?"}},
    {"search $SEARCH --gen 3", {"--gen", "did you mean --generations?"}},
    // Values
    {"data synth --out $OUT --kind av-digit", {"av-digit", "av-digits"}},
    {"data synth --out $OUT --samples many", {"samples", "many"}},
    {"data synth --out $OUT --samples -5", {"samples", "-5"}},
    {"data synth --out $OUT --samples 7", {"7"}},
    {"data synth --out $OUT --seed 1.5", {"seed", "1.5"}},
    {"supernet train $TRAIN --epochs 0", {"epochs", "0", "1"}},
    {"supernet train $TRAIN --optimizer adamw", {"adamw", "adam"}},
    {"supernet train $TRAIN --lr fast", {"lr", "fast"}},
    {"supernet train $TRAIN --precision fp16", {"precision", "fp16", "bf16"}},
    {"supernet sweep $SWEEP --all --device-memory -1", {"device-memory", "-1"}},
    {"supernet train $TRAIN --compute gpu", {"gpu", "cuda"}},
    {"supernet sweep $SWEEP --all --limit -1", {"limit", "-1"}},
    {"supernet sweep $SWEEP --all --split dev", {"dev", "val"}},
    {"search $SEARCH --population 0", {"population", "0"}},
    {"search $SEARCH --time-limit soon", {"time-limit", "soon"}},
    {"search $SEARCH --objective speed", {"speed", "latency"}},
    {"search $SEARCH --aggregate average", {"average", "mean"}},
    {"search $SEARCH --operators Summ", {"Summ", "Sum"}},
    {"search $SEARCH --crossover-first 2", {"crossover-first", "2", "1"}},
    {"search $SEARCH --cells 0", {"cells", "0"}},
    {"search $SEARCH --features 40", {"40", "at most"}},
    {"search $SEARCH --late-fusion ja", {"late-fusion", "ja", "yes and no"}},
    {"reproduce $SEARCH --table cifar", {"cifar", "avmnist"}},
    {"reproduce $SEARCH --table avmnist --rows 9", {"9", "row"}},
    {"reproduce $SEARCH --table avmnist --seeds 0", {"seeds", "0"}},
    {"reproduce $SEARCH --table avmnist --first-seed 95", {"first-seed 95", "96"}},
    {"reproduce $SEARCH --table supernets --rows 5", {"row 5", "harmp-image", "--rows"}},
    {"reproduce --table avmnist --run $OUT", {"needs --data, --lut or --join"}},
    {"reproduce --table cifar --lut $GPU --run $OUT", {"cifar", "avmnist"}},
    {"reproduce --table supernets --lut $GPU --run $OUT", {"supernets", "no published latency", "--data"}},
    {"reproduce --table avmnist --rows 9 --lut $GPU --run $OUT", {"no row 9"}},
    {"reproduce --table avmnist --lut $FILES/none.json --run $OUT", {"none.json"}},
    {"reproduce --table avmnist --lut $GPU --data $DATA --run $OUT", {"--data", "--device"}},
    {"reproduce --join $FILES --run $OUT", {"no reproduced.csv"}},
    // Outputs
    {"data synth --out $FILES", {"--out", "folder"}},
    {"data synth --out /proc/x", {"--out", "/proc/x"}},
    {"data synth --out $FILES/text.txt/d.h5", {"--out", "text.txt"}},
    {"supernet train $TRAIN --out $DATA", {"--out", "--data"}},
    {"supernet train $TRAIN --out $FILES/text.txt", {"text.txt", "exists"}},
    {"supernet train --data $DATA --space avmnist-image --out $OUT", {"needs --modality"}},
    {"supernet train --data $DATA --modality image --out $OUT", {"needs --space"}},
    {"supernet train --data $DATA --out $OUT --resume", {"there is no", "out.training", "--modality"}},
    {"supernet train $TRAIN --space mine", {"mine", "Known", "--config FILE"}},
    {"supernet eval --data $DATA --weights $IMAGE --features-out $FILES/text.txt", {"text.txt", "file of features"}},
    {"data synth --out $FILES/text.txt", {"text.txt", "is not a data set"}},
    {"data show $DATA --sheet $FILES/text.txt", {"text.txt", "is not a contact sheet"}},
    {"lut model --device-profile edge-gpu --out $FILES/text.txt", {"text.txt", "is not a table"}},
    {"lut model --device-profile edge-gpu --config $FILES/own.cfg --out $FILES/own.cfg", {"--out", "--config"}},
    {"lut import --in $FILES/own.json --device mine --out $FILES/own.json", {"--out", "--in"}},
    {"search $SEARCH --run $FILES/text.txt", {"text.txt"}},
    // Data sets
    {"data show", {"F.h5"}},
    {"data show $FILES/none.h5", {"none.h5"}},
    {"data show $FILES/cut.h5", {"cut.h5"}},
    {"data show $FILES/text.txt", {"text.txt", "HDF5"}},
    {"data show $DATA --sheet $OUT.jpg", {"out.jpg", "PNG", ".png"}},
    {"data show $IMAGE", {"image.h5", "data set"}},
    {"data show $FILES/empty.csv", {"empty.csv is empty"}},
    {"data import folder --in $FILES/points.csv --out $OUT", {"points.csv", "no column 'label'", "split,label,image"}},
    {"data import folder --in $FILES/latin.csv --out $OUT", {"latin.csv line 2", "not UTF-8", "iconv"}},
    {"data import harmp --in $FILES --bpe $FILES --out $OUT", {"is a folder", "bpe_simple_vocab_16e6.txt.gz"}},
    {"data import avmnits --in $FILES --out $OUT", {"avmnits", "avmnist"}},
    {"data import avmnist --in $FILES/none --out $OUT", {"none"}},
    {"data import avmnist --in $FILES --out $OUT", {"mnist"}},
    {"data import folder --in $FILES --out $FILES/train/cat/d.h5", {"--out", "d.h5", "folder of --in"}},
    {"supernet train $TRAIN --modality picture", {"picture", "image"}},
    {"supernet train $TRAIN --space avmnist-audio", {"avmnist-audio", "1x28x28"}},
    {"supernet train $TRAIN --space maxout", {"maps of shape 1x28x28", "maxout takes vectors", "name a space of maps"}},
    {"search $SEARCH --data $FILES/none.h5", {"none.h5"}},
    // Supernets and genomes
    {"supernet train $TRAIN --init $FILES/none.h5", {"none.h5"}},
    {"supernet train $TRAIN --init $AUDIO", {"audio.h5", "avmnist-image"}},
    {"supernet train $TRAIN --init $DATA", {"digits.h5", "supernet"}},
    {"supernet eval --data $DATA --weights $FILES/none.h5", {"none.h5"}},
    {"supernet eval --data $DATA --weights $DATA", {"digits.h5", "supernet"}},
    {"supernet eval --data $DATA --weights $IMAGE --modality audio",
     {"1x20x20", "was trained on those of 1x28x28", "--modality image"}},
    {"supernet eval --data $DATA --weights $IMAGE --genome K=9,3,3,3;E=3,3,3,3;D=2", {"K[0] is 9", "3, 5, 7"}},
    {"supernet eval --data $DATA --weights $IMAGE --genome largets", {"largets", "largest"}},
    {"supernet sweep $SWEEP", {"--genomes", "--all"}},
    {"supernet sweep $SWEEP --genomes $FILES/none.txt", {"none.txt"}},
    {"supernet sweep $SWEEP --genomes $FILES/genomes.txt", {"genomes.txt, line 2", "E[1] is 5"}},
    {"supernet import --in $DATA --space avmnist-image --out $OUT", {"digits.h5", "checkpoint"}},
    {"search $SEARCH --modality image=avmnist-image,$IMAGE --protocol published",
     {"two modalities", "name=space,weights.h5"}},
    {"search $SEARCH --modality image", {"image", "weights.h5"}},
    {"search $SEARCH --modality image=avmnist-image,$FILES/none.h5 --modality audio=avmnist-audio,$AUDIO", {"none.h5"}},
    {"search $SEARCH --modality image=avmnist-image,$AUDIO --modality audio=avmnist-audio,$AUDIO",
     {"audio.h5", "avmnist-image"}},
    // Devices
    {"lut show --lut $FILES/none.json", {"none.json"}},
    {"lut show --lut $FILES/broken.json", {"broken.json"}},
    {"lut show --lut $FILES/list.json", {"list.json"}},
    {"lut cost --lut $GPU --space avmnist-imag --genome smallest", {"avmnist-imag", "avmnist-image"}},
    {"lut cost --lut $GPU --space avmnist-image", {"--genome"}},
    {"lut cost --lut $GPU --space avmnist-image --space avmnist-audio --genome smallest", {"genome", "space"}},
    {"lut cost --lut $GPU --space avmnist-image --genome smallest --fusion Summ", {"Summ", "Sum"}},
    {"lut cost --lut $GPU --space avmnist-image --genome smallest --classes -1", {"classes", "-1"}},
    {"lut cost --lut $GPU --space avmnist-image --genome smallest --classes 7",
     {"edge-gpu.json", "harmonic lut model --device-profile edge-gpu --space avmnist-image --classes 7 --out more.json",
      "--lut more.json"}},
    {"lut model --out $OUT", {"--device-profile", "--fit"}},
    {"lut model --device-profile edge-gpu --fit $GPU --out $OUT", {"one of --device-profile"}},
    {"lut model --fit $FILES/own.json --out $OUT", {"own.json", "0 rows"}},
    {"lut model --parameters launch=1 --out $OUT", {"launch=1"}},
    {"lut model --device-profile edge-tpu --out $OUT", {"edge-tpu", "edge-gpu"}},
    {"search $SEARCH --device gpu=$GPU,target=9", {"target", "target_ms"}},
    {"search $SEARCH --device gpu=$GPU,weight=0", {"weight", "above 0"}},
    {"search $SEARCH --device gpu=$GPU,target_ms=9 --device cpu=$GPU", {"target_ms", "device cpu has none"}},
    {"search $SEARCH --max latency_ms.tx2=9", {"latency_ms.tx2", "latency_ms.gpu"}},
    {"search $SEARCH --max latency_ms.gpu=0.01", {"latency_ms.gpu <= 0.01", "at least"}},
    {"search $SEARCH --max latency_ms.gpu", {"no bound", "--max COLUMN=VALUE"}},
    {"lut model --device-profile edge-gpu --peak-gflops fast --out $OUT", {"peak-gflops", "fast"}},
    {"lut model --device-profile edge-gpu --peak-gflops 0 --out $OUT", {"peak-gflops", "0"}},
    {"lut import --in $GPU --device mine --set SE1=1,2,3 --out $OUT", {"SE1=1,2,3", "KEY=ms,mJ"}},
    {"lut import --in $GPU --device mine --set SE1=-1 --out $OUT", {"SE1=-1", "0"}},
    {"search $SEARCH --device gpu", {"gpu", "name=table.json"}},
    {"search $SEARCH --device gpu=$FILES/none.json", {"none.json"}},
    {"search $SEARCH --device gpu=$GPU,-1", {"-1"}},
    {"search $SEARCH --device gpu=$GPU --device gpu=$GPU --head-classes 7", {"device 'gpu' is given twice"}},
    {"search $SEARCH --head-classes 7",
     {"edge-gpu.json",
      "harmonic lut model --device-profile edge-gpu --space avmnist-image --space avmnist-audio --classes 7 "
      "--out more-gpu.json; then give --device gpu=",
      "+more-gpu.json"}},
    // Config files
    {"search $SEARCH --config $FILES/none.cfg", {"none.cfg"}},
    {"search $SEARCH --config $FILES/key.cfg", {"key.cfg", "populaton", "population"}},
    {"search $SEARCH --config $FILES/section.cfg", {"section.cfg", "evolutoin", "evolution"}},
    {"search $SEARCH --config $FILES/words.cfg", {"words.cfg", "line 2"}},
    {"search $SEARCH --config $FILES/training.cfg", {"training.cfg, line 2", "epoch", "epochs"}},
    {"search $SEARCH --config $FILES/lr.cfg", {"lr.cfg", "[fusion]", "weight-lr", "retrain-lr"}},
    {"supernet train $TRAIN --config $FILES/key.cfg", {"key.cfg", "populaton", "population"}},
    {"supernet train $TRAIN --config $FILES/family.cfg --space mine", {"resnet", "mobilenet_v3", "maxout", "vectors"}},
    {"supernet train $TRAIN --config $FILES/space.cfg --space mine", {"mine", "strides = 3", "1 or 2"}},
    // Runs and CSVs
    {"report --run $FILES/none", {"there is no folder", "none"}},
    {"report --run $FILES", {"holds no run", "config.cfg"}},
    {"select", {"names no run", "harmonic select RUN"}},
    {"select $FILES/none", {"there is no folder", "none"}},
    {"select $FILES", {"holds no run", "config.cfg"}},
    {"select $FILES/begun", {"begun", "no front yet", "is running"}},
    {"select $FILES/run $FILES/begun", {"names 2 runs"}},
    {"select $FILES/run --best latncy", {"latncy", "latency"}},
    {"select $FILES/run --best genotype", {"genotype", "not a number"}},
    {"select $FILES/run --max latency_ms.tx2", {"latency_ms.tx2", "--max COLUMN=VALUE"}},
    {"select $FILES/run --max latency_ms.tx2=fast", {"latency_ms.tx2", "fast"}},
    {"select $FILES/run --max latency_ms.tx2=1", {"latency_ms.tx2 <= 1", "least latency_ms.tx2 2 (model 1)"}},
    {"select $FILES/run --min metric_val=99", {"metric_val >= 99", "most metric_val 95 (model 1)"}},
    {"status", {"names no run", "give one"}},
    {"status $FILES/run $FILES/supernets", {"names 2 runs"}},
    {"status $FILES/none", {"there is no folder", "none"}},
    {"status $FILES", {"holds no run", "config.cfg"}},
    {"status $FILES/run --wach", {"--wach", "--watch"}},
    {"select $FILES/supernets", {"supernets alone", "no models", "harmonic show --run"}},
    {"compare $FILES/run $FILES/supernets", {"supernets alone", "no models", "harmonic show --run"}},
    {"report --run $FILES/supernets", {"supernets alone", "no models", "reproduced.html"}},
    {"show --run $FILES/supernets --model 1", {"supernets alone", "no models", "reproduced.csv"}},
    {"export --run $FILES/supernets --model 1 --out $OUT", {"supernets alone", "no models"}},
    {"evaluate --run $FILES/supernets --model 1 --data $DATA", {"supernets alone", "no models"}},
    {"compare", {"names no run", "harmonic compare RUN"}},
    {"compare $FILES/none", {"there is no folder", "none"}},
    {"compare $FILES", {"holds no run", "config.cfg"}},
    {"compare $FILES/run $FILES/run/", {"run/", "named twice"}},
    {"compare $FILES/run $FILES/begun", {"begun", "no front yet", "is running"}},
    {"compare $FILES/run $FILES/otherdata", {"otherdata", "different data"}},
    {"compare $FILES/run $FILES/otherdevice", {"share no device", "tx2", "agx", "--columns"}},
    {"compare $FILES/run --device tx", {"tx", "tx2"}},
    {"compare $FILES/run --published avmnits", {"avmnits", "avmnist"}},
    {"compare $FILES/run --published harmp", {"10 classes", "harmp", "3"}},
    {"compare $FILES/otherdevice --published avmnist", {"Jetson TX2", "agx", "--device"}},
    {"compare $FILES/run --columns metric_val,mac", {"mac", "macs"}},
    {"compare $FILES/run --reference 1", {"--reference", "1", "3 columns"}},
    {"compare $FILES/run --out $FILES/c.pdf", {"c.pdf", ".html"}},
    {"compare $FILES/run --out $FILES/own.json", {"own.json", "not a comparison"}},
    {"compare $FILES/run --out $FILES/text.txt/c.html", {"--out", "text.txt"}},
    {"export --run $FILES --model 1 --out $OUT", {"config.cfg", "--run"}},
    {"export --run $FILES --model 1", {"--out"}},
    {"export --run $FILES --model 1 --out $OUT --format onx", {"onx", "onnx"}},
    {"pareto --in $FILES/none.csv", {"none.csv"}},
    {"pareto --in $FILES/empty.csv", {"empty.csv"}},
    {"pareto --in $FILES/word.csv", {"word.csv", "fast"}},
    {"pareto --in $FILES/points.csv --columns eror", {"eror", "error"}},
    {"pareto --in $FILES/semicolons.csv", {"semicolons.csv line 1", "';'", "commas"}},
    {"pareto --in $FILES/points.csv --reference 1", {"reference"}},
};

void write_files(const World& w, const std::filesystem::path& folder) {
  std::filesystem::copy_file(w.data(), folder / "cut.h5");
  std::filesystem::resize_file(folder / "cut.h5", std::filesystem::file_size(w.data()) / 2);
  const auto write = [&](const std::string& name, const std::string& text) { std::ofstream(folder / name) << text; };
  write("text.txt", "no data set\n");
  write("genomes.txt", "largest\nK=3,3,3,3;E=3,5,3,3;D=4\n");
  write("broken.json", "{\"a\": ");
  write("list.json", "[1, 2]\n");
  write("key.cfg", "[evolution]\npopulaton = 4\n");
  write("section.cfg", "[evolutoin]\npopulation = 4\n");
  write("words.cfg", "[evolution]\npopulation four\n");
  write("space.cfg", "[space.mine]\nwidths = 24,40\nstrides = 3\n");
  write("training.cfg", "[supernet]\nepoch = 4\n");
  write("lr.cfg", "[fusion]\nlr = 0.001\n");
  write("family.cfg", "[space.mine]\nfamily = resnet\n");
  write("own.cfg", "[space.tiny]\nresolution = 28\n");
  write("own.json", R"({"a": {"lat": "1", "enrg": "2"}})");
  write("semicolons.csv", "error;latency\n1,5;2\n");
  write("empty.csv", "");
  write("latin.csv", "label,image\nh\xe4,1.png\n");
  write("word.csv", "error,latency\n1,4\n2,fast\n");
  write("points.csv", "error,latency\n1,4\n2,2\n");
  HandRun hand;
  hand.front = {{1, 95, 94, {2}, {2}}};
  hand.write(folder / "run");
  auto other = hand;
  other.inputs = R"({"classes": "10", "data": "cc"})";
  other.write(folder / "otherdata");
  other = hand;
  other.devices = {"agx"};
  other.write(folder / "otherdevice");
  other = hand;
  other.config += "[reproduce]\ntable = supernets\n";
  other.write(folder / "supernets");
  hand.front.clear();
  hand.status = R"({"state": "running"})";
  hand.write(folder / "begun");
}

/// The command line that a mistake stands for. Split at spaces first: what the names stand for may hold some.
std::vector<std::string> words_of(const Mistake& mistake, const World& w, const std::filesystem::path& folder) {
  const std::map<std::string, std::string> complete = {
      {"$TRAIN", "--data $DATA --modality image --space avmnist-image --epochs 1 --out $OUT"},
      {"$SWEEP", "--data $DATA --weights $IMAGE --out $OUT"},
      {"$SEARCH",
       "--data $DATA --run $OUT --modality image=avmnist-image,$IMAGE --modality audio=avmnist-audio,$AUDIO "
       "--device gpu=$GPU"}};
  const std::map<std::string, std::string> paths = {{"$DATA", w.data().string()},
                                                    {"$IMAGE", w.weights("image").string()},
                                                    {"$AUDIO", w.weights("audio").string()},
                                                    {"$GPU", (w.source / "luts/edge-gpu.json").string()},
                                                    {"$FILES", folder.string()},
                                                    {"$OUT", (folder / "made" / "out").string()}};
  std::vector<std::string> words;
  const auto given = split(mistake.command, ' ');
  for (const auto& word : given) {
    if (!complete.contains(word)) {
      words.push_back(word);
      continue;
    }
    const auto options = split(complete.at(word), ' ');
    for (std::size_t i = 0; i < options.size(); i += 2)
      if (std::ranges::find(given, options[i]) == given.end()) words.insert(words.end(), {options[i], options[i + 1]});
  }
  for (auto& word : words)
    for (const auto& [name, path] : paths)
      if (const auto at = word.find(name); at != std::string::npos) word.replace(at, name.size(), path);
  return words;
}

std::vector<std::string> with(std::vector<std::string> words, const std::string& option, const std::string& value) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == option) {
      words[i + 1] = value;
      return words;
    }
  words.insert(words.end(), {option, value});
  return words;
}

}  // namespace

TEST_CASE("A mistake is answered by one line that names it and its remedy, and nothing is written", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  write_files(w, folder.path());
  const auto listed = [&] {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
      names.insert(entry.path().string());
    return names;
  };
  const auto before = listed();
  for (const auto& mistake : kMistakes) {
    INFO(mistake.command);
    auto command = w.alone(words_of(mistake, w, folder.path()));
    command.insert(command.begin(),
                   {"timeout", "120"});  // where a mistake is taken for an order, it is not carried out
    check_refused(command, mistake.words);
    CHECK(listed() == before);
  }
}

TEST_CASE("A command or option that is not there names its neighbour", "[bad_input]") {
  const World w = world();
  check_refused(w.alone({"serch"}), {"serch", "search"});
  check_refused(w.alone({"search", "--populaton", "3"}), {"--populaton", "--population"});
  check_refused(w.alone({"search"}), {"--data"});
  const TemporaryFolder folder;
  std::ofstream(folder / "c.cfg") << "[evolution]\npopulaton = 4\n";
  check_refused(w.on_ranks(2, w.search(folder / "run", {"--config", (folder / "c.cfg").string()})),
                {"c.cfg", "populaton", "population"});
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

TEST_CASE("Data that is missing or cut short is named, and no run is begun", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto cut = folder / "cut.h5";
  std::filesystem::copy_file(w.data(), cut);
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) / 2);
  for (const int ranks : {1, 3}) {
    check_refused(w.on_ranks(ranks, with(w.search(folder / "run"), "--data", (folder / "none.h5").string())),
                  {"none.h5"});
    check_refused(w.on_ranks(ranks, with(w.search(folder / "run"), "--data", cut.string())), {"cut.h5"});
  }
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

TEST_CASE("Weights that are missing or of another space are named", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  check_refused(w.on_ranks(2, with(w.search(folder / "run"), "--modality", "image=avmnist-image,none.h5")),
                {"none.h5"});
  const auto swapped =
      with(w.search(folder / "run2"), "--modality", "image=avmnist-image," + w.weights("audio").string());
  check_refused(w.on_ranks(2, swapped), {"audio.h5", "avmnist-audio", "avmnist-image"});
  const auto misfit = with(w.search(folder / "run3"), "--modality", "image=harmp-image," + w.weights("image").string());
  check_refused(w.on_ranks(2, misfit), {"1x28x28", "harmp-image"});
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("A table without a row that the search needs names the row and the table", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  std::string table = read_file(w.source / "luts/edge-gpu.json");
  const std::string key = "SE1-input:1_192_16-N:1-C:192-L:16";
  const auto at = table.find(key);
  REQUIRE(at != std::string::npos);
  table.replace(at, 3, "SEx");
  replace_file(folder / "table.json", table);
  check_refused(w.on_ranks(2, with(w.search(folder / "run"), "--device", "gpu=" + (folder / "table.json").string())),
                {key, "table.json"});
  replace_file(folder / "broken.json", "{\"a\": ");
  check_refused(w.on_ranks(2, with(w.search(folder / "run3"), "--device", "gpu=" + (folder / "broken.json").string())),
                {"broken.json"});
}

TEST_CASE("Features that a backbone cannot offer, or too few for a pair, are refused", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  check_refused(w.on_ranks(2, w.search(folder / "run", {"--features", "40"})), {"40", "at most"});
  check_refused(w.on_ranks(2, w.search(folder / "run2", {"--features", "0"})), {"features is 0", "image"});
}

TEST_CASE("A run directory is neither overwritten nor resumed with other settings", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto first = run(w.on_ranks(2, w.search(folder / "run", {"--time-limit", "3s"})));
  INFO(first.err);
  REQUIRE((first.exit_code == 3 || first.exit_code == 0));
  check_refused(w.on_ranks(2, w.search(folder / "run")), {"--resume"});
  check_refused(w.on_ranks(2, w.search(folder / "run", {"--resume", "--seed", "2"})), {"seed"});
  check_refused(w.on_ranks(2, w.search(folder / "run", {"--resume", "--threads", "2"})), {"threads"});
  check_refused(w.on_ranks(2, w.search("")), {"no run directory", "--run"});
  for (const std::string command : {"search", "reproduce"})
    check_refused(
        w.on_ranks(2, {command, "--data", w.data().string(), "--run", (folder / "none").string(), "--resume"}),
        {"there is no run in " + (folder / "none").string(), "or leave out --resume"});
  CHECK_FALSE(std::filesystem::exists(folder / "none"));
}

TEST_CASE("A path of a config file that cannot be read is named with its key and where it was looked for",
          "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  std::ofstream(folder / "c.cfg") << "[hardware]\ndevice = gpu=luts/none.json\n[supernet]\nepochs = 2\n";
  auto words = w.search(folder / "run");
  for (auto at = std::ranges::find(words, "--device"); at != words.end(); at = std::ranges::find(words, "--device"))
    words.erase(at, at + 2);
  words.insert(words.end(), {"--config", (folder / "c.cfg").string()});
  check_refused(w.on_ranks(2, words), {"c.cfg, line 2: device names luts/none.json", folder.path().string(), "cwd:"});
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

TEST_CASE("An output that cannot be written is refused before the work", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const std::vector<std::string> train = {"supernet", "train",   "--data",        w.data().string(), "--modality",
                                          "image",    "--space", "avmnist-image", "--epochs",        "1"};
  check_refused(w.on_ranks(2, with(train, "--out", folder.path().string())), {"--out", "folder"});
  check_refused(w.alone({"supernet", "eval", "--weights", w.weights("image").string(), "--data", w.data().string(),
                         "--features-out", folder.path().string()}),
                {"--features-out", "folder"});
  check_refused(w.alone({"data", "synth", "--out", "/proc/x"}), {"--out", "/proc/x"});
}

TEST_CASE("An output that is an input is refused, and the input kept", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto data = folder / "data.h5", weights = folder / "weights.h5", genomes = folder / "genomes.txt",
             table = folder / "table.json";
  std::filesystem::copy_file(w.data(), data);
  std::filesystem::copy_file(w.weights("image"), weights);
  std::filesystem::copy_file(w.source / "luts/edge-gpu.json", table);
  std::ofstream(genomes) << "smallest\n";
  const std::vector<std::string> train = {"supernet", "train",   "--data",        data.string(), "--modality",
                                          "image",    "--space", "avmnist-image", "--epochs",    "1"};
  check_refused(w.on_ranks(2, with(train, "--out", data.string())), {"--out", "--data"});
  const std::vector<std::string> evaluated = {"--weights", weights.string(), "--data", data.string()};
  const auto evaluating = [&](std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), evaluated.begin(), evaluated.end());
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  for (const auto& [option, input] : {std::pair{"--weights", weights}, {"--data", data}})
    check_refused(w.alone(evaluating({"supernet", "eval"}, {"--features-out", input.string()})),
                  {"--features-out", option});
  for (const auto& [option, input] :
       {std::pair{"--weights", weights}, {"--data", data}, {"--genomes", genomes}, {"--device", table}})
    check_refused(w.alone(evaluating({"supernet", "sweep"}, {"--genomes", genomes.string(), "--resume", "--device",
                                                             "gpu=" + table.string(), "--out", input.string()})),
                  {"--out", option});
  check_refused(
      w.alone({"supernet", "import", "--in", weights.string(), "--space", "avmnist-image", "--out", weights.string()}),
      {"--out", "--in"});
  CHECK(read_file(data) == read_file(w.data()));
  CHECK(read_file(weights) == read_file(w.weights("image")));
  CHECK(read_file(table) == read_file(w.source / "luts/edge-gpu.json"));
  CHECK(read_file(genomes) == "smallest\n");
}

TEST_CASE("A result that is there already is not replaced unasked", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto trained = folder / "w.h5", swept = folder / "s.csv";
  std::filesystem::copy_file(w.weights("image"), trained);
  std::ofstream(swept) << "genome,metric\n";
  check_refused(w.on_ranks(2, {"supernet", "train", "--data", w.data().string(), "--modality", "image", "--space",
                               "avmnist-image", "--epochs", "1", "--out", trained.string()}),
                {"w.h5 exists already", "remove it"});
  const std::vector<std::string> sweep = {"supernet",    "sweep",           "--weights", w.weights("image").string(),
                                          "--data",      w.data().string(), "--all",     "--out",
                                          swept.string()};
  check_refused(w.on_ranks(2, sweep), {"s.csv exists already", "--resume"});
  auto resumed = sweep;
  resumed.push_back("--resume");
  check_refused(w.on_ranks(2, resumed), {"s.csv.conditions", "another --out"});
  CHECK(read_file(trained) == read_file(w.weights("image")));
  CHECK(read_file(swept) == "genome,metric\n");
}

TEST_CASE("A supernet that does not fit its data is refused in one line", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  check_refused(w.alone({"supernet", "train", "--data", w.data().string(), "--modality", "image", "--space",
                         "avmnist-audio", "--out", (folder / "w.h5").string()}),
                {"avmnist-audio"});
}

TEST_CASE("An empty split is named, whatever a supernet is asked to do with it", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto data = [&](const std::string& name, std::array<std::size_t, 3> samples) {
    DatasetContent content;
    content.info.classes = 4;
    content.info.modalities = {{.name = "audio", .sample_shape = {1, 20, 20}, .mean = {0.0F}, .std = {1.0F}}};
    for (std::size_t split = 0; split < samples.size(); ++split) {
      content.samples["audio"].at(split).floats.resize(samples.at(split) * 20 * 20);
      content.class_labels.at(split).resize(samples.at(split));
    }
    write_dataset(folder / name, content);
    return (folder / name).string();
  };
  const auto no_val = data("no-val.h5", {4, 0, 4}), no_test = data("no-test.h5", {4, 4, 0});
  const auto train = [&](const std::string& file) {
    return std::vector<std::string>{"supernet", "train",   "--data",        file,    "--modality",
                                    "audio",    "--space", "avmnist-audio", "--out", (folder / "w.h5").string()};
  };
  check_refused(w.on_ranks(2, train(no_val)), {"split val", "no-val.h5", "empty"});
  const auto with_weights = [&](const std::string& action, const std::string& file) {
    return std::vector<std::string>{"supernet", action, "--weights", (folder / "audio.h5").string(), "--data", file};
  };
  REQUIRE(run(w.alone(with(train(no_test), "--epochs", "1"))).exit_code == 0);
  std::filesystem::rename(folder / "w.h5", folder / "audio.h5");
  check_refused(w.alone(with(with_weights("eval", no_test), "--split", "test")), {"split test", "no-test.h5", "empty"});
  auto sweep = with(with_weights("sweep", no_val), "--out", (folder / "s.csv").string());
  sweep.push_back("--all");
  check_refused(w.on_ranks(2, sweep), {"split val", "no-val.h5", "empty"});
  CHECK_FALSE(std::filesystem::exists(folder / "s.csv"));
}

TEST_CASE("A modality that the data does not have names those that it has", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  check_refused(w.on_ranks(2, with(w.search(folder / "run"), "--modality",
                                   "picture=avmnist-image," + w.weights("image").string())),
                {"picture", "image"});
}

TEST_CASE("What does not fit a supernet is named before anything is computed", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto eval = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"supernet", "eval",           "--weights", w.weights("image").string(),
                                      "--data",   w.data().string()};
    words.insert(words.end(), more.begin(), more.end());
    return w.alone(words);
  };
  check_refused(eval({"--genome", "K=9,3,3,3;E=3,3,3,3;D=2"}), {"K[0] is 9", "3, 5, 7"});
  check_refused(eval({"--modality", "audio"}), {"1x20x20", "1x28x28"});
  check_refused(eval({"--space", "avmnist-audio", "--modality", "audio"}), {"image.h5", "avmnist-image"});
  std::ofstream(folder / "genomes.txt") << "largest\nK=3,3,3,3;E=3,5,3,3;D=4\n";
  std::vector<std::string> sweep = {"supernet", "sweep",           "--weights", w.weights("image").string(),
                                    "--data",   w.data().string(), "--out",     (folder / "s.csv").string()};
  check_refused(w.alone(sweep), {"--genomes", "--all"});
  check_refused(w.on_ranks(2, with(sweep, "--genomes", (folder / "genomes.txt").string())),
                {"genomes.txt, line 2", "E[1] is 5", "3, 4, 6"});
  check_refused(w.alone({"supernet", "import", "--in", w.data().string(), "--space", "avmnist-image", "--out",
                         (folder / "w.h5").string()}),
                {"digits.h5", "is an HDF5 file, not a PyTorch checkpoint"});
  std::ofstream(folder / "own.cfg") << "[space.mine]\nwidths = 24,40\nstrides = 3\n";
  check_refused(eval({"--config", (folder / "own.cfg").string()}), {"mine", "strides = 3", "1 or 2"});
}
