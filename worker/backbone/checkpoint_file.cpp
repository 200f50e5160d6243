#include "worker/backbone/checkpoint_file.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/foreign_content.hpp"
#include "core/storage/pickle.hpp"
#include "core/storage/zip_archive.hpp"

namespace harmonic {
namespace {

using Kind = PickleValue::Kind;

constexpr std::string_view kSaveWeights = "save its weights alone: torch.save(model.state_dict(), FILE)";
/// Where programs put weights, the likeliest first.
constexpr std::array<std::string_view, 18> kUsualKeys = {
    "state_dict",     "model_state_dict", "model_state", "model",  "supernet", "net",       "network",
    "weights",        "params",           "parameters",  "module", "student",  "generator", "ema",
    "ema_state_dict", "state_dict_ema",   "model_ema",   "shadow"};
/// Of these, keys of one network of several: what stands beside it is another one.
constexpr std::array<std::string_view, 2> kRoles = {"student", "generator"};
constexpr int kDeepest = 4;  ///< dictionaries and lists in each other, in which weights are looked for

/// The bytes of a storage, which live as long as `file`.
struct StorageBytes {
  std::string_view bytes;
  std::shared_ptr<const void> file;
};
using Storages = std::function<StorageBytes(const std::string& key)>;

/// Of a storage's class: "torch FloatStorage".
std::optional<torch::ScalarType> type_of(std::string_view storage) {
  static const std::map<std::string_view, torch::ScalarType> known = {
      {"torch FloatStorage", torch::kFloat32},
      {"torch DoubleStorage", torch::kFloat64},
      {"torch HalfStorage", torch::kFloat16},
      {"torch BFloat16Storage", torch::kBFloat16},
      {"torch LongStorage", torch::kInt64},
      {"torch IntStorage", torch::kInt32},
      {"torch ShortStorage", torch::kInt16},
      {"torch CharStorage", torch::kInt8},
      {"torch ByteStorage", torch::kUInt8},
      {"torch BoolStorage", torch::kBool},
      {"torch ComplexFloatStorage", torch::kComplexFloat},
      {"torch ComplexDoubleStorage", torch::kComplexDouble},
      {"torch QInt8Storage", torch::kQInt8},
      {"torch QUInt8Storage", torch::kQUInt8},
      {"torch QInt32Storage", torch::kQInt32},
      {"torch UntypedStorage", torch::kUInt8},
      {"torch.storage UntypedStorage", torch::kUInt8}};
  const auto found = known.find(storage);
  return found == known.end() ? std::nullopt : std::optional(found->second);
}

/// "torch.nn.Linear" of a class as pickles write it.
std::string dotted(std::string name) {
  std::ranges::replace(name, ' ', '.');
  return name;
}

const PickleValue& item(const PickleValue& value, std::size_t i, Kind kind) {
  if (i >= value.items.size() || value.items[i]->kind != kind) throw PickleError("it is not written as a tensor");
  return *value.items[i];
}

std::vector<std::int64_t> numbers(const PickleValue& tuple) {
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < tuple.items.size(); ++i) {
    all.push_back(item(tuple, i, Kind::integer).integer);
    if (all.back() < 0) throw PickleError("it has a negative size");
  }
  return all;
}

/// What a call would run: "torch._utils _rebuild_tensor_v2"; "" of other values.
std::string_view function_of(const PickleValue& value) {
  return value.kind == Kind::call && value.items[0]->kind == Kind::global ? std::string_view(value.items[0]->text) : "";
}

/// The call itself that makes a tensor: without what makes a parameter of it, or an object of a class of tensors.
const PickleValue& innermost(const PickleValue& value) {
  const PickleValue* at = &value;
  for (int wrapped = 0; wrapped < kDeepest; ++wrapped) {
    const auto function = function_of(*at);
    if (!function.starts_with("torch._utils _rebuild_parameter") || at->items[1]->items.empty()) break;
    at = at->items[1]->items[0];
  }
  return *at;
}

bool is_tensor(const PickleValue& value) {
  const auto function = function_of(innermost(value));
  return function.starts_with("torch._utils _rebuild_") || function.starts_with("torch._tensor _rebuild_");
}

/// Elements from the first to the last one of a tensor, and how many it has; in doubles, which no file makes overflow.
std::pair<double, double> extent(const std::vector<std::int64_t>& sizes, const std::vector<std::int64_t>& strides) {
  double reach = 1, count = 1;
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    reach += static_cast<double>(sizes[d] - 1) * static_cast<double>(strides[d]);
    count *= static_cast<double>(sizes[d]);
  }
  return {reach, count};
}

