#include "worker/backbone/checkpoint_import.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/hdf5_file.hpp"
#include "tests/support/peak_memory.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/stored_zip.hpp"
#include "worker/backbone/checkpoint_file.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;

/// A text, a whole number and a shape as a pickle says them.
template <class Number>
std::string in_bytes(char code, Number number) {
  std::string bytes(1 + sizeof number, code);
  std::memcpy(bytes.data() + 1, &number, sizeof number);
  return bytes;
}
std::string pickled(const std::string& text) {
  return in_bytes('X', static_cast<std::uint32_t>(text.size())).append(text);
}
std::string pickled(std::int64_t number) {
  return in_bytes('J', static_cast<std::int32_t>(number));
}
std::string pickled(torch::IntArrayRef shape) {
  std::string text(1, '(');
  for (const auto side : shape) text.append(pickled(side));
  return text.append(1, 't');
}

/// A float tensor that begins at an offset of a storage.
std::string pickled(const torch::Tensor& tensor, const std::string& storage, std::int64_t offset = 0,
                    const std::string& type = "FloatStorage") {
  return std::string("ctorch._utils\n_rebuild_tensor_v2\n((") + pickled("storage") + "ctorch\n" + type + "\n" +
         pickled(storage) + pickled("cpu") + pickled(tensor.numel()) + "NtQ" + pickled(offset) +
         pickled(tensor.sizes()) + pickled(tensor.strides()) + "\x89}tR";
}

std::string bytes_of(const torch::Tensor& tensor) {
  return {static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()};
}

/// A file of torch.save before 1.6. @param content a pickle without its end
void write_legacy(const std::filesystem::path& path, const std::string& content,
                  const std::vector<torch::Tensor>& storages) {
  std::string keys = "\x80\x02]", values;
  for (std::size_t i = 0; i < storages.size(); ++i) {
    const std::int64_t elements = storages[i].numel();
    keys += pickled(std::to_string(i)) + "a";
    values.append(reinterpret_cast<const char*>(&elements), sizeof elements).append(bytes_of(storages[i]));
  }
  const std::string head = std::string("\x80\x02K\x01.\x80\x02K\x01.", 10) + "\x80\x02}.";
  replace_file(path, head + content + "." + keys + "." + values);
}

/// A file of torch.save since 1.6.
void write_zip(const std::filesystem::path& path, const std::string& content,
               const std::vector<torch::Tensor>& storages) {
  std::vector<std::pair<std::string, std::string>> members = {{"w/data.pkl", content + "."}};
  for (std::size_t i = 0; i < storages.size(); ++i)
    members.emplace_back("w/data/" + std::to_string(i), bytes_of(storages[i]));
  replace_file(path, testing::stored_zip(members));
}

/// A dictionary of tensors, each with a storage of its own that is added to those there are.
std::string dictionary(const std::vector<NamedTensor>& tensors, std::vector<torch::Tensor>& storages,
                       const std::string& prefix = "") {
  std::string content = "}";
  for (const auto& [name, tensor] : tensors) {
    content += pickled(prefix + name) + pickled(tensor, std::to_string(storages.size())) + "s";
    storages.push_back(tensor);
  }
  return content;
}

/// A dictionary of float tensors, in the form before 1.6.
void write_checkpoint(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors) {
  std::vector<torch::Tensor> storages;
  const auto content = std::string("\x80\x02") + dictionary(tensors, storages);
  write_legacy(path, content, storages);
}

/// Supernets for sounds, of 4 classes, which have few tensors.
const BackboneSpace& sounds() {
  return find_space("avmnist-audio");
}
std::vector<NamedTensor> sound_tensors(std::uint64_t seed = 1) {
  return Supernet(sounds(), 4, Seed{seed}).tensors();
}

bool equal(const Supernet& supernet, const std::vector<NamedTensor>& tensors) {
  return std::ranges::equal(supernet.tensors(), tensors, [](const NamedTensor& a, const NamedTensor& b) {
    return a.first == b.first && torch::equal(a.second, b.second);
  });
}

