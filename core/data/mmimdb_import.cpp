#include "core/data/mmimdb_import.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/data/caffe_pixel.hpp"
#include "core/data/mmimdb_split.hpp"
#include "core/data/resize.hpp"
#include "core/data/statistics.hpp"
#include "core/data/uniform_pictures.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/npy_file.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPosterChannels = 3;
constexpr PlaneSize kPosterSize = {224, 224};
constexpr std::size_t kMostFilms = 5;  ///< films, in one message
constexpr std::string_view kMmimdbLayout =
    "give multimodal_imdb.hdf5, or the folder that holds {train,dev,test}/{image,text,label}_NNNNNN.npy";

/// As published, in falling order of frequency: what the columns are where the data does not name them.
const std::vector<std::string> kGenres = {"Drama",     "Comedy",    "Romance",     "Thriller", "Crime",    "Action",
                                          "Adventure", "Horror",    "Documentary", "Mystery",  "Sci-Fi",   "Fantasy",
                                          "Family",    "Biography", "War",         "History",  "Music",    "Animation",
                                          "Musical",   "Western",   "Sport",       "Short",    "Film-Noir"};

/// Turns a poster as it is distributed (BGR less Caffe's means, cut) into one as it is kept.
class PosterConverter {
 public:
  explicit PosterConverter(PosterForm form) : form_(form) {}

  /// Appends 3 x 224 x 224. `film` names it in messages. @throws InputError for values that are no poster's
  void append(std::vector<std::uint8_t>& out, std::span<const float> poster, PlaneSize size, const std::string& film) {
    for (std::size_t i = 0; i < kPosterChannels; ++i) {
      const std::size_t channel = form_ == PosterForm::native ? kPosterChannels - 1 - i : i;  // RGB of BGR
      const double mean = kCaffeMeans[channel];
      const auto values = poster.subspan(channel * size.area(), size.area());
      check(values, mean, film);
      append_plane(out, values, size, mean);
    }
  }

 private:
  static void check(std::span<const float> values, double mean, const std::string& film) {
    for (const float value : values)
      if (!(value >= static_cast<float>(lowest_caffe_value(mean)) &&
            value <= static_cast<float>(highest_caffe_value(mean)) && value == std::trunc(value)))
        throw InputError(
            fmt::format("the poster of {} holds {}, which is no whole number from {} to {}", film, value,
                        lowest_caffe_value(mean), highest_caffe_value(mean)),
            "these are not the published posters, whose values are BGR less Caffe's means: fetch them anew");
  }

  /// Published: resized as it is, then the nearest level; so the network sees what the published loader gives to within
  /// half a level. Native: turned back to 8 bits first.
  void append_plane(std::vector<std::uint8_t>& out, std::span<const float> values, PlaneSize size, double mean) {
    if (form_ == PosterForm::published) {
      for (const float value : resize_bilinear(values, size, kPosterSize))
        out.push_back(static_cast<std::uint8_t>(std::clamp(std::nearbyint(value + mean), 0.0, 255.0)));
      return;
    }
    plane_.clear();
    for (const float value : values) plane_.push_back(pixel_of_caffe_value(static_cast<int>(value), mean));
    for (const float value : resize_bilinear(plane_, size, kPosterSize))
      out.push_back(static_cast<std::uint8_t>(std::lround(value)));
  }

  PosterForm form_;
  std::vector<float> plane_;
};

/// Texts of all splits on their way: those that are not finite are found, and refused or zeroed.
class TextCheck {
 public:
  explicit TextCheck(MissingText rule) : rule_(rule) {}

