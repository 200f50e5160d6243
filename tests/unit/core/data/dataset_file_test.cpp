#include "core/data/dataset_file.hpp"

#include <cmath>
#include <functional>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;

/// Two train, one val and no test sample of a 2x1x2 image and a vector of 3.
DatasetContent small_content() {
  DatasetContent content;
  content.info.classes = 2;
  content.info.class_names = {"cat", "dog"};
  content.info.provenance = "typed by hand";
  content.info.modalities = {
      {.name = "image",
       .type = ElementType::uint8,
       .sample_shape = {2, 1, 2},
       .mean = {0.5F, 0.0F},
       .std = {0.5F, 1.0F}},
      {.name = "text", .type = ElementType::float32, .sample_shape = {3}, .mean = {1.0F}, .std = {2.0F}}};
  content.samples["image"][0].bytes = {0, 255, 0, 255, 51, 51, 51, 51};
  content.samples["image"][1].bytes = {255, 255, 255, 255};
  content.samples["text"][0].floats = {1, 3, 5, 7, 9, 11};
  content.samples["text"][1].floats = {1, 1, 1};
  content.class_labels = {{{0, 1}, {1}, {}}};
  content.ids = {{{"a", "b"}, {"c"}, {}}};
  return content;
}

/// A file with the content of small_content() but for what `spoil` changes.
void write_spoilt(const std::filesystem::path& path, const std::string& spoilt) {
  Hdf5File file(path, Hdf5File::Mode::create);
  const auto unless = [&](const std::string& part, const std::function<void()>& write) {
    if (part != spoilt) write();
  };
  const std::vector<float> one = {1.0F};
  const std::vector<float> none = {};
  unless("task", [&] { file.set_attribute("/", "task", std::string_view("classification")); });
  if (spoilt == "unknown task") file.set_attribute("/", "task", std::string_view("regression"));
  unless("classes", [&] { file.set_attribute("/", "classes", std::int64_t{spoilt == "no classes" ? 0 : 2}); });
  unless("labels", [&] {
    const std::vector<std::int64_t> train = {0, spoilt == "label range" ? 2 : 1};
    file.write<std::int64_t>("/label/train", train, {2});
    const std::vector<std::int64_t> val = {1};
    if (spoilt == "label rank") {
      file.write<std::int64_t>("/label/val", std::vector<std::int64_t>{1, 1}, {1, 2});
    } else {
      file.write<std::int64_t>("/label/val", val, {1});
    }
    file.write<std::int64_t>("/label/test", {}, {0});
  });
  if (spoilt == "modalities") return;
  const std::vector<float> train(12, 0.25F);
  const std::vector<float> val(6, 0.25F);
  if (spoilt == "sample rank") {
    file.write<float>("/modality/text/train", train, {2, 2, 3});
  } else if (spoilt == "train count") {
    file.write<float>("/modality/text/train", train, {3, 4});
  } else {
    file.write<float>("/modality/text/train", train, {2, 6});
  }
  if (spoilt == "sample type") {
    file.write<std::int64_t>("/modality/text/val", std::vector<std::int64_t>(6), {1, 6});
  } else if (spoilt == "sample shape") {
    file.write<float>("/modality/text/val", val, {2, 3});
  } else {
    file.write<float>("/modality/text/val", val, {1, 6});
  }
  unless("test split", [&] { file.write<float>("/modality/text/test", none, {0, 6}); });
  unless("mean", [&] { file.set_attribute("/modality/text", "mean", std::span<const float>(one)); });
  const std::vector<float> zero = {0.0F};
  const std::vector<float> two = {1.0F, 1.0F};
  unless("std", [&] {
    const auto& values = spoilt == "zero std" ? zero : spoilt == "std count" ? two : one;
    file.set_attribute("/modality/text", "std", std::span<const float>(values));
  });
  if (spoilt == "ids") file.write_texts("/id/train", {"only one"});
}

}  // namespace