std::vector<NamedTensor> with(std::vector<NamedTensor> tensors, const std::string& name, torch::Tensor value) {
  for (auto& [known, tensor] : tensors)
    if (known == name) {
      tensor = std::move(value);
      return tensors;
    }
  tensors.emplace_back(name, std::move(value));
  return tensors;
}

}  // namespace

TEST_CASE("A tensor that cannot be of a supernet is refused with its name, and both shapes", "[backbone]") {
  const testing::TemporaryFolder folder;
  const auto refused = [&](const std::vector<NamedTensor>& tensors, const std::string& space,
                           const std::vector<std::string>& words) {
    write_checkpoint(folder / "w.pth", tensors);
    CHECK_THROWS_AS(import_checkpoint(folder / "w.pth", find_space(space)), InputError);
    for (const auto& word : words)
      CHECK_THROWS_WITH(import_checkpoint(folder / "w.pth", find_space(space)), Catch::Contains(word));
  };
  const auto sounds = Supernet(find_space("avmnist-audio"), 4, Seed{1}).tensors();
  write_checkpoint(folder / "w.pth", sounds);
  CHECK(import_checkpoint(folder / "w.pth", find_space("avmnist-audio")).classes() == 4);
  refused(with(sounds, "classifier.linear.weight", torch::tensor(1.0F)), "avmnist-audio",
          {"classifier.linear.weight", "scalar", "classes x features"});
  const std::string name = "blocks.1.conv.point_linear.conv.conv.weight";
  auto spoilt = Supernet(find_space("avmnist-audio"), 4, Seed{1});
  spoilt.tensor(name)[1] = std::numeric_limits<float>::infinity();
  refused(spoilt.tensors(), "avmnist-audio", {name, "not finite"});
  refused(with(sounds, "module." + name, torch::ones({1})), "avmnist-audio", {name, "module." + name, "both"});
  const auto words = Supernet(find_space("maxout"), 4, Seed{1}).tensors();
  refused(with(words, "op_list.0.lin.weight", torch::ones({512})), "maxout", {"op_list.0.lin.weight", "shape 512,"});
  refused(with(words, "hid2val.weight", torch::ones({3})), "maxout", {"hid2val.weight", "classes x features"});
}

TEST_CASE("Tensors of a checkpoint that a space has no place for are told of", "[backbone]") {
  const testing::TemporaryFolder folder;
  auto tensors = Supernet(find_space("avmnist-audio"), 4, Seed{1}).tensors();
  tensors = with(tensors, "blocks.1.conv.depth_conv.bn.bn.num_batches_tracked", torch::tensor(3.0F));
  write_checkpoint(folder / "w.pth", with(tensors, "blocks.9.conv.x.weight", torch::ones({2})));
  ImportNotes notes;
  (void)import_checkpoint(folder / "w.pth", find_space("avmnist-audio"), "", &notes);
  CHECK(notes.left == std::vector<std::string>{"blocks.9.conv.x.weight"});
}

TEST_CASE("All published spellings of a tensor's name come to one", "[backbone]") {
  const std::string expected = "blocks.3.conv.depth_conv.bn.weight";
  for (const auto* name : {"blocks.3.conv.depth_conv.bn.weight", "blocks.3.conv.depth_conv.bn.bn.weight",
                           "module.blocks.3.mobile_inverted_conv.depth_conv.bn.bn.weight",
                           "blocks.3.mobile_inverted_conv.depth_conv.bn.weight",
                           "module._orig_mod.blocks.3._orig_mod.conv.depth_conv.bn.bn.weight"})
    CHECK(common_spelling(name) == expected);
  CHECK(common_spelling("classifier.linear.linear.weight") == "classifier.linear.weight");
  CHECK(common_spelling("blocks.1.conv.depth_conv.conv.conv.weight") == "blocks.1.conv.depth_conv.conv.weight");
  CHECK(common_spelling("blocks.1.conv.depth_conv.conv.5to3_matrix") == "blocks.1.conv.depth_conv.conv.5to3_matrix");
}

TEST_CASE("A file that is no checkpoint is refused in one line", "[backbone]") {
  const testing::TemporaryFolder folder;
  { Hdf5File(folder / "w.h5", Hdf5File::Mode::create); }
  try {
    (void)import_checkpoint(folder / "w.h5", find_space("avmnist-image"));
    FAIL("it was accepted");
  } catch (const InputError& e) {
    CHECK_THAT(e.what(), Catch::Contains("not a PyTorch checkpoint"));
    CHECK(std::string(e.what()).find('\n') == std::string::npos);
  }
}