  void take(std::span<float> text, const std::string& film) {
    if (std::ranges::all_of(text, [](float value) { return std::isfinite(value); })) return;
    missing_.push_back(film);
    std::ranges::fill(text, 0.0F);
  }
  /// @throws InputError naming the first films, unless they are to be zeroed
  void finish(const fs::path& in) const {
    if (missing_.empty()) return;
    auto named = fmt::format("{}", fmt::join(std::span(missing_).first(std::min(missing_.size(), kMostFilms)), ", "));
    if (missing_.size() > kMostFilms) named += ", …";
    if (rule_ == MissingText::refuse)
      throw InputError(
          fmt::format("{}: the text features of {} film(s) are not finite: {}", in.string(), missing_.size(), named),
          "mend them, or let --missing-text zero stand zeros in their place");
    log::warning("{}: the text features of {} film(s) are not finite, and zeros now: {}", in.string(), missing_.size(),
                 named);
  }
  [[nodiscard]] std::size_t zeroed() const { return missing_.size(); }

 private:
  MissingText rule_;
  std::vector<std::string> missing_;
};

/// Appends 0 and 1 of a film's genres. @param film says which, and of which file @throws InputError
void append_genres(std::vector<std::uint8_t>& sets, std::span<const float> genres, const std::string& film) {
  for (const float value : genres) {
    if (value != 0 && value != 1)
      throw InputError(fmt::format("a genre of {} is {} instead of 0 or 1", film, value),
                       "write 1 for each genre that the film has, 0 for the others, or fetch the file anew");
    sets.push_back(value == 1 ? 1 : 0);
  }
}

/// Mean and std of every feature, over train.
ModalityInfo describe_text(const std::vector<float>& train, std::size_t features, PosterForm form) {
  ModalityInfo text = {
      .name = "text", .type = ElementType::float32, .sample_shape = {features}, .mean = {0}, .std = {1}};
  if (form == PosterForm::published) return text;
  text.mean.clear();
  text.std.clear();
  for (std::size_t k = 0; k < features; ++k) {
    std::vector<float> column;
    for (std::size_t i = k; i < train.size(); i += features) column.push_back(train[i]);
    const Statistics statistics = statistics_of(column);
    text.mean.push_back(statistics.mean);
    text.std.push_back(statistics.std);
  }
  return text;
}

ModalityInfo describe_posters(PosterForm form) {
  ModalityInfo image = {.name = "image",
                        .type = ElementType::uint8,
                        .sample_shape = {kPosterChannels, kPosterSize.height, kPosterSize.width},
                        .mean = {},
                        .std = {}};
  if (form == PosterForm::native) return image;  // of train, once it is written
  for (const double mean : kCaffeMeans) {
    image.mean.push_back(static_cast<float>(mean / 255));
    image.std.push_back(1.0F / 255);
  }
  return image;
}

/// What the two layouts share, once texts, labels and ids are there.
void describe(DatasetContent& content, const MmimdbOptions& options, std::size_t features, const TextCheck& texts) {
  texts.finish(options.in);
  content.info.labels = LabelKind::multilabel;
  content.info.modalities = {describe_posters(options.pictures),
                             describe_text(content.samples["text"][0].floats, features, options.pictures)};
  content.info.provenance =
      fmt::format("MM-IMDB ({}), posters back to 8 bits, bilinear to 224x224, {}", options.in.filename().string(),
                  options.pictures == PosterForm::native ? "RGB (native)" : "BGR less Caffe's means (published)");
  if (texts.zeroed() > 0)
    content.info.provenance += fmt::format("; {} texts that were not finite are zeros", texts.zeroed());
}

/// Genre names, where they fit the columns. They are checked against the published ones, which rows of tables go by.
std::vector<std::string> genre_names(const Hdf5File& file, std::size_t genres) {
  std::vector<std::string> names;
  if (file.has_attribute("/genres", "target_names")) {
    const std::string text = file.attribute_text("/genres", "target_names");
    const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (json.is_array())
      for (const auto& name : json)
        if (name.is_string()) names.push_back(name.get<std::string>());
    if (names.size() != genres)
      throw InputError(fmt::format("{}, /genres: attribute 'target_names' is no JSON list of {} names",
                                   file.path().string(), genres),
                       "fetch the file anew");
  } else if (genres == kGenres.size()) {
    names = kGenres;
  }
  if (names != kGenres) log::warning("{}: the genres are not the published ones in their order", file.path().string());
  return names;
}

