#include "core/storage/hdf5_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <hdf5.h>

#include "core/base/error.hpp"
#include "core/storage/foreign_content.hpp"

namespace harmonic {
namespace {

static_assert(sizeof(hid_t) == sizeof(std::int64_t));

constexpr std::size_t kChunkBytes = 256U << 10U;  ///< of a data set, about: what has a checksum of its own

/// An HDF5 identifier with one owner.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  [[nodiscard]] hid_t get() const { return id_; }
  [[nodiscard]] bool valid() const { return id_ >= 0; }

 private:
  hid_t id_;
  Close close_;
};

/// The library for as long as this lives, for this thread alone: it knows no threads, or is built as if there were one.
class Library {
 public:
  Library() : lock_(mutex()) {
    // It would print its own stack of errors; ours says it in one line. Kept per thread by the library.
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }

 private:
  static std::recursive_mutex& mutex() {
    static std::recursive_mutex only;
    return only;
  }
  std::lock_guard<std::recursive_mutex> lock_;
};

std::string place(const Hdf5File& file, const std::string& object) {
  return fmt::format("{}, {}", file.path().string(), object);
}

/// What the library's last failure came from, as far as its stack of errors tells.
struct Cause {
  int system_error = 0;   ///< errno; 0: no call of the system failed
  bool lock = false;      ///< the failed call was that for a lock
  bool checksum = false;  ///< bytes are not those that were written
  bool version = false;   ///< a form that this library does not know
};

/// To be asked before the next call of the library, which forgets the last one's errors.
Cause last_cause() {
  const auto collect = [](unsigned, const H5E_error2_t* entry, void* out) -> herr_t {
    const std::string_view text = entry->desc == nullptr ? "" : entry->desc;
    auto& cause = *static_cast<Cause*>(out);
    constexpr std::string_view kSystem = "errno = ";
    if (const auto at = text.find(kSystem); at != std::string_view::npos && cause.system_error == 0) {
      std::from_chars(text.data() + at + kSystem.size(), text.data() + text.size(), cause.system_error);
      cause.lock = text.starts_with("unable to lock");
    }
    cause.checksum |= text.find("checksum") != std::string_view::npos;
    cause.version |= text.find("version number") != std::string_view::npos ||
                     text.find("unknown layout version") != std::string_view::npos;
    return 0;
  };
  Cause cause;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, collect, &cause);
  return cause;
}

constexpr std::string_view kNewerForm =
    "it is of a form that a newer HDF5 library writes (h5py: write it with libver=('earliest', 'v110')), or damaged";

/// "Input/output error", "its checksum does not match …", or else what the caller believes.
std::string reason(const Cause& cause, std::string_view otherwise) {
  if (cause.lock)
    return fmt::format("the file cannot be locked: {} (HDF5_USE_FILE_LOCKING=FALSE in the environment does without)",
                       std::strerror(cause.system_error));
  if (cause.system_error != 0) return std::strerror(cause.system_error);
  if (cause.checksum) return "its checksum does not match: the file is damaged";
  return std::string(cause.version ? kNewerForm : otherwise);
}

[[noreturn]] void fail_reading(const Hdf5File& file, const std::string& object, std::string_view problem) {
  throw ContentError(fmt::format("{}: {}", place(file, object), problem),
                     "check that this is the right file, or make it again");
}

/// After a call of the library that failed; `problem` where it does not say why.
[[noreturn]] void fail_call(const Hdf5File& file, const std::string& object, std::string_view problem) {
  const Cause cause = last_cause();
  if (cause.system_error != 0)
    throw InputError(fmt::format("{}: {}", place(file, object), reason(cause, problem)), "check the path and the disk");
  fail_reading(file, object, reason(cause, problem));
}

[[noreturn]] void fail_writing(const Hdf5File& file, const std::string& object) {
  throw RunError(fmt::format("{}: cannot be written ({})", place(file, object),
                             reason(last_cause(), "disk full, or written before")));
}

template <class T>
hid_t native_type();
template <>
hid_t native_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
hid_t native_type<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t native_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t native_type<double>() {
  return H5T_NATIVE_DOUBLE;
}

/// UTF-8 of `length` bytes padded with zeros; length 0 means a pointer to text of any length.
Handle string_type(std::size_t length) {
  Handle type{H5Tcopy(H5T_C_S1), H5Tclose};
  H5Tset_size(type.get(), length == 0 ? H5T_VARIABLE : length);
  H5Tset_strpad(type.get(), length == 0 ? H5T_STR_NULLTERM : H5T_STR_NULLPAD);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

Handle dataspace_of(const std::vector<std::size_t>& dims) {
  if (dims.empty()) return {H5Screate(H5S_SCALAR), H5Sclose};
  const std::vector<hsize_t> sizes(dims.begin(), dims.end());
  return {H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), H5Sclose};
}