TEST_CASE("A data set is read back scaled and normalised", "[data]") {
  const TemporaryFolder folder;
  write_dataset(folder / "d.h5", small_content());
  const DatasetFile data(folder / "d.h5");
  CHECK(data.info().labels == LabelKind::classification);
  CHECK(data.info().classes == 2);
  CHECK(data.info().class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(data.info().provenance == "typed by hand");
  CHECK(data.info().samples == std::array<std::size_t, 3>{2, 1, 0});
  CHECK(data.modality("image").sample_shape == std::vector<std::size_t>{2, 1, 2});
  CHECK(data.modality("image").type == ElementType::uint8);
  // Channel 0 is (x/255 - 0.5) / 0.5, channel 1 is x/255.
  CHECK(data.read_samples("image", Split::train) ==
        std::vector<float>{-1, 1, 0, 1, (0.2F - 0.5F) / 0.5F, (0.2F - 0.5F) / 0.5F, 0.2F, 0.2F});
  CHECK(data.read_samples("text", Split::train) == std::vector<float>{0, 1, 2, 3, 4, 5});
  CHECK(data.read_samples("text", Split::train, 1) == std::vector<float>{0, 1, 2});
  CHECK(data.read_samples("text", Split::train, 99).size() == 6);
  CHECK(data.read_samples("text", Split::train, 99, 1) == std::vector<float>{3, 4, 5});
  CHECK(data.read_samples("text", Split::test).empty());
  CHECK(data.read_classes(Split::train) == std::vector<std::int64_t>{0, 1});
  CHECK_THROWS_AS(data.read_label_sets(Split::train), InputError);
  CHECK_THROWS_WITH(data.modality("imgae"), Contains("did you mean image"));
}

TEST_CASE("Label sets are read back", "[data]") {
  const TemporaryFolder folder;
  auto content = small_content();
  content.info.labels = LabelKind::multilabel;
  content.label_sets = {{{0, 1, 1, 1}, {0, 0}, {}}};
  write_dataset(folder / "d.h5", content);
  const DatasetFile data(folder / "d.h5");
  CHECK(data.read_label_sets(Split::train) == std::vector<std::uint8_t>{0, 1, 1, 1});
  CHECK_THROWS_AS(data.read_classes(Split::train), InputError);
}

TEST_CASE("The test hash follows test and nothing of train and val", "[data]") {
  const TemporaryFolder folder;
  const auto hash_of = [&](const DatasetContent& content) {
    write_dataset(folder / "d.h5", content);
    return DatasetFile(folder / "d.h5").test_hash();
  };
  auto content = small_content();
  content.class_labels[2] = {1};
  content.samples["image"][2].bytes = {1, 2, 3, 4};
  content.samples["text"][2].floats = {1, 2, 3};
  content.ids[2] = {"d"};
  const auto original = hash_of(content);
  auto changed = content;
  changed.samples["image"][1].bytes[3] = 254;
  changed.class_labels[0][0] = 1;
  CHECK(hash_of(changed) == original);
  changed = content;
  changed.samples["image"][2].bytes[3] = 5;
  CHECK(hash_of(changed) != original);
  changed = content;
  changed.class_labels[2] = {0};
  CHECK(hash_of(changed) != original);
}

TEST_CASE("The training hash follows train and val and nothing else", "[data]") {
  const TemporaryFolder folder;
  const auto hash_of = [&](const DatasetContent& content) {
    write_dataset(folder / "d.h5", content);
    return DatasetFile(folder / "d.h5").training_hash();
  };
  const auto original = hash_of(small_content());
  CHECK(hash_of(small_content()) == original);
  auto changed = small_content();
  changed.info.provenance = "elsewhere";
  changed.class_labels[2] = {1};
  changed.samples["image"][2].bytes = {1, 2, 3, 4};
  changed.samples["text"][2].floats = {1, 2, 3};
  changed.ids[2] = {"d"};
  CHECK(hash_of(changed) == original);
  changed = small_content();
  changed.samples["image"][1].bytes[3] = 254;
  CHECK(hash_of(changed) != original);
  changed = small_content();
  changed.class_labels[0][0] = 1;
  CHECK(hash_of(changed) != original);
  changed = small_content();
  changed.info.modalities[1].mean = {0.5F};
  CHECK(hash_of(changed) != original);
}

TEST_CASE("A data set file that does not fit is refused, with what is wrong and where", "[data]") {
  const TemporaryFolder folder;
  write_spoilt(folder / "d.h5", "nothing");
  CHECK_NOTHROW(DatasetFile(folder / "d.h5"));
  const auto [spoilt, words] = GENERATE(table<std::string, std::vector<std::string>>({
      {"task", {"'task'"}},
      {"unknown task", {"regression"}},
      {"classes", {"'classes'"}},
      {"no classes", {"classes is 0"}},
      {"labels", {"/label", "missing"}},
      {"label range", {"/label/train", "label 2 at position 1", "0 to 1"}},
      {"label rank", {"/label/val", "(1, 2)"}},
      {"modalities", {"/modality", "missing"}},
      {"sample rank", {"/modality/text/train", "(2, 2, 3)"}},
      {"train count", {"/modality/text/train", "3 samples", "/label/train holds 2"}},
      {"sample type", {"/modality/text/val", "neither uint8 nor float32"}},
      {"sample shape", {"/modality/text/val", "(3)", "of train, (6)"}},
      {"test split", {"/modality/text/test", "missing"}},
      {"zero std", {"/modality/text", "std is not above 0"}},
      {"std count", {"/modality/text", "2 values for 6 channels"}},
      {"ids", {"/id/train", "2 samples"}},
  }));
  CAPTURE(spoilt);
  write_spoilt(folder / "d.h5", spoilt);
  try {
    const DatasetFile data(folder / "d.h5");
    FAIL("was accepted");
  } catch (const InputError& error) {
    CHECK_THAT(error.what(), Contains("d.h5"));
    for (const auto& word : words) CHECK_THAT(error.what(), Contains(word));
  }
}

TEST_CASE("Mean and std that a file lacks are those of its train split", "[data]") {
  const TemporaryFolder folder;
  auto content = small_content();
  for (auto& modality : content.info.modalities) modality.mean.clear(), modality.std.clear();
  write_dataset(folder / "d.h5", content);
  const DatasetFile data(folder / "d.h5");
  CHECK(data.modality("image").mean.empty());
  // Channel 0 of train: 0, 1, 0.2, 0.2; channel 1: 0, 1, 0.2, 0.2 (of 255).
  const auto& image = data.statistics("image");
  CHECK(image.mean[0] == Approx(0.35));
  CHECK(image.std[0] == Approx(std::sqrt((0.35 * 0.35 + 0.65 * 0.65 + 2 * 0.15 * 0.15) / 4)));
  CHECK(image.mean.size() == 2);
  CHECK(data.statistics("text").mean == std::vector<float>{4, 6, 8});
  CHECK(data.statistics("text").std == std::vector<float>{3, 3, 3});
  CHECK(data.read_samples("text", Split::train) == std::vector<float>{-1, -1, -1, 1, 1, 1});
  CHECK(data.read_samples("text", Split::val) == std::vector<float>{-1, -5.0F / 3, -7.0F / 3});
  // The same data with these written down count as the same.
  for (auto& modality : content.info.modalities) {
    modality.mean = data.statistics(modality.name).mean;
    modality.std = data.statistics(modality.name).std;
  }
  write_dataset(folder / "written.h5", content);
  CHECK(DatasetFile(folder / "written.h5").training_hash() == data.training_hash());
}

TEST_CASE("Labels that are texts become classes in alphabetical order", "[data]") {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::vector<std::string>& class_names, std::int64_t classes) {
    Hdf5File file(folder / name, Hdf5File::Mode::create);
    file.set_attribute("/", "task", std::string_view("classification"));
    if (!class_names.empty()) file.set_attribute("/", "class_names", class_names);
    if (classes > 0) file.set_attribute("/", "classes", classes);
    file.write_texts("/label/train", {"owl", "cat", "owl"});
    file.write_texts("/label/val", {"dog"});
    file.write_texts("/label/test", {"cat"});
    for (const auto& [split, n] : {std::pair{"train", 3U}, {"val", 1U}, {"test", 1U}})
      file.write<float>(fmt::format("/modality/text/{}", split), std::vector<float>(2 * n), {n, 2});
  };
  write("d.h5", {}, 0);
  const DatasetFile data(folder / "d.h5");
  CHECK(data.info().classes == 3);
  CHECK(data.info().class_names == std::vector<std::string>{"cat", "dog", "owl"});
  CHECK(data.read_classes(Split::train) == std::vector<std::int64_t>{2, 0, 2});
  CHECK(data.read_classes(Split::val) == std::vector<std::int64_t>{1});
  write("ordered.h5", {"owl", "dog", "cat"}, 3);
  CHECK(DatasetFile(folder / "ordered.h5").read_classes(Split::train) == std::vector<std::int64_t>{0, 2, 0});
  CHECK(DatasetFile(folder / "ordered.h5").training_hash() != data.training_hash());
  write("unknown.h5", {"owl", "cat"}, 0);
  CHECK_THROWS_WITH(DatasetFile(folder / "unknown.h5"), Contains("/label/val") && Contains("'dog'"));
  write("many.h5", {}, 4);
  CHECK_THROWS_WITH(DatasetFile(folder / "many.h5"), Contains("3 different texts") && Contains("classes is 4"));
}

