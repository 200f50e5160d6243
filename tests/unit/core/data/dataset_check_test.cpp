#include "core/data/dataset_check.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "core/base/text.hpp"
#include "core/data/dataset_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;

/// Two samples a split of a 1x2x2 map and a vector of 2.
DatasetContent content() {
  DatasetContent made;
  made.info.classes = 2;
  made.info.modalities = {{.name = "map", .sample_shape = {1, 2, 2}, .mean = {}, .std = {}},
                          {.name = "text", .sample_shape = {2}, .mean = {}, .std = {}}};
  for (std::size_t split = 0; split < 3; ++split) {
    made.class_labels.at(split) = {0, 1};
    made.samples["map"].at(split).floats = {1, 2, 3, 4, 5, 6, 7, 8};
    made.samples["text"].at(split).floats = {1, 2, 3, 4};
  }
  return made;
}

std::string problems_of(const DatasetContent& made) {
  const TemporaryFolder folder;
  write_dataset(folder / "d.h5", made);
  return join(dataset_problems(folder / "d.h5"), "\n");
}

}  // namespace

TEST_CASE("Of a data set that fits nothing is said", "[data]") {
  CHECK(problems_of(content()).empty());
}

TEST_CASE("All that training would refuse is said at once, with how to mend it", "[data]") {
  auto made = content();
  made.samples["map"][1].floats[5] = std::nanf("");
  made.samples["text"][2].floats[0] = INFINITY;
  made.info.modalities[1].mean = {1000};
  made.info.modalities[1].std = {1};
  const auto problems = problems_of(made);
  CHECK_THAT(problems, Contains("/modality/map/val: sample 1 holds a value that is not finite"));
  CHECK_THAT(problems, Contains("/modality/text/test: sample 0") && Contains("nan_to_num"));
  CHECK_THAT(problems, Contains("/modality/text: by its mean and std") && Contains("mean = 2,3") && Contains("leave"));
  made = content();
  made.info.modalities[0].sample_shape = {1, 1, 4};
  CHECK_THAT(problems_of(made), Contains("(1, 1, 4)") && Contains("not square") && Contains("crop or pad"));
  made.info.modalities[0].sample_shape = {2, 2, 1};
  CHECK_THAT(problems_of(made), Contains("channels come first"));
}

TEST_CASE("A split on another scale than train is named, with how far it is away", "[data]") {
  auto made = content();
  for (std::size_t split = 0; split < 3; ++split) {
    made.class_labels.at(split).clear();
    made.samples["map"].at(split).floats.clear();
    made.samples["text"].at(split).floats.clear();
    for (int i = 0; i < 12; ++i) {
      const auto x = static_cast<float>(i);
      made.class_labels.at(split).push_back(i % 2);
      made.samples["map"].at(split).floats.insert(made.samples["map"].at(split).floats.end(), {x, 1 - x, x, 3});
      made.samples["text"].at(split).floats.insert(made.samples["text"].at(split).floats.end(), {x, -x});
    }
  }
  CHECK(problems_of(made).empty());
  for (float& value : made.samples["text"][1].floats) value *= 1000;
  const auto problems = problems_of(made);
  CHECK_THAT(problems, Contains("/modality/text: samples of val") && Contains("1e+03 times") && Contains("same unit"));
  CHECK_THAT(problems, !Contains("/modality/map"));
}