/// What a link leads to, where that is not there: "map.h5" of an external one, "/other" of one within the file.
std::optional<std::string> lost_target(hid_t file, const std::string& link) {
  H5L_info_t info{};
  if (H5Lget_info(file, link.c_str(), &info, H5P_DEFAULT) < 0 || info.type == H5L_TYPE_HARD) return std::nullopt;
  if (H5Oexists_by_name(file, link.c_str(), H5P_DEFAULT) > 0) return std::nullopt;
  std::string value(info.u.val_size, '\0');
  if (H5Lget_val(file, link.c_str(), value.data(), value.size(), H5P_DEFAULT) < 0) return std::nullopt;
  if (info.type != H5L_TYPE_EXTERNAL) return value.c_str();
  const char *name = nullptr, *object = nullptr;
  if (H5Lunpack_elink_val(value.data(), value.size(), nullptr, &name, &object) < 0) return std::nullopt;
  return fmt::format("{} of {}", object, name);
}

std::vector<std::size_t> dims_of(hid_t space) {
  const int rank = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> sizes(static_cast<std::size_t>(std::max(rank, 0)));
  if (rank > 0) H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
  return {sizes.begin(), sizes.end()};
}

Handle open_dataset(const Hdf5File& file, hid_t id, const std::string& name) {
  if (!file.exists(name)) fail_reading(file, name, "is not in the file");
  Handle dataset{H5Dopen2(id, name.c_str(), H5P_DEFAULT), H5Dclose};
  if (!dataset.valid()) fail_call(file, name, "is not a readable data set");
  return dataset;
}

/// Truth values of h5py: FALSE and TRUE, a byte each.
bool is_boolean(hid_t type) {
  return H5Tget_class(type) == H5T_ENUM && H5Tget_size(type) == 1 && H5Tget_nmembers(type) == 2;
}

/// The name of the first filter that packed a data set and is not in this library; none when all are.
std::string missing_filter(hid_t dataset) {
  const Handle creation{H5Dget_create_plist(dataset), H5Pclose};
  for (int i = 0; i < std::max(0, H5Pget_nfilters(creation.get())); ++i) {
    std::array<char, 64> name{};
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &values, nullptr,
                                               name.size(), name.data(), &config);
    if (filter >= 0 && H5Zfilter_avail(filter) <= 0) return name.front() == '\0' ? std::to_string(filter) : name.data();
  }
  return {};
}

/// After a read that failed.
[[noreturn]] void fail_read(const Hdf5File& file, const std::string& name, hid_t dataset, std::string_view problem) {
  const Cause cause = last_cause();
  if (const auto filter = missing_filter(dataset); !filter.empty() && cause.system_error == 0)
    throw InputError(fmt::format("{}: is packed with the filter {}, which is not read here", place(file, name), filter),
                     "write it again with compression=\"gzip\", or without (h5repack -f NONE)");
  if (cause.system_error != 0)
    throw InputError(fmt::format("{}: {}", place(file, name), reason(cause, problem)), "check the path and the disk");
  fail_reading(file, name, reason(cause, problem));
}

/// Reads values as T; truth values as 0 and 1, which the library converts to nothing else.
/// @param type that of the data set, open for longer: closing it would forget the errors
template <class T>
herr_t read_values(hid_t dataset, hid_t type, hid_t memory, hid_t space, std::span<T> values) {
  if (!is_boolean(type)) return H5Dread(dataset, native_type<T>(), memory, space, H5P_DEFAULT, values.data());
  std::vector<std::uint8_t> truths(values.size());
  const herr_t result = H5Dread(dataset, type, memory, space, H5P_DEFAULT, truths.data());
  std::ranges::transform(truths, values.begin(), [](std::uint8_t truth) { return static_cast<T>(truth != 0 ? 1 : 0); });
  return result;
}

/// Of `count` rows from `first` on, which there must be.
std::vector<std::size_t> shape_of_rows(const Hdf5File& file, const std::string& name, std::size_t first,
                                       std::size_t count) {
  auto dims = file.shape(name);
  if (dims.empty() || first > dims.front() || count > dims.front() - first)
    fail_reading(file, name, fmt::format("has no rows {} to {}", first, first + count));
  dims.front() = count;
  return dims;
}