/// Reads the tensors of a pickle; a storage once, however many tensors are parts of it.
class TensorReader {
 public:
  explicit TensorReader(Storages storages) : storages_(std::move(storages)) {}

  CheckpointTensor read(const PickleValue& value) try {
    return {tensor_of(innermost(value)), ""};
  } catch (const PickleError& e) {
    return {{}, e.what()};
  } catch (const InputError& e) {  // a member of the archive is damaged
    return {{}, e.problem()};
  } catch (const c10::Error& e) {
    return {{}, first_line(e.what_without_backtrace())};
  }

 private:
  torch::Tensor tensor_of(const PickleValue& value) {
    const PickleValue* call = &value;
    const PickleValue* arguments = call->items[1];
    auto function = function_of(*call);
    if (function == "torch._tensor _rebuild_from_type_v2") {  // (function, class, its arguments, attributes)
      function = item(*arguments, 0, Kind::global).text;
      arguments = &item(*arguments, 2, Kind::tuple);
    }
    if (function != "torch._utils _rebuild_tensor_v2" && function != "torch._utils _rebuild_tensor")
      throw PickleError(fmt::format("it is written by {}", dotted(std::string(function))));
    // (storage, offset, size, stride, …); a storage is ("storage", type, key, where, elements, the part that a view
    // has)
    const auto& storage = item(item(*arguments, 0, Kind::persistent), 0, Kind::tuple);
    auto offset = item(*arguments, 1, Kind::integer).integer;
    const auto sizes = numbers(item(*arguments, 2, Kind::tuple)), strides = numbers(item(*arguments, 3, Kind::tuple));
    if (storage.items.size() > 5 && storage.items[5]->kind == Kind::tuple)
      offset += item(*storage.items[5], 1, Kind::integer).integer;
    if (sizes.size() != strides.size() || offset < 0) throw PickleError("its strides do not fit its sizes");
    const auto& elements = elements_of(storage);
    const auto [reach, count] = extent(sizes, strides);
    if (count == 0) return torch::empty(sizes, elements.options());
    const auto held = static_cast<double>(elements.numel());
    if (static_cast<double>(offset) + reach > held || count > held) throw PickleError("it reaches beyond its data");
    return elements.as_strided(sizes, strides, offset);
  }

  /// (elements)
  const torch::Tensor& elements_of(const PickleValue& storage) {
    const std::string& name = item(storage, 1, Kind::global).text;
    const std::string& key = item(storage, 2, Kind::text).text;
    auto& elements = read_[{key, name}];
    if (elements.defined()) return elements;
    const auto type = type_of(name);
    if (!type || c10::isQIntType(*type) || c10::isComplexType(*type))
      throw PickleError(fmt::format("it is of a {}", dotted(name)));
    const auto [bytes, file] = storages_(key);
    const auto size = torch::elementSize(*type);
    const auto count = static_cast<std::int64_t>(bytes.size() / size);
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % size == 0) {
      // Nobody writes to it, though from_blob would have it so.
      elements = torch::from_blob(
          const_cast<char*>(bytes.data()), {count}, [file = file](void*) {}, *type);
    } else {
      elements = torch::empty({count}, *type);
      std::memcpy(elements.data_ptr(), bytes.data(), elements.nbytes());
    }
    return elements;
  }

  Storages storages_;
  std::map<std::pair<std::string, std::string>, torch::Tensor> read_;  ///< by the storage's key and class
};

/// A dictionary that holds tensors by their names.
struct Place {
  std::string key;  ///< "model.ema"; "" the file's own
  const PickleValue* dictionary;
  std::size_t tensors;
};

std::string below(const std::string& key, const std::string& name) {
  return key.empty() ? name : key + "." + name;
}

bool is_list(const PickleValue& value) {
  return value.kind == Kind::list || value.kind == Kind::tuple;
}