TEST_CASE("The published image checkpoint holds the tensors of its supernet", "[shared][backbone]") {
  const auto checkpoint = testing::shared_data("golden/supernet_avmnist_image.pth.tar");
  const auto golden = testing::shared_data("golden/supernet_image.h5");
  if (!checkpoint || !golden) return;
  ImportNotes notes;
  const Supernet supernet = import_checkpoint(*checkpoint, find_space("avmnist-image"), "", &notes);
  CHECK(supernet.classes() == 10);
  CHECK(notes.left.empty());
  CHECK(notes.identities.empty());
  const Hdf5File file(*golden, Hdf5File::Mode::read);
  for (const auto& [name, tensor] : supernet.tensors()) {
    INFO(name);
    auto values = file.read<float>("/supernet/" + name);
    CHECK(torch::equal(tensor, torch::from_blob(values.data(), tensor.sizes(), torch::kFloat32)));
  }
  CHECK_THROWS_WITH(
      import_checkpoint(*checkpoint, find_space("harmp-image")),
      Catch::Contains("first_conv.conv.weight") && Catch::Contains("16x1x3x3") && Catch::Contains("16x3x3x3"));
}

TEST_CASE("A checkpoint in the legacy form is read", "[backbone]") {
  // {"state_dict": {"w": a float tensor (2, 2) of storage "0", transposed}}, as torch.save wrote it before 1.6.
  std::string file;
  for (int i = 0; i < 2; ++i) file += std::string("\x80\x02K\x01.", 5);  // magic number, version
  file += std::string("\x80\x02}.", 4);                                  // the system
  file += std::string("\x80\x02}U\x0Astate_dict}U\x01w", 19);
  file +=
      "ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x01"
      "0U\x03"
      "cpuK\x04NtQ";
  file += std::string("K\x00K\x02K\x02\x86K\x01K\x02\x86\x89}tRss.", 19);
  file += std::string(
      "\x80\x02]U\x01"
      "0a.",
      8);
  const std::int64_t elements = 4;
  const float values[] = {1, 2, 3, 4};
  file.append(reinterpret_cast<const char*>(&elements), sizeof elements);
  file.append(reinterpret_cast<const char*>(values), sizeof values);
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "w.pth", std::ios::binary) << file;
  const auto tensors = read_checkpoint(folder / "w.pth").tensors;
  REQUIRE(tensors.contains("w"));
  CHECK(torch::equal(tensors.at("w").tensor, torch::tensor({{1.0F, 3.0F}, {2.0F, 4.0F}})));
  for (const std::size_t size : {file.size() - 3, file.size() / 2, std::size_t{7}, std::size_t{0}}) {
    std::ofstream(folder / "cut.pth", std::ios::binary) << file.substr(0, size);
    CHECK_THROWS_WITH(read_checkpoint(folder / "cut.pth"), Catch::Contains("cut.pth") && Catch::Contains("damaged"));
  }
}

TEST_CASE("Values of a checkpoint that hold each other, or are larger than its data, cost nothing", "[backbone]") {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& content, const std::vector<torch::Tensor>& storages = {}) {
    write_legacy(folder / "w.pth", content, storages);
    return read_checkpoint(folder / "w.pth").tensors;
  };
  // A parameter of itself.
  const auto of_itself = read(std::string("}U\x01wctorch._utils\n_rebuild_parameter\n]q\0Rq\1h\0h\1a0s", 50));
  CHECK_FALSE(of_itself.at("w").problem.empty());
  std::string doubled = std::string("]q\0000", 4);  // a list of two lists of two lists of …
  for (char level = 0; level < 60; ++level)
    doubled += std::string("](h") + level + "h" + level + "eq" + static_cast<char>(level + 1) + "0";
  CHECK_THROWS_WITH(read(doubled + "}U\x01wh<s"), Contains("holds no tensors by name; its keys: w"));
  // 2^60 elements, all of them the same one.
  const std::vector<std::int64_t> sizes = {1 << 30, 1 << 30}, strides = {0, 0};
  const auto repeated =
      read(std::string("}U\x01wctorch._utils\n_rebuild_tensor_v2\n((") + pickled("storage") + "ctorch\nFloatStorage\n" +
               pickled("0") + "tQ" + pickled(std::int64_t{0}) + pickled(sizes) + pickled(strides) + "tRs",
           {torch::ones({1})});
  CHECK_THAT(repeated.at("w").problem, Contains("beyond its data"));
}