/// Slabs of whole rows, or of whole rows of rows, of at most about kChunkBytes.
std::vector<hsize_t> chunk_of(const std::vector<std::size_t>& dims, std::size_t element_bytes) {
  std::vector<hsize_t> chunk(dims.begin(), dims.end());
  std::size_t bytes = element_count(dims) * element_bytes;
  for (auto& extent : chunk) {
    if (bytes <= kChunkBytes) break;
    const std::size_t row_bytes = bytes / extent;
    const std::size_t slabs = (bytes + kChunkBytes - 1) / kChunkBytes;
    extent = std::max<hsize_t>(1, (extent + slabs - 1) / slabs);  // of one size, so that the last is nearly full
    bytes = row_bytes * extent;
    if (extent > 1) break;  // about so large: parted within its rows as well, a slab may be half empty in each of them
  }
  return chunk;
}

/// A group and those it lies in, as far as they are missing. HDF5 would make them by itself, but date them.
bool make_groups(hid_t file, const std::string& group) {
  const Handle creation{H5Pcreate(H5P_GROUP_CREATE), H5Pclose};
  H5Pset_obj_track_times(creation.get(), false);  // no dates: the same content gives the same bytes
  for (std::size_t end = 0; end < group.size();) {
    end = std::min(group.find('/', end + 1), group.size());
    const std::string path = group.substr(0, end);
    if (path == "/" || H5Lexists(file, path.c_str(), H5P_DEFAULT) > 0) continue;
    const Handle made{H5Gcreate2(file, path.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT), H5Gclose};
    if (!made.valid()) return false;
  }
  return true;
}

/// Every value lies under a checksum: Fletcher32 over each chunk, or, for a single value, that of the object's header.
Handle create_dataset(const Hdf5File& file, hid_t id, const std::string& name, hid_t type,
                      const std::vector<std::size_t>& dims) {
  const auto slash = name.rfind('/');
  if (slash != std::string::npos && !make_groups(id, name.substr(0, slash))) fail_writing(file, name);
  const Handle creation{H5Pcreate(H5P_DATASET_CREATE), H5Pclose};
  H5Pset_obj_track_times(creation.get(), false);
  if (dims.empty()) {
    H5Pset_layout(creation.get(), H5D_COMPACT);
  } else if (element_count(dims) > 0) {
    const auto chunk = chunk_of(dims, H5Tget_size(type));
    H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data());
    H5Pset_fill_time(creation.get(), H5D_FILL_TIME_ALLOC);  // the rest of the last chunk, too
    H5Pset_fletcher32(creation.get());
  }
  const Handle space = dataspace_of(dims);
  Handle dataset{H5Dcreate2(id, name.c_str(), type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT), H5Dclose};
  if (!dataset.valid()) fail_writing(file, name);
  return dataset;
}

/// Text of fixed or of any length, from a data set or an attribute: `read(memory type, buffer)` fetches it.
template <class Read>
std::vector<std::string> read_strings(hid_t file_type, hid_t space, const Read& read, bool& ok) {
  const std::size_t count = element_count(dims_of(space));
  std::vector<std::string> texts;
  ok = H5Tget_class(file_type) == H5T_STRING;
  if (!ok || count == 0) return texts;
  if (H5Tis_variable_str(file_type) > 0) {
    const Handle type{H5Tcopy(file_type), H5Tclose};
    std::vector<char*> pointers(count, nullptr);
    ok = read(type.get(), static_cast<void*>(pointers.data())) >= 0;
    if (!ok) return texts;
    for (const char* text : pointers) texts.emplace_back(text == nullptr ? "" : text);
    H5Dvlen_reclaim(type.get(), space, H5P_DEFAULT, pointers.data());
    return texts;
  }
  const std::size_t length = H5Tget_size(file_type);
  std::vector<char> buffer(count * length);
  ok = read(file_type, static_cast<void*>(buffer.data())) >= 0;
  if (!ok) return texts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view padded(buffer.data() + i * length, length);
    texts.emplace_back(padded.substr(0, padded.find('\0')));
  }
  return texts;
}

std::size_t longest(const std::vector<std::string>& texts) {
  std::size_t length = 1;  // HDF5 knows no empty fixed-length type
  for (const auto& text : texts) length = std::max(length, text.size());
  return length;
}

std::vector<char> padded(const std::vector<std::string>& texts, std::size_t length) {
  std::vector<char> buffer(texts.size() * length, '\0');
  for (std::size_t i = 0; i < texts.size(); ++i)
    std::ranges::copy(texts[i], buffer.begin() + static_cast<std::ptrdiff_t>(i * length));
  return buffer;
}