TEST_CASE("What published networks read as it is counts as scaled", "[data]") {
  auto made = content();
  made.info.modalities[0] = {
      .name = "map",
      .type = ElementType::uint8,
      .sample_shape = {3, 1, 1},
      .mean = {static_cast<float>(103.939 / 255), static_cast<float>(116.779 / 255), static_cast<float>(123.68 / 255)},
      .std = {1.0F / 255, 1.0F / 255, 1.0F / 255}};
  made.info.modalities[1] = {.name = "text", .sample_shape = {77}, .mean = {0}, .std = {1}};
  for (std::size_t split = 0; split < 3; ++split) {
    made.samples["map"].at(split) = {.bytes = {0, 10, 20, 250, 240, 230}, .floats = {}};
    made.samples["text"].at(split).floats.assign(2 * 77, 20'000);
    made.samples["text"].at(split).floats[0] = 49'406;
  }
  CHECK(problems_of(made).empty());
  made.info.modalities[0].mean[0] = 0;
  made.info.modalities[1].mean = {1};
  CHECK_THAT(problems_of(made), Contains("/modality/map: by its mean") && Contains("/modality/text: by its mean"));
}

TEST_CASE("Every part of a file whose structure is wrong is named", "[data]") {
  const TemporaryFolder folder;
  {
    Hdf5File file(folder / "d.h5", Hdf5File::Mode::create);
    file.write<double>("/label/train", std::vector<double>{0, 1}, {2});
    file.write<std::int64_t>("/label/val", std::vector<std::int64_t>{0}, {1});
    file.write<std::int64_t>("/modality/a/train", std::vector<std::int64_t>(6), {2, 3});
    file.write<float>("/modality/b/train", std::vector<float>(8), {2, 2, 2});
  }
  const auto problems = join(dataset_problems(folder / "d.h5"), "\n");
  CHECK_THAT(problems, Contains("no attribute 'task'") && Contains("f.attrs[\"task\"]"));
  CHECK_THAT(problems, Contains("/label/test: is missing"));
  CHECK_THAT(problems, Contains("/modality/a/train: is neither uint8 nor float32") && Contains("astype"));
  CHECK_THAT(problems, Contains("/modality/b/train: has shape (2, 2, 2)"));
}

TEST_CASE("A class without a sample in a split is named", "[data]") {
  auto made = content();
  made.info.class_names = {"cat", "dog"};
  made.class_labels[0] = {1, 1};
  made.class_labels[2] = {0, 0};
  const auto problems = problems_of(made);
  CHECK_THAT(problems, Contains("/label/train: no sample of class cat: it is never learnt") &&
                           Contains("/label/test: no sample of class dog") && !Contains("/label/val"));
  made.info.labels = LabelKind::multilabel;
  for (auto& sets : made.label_sets) sets = {1, 0, 1, 1};
  made.label_sets[1] = {1, 0, 1, 0};
  CHECK_THAT(problems_of(made), Contains("/label/val: no sample of class dog") && !Contains("/label/train"));
}

TEST_CASE("A modality that is the same in every sample is named, and one that is not is none", "[data]") {
  auto made = content();
  made.samples["text"][0].floats = {1, 2, 1, 2};
  CHECK_THAT(problems_of(made), Contains("/modality/text: all samples of train are the same") && !Contains("/map"));
  made.samples["text"][0].floats = {1, 2, 2, 1};
  CHECK(problems_of(made).empty());
}

TEST_CASE("Samples and ids in two splits, and classes alike but for case or blanks, are warned of", "[data]") {
  const TemporaryFolder folder;
  const auto warnings_of = [&](const DatasetContent& made) {
    write_dataset(folder / "d.h5", made);
    return join(dataset_warnings(folder / "d.h5"), "\n");
  };
  auto made = content();
  CHECK_THAT(warnings_of(made), Contains("4 samples of val and test are in another split"));
  for (std::size_t split = 0; split < 3; ++split)
    for (float& value : made.samples["text"].at(split).floats) value += static_cast<float>(split);
  made.ids = {{{"a", "b"}, {"c", "d"}, {"e", "f"}}};
  made.info.class_names = {"no", "yes"};
  CHECK(warnings_of(made).empty());
  made.ids[2] = {"d", "a"};
  made.info.class_names = {"yes", "Yes "};
  CHECK_THAT(warnings_of(made), Contains("/id: 2 ids of val and test") && Contains("the first 'd'") &&
                                    Contains("classes 'yes' and 'Yes '"));
}

}  // namespace harmonic