TEST_CASE("Weights are found under the usual keys, and whatever stands before all their names comes off",
          "[backbone]") {
  const TemporaryFolder folder;
  const auto tensors = sound_tensors(), others = sound_tensors(2);
  const auto file = folder / "w.pth";
  const auto import = [&](const std::string& key = "") {
    ImportNotes notes;
    auto supernet = import_checkpoint(file, sounds(), key, &notes);
    return std::pair(std::move(supernet), notes);
  };
  for (const std::string prefix : {"", "module.", "_orig_mod.", "module._orig_mod.", "model.net.", "a.b.c."}) {
    INFO(prefix);
    std::vector<torch::Tensor> storages;
    const auto weights = dictionary(tensors, storages, prefix);
    write_zip(file, weights, storages);
    CHECK(equal(import().first, tensors));
    for (const std::string key : {"model", "net", "model_state_dict"}) {
      write_zip(file, std::string("}") + pickled("epoch") + "K\x03s" + pickled(key) + weights + "s", storages);
      CHECK(equal(import().first, tensors));
      CHECK(import().second.key == key);
    }
  }
  std::vector<torch::Tensor> storages;
  // The average beside the weights; a lone tensor beside both.
  const auto both = [&](const std::string& first, const std::string& second) {
    storages.clear();
    std::string content = std::string("}") + pickled(second) + dictionary(others, storages) + "s";
    content += pickled(first) + dictionary(tensors, storages) + "s";
    write_zip(file, content + pickled("best") + pickled(torch::ones({}), "0") + "s", storages);
  };
  both("model", "ema");
  CHECK(equal(import().first, tensors));
  CHECK(import().second.other_keys == std::vector<std::string>{"ema"});
  CHECK(equal(import("ema").first, others));
  // Neither of two networks is the one by itself.
  both("student", "teacher");
  CHECK_THROWS_WITH(import(), Contains("several networks") && Contains("--key: teacher, student"));
  CHECK(equal(import("student").first, tensors));
  both("generator", "discriminator");
  CHECK_THROWS_WITH(import(), Contains("several networks") && Contains("--key: discriminator, generator"));
  both("student", "ema");
  CHECK(equal(import().first, tensors));
  both("first", "second");
  CHECK_THROWS_WITH(import(), Contains("several keys") && Contains("--key: second, first"));
  CHECK(equal(import("second").first, others));
  CHECK_THROWS_WITH(import("third"), Contains("key 'third'") && Contains("second, first"));
  // Lists: weights and what lies beside them, two networks, and lists in dictionaries.
  storages.clear();
  write_zip(file, std::string("(") + dictionary(tensors, storages) + "}t", storages);
  CHECK(equal(import().first, tensors));
  CHECK(import().second.key == "0");
  storages.clear();
  const std::string listed = std::string("](") + dictionary(tensors, storages) + dictionary(others, storages) + "e";
  write_zip(file, listed, storages);
  CHECK_THROWS_WITH(import(), Contains("several keys") && Contains("--key: 0, 1"));
  CHECK(equal(import("1").first, others));
  write_zip(file, std::string("}") + pickled("model") + listed + "s", storages);
  CHECK_THROWS_WITH(import(), Contains("--key: model.0, model.1"));
  CHECK(equal(import("model.1").first, others));
  // One dictionary under two keys.
  storages.clear();
  const auto once = dictionary(tensors, storages);
  write_zip(
      file,
      std::string("}") + pickled("model") + once + std::string("q\0s", 3) + pickled("best") + std::string("h\0s", 3),
      storages);
  CHECK(import().second.key == "model");
  CHECK(import("best").second.key == "best");
  // Two networks in one dictionary, and something of neither.
  storages.clear();
  auto pair = dictionary(tensors, storages, "student.");
  pair += dictionary(others, storages, "teacher.").substr(1);
  write_zip(
      file,
      std::string("}") + pickled("state_dict") + pair + pickled("loss.weight") + pickled(torch::ones({1}), "0") + "ss",
      storages);
  CHECK_THROWS_WITH(import(), Contains("several networks") && Contains("--key: student, teacher"));
  CHECK(equal(import("teacher").first, others));
  storages.clear();
  write_zip(file, dictionary(tensors, storages, "net.") + pickled("loss.weight") + pickled(torch::ones({1}), "0") + "s",
            storages);
  CHECK(equal(import().first, tensors));
  CHECK(import().second.left == std::vector<std::string>{"loss.weight"});
}