Handle open_attribute(const Hdf5File& file, hid_t id, const std::string& object, const std::string& name) {
  if (!file.exists(object)) fail_reading(file, object, "is not in the file");
  Handle attribute{H5Aopen_by_name(id, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose};
  if (!attribute.valid()) fail_call(file, object, fmt::format("has no attribute '{}'", name));
  return attribute;
}

/// How h5py names an attribute: f.attrs["classes"], f["/modality/image"].attrs["mean"].
std::string python_name(const std::string& object, const std::string& attribute) {
  return object == "/" ? fmt::format("f.attrs[\"{}\"]", attribute)
                       : fmt::format("f[\"{}\"].attrs[\"{}\"]", object, attribute);
}

/// Of an attribute whose type is not the one that was asked for.
[[noreturn]] void fail_type(const Hdf5File& file, const std::string& object, const std::string& attribute,
                            std::string_view problem, std::string_view value) {
  throw ContentError(fmt::format("{}: attribute '{}' is {}", place(file, object), attribute, problem),
                     fmt::format("write {} = {}", python_name(object, attribute), value));
}

std::vector<std::string> read_attribute_texts(const Hdf5File& file, hid_t id, const std::string& object,
                                              const std::string& name) {
  const Handle attribute = open_attribute(file, id, object, name);
  const Handle space{H5Aget_space(attribute.get()), H5Sclose};
  const Handle type{H5Aget_type(attribute.get()), H5Tclose};
  if (H5Tget_class(type.get()) != H5T_STRING)
    fail_type(file, object, name, "not a text", R"("TEXT", or a list of texts)");
  bool ok = false;
  auto texts = read_strings(
      type.get(), space.get(), [&](hid_t memory, void* buffer) { return H5Aread(attribute.get(), memory, buffer); },
      ok);
  if (!ok) fail_call(file, object, fmt::format("attribute '{}' cannot be read", name));
  return texts;
}

/// The text itself where it is a number, "0.5"; else what stands for one.
std::string number_in(const std::vector<std::string>& texts) {
  double number = 0;
  const auto is_number = [&](const std::string& text) {
    const auto end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && at == end;
  };
  return texts.size() == 1 && is_number(texts.front()) ? texts.front() : "NUMBER";
}

template <class T>
std::vector<T> read_attribute(const Hdf5File& file, hid_t id, const std::string& object, const std::string& name) {
  const Handle attribute = open_attribute(file, id, object, name);
  const Handle space{H5Aget_space(attribute.get()), H5Sclose};
  const Handle type{H5Aget_type(attribute.get()), H5Tclose};
  if (H5Tget_class(type.get()) == H5T_STRING)
    fail_type(file, object, name, "a text, not a number", number_in(read_attribute_texts(file, id, object, name)));
  std::vector<T> values(element_count(dims_of(space.get())));
  if (H5Aread(attribute.get(), native_type<T>(), values.data()) < 0)
    fail_call(file, object, fmt::format("attribute '{}' is not numeric", name));
  return values;
}

template <class T>
T read_one(const Hdf5File& file, hid_t id, const std::string& object, const std::string& name) {
  const auto values = read_attribute<T>(file, id, object, name);
  if (values.size() != 1)
    fail_reading(file, object, fmt::format("attribute '{}' holds {} values instead of one", name, values.size()));
  return values.front();
}

void write_attribute(const Hdf5File& file, hid_t id, const std::string& object, const std::string& name, hid_t type,
                     const std::vector<std::size_t>& dims, const void* values) {
  if (H5Aexists_by_name(id, object.c_str(), name.c_str(), H5P_DEFAULT) > 0)
    H5Adelete_by_name(id, object.c_str(), name.c_str(), H5P_DEFAULT);
  const Handle space = dataspace_of(dims);
  const Handle attribute{
      H5Acreate_by_name(id, object.c_str(), name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose};
  if (!attribute.valid()) fail_writing(file, fmt::format("{} attribute '{}'", object, name));
  if (element_count(dims) > 0 && H5Awrite(attribute.get(), type, values) < 0)
    fail_writing(file, fmt::format("{} attribute '{}'", object, name));
}

/// Of readers, and of writers, whose files have no other name yet but a temporary one: none needs a lock, and not every
/// file system has them. HDF5_USE_FILE_LOCKING in the environment, where it is set, overrides it.
Handle access_without_lock() {
  Handle access{H5Pcreate(H5P_FILE_ACCESS), H5Pclose};
  H5Pset_file_locking(access.get(), /*use=*/false, /*ignore_when_disabled=*/true);
  return access;
}

hid_t open_for_reading(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    throw InputError(fmt::format("cannot read {}: it is a folder", path.string()), "give an HDF5 file in it");
  if (!std::filesystem::is_regular_file(path, error))
    throw InputError(fmt::format("cannot read {}: no such file", path.string()), "check the path");
  if (const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC); file < 0)
    throw InputError(fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)), "check its rights");
  else
    close(file);
  if (H5Fis_hdf5(path.c_str()) == 0) {
    if (const auto foreign = foreign_content(path, beginning_of(path), "an HDF5 file"))
      throw ContentError(foreign->problem, foreign->mend);
    const bool is_empty = std::filesystem::file_size(path, error) == 0;
    throw ContentError(fmt::format("{} is {}", path.string(), is_empty ? "empty" : "not an HDF5 file"),
                       "check the path, or make the file again");
  }
  const Handle access = access_without_lock();  // lives on: closing it would forget the errors
  const hid_t id = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get());
  if (id >= 0) return id;
  const auto cause = last_cause();
  if (cause.lock)
    throw InputError(fmt::format("{} cannot be locked: {}", path.string(), std::strerror(cause.system_error)),
                     "reading needs no lock: take HDF5_USE_FILE_LOCKING out of the environment, or set it to FALSE");
  if (cause.system_error != 0)
    throw InputError(fmt::format("cannot read {}: {}", path.string(), std::strerror(cause.system_error)),
                     "check the path and the disk");
  if (cause.version && !cause.checksum)
    throw ContentError(fmt::format("{} cannot be read: {}", path.string(), kNewerForm), "write or copy it again");
  throw ContentError(fmt::format("{} is damaged or cut short", path.string()), "copy it or make it again");
}

