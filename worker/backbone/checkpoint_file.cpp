#include "worker/backbone/checkpoint_file.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <vector>

#include <caffe2/serialize/inline_container.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/foreign_content.hpp"
#include "core/storage/pickle.hpp"

namespace harmonic {
namespace {

using Kind = PickleValue::Kind;
using Bytes = std::function<std::string_view(const std::string& key)>;  ///< of a storage

std::optional<torch::ScalarType> type_of(std::string_view storage) {
  static const std::map<std::string_view, torch::ScalarType> known = {
      {"torch FloatStorage", torch::kFloat32}, {"torch DoubleStorage", torch::kFloat64},
      {"torch HalfStorage", torch::kFloat16},  {"torch BFloat16Storage", torch::kBFloat16},
      {"torch LongStorage", torch::kInt64},    {"torch IntStorage", torch::kInt32},
      {"torch ShortStorage", torch::kInt16},   {"torch CharStorage", torch::kInt8},
      {"torch ByteStorage", torch::kUInt8},    {"torch BoolStorage", torch::kBool}};
  const auto found = known.find(storage);
  return found == known.end() ? std::nullopt : std::optional(found->second);
}

const PickleValue& item(const PickleValue& value, std::size_t i, Kind kind) {
  if (i >= value.items.size() || value.items[i]->kind != kind) throw PickleError("a tensor is not written as one");
  return *value.items[i];
}

std::vector<std::int64_t> numbers(const PickleValue& tuple) {
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < tuple.items.size(); ++i) {
    all.push_back(item(tuple, i, Kind::integer).integer);
    if (all.back() < 0) throw PickleError("a tensor has a negative size");
  }
  return all;
}

/// Whether the value is a call of the function, which is one of module torch._utils.
bool calls(const PickleValue& value, std::string_view function) {
  return value.kind == Kind::call && value.items[0]->kind == Kind::global &&
         value.items[0]->text == fmt::format("torch._utils {}", function);
}

/// The tensor that a call would rebuild, as itself or as a parameter; undefined when it is another call.
torch::Tensor tensor_of(const PickleValue& value, const Bytes& bytes) {
  const bool is_parameter = calls(value, "_rebuild_parameter") && !value.items[1]->items.empty();
  const PickleValue& tensor = is_parameter ? *value.items[1]->items[0] : value;
  if (!calls(tensor, "_rebuild_tensor_v2") && !calls(tensor, "_rebuild_tensor")) return {};
  const PickleValue& arguments = *tensor.items[1];
  // (storage, offset, size, stride, …); a storage is ("storage", type, key, where, elements, …)
  const auto& storage = item(item(arguments, 0, Kind::persistent), 0, Kind::tuple);
  const auto type = type_of(item(storage, 1, Kind::global).text);
  if (!type) throw PickleError(fmt::format("it has a {}", storage.items[1]->text));
  const auto offset = item(arguments, 1, Kind::integer).integer;
  const auto sizes = numbers(item(arguments, 2, Kind::tuple)), strides = numbers(item(arguments, 3, Kind::tuple));
  if (sizes.size() != strides.size() || offset < 0) throw PickleError("a tensor's strides do not fit its sizes");
  const auto data = bytes(item(storage, 2, Kind::text).text);
  double reach = 1, count = 1;  // elements from the first to the last one, and of the tensor
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    reach += static_cast<double>(sizes[d] - 1) * static_cast<double>(strides[d]);
    count *= static_cast<double>(sizes[d]);
  }
  if (count == 0) return torch::empty(sizes, *type);
  const auto element = torch::elementSize(*type), elements = data.size() / element;
  if (static_cast<double>(offset) + reach > static_cast<double>(elements) || count > static_cast<double>(elements))
    throw PickleError("a tensor reaches beyond its data");
  auto flat = torch::empty({static_cast<std::int64_t>(reach)}, *type);
  std::memcpy(flat.data_ptr(), data.data() + static_cast<std::size_t>(offset) * element, flat.nbytes());
  return flat.as_strided(sizes, strides).clone(at::MemoryFormat::Contiguous);
}