TEST_CASE("What is no dictionary of tensors is called what it is", "[backbone]") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& content, const std::string& words) {
    write_zip(folder / "w.pth", content, {});
    CHECK_THROWS_WITH(import_checkpoint(folder / "w.pth", sounds()), Contains("w.pth") && Contains(words));
  };
  refused("cmodels\nNet\n)\x81}b", "an object of models.Net");
  refused(std::string("}") + pickled("model") + "cmodels\nNet\n)\x81}bs", "its keys: model (an object of models.Net)");
  refused("}", "holds no tensors by name");
  refused("]", "holds an empty list");
  refused("](K\1}e", "holds a list, not a dictionary");
  replace_file(folder / "w.pth", testing::stored_zip({{"run/w.pth", "x"}}));
  CHECK_THROWS_WITH(import_checkpoint(folder / "w.pth", sounds()), Contains("zip archive") && Contains("run/w.pth"));
  replace_file(folder / "w.pth", std::string("\x20\0\0\0\0\0\0\0{\"a\":{}}", 16));
  CHECK_THROWS_WITH(import_checkpoint(folder / "w.pth", sounds()), Contains("safetensors"));
}

TEST_CASE("What lies beside the weights never decides, but a weight that cannot be read is named", "[backbone]") {
  const TemporaryFolder folder;
  const auto tensors = sound_tensors();
  std::vector<torch::Tensor> storages;
  const auto weights = dictionary(tensors, storages);
  const auto quantized = "ctorch._utils\n_rebuild_qtensor\n(NtR";
  const auto complex = pickled(torch::ones({1}), "0", 0, "ComplexFloatStorage");
  const auto absent = pickled(torch::ones({1}), "none");
  const auto beyond = pickled(torch::ones({1}), "0", 1'000'000);
  for (const std::string& beside : {std::string(quantized), complex, absent, beyond, std::string("(K\x01\x91"),
                                    std::string("\x96\1\0\0\0\0\0\0\0x", 10)}) {
    write_zip(folder / "w.pth", weights + pickled("extra") + beside + "s", storages);
    CHECK(equal(import_checkpoint(folder / "w.pth", sounds()), tensors));
    if (beside.front() != 'c') continue;  // no tensor
    write_zip(folder / "w.pth", weights + pickled("classifier.linear.bias") + beside + "s", storages);
    CHECK_THROWS_WITH(import_checkpoint(folder / "w.pth", sounds()),
                      Contains("tensor classifier.linear.bias") && Contains("cannot be read: "));
  }
}

TEST_CASE("A network of one kernel size gets identities for the matrices it lacks, a damaged one does not",
          "[backbone]") {
  const TemporaryFolder folder;
  auto tensors = sound_tensors();
  const auto whole = tensors;
  const auto is_matrix = [](const NamedTensor& tensor) { return tensor.first.ends_with("_matrix"); };
  std::erase_if(tensors, is_matrix);
  write_checkpoint(folder / "w.pth", tensors);
  ImportNotes notes;
  CHECK(equal(import_checkpoint(folder / "w.pth", sounds(), "", &notes), whole));  // a new one's are identities
  CHECK(notes.identities == std::vector<std::string>{"7to5_matrix", "5to3_matrix"});
  tensors = whole;
  const auto first = std::ranges::find_if(tensors, is_matrix);
  const std::string name = first->first;
  tensors.erase(first);
  write_checkpoint(folder / "w.pth", tensors);
  CHECK_THROWS_WITH(import_checkpoint(folder / "w.pth", sounds()), Contains("no tensor " + name));
}