TEST_CASE("Labels without a name, and texts that are not UTF-8, are refused with their place", "[data]") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::vector<std::string>& labels, const std::string& id, const std::string& words) {
    {
      Hdf5File file(folder / "d.h5", Hdf5File::Mode::create);
      file.set_attribute("/", "task", std::string_view("classification"));
      file.write_texts("/label/train", labels);
      for (const std::string split : {"train", "val", "test"}) {
        if (split != "train") file.write_texts("/label/" + split, {});
        file.write_texts("/id/" + split, std::vector<std::string>(split == "train" ? labels.size() : 0, id));
        file.write<float>("/modality/a/" + split, std::vector<float>(split == "train" ? 3 : 0),
                          {split == "train" ? 3U : 0U, 1});
      }
    }
    CHECK_THROWS_WITH(DatasetFile(folder / "d.h5"), Contains("d.h5") && Contains(words));
  };
  refused({"cat", "", "dog"}, "a", "/label/train: label at position 1 is empty");
  refused({"cat", "dog", "h\xe4\xdf"}, "a", "/label/train: label at position 2 is not UTF-8");
  refused({"cat", "dog", "owl"}, "h\xe4\xdf", "/id/train: id at position 0 is not UTF-8");
}

TEST_CASE("A file without `classes` is told how many its labels let on", "[data]") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::vector<double>& labels, const std::string& words) {
    {
      Hdf5File file(folder / "d.h5", Hdf5File::Mode::create);
      file.set_attribute("/", "task", std::string_view("classification"));
      file.write<double>("/label/train", labels, {labels.size()});
      file.make_group("/modality");
    }
    CHECK_THROWS_WITH(DatasetFile(folder / "d.h5"), Contains("has no attribute 'classes'") && Contains(words));
  };
  refused({1, 3, 2}, "labels are 1 to 3; count them from 0, and write f.attrs[\"classes\"] = 3");
  refused({0, 4}, "labels are 0 to 4; write f.attrs[\"classes\"] = 5");
  refused({0, 0.5}, "f.attrs[\"classes\"] = NUMBER");
}