hid_t create_anew(const std::filesystem::path& path) {
  const Handle creation{H5Pcreate(H5P_FILE_CREATE), H5Pclose};
  H5Pset_obj_track_times(creation.get(), false);
  const Handle access = access_without_lock();
  // The form whose metadata (names, shapes, attributes) carry checksums.
  H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110);
  const hid_t id = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get());
  if (id < 0)
    throw RunError(
        fmt::format("cannot create {} ({})", path.string(), reason(last_cause(), "folder missing, or not writable")));
  return id;
}

}  // namespace

std::size_t element_count(std::span<const std::size_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>{});
}

Hdf5File::Hdf5File(const std::filesystem::path& path, Mode mode) : path_(path) {
  const Library library;
  file_ = mode == Mode::read ? open_for_reading(path) : create_anew(path);
}

Hdf5File::~Hdf5File() {
  const Library library;
  if (file_ >= 0) H5Fclose(file_);
}

Hdf5File::Hdf5File(Hdf5File&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, H5I_INVALID_HID)) {}

Hdf5File& Hdf5File::operator=(Hdf5File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  return *this;
}

std::string Hdf5File::mark() const {
  const Library library;
  void* descriptor = nullptr;
  struct stat found {};
  if (H5Fget_vfd_handle(file_, H5P_DEFAULT, &descriptor) < 0 || fstat(*static_cast<int*>(descriptor), &found) != 0)
    throw InputError(fmt::format("cannot read {}: the system says nothing of it", path_.string()),
                     "check the path and the disk");
  return fmt::format("{} {} {} {}.{:09}", found.st_dev, found.st_ino, found.st_size, found.st_mtim.tv_sec,
                     found.st_mtim.tv_nsec);
}

bool Hdf5File::exists(const std::string& object) const {
  const Library library;
  // The library wants every group on the way to be there: ask for them one after the other.
  for (std::size_t end = object.find('/', 1);; end = object.find('/', end + 1)) {
    const std::string part = object.substr(0, end);
    const htri_t found = part == "/" ? 1 : H5Lexists(file_, part.c_str(), H5P_DEFAULT);
    if (found < 0 && last_cause().checksum) fail_call(*this, part, "is damaged");
    if (found <= 0) return false;
    if (const auto target = part == "/" ? std::nullopt : lost_target(file_, part))
      throw ContentError(fmt::format("{}: is a link to {}, which is not there", place(*this, part), *target),
                         "put that file beside this one, or write the values themselves");
    if (end == std::string::npos) return true;
  }
}

std::vector<std::string> Hdf5File::members(const std::string& group) const {
  const Library library;
  if (!exists(group)) fail_reading(*this, group, "is not in the file");
  const Handle handle{H5Gopen2(file_, group.c_str(), H5P_DEFAULT), H5Gclose};
  if (!handle.valid()) fail_call(*this, group, "is not a group");
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  if (H5Literate(handle.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names) < 0)
    fail_call(*this, group, "is damaged");
  std::ranges::sort(names);
  return names;
}

