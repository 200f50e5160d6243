#include "core/data/dataset_structure.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kSeeLayout = "configs/README.md shows the layout";

std::string shape_text(const std::vector<std::size_t>& shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

bool are_whole(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double value) { return value == std::floor(value); });
}

/// How samples of this shape become (N, C, H, W) or (N, F).
std::string shape_remedy(const std::vector<std::size_t>& shape) {
  if (shape.size() == 3) return "maps have channels: write x[:, None, :, :] for one; vectors: x.reshape(len(x), -1)";
  if (shape.size() == 1) return "write x[:, None] for vectors of one number";
  return "write x.reshape(len(x), -1) for vectors";
}

/// As NumPy calls it.
std::string_view type_text(ElementType type) {
  switch (type) {
    case ElementType::uint8:
      return "uint8";
    case ElementType::int64:
      return "int64";
    case ElementType::float32:
      return "float32";
    case ElementType::float64:
      return "float64";
  }
  return "";
}

/// Reads and checks the structure of a file, part by part.
class StructureReader {
 public:
  StructureReader(const Hdf5File& file, std::vector<std::string>* problems) : file_(file), problems_(problems) {}

  DatasetInfo read() {
    require("/label");
    require("/modality");
    text_labels_ = file_.exists(labels_path(Split::train)) && file_.is_text(labels_path(Split::train));
    part([&] { read_root(); });
    if (text_labels_) part([&] { read_text_labels(); });
    for (const Split split : kSplits) part([&] { read_labels(split); });
    if (counted_[0] && info_.samples[0] == 0) part([&] { fail("/label/train", "holds no sample", "add some"); });
    for (const auto& name : file_.members("/modality"))
      part([&] {
        info_.modalities.push_back(read_modality(name));
        part([&] { read_statistics(info_.modalities.back()); });
      });
    if (file_.members("/modality").empty()) part([&] { fail("/modality", "holds no modality", kSeeLayout); });
    for (const Split split : kSplits) part([&] { check_ids(split); });
    return std::move(info_);
  }

 private:
  /// Of what does not depend on the parts before: its problem is told, or thrown where nobody asks for all.
  template <class Body>
  void part(Body body) {
    if (problems_ == nullptr) return body();
    try {
      body();
    } catch (const InputError& e) {
      problems_->emplace_back(e.what());
    }
  }

  [[noreturn]] void fail(std::string_view object, std::string_view problem, std::string_view mend) const {
    throw InputError(fmt::format("{}, {}: {}", file_.path().string(), object, problem), mend);
  }

  void require(const std::string& object) const {
    if (!file_.exists(object)) fail(object, "is missing; this is not a data set file of harmonic", kSeeLayout);
  }

  void read_root() {
    if (!file_.has_attribute("/", "task"))
      fail("/", "has no attribute 'task'", R"(write f.attrs["task"] = "classification", or "multilabel")");
    try {
      info_.labels = value_of(kLabelKinds, file_.attribute_text("/", "task"), "task");
    } catch (const ContentError&) {
      fail("/", "attribute 'task' is not a text", R"(write f.attrs["task"] = "classification", or "multilabel")");
    } catch (const InputError& e) {
      fail("/", e.problem(), R"(write f.attrs["task"] = "classification", or "multilabel")");
    }
    if (file_.has_attribute("/", "provenance")) info_.provenance = file_.attribute_text("/", "provenance");
    if (file_.has_attribute("/", "class_names")) {
      auto names = file_.attribute_texts("/", "class_names");
      check_names("/", "class name", names);
      info_.class_names = std::move(names);
    }
    if (!file_.has_attribute("/", "classes")) {
      if (text_labels_) return;  // which tell it
      fail_without_classes();
    }
    const std::int64_t classes = file_.attribute_int("/", "classes");
    const std::int64_t fewest = info_.labels == LabelKind::multilabel ? 1 : 2;
    if (classes < fewest || classes > 1'000'000)
      fail("/", fmt::format("classes is {}", classes), fmt::format("it is a number from {} to 1000000", fewest));
    info_.classes = static_cast<int>(classes);
    if (!info_.class_names.empty() && info_.class_names.size() != static_cast<std::size_t>(classes))
      fail("/", fmt::format("{} class_names for {} classes", info_.class_names.size(), classes),
           "name every class, or leave class_names out");
  }