TEST_CASE("Attributes and splits of another type are refused by their types", "[data]") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& part, const std::string& words) {
    {
      Hdf5File file(folder / "d.h5", Hdf5File::Mode::create);
      file.set_attribute("/", "task", std::string_view("classification"));
      file.set_attribute("/", "classes", std::int64_t{2});
      if (part == "classes") file.set_attribute("/", "classes", std::string_view("2"));
      if (part == "class_names") file.set_attribute("/", "class_names", std::int64_t{2});
      if (part == "task") file.set_attribute("/", "task", std::int64_t{1});
      for (const std::string split : {"train", "val", "test"}) {
        file.write<std::int64_t>("/label/" + split, std::vector<std::int64_t>{0, 1}, {2});
        if (split == "val" && part == "type")
          file.write<std::uint8_t>("/modality/a/" + split, std::vector<std::uint8_t>{0, 1}, {2, 1});
        else
          file.write<float>("/modality/a/" + split, std::vector<float>{0, 1}, {2, 1});
      }
      if (part == "mean") file.set_attribute("/modality/a", "mean", std::string_view("0.5"));
    }
    CHECK_THROWS_WITH(DatasetFile(folder / "d.h5"), Contains(words));
  };
  refused("classes", "d.h5, /: attribute 'classes' is a text, not a number; write f.attrs[\"classes\"] = 2");
  refused("class_names", "attribute 'class_names' is not a text; write f.attrs[\"class_names\"] = ");
  refused("task", "d.h5, /: attribute 'task' is not a text; write f.attrs[\"task\"] = \"classification\"");
  refused("mean", "write f[\"/modality/a\"].attrs[\"mean\"] = 0.5");
  refused("type", "/modality/a/val: is uint8, but train is float32");
}