std::vector<std::size_t> Hdf5File::shape(const std::string& dataset) const {
  const Library library;
  const Handle handle = open_dataset(*this, file_, dataset);
  const Handle space{H5Dget_space(handle.get()), H5Sclose};
  return dims_of(space.get());
}

bool Hdf5File::is_text(const std::string& dataset) const {
  const Library library;
  const Handle handle = open_dataset(*this, file_, dataset);
  const Handle type{H5Dget_type(handle.get()), H5Tclose};
  return H5Tget_class(type.get()) == H5T_STRING;
}

ElementType Hdf5File::type(const std::string& dataset) const {
  const Library library;
  const Handle handle = open_dataset(*this, file_, dataset);
  const Handle type{H5Dget_type(handle.get()), H5Tclose};
  const std::size_t size = H5Tget_size(type.get());
  switch (H5Tget_class(type.get())) {
    case H5T_INTEGER:
      return size == 1 && H5Tget_sign(type.get()) == H5T_SGN_NONE ? ElementType::uint8 : ElementType::int64;
    case H5T_FLOAT:
      return size <= 4 ? ElementType::float32 : ElementType::float64;
    case H5T_ENUM:
      if (is_boolean(type.get())) return ElementType::float32;  // 0 and 1, of no scale of their own
      break;
    case H5T_VLEN:
      throw ContentError(fmt::format("{}: holds rows of different lengths", place(*this, dataset)),
                         "pad or cut them to one length, and write one array of numbers");
    default:
      break;
  }
  throw ContentError(fmt::format("{}: does not hold numbers", place(*this, dataset)),
                     R"(write them as numbers, x.astype("float32"))");
}

template <class T>
std::vector<T> Hdf5File::read(const std::string& dataset) const {
  const Library library;
  const auto dims = shape(dataset);
  if (!dims.empty()) return read_rows<T>(dataset, 0, dims.front());
  const Handle handle = open_dataset(*this, file_, dataset);
  std::vector<T> value(1);
  const Handle type{H5Dget_type(handle.get()), H5Tclose};
  if (read_values(handle.get(), type.get(), H5S_ALL, H5S_ALL, std::span(value)) < 0)
    fail_read(*this, dataset, handle.get(), "cannot be read as a number");
  return value;
}

template <class T>
std::vector<T> Hdf5File::read_rows(const std::string& dataset, std::size_t first, std::size_t count) const {
  const Library library;
  const auto dims = shape_of_rows(*this, dataset, first, count);
  std::vector<T> values;
  try {
    values.resize(element_count(dims));
  } catch (const std::exception&) {  // bad_alloc, length_error: a damaged header, or a huge file
    fail_reading(*this, dataset, "does not fit into memory");
  }
  read_rows_into<T>(dataset, first, count, values);
  return values;
}

template <class T>
void Hdf5File::read_rows_into(const std::string& dataset, std::size_t first, std::size_t count,
                              std::span<T> values) const {
  const Library library;
  const auto dims = shape_of_rows(*this, dataset, first, count);
  if (values.size() != element_count(dims))
    fail_reading(*this, dataset, fmt::format("{} rows of it are not {} values", count, values.size()));
  if (values.empty()) return;
  const Handle handle = open_dataset(*this, file_, dataset);
  const Handle space{H5Dget_space(handle.get()), H5Sclose};
  std::vector<hsize_t> start(dims.size(), 0);
  start.front() = first;
  const std::vector<hsize_t> sizes(dims.begin(), dims.end());
  H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, sizes.data(), nullptr);
  const Handle memory = dataspace_of(dims);
  const Handle type{H5Dget_type(handle.get()), H5Tclose};
  if (read_values(handle.get(), type.get(), memory.get(), space.get(), values) < 0)
    fail_read(*this, dataset, handle.get(), "cannot be read (not numeric, or damaged)");
}

std::vector<std::string> Hdf5File::read_texts(const std::string& dataset) const {
  const Library library;
  const Handle handle = open_dataset(*this, file_, dataset);
  const Handle space{H5Dget_space(handle.get()), H5Sclose};
  const Handle type{H5Dget_type(handle.get()), H5Tclose};
  bool ok = false;
  auto texts = read_strings(
      type.get(), space.get(),
      [&](hid_t memory, void* buffer) { return H5Dread(handle.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer); },
      ok);
  if (!ok) fail_call(*this, dataset, "is not a text");
  return texts;
}

std::string Hdf5File::read_text(const std::string& dataset) const {
  const Library library;
  auto texts = read_texts(dataset);
  if (texts.size() != 1) fail_reading(*this, dataset, fmt::format("holds {} texts instead of one", texts.size()));
  return std::move(texts.front());
}