/// What may hold weights in a dictionary, by its key, or in a list, by its number, from 0.
std::vector<std::pair<std::string, const PickleValue*>> inner_values(const PickleValue& value) {
  std::vector<std::pair<std::string, const PickleValue*>> inner;
  const auto add = [&](const std::string& name, const PickleValue& found) {
    if (found.kind == Kind::dictionary || is_list(found)) inner.emplace_back(name, &found);
  };
  if (is_list(value))
    for (std::size_t i = 0; i < value.items.size(); ++i) add(std::to_string(i), *value.items[i]);
  else
    for (std::size_t i = 0; i + 1 < value.items.size(); i += 2)
      if (value.items[i]->kind == Kind::text) add(value.items[i]->text, *value.items[i + 1]);
  return inner;
}

std::size_t count_tensors(const PickleValue& dictionary) {
  std::size_t count = 0;
  if (is_list(dictionary)) return count;  // they have no names
  for (std::size_t i = 0; i + 1 < dictionary.items.size(); i += 2)
    count += dictionary.items[i]->kind == Kind::text && is_tensor(*dictionary.items[i + 1]) ? 1U : 0U;
  return count;
}

/// Every dictionary with tensors, in dictionaries and lists, those above first; one that is in several places under
/// each, what is in it once.
std::vector<Place> places_in(const PickleValue& root) {
  std::vector<Place> places;
  std::map<const PickleValue*, std::size_t> counts;
  std::vector<std::pair<std::string, const PickleValue*>> level;
  if (root.kind == Kind::dictionary || is_list(root)) level.emplace_back("", &root);
  for (int depth = 0; depth <= kDeepest && !level.empty(); ++depth) {
    std::vector<std::pair<std::string, const PickleValue*>> next;
    for (const auto& [key, value] : level) {
      const auto [count, is_new] = counts.try_emplace(value);
      if (is_new) count->second = count_tensors(*value);
      if (count->second > 0) places.push_back({key, value, count->second});
      if (!is_new) continue;
      for (const auto& [name, inner] : inner_values(*value)) next.emplace_back(below(key, name), inner);
    }
    level = std::move(next);
  }
  return places;
}

bool is_in(const Place& place, const std::string& key) {
  return key.empty() || place.key == key || place.key.starts_with(key + ".");
}

/// Under the usual keys of `key`, and of what is there ("state_dict", "model.state_dict"), or of `key` itself.
const Place* usual_place(const std::vector<Place>& places, const std::string& key, int depth = 0) {
  const auto at_key = std::ranges::find(places, key, &Place::key);
  const Place* own = at_key == places.end() ? nullptr : &*at_key;
  for (const auto usual : kUsualKeys) {
    const auto inner = below(key, std::string(usual));
    const bool is_there = std::ranges::any_of(places, [&](const Place& place) { return is_in(place, inner); });
    if (!is_there || depth >= kDeepest) continue;
    if (const auto* found = usual_place(places, inner, depth + 1))
      return own == nullptr || own->tensors < found->tensors ? found : own;
  }
  return key.empty() ? nullptr : own;
}

/// The one that has more tensors than all others together; null when none has.
const Place* largest_place(const std::vector<Place>& places, const std::string& key) {
  std::size_t all = 0;
  const Place* largest = nullptr;
  for (const auto& place : places) {
    if (!is_in(place, key)) continue;
    all += place.tensors;
    if (largest == nullptr || place.tensors > largest->tensors) largest = &place;
  }
  return largest != nullptr && 2 * largest->tensors > all ? largest : nullptr;
}

bool is_usual(std::string_view key) {
  return std::ranges::find(kUsualKeys, key) != kUsualKeys.end();
}

/// Whether `place`, which was found under a usual key, is one of several networks, such as student and teacher: another
/// one, of no usual name, is about as large.
bool has_rival(const std::vector<Place>& places, const Place& place) {
  const auto parts = split(place.key, '.');
  const auto role = std::ranges::find_first_of(parts, kRoles);
  if (role == parts.end()) return false;
  const auto above = join({parts.begin(), role}, ".");  // where its rivals are, too
  return std::ranges::any_of(places, [&](const Place& other) {
    const auto names = split(other.key, '.');
    const auto depth = static_cast<std::size_t>(role - parts.begin());
    return is_in(other, above) && names.size() > depth && !is_usual(names[depth]) && 2 * other.tensors > place.tensors;
  });
}