std::vector<std::size_t> shape_of(const Hdf5File& file, const std::string& dataset, std::size_t dimensions,
                                  std::size_t films) {
  if (!file.exists(dataset))
    throw InputError(fmt::format("{} has no data set {}", file.path().string(), dataset), kMmimdbLayout);
  auto shape = file.shape(dataset);
  if (shape.size() != dimensions || (films != 0 && shape.front() != films) || element_count(shape) == 0)
    throw InputError(fmt::format("{}, {}: shape ({}) does not fit {} films", file.path().string(), dataset,
                                 fmt::join(shape, ", "), films == 0 ? "any" : std::to_string(films)),
                     "fetch the file anew");
  return shape;
}

/// The films' ids; their row numbers, where the file has none.
std::vector<std::string> film_ids(const Hdf5File& file, std::size_t films, bool needed) {
  if (!needed && !file.exists("/imdb_ids")) {
    std::vector<std::string> ids;
    for (std::size_t row = 0; row < films; ++row) ids.push_back(fmt::format("row {}", row));
    return ids;
  }
  (void)shape_of(file, "/imdb_ids", 1, films);
  auto ids = file.read_texts("/imdb_ids");
  std::unordered_set<std::string_view> seen;
  for (const auto& id : ids)
    if (!seen.insert(id).second)
      throw InputError(fmt::format("{}, /imdb_ids: film {} is there twice", file.path().string(), id),
                       "fetch the file anew");
  return ids;
}

/// Reads rows of the posters when they are asked for: never more than a few.
class PosterRows {
 public:
  PosterRows(std::shared_ptr<const Hdf5File> file, std::array<std::vector<std::size_t>, 3> rows,
             std::vector<std::string> ids, PosterForm form)
      : file_(std::move(file)), rows_(std::move(rows)), ids_(std::move(ids)), converter_(form) {
    const auto shape = file_->shape("/images");
    size_ = {shape[2], shape[3]};
  }

  std::vector<std::uint8_t> operator()(Split split, std::size_t first, std::size_t count) {
    const auto asked = std::span(rows_[static_cast<std::size_t>(split)]).subspan(first, count);
    std::vector<std::uint8_t> out;
    out.reserve(count * kPosterChannels * kPosterSize.area());
    for (std::size_t i = 0; i < count;) {
      std::size_t end = i + 1;  // neighbours in the file are read at once
      while (end < count && asked[end] == asked[end - 1] + 1) ++end;
      const auto posters = file_->read_rows<float>("/images", asked[i], end - i);
      const std::size_t each = posters.size() / (end - i);
      for (std::size_t k = i; k < end; ++k)
        converter_.append(out, std::span(posters).subspan((k - i) * each, each), size_,
                          fmt::format("film {} (row {} of {})", ids_[asked[k]], asked[k], file_->path().string()));
      i = end;
    }
    return out;
  }

 private:
  std::shared_ptr<const Hdf5File> file_;
  std::array<std::vector<std::size_t>, 3> rows_;
  std::vector<std::string> ids_;
  PosterConverter converter_;
  PlaneSize size_;
};