template <class T>
void Hdf5File::write(const std::string& dataset, std::span<const T> values, const std::vector<std::size_t>& dims) {
  const Library library;
  if (values.size() != element_count(dims))
    throw RunError(fmt::format("{}: {} values do not fill shape ({})", place(*this, dataset), values.size(),
                               fmt::join(dims, ", ")));
  const Handle handle = create_dataset(*this, file_, dataset, native_type<T>(), dims);
  if (!values.empty() && H5Dwrite(handle.get(), native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    fail_writing(*this, dataset);
}

template <class T>
void Hdf5File::create_rows(const std::string& dataset, const std::vector<std::size_t>& dims) {
  const Library library;
  create_dataset(*this, file_, dataset, native_type<T>(), dims);
}

template <class T>
void Hdf5File::write_rows(const std::string& dataset, std::size_t first, std::span<const T> values) {
  const Library library;
  const Handle handle = open_dataset(*this, file_, dataset);
  const Handle space{H5Dget_space(handle.get()), H5Sclose};
  auto dims = dims_of(space.get());
  const std::size_t row = element_count(std::span(dims).subspan(1));
  if (values.empty()) return;
  if (row == 0 || values.size() % row != 0 || first + values.size() / row > dims.front())
    throw RunError(fmt::format("{}: {} values are no rows from {} on of shape ({})", place(*this, dataset),
                               values.size(), first, fmt::join(dims, ", ")));
  dims.front() = values.size() / row;
  std::vector<hsize_t> start(dims.size(), 0);
  start.front() = first;
  const std::vector<hsize_t> sizes(dims.begin(), dims.end());
  H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, sizes.data(), nullptr);
  const Handle memory = dataspace_of(dims);
  if (H5Dwrite(handle.get(), native_type<T>(), memory.get(), space.get(), H5P_DEFAULT, values.data()) < 0)
    fail_writing(*this, dataset);
}

// Texts are written with a fixed length: unlike those of any length they lie in the data set itself, in one order.
void Hdf5File::write_text(const std::string& dataset, std::string_view text) {
  const Library library;
  const std::vector<std::string> texts{std::string(text)};
  const std::size_t length = longest(texts);
  const Handle type = string_type(length);
  const Handle handle = create_dataset(*this, file_, dataset, type.get(), {});
  if (H5Dwrite(handle.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, padded(texts, length).data()) < 0)
    fail_writing(*this, dataset);
}

void Hdf5File::write_texts(const std::string& dataset, const std::vector<std::string>& texts) {
  const Library library;
  const std::size_t length = longest(texts);
  const Handle type = string_type(length);
  const Handle handle = create_dataset(*this, file_, dataset, type.get(), {texts.size()});
  if (!texts.empty() &&
      H5Dwrite(handle.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, padded(texts, length).data()) < 0)
    fail_writing(*this, dataset);
}

void Hdf5File::make_group(const std::string& group) {
  const Library library;
  if (exists(group) || !make_groups(file_, group)) fail_writing(*this, group);
}

bool Hdf5File::has_attribute(const std::string& object, const std::string& name) const {
  const Library library;
  const htri_t found = exists(object) ? H5Aexists_by_name(file_, object.c_str(), name.c_str(), H5P_DEFAULT) : 0;
  if (found < 0) fail_call(*this, object, "its attributes cannot be read");
  return found > 0;
}

std::int64_t Hdf5File::attribute_int(const std::string& object, const std::string& name) const {
  const Library library;
  return read_one<std::int64_t>(*this, file_, object, name);
}

double Hdf5File::attribute_real(const std::string& object, const std::string& name) const {
  const Library library;
  return read_one<double>(*this, file_, object, name);
}

std::vector<float> Hdf5File::attribute_floats(const std::string& object, const std::string& name) const {
  const Library library;
  return read_attribute<float>(*this, file_, object, name);
}

std::vector<std::string> Hdf5File::attribute_texts(const std::string& object, const std::string& name) const {
  const Library library;
  return read_attribute_texts(*this, file_, object, name);
}

std::string Hdf5File::attribute_text(const std::string& object, const std::string& name) const {
  const Library library;
  auto texts = read_attribute_texts(*this, file_, object, name);
  if (texts.size() != 1)
    fail_reading(*this, object, fmt::format("attribute '{}' holds {} texts instead of one", name, texts.size()));
  return std::move(texts.front());
}

std::vector<std::vector<std::string>> Hdf5File::attribute_table(const std::string& object, const std::string& name,
                                                                const std::vector<std::string>& fields) const {
  const Library library;
  const Handle attribute = open_attribute(*this, file_, object, name);
  const Handle type{H5Aget_type(attribute.get()), H5Tclose};
  const Handle space{H5Aget_space(attribute.get()), H5Sclose};
  std::vector<std::vector<std::string>> rows(element_count(dims_of(space.get())));
  for (const auto& field : fields) {
    const int member = H5Tget_class(type.get()) == H5T_COMPOUND ? H5Tget_member_index(type.get(), field.c_str()) : -1;
    if (member < 0) fail_reading(*this, object, fmt::format("attribute '{}' has no field '{}'", name, field));
    const Handle stored{H5Tget_member_type(type.get(), static_cast<unsigned>(member)), H5Tclose};
    const bool is_text = H5Tget_class(stored.get()) == H5T_STRING && H5Tis_variable_str(stored.get()) == 0;
    if (!is_text && H5Tget_class(stored.get()) != H5T_INTEGER)
      fail_reading(*this, object, fmt::format("field '{}' of attribute '{}' is no text and no number", field, name));
    const hid_t element = is_text ? stored.get() : H5T_NATIVE_INT64;
    const std::size_t size = H5Tget_size(element);
    // The library fetches of a record what the type in memory names.
    const Handle record{H5Tcreate(H5T_COMPOUND, size), H5Tclose};
    H5Tinsert(record.get(), field.c_str(), 0, element);
    std::vector<char> buffer(rows.size() * size);
    if (!rows.empty() && H5Aread(attribute.get(), record.get(), buffer.data()) < 0)
      fail_call(*this, object, fmt::format("attribute '{}' cannot be read", name));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::string_view bytes(buffer.data() + i * size, size);
      std::int64_t number = 0;
      if (!is_text) std::memcpy(&number, bytes.data(), sizeof number);
      rows[i].push_back(is_text ? std::string(bytes.substr(0, bytes.find('\0'))) : std::to_string(number));
    }
  }
  return rows;
}