  /// The different labels of all splits; none where they are not one number a sample.
  std::set<double> label_values() const {
    std::set<double> seen;
    for (const Split split : kSplits) {
      const auto path = labels_path(split);
      if (!file_.exists(path) || file_.shape(path).size() != 1) continue;
      try {
        const auto labels = file_.read<double>(path);
        seen.insert(labels.begin(), labels.end());
      } catch (const InputError&) {
        return {};  // which read_labels tells of
      }
    }
    return seen;
  }

  /// Says what the labels let on; they are then checked against it.
  [[noreturn]] void fail_without_classes() {
    constexpr std::string_view kMissing = "has no attribute 'classes'";
    const auto train = labels_path(Split::train);
    const auto seen = label_values();
    if (const auto shape = file_.exists(train) ? file_.shape(train) : std::vector<std::size_t>{};
        info_.labels == LabelKind::multilabel && shape.size() == 2)
      fail("/", kMissing, fmt::format("write how many there are: f.attrs[\"classes\"] = {}", shape.back()));
    if (seen.size() < 2 || !are_whole({seen.begin(), seen.end()}))
      fail("/", kMissing, R"(write how many there are: f.attrs["classes"] = NUMBER)");
    const double first = *seen.begin(), last = *seen.rbegin();
    info_.classes = static_cast<int>(first == 0 ? std::min(last + 1, 1e6) : static_cast<double>(seen.size()));
    fail("/", fmt::format("{}; labels are {} to {}", kMissing, first, last),
         fmt::format("{}write f.attrs[\"classes\"] = {}", first == 0 ? "" : "count them from 0, and ", info_.classes));
  }

  void check_utf8(std::string_view object, std::string_view what, const std::vector<std::string>& texts) const {
    const auto wrong = std::ranges::find_if_not(texts, is_utf8);
    if (wrong != texts.end())
      fail(object, fmt::format("{} at position {} is not UTF-8 (Latin-1?)", what, wrong - texts.begin()),
           R"(write texts of Python, which h5py stores as UTF-8: b.decode("latin1") of bytes b)");
  }

  /// @param names of classes @param what each is: "label"
  void check_names(std::string_view object, std::string_view what, const std::vector<std::string>& names) const {
    check_utf8(object, what, names);
    const auto empty = std::ranges::find_if(names, [](const std::string& name) { return trim(name).empty(); });
    if (empty != names.end())
      fail(object, fmt::format("{} at position {} is empty", what, empty - names.begin()),
           "write a name, or leave those samples out");
  }

  /// What classes there are, where labels are their names.
  void read_text_labels() {
    if (info_.labels == LabelKind::multilabel)
      fail("/label/train", "holds texts, but task is multilabel", "write an (N, classes) array of 0 and 1, uint8");
    std::set<std::string> names;
    for (const Split split : kSplits) {
      const auto path = labels_path(split);
      if (!file_.exists(path) || !file_.is_text(path)) continue;
      const auto texts = file_.read_texts(path);
      check_names(path, "label", texts);
      names.insert(texts.begin(), texts.end());
    }
    if (!info_.class_names.empty()) {
      info_.classes = static_cast<int>(info_.class_names.size());
      return;
    }
    if (info_.classes > 0 && names.size() != static_cast<std::size_t>(info_.classes))
      fail("/label", fmt::format("holds {} different texts, but classes is {}", names.size(), info_.classes),
           "mend the labels, or leave classes out");
    if (names.size() < 2)
      fail("/label", fmt::format("holds {} different texts", names.size()), "two classes are the least");
    info_.class_names.assign(names.begin(), names.end());
    info_.classes = static_cast<int>(names.size());
  }