DatasetContent read_file_of_films(const MmimdbOptions& options) {
  const auto file = std::make_shared<const Hdf5File>(options.in, Hdf5File::Mode::read);
  const auto posters = shape_of(*file, "/images", 4, 0);
  const std::size_t films = posters.front();
  if (posters[1] != kPosterChannels)
    throw InputError(
        fmt::format("{}, /images: shape ({}) has not 3 channels", options.in.string(), fmt::join(posters, ", ")),
        "fetch the file anew");
  const std::size_t features = shape_of(*file, "/features", 2, films)[1];
  const std::size_t genres = shape_of(*file, "/genres", 2, films)[1];
  const auto ids = film_ids(*file, films, options.split.has_value());
  const auto rows = rows_of_splits(*file, ids, options.split);
  auto texts = file->read<float>("/features");
  const auto labels = file->read<float>("/genres");
  DatasetContent content;
  content.info.classes = static_cast<int>(genres);
  content.info.class_names = genre_names(*file, genres);
  TextCheck check(options.missing_text);
  for (std::size_t split = 0; split < rows.size(); ++split) {
    for (const std::size_t row : rows[split]) {
      const std::string film = fmt::format("film {} (row {})", ids[row], row);
      const auto text = std::span(texts).subspan(row * features, features);
      check.take(text, film);
      auto& floats = content.samples["text"][split].floats;
      floats.insert(floats.end(), text.begin(), text.end());
      append_genres(content.label_sets[split], std::span(labels).subspan(row * genres, genres),
                    fmt::format("film {} (row {} of {})", ids[row], row, options.in.string()));
      content.ids[split].push_back(ids[row]);
    }
  }
  describe(content, options, features, check);
  content.streams["image"] = PosterRows(file, rows, ids, options.pictures);
  return content;
}

/// The file of a film in a folder of prepared ones.
fs::path prepared_file(const fs::path& folder, std::string_view part, std::size_t position) {
  return folder / fmt::format("{}_{:06}.npy", part, position);
}

std::size_t prepared_films(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError(fmt::format("no folder {}", folder.string()), kMmimdbLayout);
  std::map<std::string, std::size_t> counts = {{"image", 0}, {"text", 0}, {"label", 0}};
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const auto count = counts.find(name.substr(0, name.find('_')));
    if (count != counts.end() && entry.path().extension() == ".npy") ++count->second;
  }
  std::size_t films = 0;
  for (const auto& [part, count] : counts) films = std::max(films, count);
  if (films == 0) throw InputError(fmt::format("no film in {}", folder.string()), kMmimdbLayout);
  for (const auto& [part, count] : counts)  // numbers run from 0 on without gaps
    for (std::size_t position = 0; position < films; ++position)
      if (const auto path = prepared_file(folder, part, position); !fs::exists(path))
        throw InputError(fmt::format("{} is missing: of {} films there are {} files {}_NNNNNN.npy", path.string(),
                                     films, count, part),
                         "prepare the folder anew: every film has an image, a text and a label");
  return films;
}

std::vector<float> read_part(const fs::path& path, const std::vector<std::size_t>& shape) {
  const NpyArray array = NpyArray::read(path);
  if (array.shape() != shape)
    throw InputError(fmt::format("{} has shape ({}) instead of ({})", path.string(), fmt::join(array.shape(), ", "),
                                 fmt::join(shape, ", ")),
                     "prepare the folder anew");
  const auto values = array.values(0, array.size());
  return {values.begin(), values.end()};
}