void Hdf5File::set_attribute(const std::string& object, const std::string& name, std::int64_t value) {
  const Library library;
  write_attribute(*this, file_, object, name, H5T_NATIVE_INT64, {}, &value);
}

void Hdf5File::set_attribute(const std::string& object, const std::string& name, double value) {
  const Library library;
  write_attribute(*this, file_, object, name, H5T_NATIVE_DOUBLE, {}, &value);
}

void Hdf5File::set_attribute(const std::string& object, const std::string& name, std::string_view value) {
  const Library library;
  const std::vector<std::string> texts{std::string(value)};
  const std::size_t length = longest(texts);
  const Handle type = string_type(length);
  write_attribute(*this, file_, object, name, type.get(), {}, padded(texts, length).data());
}

void Hdf5File::set_attribute(const std::string& object, const std::string& name, std::span<const float> values) {
  const Library library;
  write_attribute(*this, file_, object, name, H5T_NATIVE_FLOAT, {values.size()}, values.data());
}

void Hdf5File::set_attribute(const std::string& object, const std::string& name,
                             const std::vector<std::string>& values) {
  const Library library;
  const std::size_t length = longest(values);
  const Handle type = string_type(length);
  write_attribute(*this, file_, object, name, type.get(), {values.size()}, padded(values, length).data());
}

void Hdf5File::flush() {
  const Library library;
  if (H5Fflush(file_, H5F_SCOPE_GLOBAL) < 0)
    throw RunError(fmt::format("cannot write {} to disk ({})", path_.string(), reason(last_cause(), "disk full?")));
}

#define HARMONIC_INSTANTIATE(T)                                                                                \
  template std::vector<T> Hdf5File::read<T>(const std::string&) const;                                         \
  template std::vector<T> Hdf5File::read_rows<T>(const std::string&, std::size_t, std::size_t) const;          \
  template void Hdf5File::read_rows_into<T>(const std::string&, std::size_t, std::size_t, std::span<T>) const; \
  template void Hdf5File::write<T>(const std::string&, std::span<const T>, const std::vector<std::size_t>&);   \
  template void Hdf5File::create_rows<T>(const std::string&, const std::vector<std::size_t>&);                 \
  template void Hdf5File::write_rows<T>(const std::string&, std::size_t, std::span<const T>);
HARMONIC_INSTANTIATE(std::uint8_t)
HARMONIC_INSTANTIATE(std::int64_t)
HARMONIC_INSTANTIATE(float)
HARMONIC_INSTANTIATE(double)
#undef HARMONIC_INSTANTIATE

}  // namespace harmonic