std::map<std::string, torch::Tensor> tensors_of(const PickleValue& root, const Bytes& bytes) {
  const PickleValue* inner = root.find("state_dict");
  const PickleValue& dictionary = inner != nullptr ? *inner : root;
  if (dictionary.kind != Kind::dictionary) throw PickleError("it holds no dictionary");
  std::map<std::string, torch::Tensor> tensors;
  for (std::size_t i = 0; i + 1 < dictionary.items.size(); i += 2) {
    const auto& key = *dictionary.items[i];
    if (key.kind != Kind::text) continue;
    if (auto tensor = tensor_of(*dictionary.items[i + 1], bytes); tensor.defined())
      tensors.emplace(key.text, std::move(tensor));
  }
  return tensors;
}

std::map<std::string, torch::Tensor> read_zip(const std::filesystem::path& path) {
  caffe2::serialize::PyTorchStreamReader file(path.string());
  std::map<std::string, std::string> records;
  const auto record = [&](const std::string& name) -> std::string_view {
    const auto [data, size] = file.getRecord(name);
    return records[name] = std::string(static_cast<const char*>(data.get()), size);
  };
  PickleReader reader(record("data.pkl"));
  return tensors_of(reader.next(), [&](const std::string& key) { return record("data/" + key); });
}

/// Pickles of a magic number, a version, the system, the content and its storages' keys; then the storages.
std::map<std::string, torch::Tensor> read_legacy(const std::filesystem::path& path) {
  const std::string whole = read_file(path);
  PickleReader reader(whole);
  for (int i = 0; i < 3; ++i) (void)reader.next();
  const PickleValue& root = reader.next();
  const PickleValue& keys = reader.next();
  // A storage says its number of elements; its type, which is among the content, how long each is.
  std::map<std::string, std::int64_t> element;
  for (const auto& value : reader.values()) {
    if (value.kind != Kind::persistent) continue;
    const auto& storage = item(value, 0, Kind::tuple);
    if (const auto type = type_of(item(storage, 1, Kind::global).text))
      element[item(storage, 2, Kind::text).text] = static_cast<std::int64_t>(torch::elementSize(*type));
  }
  std::map<std::string, std::string_view> storages;
  auto rest = reader.rest();
  for (const auto* key : keys.items) {
    std::int64_t elements = 0;
    if (rest.size() < sizeof elements) throw PickleError("it ends too early");
    std::memcpy(&elements, rest.data(), sizeof elements);
    rest.remove_prefix(sizeof elements);
    const auto size = element.contains(key->text) ? element.at(key->text) : 0;
    if (size == 0 || elements < 0 || elements > static_cast<std::int64_t>(rest.size()) / size)
      throw PickleError("it ends too early");
    storages[key->text] = rest.substr(0, static_cast<std::size_t>(elements * size));
    rest.remove_prefix(static_cast<std::size_t>(elements * size));
  }
  return tensors_of(root, [&](const std::string& key) {
    const auto found = storages.find(key);
    if (found == storages.end()) throw PickleError("a tensor's data are missing");
    return found->second;
  });
}

}  // namespace

std::map<std::string, torch::Tensor> read_checkpoint(const std::filesystem::path& path) {
  try {
    const auto beginning = beginning_of(path);
    const bool zip = beginning.starts_with("PK");
    if (!zip) refuse_foreign(path, beginning, "a PyTorch checkpoint");
    return zip ? read_zip(path) : read_legacy(path);
  } catch (const InputError&) {
    throw;
  } catch (const std::exception& e) {
    throw InputError(
        fmt::format("{} is no PyTorch checkpoint, or a damaged one: {}", path.string(), first_line(e.what())),
        "give a file that torch.save wrote");
  }
}

}  // namespace harmonic