  void read_labels(Split split) {
    const std::string path = labels_path(split);
    if (!file_.exists(path)) fail(path, "is missing", "write it, or an empty array where the split has no samples");
    const auto shape = file_.shape(path);
    const auto classes = static_cast<std::size_t>(info_.classes);
    if (info_.labels == LabelKind::multilabel) {
      if (shape.size() != 2 || (classes > 0 && shape.back() != classes))
        fail(path, fmt::format("has shape {} instead of (N, {})", shape_text(shape), classes),
             "write a row a sample and a column a class, of 0 and 1");
    } else if (shape.size() != 1 && (shape.size() != 2 || shape.back() != 1)) {  // a column is as good as a list
      fail(
          path, fmt::format("has shape {} instead of (N)", shape_text(shape)),
          R"(write one class a sample, y.argmax(1) of rows with a single 1; for several a sample f.attrs["task"] = "multilabel")");
    }
    info_.samples[index_of(split)] = shape.front();
    counted_[index_of(split)] = true;
    if (shape.front() == 0) return;
    if (file_.is_text(path) != text_labels_)
      fail(path, "holds texts where another split holds numbers, or the other way round", "write all as texts");
    if (!text_labels_)
      if (const auto type = type_of(path);
          type != ElementType::uint8 && type != ElementType::int64 && !are_whole(file_.read<double>(path)))
        fail(path, "does not hold whole numbers", R"(write y.astype("int64"), or names of classes as texts)");
    if (classes == 0) return;
    const std::int64_t bound = info_.labels == LabelKind::multilabel ? 2 : info_.classes;
    const auto labels = text_labels_ ? read_class_labels(file_, info_, split) : file_.read<std::int64_t>(path);
    const auto wrong = std::ranges::find_if(labels, [&](std::int64_t label) { return label < 0 || label >= bound; });
    if (wrong != labels.end())
      fail(path, fmt::format("label {} at position {} is not in 0 to {}", *wrong, wrong - labels.begin(), bound - 1),
           bound == info_.classes ? "classes are counted from 0; mend the label, or f.attrs[\"classes\"]"
                                  : "write 1 where the sample is of the class, else 0");
  }

  ElementType type_of(const std::string& path) const {
    if (file_.is_text(path)) fail(path, "holds texts", R"(write numbers, x.astype("float32"))");
    return file_.type(path);
  }

  /// float64 is read as float32.
  ElementType sample_type(const std::string& path) const {
    const auto type = type_of(path);
    return type == ElementType::float64 ? ElementType::float32 : type;
  }

  ModalityInfo read_modality(const std::string& name) {
    ModalityInfo modality;
    if (!is_utf8(name)) fail("/modality", "a modality's name is not UTF-8 (Latin-1?)", "name it in ASCII");
    modality.name = name;
    for (const Split split : kSplits) {
      const std::string path = samples_path(name, split);
      if (!file_.exists(path)) fail(path, "is missing", "write it, or an empty array of samples of the same shape");
      const auto type = sample_type(path);  // before the shape, which that of ragged rows is not
      const auto shape = file_.shape(path);
      if (shape.size() != 2 && shape.size() != 4)
        fail(path, fmt::format("has shape {} instead of (N, C, H, W) or (N, F)", shape_text(shape)),
             shape_remedy(shape));
      const std::vector<std::size_t> sample(shape.begin() + 1, shape.end());
      if (element_count(sample) == 0)
        fail(path, fmt::format("has shape {}, with empty samples", shape_text(shape)), "leave the modality out");
      if (type != ElementType::uint8 && type != ElementType::float32)
        fail(path, "is neither uint8 nor float32 or float64",
             R"(write x.astype("float32"); or uint8 of values 0 to 255)");
      if (split == Split::train) {
        modality.sample_shape = sample;
        modality.type = type;
      } else if (sample != modality.sample_shape) {
        fail(path,
             fmt::format("samples of shape {} differ from those of train, {}", shape_text(sample),
                         shape_text(modality.sample_shape)),
             "write all splits alike");
      } else if (type != modality.type) {
        fail(path, fmt::format("is {}, but train is {}", type_text(type), type_text(modality.type)),
             "write all splits alike");
      }
      const std::size_t labels = info_.samples[index_of(split)];
      if (counted_[index_of(split)] && shape.front() != labels)
        fail(path, fmt::format("holds {} samples, but {} holds {}", shape.front(), labels_path(split), labels),
             "sample i of every modality belongs to label i");
    }
    return modality;
  }