TEST_CASE("A mean of bytes is refused: they are scaled before", "[data]") {
  const TemporaryFolder folder;
  auto content = small_content();
  content.info.modalities[0].mean = {127.5F, 0};
  CHECK_THROWS_WITH(write_dataset(folder / "d.h5", content), Contains("mean is 127.5") && Contains("/ 255"));
}

TEST_CASE("A file cut short, or without train samples, is refused", "[data]") {
  const TemporaryFolder folder;
  write_dataset(folder / "d.h5", small_content());
  std::filesystem::resize_file(folder / "d.h5", std::filesystem::file_size(folder / "d.h5") - 100);
  CHECK_THROWS_WITH(DatasetFile(folder / "d.h5"), Contains("cut short"));
  auto content = small_content();
  content.class_labels[0].clear();
  content.ids = {};
  content.samples["image"][0] = {};
  content.samples["text"][0] = {};
  CHECK_THROWS_WITH(write_dataset(folder / "e.h5", content), Contains("holds no sample"));
  CHECK_FALSE(std::filesystem::exists(folder / "e.h5"));
}

TEST_CASE("Values that are not finite are refused when they are read", "[data]") {
  const TemporaryFolder folder;
  auto content = small_content();
  content.samples["text"][1].floats[1] = std::numeric_limits<float>::quiet_NaN();
  write_dataset(folder / "d.h5", content);
  const DatasetFile data(folder / "d.h5");
  CHECK_NOTHROW(data.read_samples("text", Split::train));
  CHECK_THROWS_WITH(data.read_samples("text", Split::val), Contains("/modality/text/val") && Contains("not finite"));
}

TEST_CASE("The same content gives the same file, and a bad folder is named", "[data]") {
  const TemporaryFolder folder;
  write_dataset(folder / "first.h5", small_content());
  write_dataset(folder / "second.h5", small_content());
  CHECK(read_file(folder / "first.h5") == read_file(folder / "second.h5"));
  CHECK_THROWS_AS(write_dataset(folder / "absent" / "d.h5", small_content()), InputError);
}

TEST_CASE("HDF5 as h5py writes it is read: truth values, whole floats, columns, big-endian, gzip; lzf is named",
          "[data][shared]") {
  const auto folder = testing::shared_data("cases/hdf5");
  if (!folder) return;
  for (const std::string name : {"bool_labels", "float_labels", "ok_bigendian", "ok_gzip"}) {
    INFO(name);
    CHECK_NOTHROW((void)DatasetFile(*folder / (name + ".h5")).training_hash());
  }
  CHECK_THROWS_WITH((void)DatasetFile(*folder / "lzf.h5").training_hash(), Contains("filter lzf") && Contains("gzip"));
}

}  // namespace harmonic