DatasetContent read_folder_of_films(const MmimdbOptions& options) {
  const std::array<fs::path, 3> folders = {options.in / "train", options.in / "dev", options.in / "test"};
  std::optional<MmimdbSplit> lists;
  if (options.split) lists = read_mmimdb_split(*options.split);
  std::vector<std::size_t> text_shape, label_shape, poster_shape;
  DatasetContent content;
  TextCheck check(options.missing_text);
  for (std::size_t split = 0; split < folders.size(); ++split) {
    const fs::path& folder = folders[split];
    const std::size_t films = prepared_films(folder);
    if (lists && lists->ids[split].size() != films)
      throw InputError(fmt::format("{} holds {} films, but {} lists {}", folder.string(), films,
                                   options.split->string(), lists->ids[split].size()),
                       "give the split that the folder was prepared with, or none");
    if (split == 0) {
      text_shape = NpyArray::read(prepared_file(folder, "text", 0)).shape();
      label_shape = NpyArray::read(prepared_file(folder, "label", 0)).shape();
      poster_shape = NpyArray::read(prepared_file(folder, "image", 0)).shape();
      if (text_shape.size() != 1 || label_shape.size() != 1 || poster_shape.size() != 3 ||
          poster_shape[0] != kPosterChannels)
        throw InputError(
            fmt::format("the first film of {} has no text (F), label (G) and image (3, H, W)", folder.string()),
            "prepare the folder anew");
    }
    for (std::size_t position = 0; position < films; ++position) {
      const fs::path path = prepared_file(folder, "text", position);
      auto text = read_part(path, text_shape);
      check.take(text, path.string());
      auto& floats = content.samples["text"][split].floats;
      floats.insert(floats.end(), text.begin(), text.end());
      const fs::path label = prepared_file(folder, "label", position);
      append_genres(content.label_sets[split], read_part(label, label_shape), label.string());
      content.ids[split].push_back(lists ? lists->ids[split][position]
                                         : fmt::format("{}/{:06}", folder.filename().string(), position));
    }
  }
  content.info.classes = static_cast<int>(label_shape[0]);
  if (label_shape[0] == kGenres.size()) content.info.class_names = kGenres;
  describe(content, options, text_shape[0], check);
  content.streams["image"] = [folders, poster_shape, converter = PosterConverter(options.pictures)](
                                 Split split, std::size_t first, std::size_t count) mutable {
    std::vector<std::uint8_t> out;
    for (std::size_t position = first; position < first + count; ++position) {
      const fs::path path = prepared_file(folders[static_cast<std::size_t>(split)], "image", position);
      converter.append(out, read_part(path, poster_shape), {poster_shape[1], poster_shape[2]}, path.string());
    }
    return out;
  };
  return content;
}

/// Of a poster as it is kept: every channel of one single value.
bool has_flat_planes(std::span<const std::uint8_t> poster) {
  for (; !poster.empty(); poster = poster.subspan(kPosterSize.area()))
    if (std::ranges::any_of(poster.first(kPosterSize.area()), [&](auto level) { return level != poster.front(); }))
      return false;
  return true;
}

class MmimdbImporter final : public Importer {
 public:
  void declare(OptionSet& options) override {
    options.add("in", in_, "multimodal_imdb.hdf5, or the folder of its films as npy files").required();
    options.add("split", split_, "JSON with the ids of train, dev and test; without it a film's row decides");
    options.add_choice("pictures", options_.pictures,
                       {{"native", PosterForm::native}, {"published", PosterForm::published}},
                       "native: RGB, normalised by train's own; published: BGR less Caffe's means, texts as they are, "
                       "for the published checkpoints");
    options.add_choice("missing-text", options_.missing_text,
                       {{"refuse", MissingText::refuse}, {"zero", MissingText::zero}},
                       "what becomes of text features that are not finite");
  }
  [[nodiscard]] std::vector<OptionFile> inputs() const override { return {{"in", in_}, {"split", split_}}; }
  [[nodiscard]] DatasetContent read(const SamplesRead& tell) const override {
    MmimdbOptions options = options_;
    options.in = in_;
    if (!split_.empty()) options.split = split_;
    auto content = read_mmimdb(options);
    const std::size_t films = content.ids[0].size() + content.ids[1].size() + content.ids[2].size();
    auto& posters = content.streams.at("image");
    posters = [posters, tell, films, ids = content.ids, uniform = UniformPictures(), read = std::size_t{0}](
                  Split split, std::size_t first, std::size_t count) mutable {
      auto made = posters(split, first, count);
      const std::size_t each = kPosterChannels * kPosterSize.area();
      for (std::size_t i = 0; i < count; ++i)
        if (has_flat_planes(std::span(made).subspan(i * each, each)))
          uniform.add(fmt::format("that of film {}", ids[index_of(split)][first + i]));
      tell(read += count, films);
      if (read == films) uniform.report();
      return made;
    };
    return content;
  }

 private:
  std::string in_, split_;
  MmimdbOptions options_;
};

}  // namespace

DatasetContent read_mmimdb(const MmimdbOptions& options) {
  return fs::is_directory(options.in) ? read_folder_of_films(options) : read_file_of_films(options);
}

std::unique_ptr<Importer> make_mmimdb_importer() {
  return std::make_unique<MmimdbImporter>();
}

}  // namespace harmonic
