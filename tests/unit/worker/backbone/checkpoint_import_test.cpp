#include "worker/backbone/checkpoint_import.hpp"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/hdf5_file.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/backbone/checkpoint_file.hpp"

namespace harmonic {
namespace {

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

/// A dictionary of float tensors as torch.save wrote it before 1.6.
void write_checkpoint(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors) {
  std::string content = "\x80\x02}", keys = "\x80\x02]", storages;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, tensor] = tensors[i];
    const std::int64_t elements = tensor.numel();
    content += pickled(name) + "ctorch._utils\n_rebuild_tensor_v2\n((" + pickled("storage") + "ctorch\nFloatStorage\n" +
               pickled(std::to_string(i)) + pickled("cpu") + pickled(elements) + "NtQ" + pickled(std::int64_t{0}) +
               pickled(tensor.sizes()) + pickled(tensor.strides()) + "\x89}tRs";
    keys += pickled(std::to_string(i)) + "a";
    storages.append(reinterpret_cast<const char*>(&elements), sizeof elements);
    storages.append(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes());
  }
  const std::string head = std::string("\x80\x02K\x01.\x80\x02K\x01.", 10) + "\x80\x02}.";
  std::ofstream(path, std::ios::binary) << head << content << "." << keys << "." << storages;
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
  std::vector<std::string> left;
  (void)import_checkpoint(folder / "w.pth", find_space("avmnist-audio"), &left);
  CHECK(left == std::vector<std::string>{"blocks.9.conv.x.weight"});
}

TEST_CASE("All published spellings of a tensor's name come to one", "[backbone]") {
  const std::string expected = "blocks.3.conv.depth_conv.bn.weight";
  for (const auto* name : {"blocks.3.conv.depth_conv.bn.weight", "blocks.3.conv.depth_conv.bn.bn.weight",
                           "module.blocks.3.mobile_inverted_conv.depth_conv.bn.bn.weight",
                           "blocks.3.mobile_inverted_conv.depth_conv.bn.weight"})
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
  std::vector<std::string> left;
  const Supernet supernet = import_checkpoint(*checkpoint, find_space("avmnist-image"), &left);
  CHECK(supernet.classes() == 10);
  CHECK(left.empty());
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
  const auto tensors = read_checkpoint(folder / "w.pth");
  REQUIRE(tensors.contains("w"));
  CHECK(torch::equal(tensors.at("w"), torch::tensor({{1.0F, 3.0F}, {2.0F, 4.0F}})));
  for (const std::size_t size : {file.size() - 3, file.size() / 2, std::size_t{7}, std::size_t{0}}) {
    std::ofstream(folder / "cut.pth", std::ios::binary) << file.substr(0, size);
    CHECK_THROWS_WITH(read_checkpoint(folder / "cut.pth"), Catch::Contains("cut.pth") && Catch::Contains("damaged"));
  }
}

TEST_CASE("A checkpoint whose values hold each other, or are larger than its data, is refused at once", "[backbone]") {
  const testing::TemporaryFolder folder;
  const std::string head = std::string("\x80\x02K\x01.\x80\x02K\x01.", 10) + "\x80\x02}.";
  const auto read = [&](const std::string& content) {
    std::ofstream(folder / "w.pth", std::ios::binary) << head << content << "].";
    return read_checkpoint(folder / "w.pth");
  };
  // A parameter of itself.
  CHECK(read(std::string("}U\x01wctorch._utils\n_rebuild_parameter\n]q\0Rq\1h\0h\1a0s.", 51)).empty());
  std::string doubled = std::string("]q\0000", 4);  // a list of two lists of two lists of …
  for (char level = 0; level < 60; ++level)
    doubled += std::string("](h") + level + "h" + level + "eq" + static_cast<char>(level + 1) + "0";
  CHECK(read(doubled + "}U\x01wh<s.").empty());
  // 2^60 elements, all of them the same one.
  const std::vector<std::int64_t> sizes = {1 << 30, 1 << 30}, strides = {0, 0};
  const std::string tensor = "ctorch._utils\n_rebuild_tensor_v2\n((" + pickled("storage") + "ctorch\nFloatStorage\n" +
                             pickled("0") + "tQ" + pickled(std::int64_t{0}) + pickled(sizes) + pickled(strides) + "tR";
  const std::string storage("\1\0\0\0\0\0\0\0four", 12);
  std::ofstream(folder / "w.pth", std::ios::binary)
      << head << "}U\x01w" << tensor << "s.](" << pickled("0") << "e." << storage;
  CHECK_THROWS_WITH(read_checkpoint(folder / "w.pth"), Catch::Contains("beyond its data"));
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