TEST_CASE("A variance below 0, or one that is not finite, is refused by name", "[backbone]") {
  const TemporaryFolder folder;
  const std::string name = "blocks.1.conv.depth_conv.bn.bn.running_var";
  for (const float value : {-1e-6F, std::numeric_limits<float>::quiet_NaN()}) {
    auto tensors = sound_tensors();
    for (auto& [known, tensor] : tensors)
      if (known == name) tensor[2] = value;
    write_checkpoint(folder / "w.pth", tensors);
    CHECK_THROWS_WITH(import_checkpoint(folder / "w.pth", sounds()), Contains("tensor " + name));
  }
}

TEST_CASE("Tensors that are parts of one storage are read once", "[backbone]") {
  const TemporaryFolder folder;
  const auto tensors = sound_tensors();
  std::vector<torch::Tensor> flat;
  for (const auto& [name, tensor] : tensors) flat.push_back(tensor.flatten());
  flat.push_back(torch::zeros({8 << 20}));  // 32 MiB that nobody needs
  const auto storage = torch::cat(flat);
  std::string content = "}";
  std::int64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    content += pickled(name) + pickled(tensor, "0", offset) + "s";
    offset += tensor.numel();
  }
  const auto mib = static_cast<double>(storage.nbytes()) / (1 << 20);
  for (const bool zip : {true, false}) {
    if (zip)
      write_zip(folder / "w.pth", content, {storage});
    else
      write_legacy(folder / "w.pth", content, {storage});
    const testing::PeakMemory memory;
    CHECK(equal(import_checkpoint(folder / "w.pth", sounds()), tensors));
    if (const auto rise = memory.rise_mib()) CHECK(*rise < 2.5 * mib);
  }
}

TEST_CASE("Checkpoints as people have them are read, or refused with what is wrong", "[shared][backbone]") {
  const auto folder = testing::shared_data("cases/checkpoints");
  const auto pages = testing::shared_data("cases/not-what-they-seem");
  if (!folder || !pages) return;
  for (const std::string name :
       {"extras_protocol4", "key_model", "ok_legacy", "ok_plain", "ok_protocol4", "wrap_compile", "wrap_ddp_compile"}) {
    INFO(name);
    ImportNotes notes;
    CHECK(import_checkpoint(*folder / (name + ".pth.tar"), find_space("avmnist-image"), "", &notes).classes() == 10);
    CHECK(notes.left.empty());
  }
  CHECK_THROWS_WITH(import_checkpoint(*folder / "negative_variance.pth.tar", find_space("avmnist-image")),
                    Contains("running_var") && Contains("below 0"));
  CHECK_THROWS_WITH(read_checkpoint(*pages / "drive_warning.html"), Contains("is a web page"));
  CHECK_THROWS_WITH(read_checkpoint(*pages / "lfs_pointer.txt"), Contains("is a Git LFS pointer"));
  // The key names those there are.
  CHECK_THROWS_WITH(read_checkpoint(*folder / "key_model.pth.tar", "weights"),
                    Contains("'weights'") && Contains("model"));
}

TEST_CASE("A damaged checkpoint is refused in one line", "[shared][backbone]") {
  const auto checkpoint = testing::shared_data("golden/supernet_avmnist_image.pth.tar");
  if (!checkpoint) return;
  const testing::TemporaryFolder folder;
  const std::string whole = read_file(*checkpoint);
  const auto refused = [&](const std::string& bytes) {
    std::ofstream(folder / "w.pth", std::ios::binary) << bytes;
    try {
      (void)read_checkpoint(folder / "w.pth");
      return false;
    } catch (const InputError& e) {
      return std::string(e.what()).find('\n') == std::string::npos;
    }
  };
  CHECK(refused(whole.substr(0, whole.size() / 2)));
  CHECK(refused(whole.substr(0, whole.size() - 10)));
  auto changed = whole;
  for (std::size_t at = 100; at < 400; ++at) changed[at] = '\x55';  // in the pickle
  CHECK(refused(changed));
}

}  // namespace harmonic