std::vector<std::string> keys_of(const std::vector<Place>& places, const Place* without = nullptr) {
  std::vector<std::string> keys;
  for (const auto& place : places)
    if (&place != without && !place.key.empty()) keys.push_back(place.key);
  return keys;
}

/// What a value is, for one who looked for weights in it.
std::string words_for(const PickleValue& value) {
  if (is_tensor(value)) return "a tensor";
  if (const auto function = function_of(value); !function.empty())
    return fmt::format("an object of {}", dotted(std::string(function)));
  if (!is_list(value)) return "no dictionary";
  if (value.items.empty()) return "an empty list";
  return is_tensor(*value.items.front()) ? "a list of tensors without names" : "a list";
}

class Weights {
 public:
  Weights(std::string file, const PickleValue& root, Storages storages)
      : file_(std::move(file)), root_(root), places_(places_in(root)), tensors_(std::move(storages)) {}

  Checkpoint find(const std::string& key) {
    if (root_.kind != Kind::dictionary && (!is_list(root_) || places_.empty()))
      throw InputError(fmt::format("{} holds {}, not a dictionary of tensors", file_, words_for(root_)), kSaveWeights);
    if (places_.empty())
      throw InputError(fmt::format("{} holds no tensors by name{}", file_, what_there_is()), kSaveWeights);
    const Place* place = usual_place(places_, key);
    if (key.empty() && place != nullptr && has_rival(places_, *place))
      throw InputError(fmt::format("{} holds several networks", file_), mend("name one with --key"));
    if (place == nullptr) place = largest_place(places_, key);
    if (place != nullptr) return read(*place, "");
    if (key.empty())
      throw InputError(fmt::format("{} holds tensors under several keys", file_), mend("name one with --key"));
    // No dictionary, but what stands before the names of some: "student" of "student.first_conv.weight".
    const Place* whole = usual_place(places_, "");
    if (whole == nullptr) whole = largest_place(places_, "");
    const std::string prefix = key + ".";
    if (whole != nullptr)
      if (auto found = read(*whole, prefix); !found.tensors.empty()) {
        found.key = below(found.key, key);
        return found;
      }
    throw InputError(
        fmt::format("{} has no weights under the key '{}'", file_, key),
        mend(keys_of(places_).empty() ? "leave --key out: its dictionary is the weights" : "give another"));
  }

 private:
  Checkpoint read(const Place& place, const std::string& prefix) {
    Checkpoint checkpoint{.tensors = {}, .key = place.key, .others = keys_of(places_, &place)};
    const auto& items = place.dictionary->items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
      if (items[i]->kind == Kind::text && items[i]->text.starts_with(prefix) && is_tensor(*items[i + 1]))
        checkpoint.tensors[items[i]->text.substr(prefix.size())] = tensors_.read(*items[i + 1]);
    return checkpoint;
  }

  [[nodiscard]] std::string mend(std::string_view what) const {
    const auto keys = keys_of(places_);
    return keys.empty() ? std::string(what) : fmt::format("{}: {}", what, join(keys, ", "));
  }

  /// "; its keys: model (an object of Net), epoch"
  [[nodiscard]] std::string what_there_is() const {
    constexpr std::size_t kMost = 8;
    std::vector<std::string> keys;
    for (std::size_t i = 0; i + 1 < root_.items.size() && keys.size() < kMost; i += 2) {
      if (root_.items[i]->kind != Kind::text) continue;
      const bool is_object = !function_of(*root_.items[i + 1]).empty();
      keys.push_back(is_object ? fmt::format("{} ({})", root_.items[i]->text, words_for(*root_.items[i + 1]))
                               : root_.items[i]->text);
    }
    return keys.empty() ? "" : "; its keys: " + join(keys, ", ");
  }

  std::string file_;
  const PickleValue& root_;
  std::vector<Place> places_;
  TensorReader tensors_;
};