  void read_statistics(ModalityInfo& modality) const {
    const std::string group = "/modality/" + modality.name;
    const auto mean = read_statistic(modality, "mean"), std = read_statistic(modality, "std");
    if (std::ranges::any_of(std, [](float value) { return value <= 0; }))
      fail(group, "std is not above 0 everywhere", "write 1 where nothing varies, or leave std out");
    for (const auto& [name, values] : {std::pair{"mean", &mean}, {"std", &std}})
      if (const auto wrong = std::ranges::find_if(
              *values, [&](float v) { return modality.type == ElementType::uint8 && (v < 0 || v > 1); });
          wrong != values->end())
        fail(group, fmt::format("{} is {}, but uint8 is scaled from 0-255 to 0-1 before", name, *wrong),
             fmt::format("write {} / 255, or leave it out: it is then computed from train", name));
    modality.mean = mean;
    modality.std = std;
  }

  /// Empty where it is absent.
  std::vector<float> read_statistic(const ModalityInfo& modality, const std::string& attribute) const {
    const std::string group = "/modality/" + modality.name;
    if (!file_.has_attribute(group, attribute)) return {};
    auto values = file_.attribute_floats(group, attribute);
    const std::size_t channels = modality.sample_shape.front();
    const bool is_vector = modality.sample_shape.size() == 1;
    const std::string mend = fmt::format("leave {} out: it is then computed from train", attribute);
    if (values.size() != channels && !(is_vector && values.size() == 1))
      fail(group, fmt::format("{} holds {} values for {} channels", attribute, values.size(), channels), mend);
    if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
      fail(group, fmt::format("{} is not finite", attribute), mend);
    return values;
  }

  void check_ids(Split split) const {
    const std::string path = ids_path(split);
    if (!file_.exists(path) || !counted_[index_of(split)]) return;
    const auto shape = file_.shape(path);
    if (shape.size() != 1 || shape.front() != info_.samples[index_of(split)])
      fail(path, fmt::format("has shape {} for {} samples", shape_text(shape), info_.samples[index_of(split)]),
           "name every sample, or leave /id out");
    if (file_.is_text(path)) check_utf8(path, "id", file_.read_texts(path));
  }

  const Hdf5File& file_;
  std::vector<std::string>* problems_;
  DatasetInfo info_;
  bool text_labels_ = false;
  std::array<bool, 3> counted_{};  ///< splits whose labels say how many samples there are
};

}  // namespace

std::string samples_path(std::string_view modality, Split split) {
  return fmt::format("/modality/{}/{}", modality, to_text(split));
}

std::string labels_path(Split split) {
  return "/label/" + to_text(split);
}

std::string ids_path(Split split) {
  return "/id/" + to_text(split);
}

DatasetInfo read_structure(const Hdf5File& file, std::vector<std::string>* problems) {
  return StructureReader(file, problems).read();
}

std::vector<std::int64_t> read_class_labels(const Hdf5File& file, const DatasetInfo& info, Split split) {
  const auto path = labels_path(split);
  if (!file.is_text(path)) return file.read<std::int64_t>(path);
  std::map<std::string, std::int64_t, std::less<>> index;
  for (const auto& name : info.class_names) index.emplace(name, static_cast<std::int64_t>(index.size()));
  const auto texts = file.read_texts(path);
  std::vector<std::int64_t> labels;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto found = index.find(texts[i]);
    if (found == index.end())
      throw InputError(fmt::format("{}, {}: label '{}' at position {} is none of class_names", file.path().string(),
                                   path, texts[i], i),
                       "name it there, or leave class_names out: they are then the labels in alphabetical order");
    labels.push_back(found->second);
  }
  return labels;
}

}  // namespace harmonic