/// The member that holds the values, with the folder that all members lie in; which has any name.
std::string pickle_member(const std::filesystem::path& path, const ZipArchive& archive) {
  const auto names = archive.names();
  for (const auto& name : names) {
    const auto slash = name.rfind('/');
    if (name.substr(slash == std::string::npos ? 0 : slash + 1) != "data.pkl") continue;
    if (archive.has(name.substr(0, name.size() - std::string_view("data.pkl").size()) + "constants.pkl"))
      throw InputError(fmt::format("{} is a TorchScript archive, not a checkpoint", path.string()),
                       "save its weights alone: torch.save(torch.jit.load(FILE).state_dict(), OTHER)");
    return name;
  }
  throw InputError(fmt::format("{} is a zip archive, not a PyTorch checkpoint", path.string()),
                   names.empty() ? "give another file"
                                 : fmt::format("unpack it and give the checkpoint in it; it holds {}", names.front()));
}

Checkpoint read_zip(const std::filesystem::path& path, const std::string& key) {
  const auto archive = std::make_shared<ZipArchive>(path);
  const auto member = pickle_member(path, *archive);
  const std::string folder = member.substr(0, member.size() - std::string_view("data.pkl").size());
  if (archive->has(folder + "byteorder") && trim(archive->read(folder + "byteorder")) == "big")
    throw PickleError("it was written on a big-endian machine");
  PickleReader reader(archive->view(member));
  return Weights(path.string(), reader.next(),
                 [&](const std::string& storage) {
                   return StorageBytes{archive->view(folder + "data/" + storage), archive};
                 })
      .find(key);
}

/// Pickles of a magic number, a version, the system, the content and its storages' keys; then the storages.
Checkpoint read_legacy(const std::filesystem::path& path, const std::string& wanted) {
  const auto whole = std::make_shared<const std::string>(read_file(path));
  PickleReader reader(*whole);
  for (int i = 0; i < 3; ++i) (void)reader.next();
  const PickleValue& root = reader.next();
  const PickleValue& keys = reader.next();
  // A storage says its number of elements; its type, which is among the content, how long each is.
  std::map<std::string, std::int64_t> element;
  for (const auto& value : reader.values()) {
    if (value.kind != Kind::persistent || value.items.front()->items.size() < 3) continue;
    const auto& storage = *value.items.front();
    if (const auto type = type_of(storage.items[1]->text))
      element[storage.items[2]->text] = static_cast<std::int64_t>(torch::elementSize(*type));
  }
  std::map<std::string, std::string_view> storages;
  auto rest = reader.rest();
  for (const auto* key : keys.items) {
    std::int64_t elements = 0;
    if (rest.size() < sizeof elements) throw PickleError("it ends too early");
    std::memcpy(&elements, rest.data(), sizeof elements);
    rest.remove_prefix(sizeof elements);
    const auto size = element.contains(key->text) ? element.at(key->text) : 0;
    if (size == 0) throw PickleError("it has a storage of a kind that is not known");
    if (elements < 0 || elements > static_cast<std::int64_t>(rest.size()) / size)
      throw PickleError("it ends too early");
    storages[key->text] = rest.substr(0, static_cast<std::size_t>(elements * size));
    rest.remove_prefix(static_cast<std::size_t>(elements * size));
  }
  return Weights(path.string(), root,
                 [&](const std::string& key) {
                   const auto found = storages.find(key);
                   if (found == storages.end()) throw PickleError("its data are missing");
                   return StorageBytes{found->second, whole};
                 })
      .find(wanted);
}

}  // namespace

Checkpoint read_checkpoint(const std::filesystem::path& path, const std::string& key) {
  try {
    const auto beginning = beginning_of(path);
    const bool zip = beginning.starts_with("PK");
    if (!zip) refuse_foreign(path, beginning, "a PyTorch checkpoint");
    if (beginning.size() > 9 && beginning.substr(8, 2) == "{\"")
      throw InputError(fmt::format("{} is a safetensors file, not a PyTorch checkpoint", path.string()),
                       "save it again: torch.save(safetensors.torch.load_file(FILE), OTHER)");
    return zip ? read_zip(path, key) : read_legacy(path, key);
  } catch (const PickleError& e) {
    throw InputError(
        fmt::format("{} is no PyTorch checkpoint, or a damaged one: {}", path.string(), first_line(e.what())),
        "give a file that torch.save wrote");
  }
}

}  // namespace harmonic
