#include "worker/backbone/checkpoint_file.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <vector>

#include <caffe2/serialize/inline_container.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "worker/backbone/pickle.hpp"

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

/// The tensor that a call would rebuild; undefined when it is another call.
torch::Tensor tensor_of(const PickleValue& value, const Bytes& bytes) {
  if (value.kind != Kind::call || value.items[0]->kind != Kind::global) return {};
  const std::string& function = value.items[0]->text;
  const PickleValue& arguments = *value.items[1];
  if (function == "torch._utils _rebuild_parameter")
    return arguments.items.empty() ? torch::Tensor() : tensor_of(*arguments.items[0], bytes);
  if (function != "torch._utils _rebuild_tensor_v2" && function != "torch._utils _rebuild_tensor") return {};
  // (storage, offset, size, stride, …); a storage is ("storage", type, key, where, elements, …)
  const auto& storage = item(item(arguments, 0, Kind::persistent), 0, Kind::tuple);
  const auto type = type_of(item(storage, 1, Kind::global).text);
  if (!type) throw PickleError(fmt::format("it has a {}", storage.items[1]->text));
  const auto offset = item(arguments, 1, Kind::integer).integer;
  const auto sizes = numbers(item(arguments, 2, Kind::tuple)), strides = numbers(item(arguments, 3, Kind::tuple));
  if (sizes.size() != strides.size() || offset < 0) throw PickleError("a tensor's strides do not fit its sizes");
  const auto data = bytes(item(storage, 2, Kind::text).text);
  double needed = std::ranges::find(sizes, 0) == sizes.end() ? static_cast<double>(offset) + 1 : 0;
  for (std::size_t d = 0; d < sizes.size(); ++d)
    needed += static_cast<double>(std::max<std::int64_t>(0, sizes[d] - 1)) * static_cast<double>(strides[d]);
  const auto element = static_cast<std::int64_t>(torch::elementSize(*type));
  const auto elements = static_cast<std::int64_t>(data.size()) / element;
  if (needed > static_cast<double>(elements)) throw PickleError("a tensor reaches beyond its data");
  auto flat = torch::empty({elements}, *type);
  std::memcpy(flat.data_ptr(), data.data(), static_cast<std::size_t>(elements * element));
  return flat.as_strided(sizes, strides, offset).clone(at::MemoryFormat::Contiguous);
}

std::map<std::string, torch::Tensor> tensors_of(const PickleValue& root, const Bytes& bytes) {
  const auto inner = root.find("state_dict");
  const PickleValue& dictionary = inner ? *inner : root;
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
  return tensors_of(*reader.next(), [&](const std::string& key) { return record("data/" + key); });
}

/// Pickles of a magic number, a version, the system, the content and its storages' keys; then the storages.
std::map<std::string, torch::Tensor> read_legacy(const std::filesystem::path& path) {
  const std::string whole = read_file(path);
  PickleReader reader(whole);
  for (int i = 0; i < 3; ++i) (void)reader.next();
  const auto root = reader.next();
  const auto keys = reader.next();
  // A storage says its number of elements; its type, which is among the content, how long each is.
  std::map<std::string, std::int64_t> element;
  const auto visit = [&](const auto& self, const PickleValue& value, int depth) -> void {
    if (depth > 64) return;
    if (value.kind == Kind::persistent) {
      const auto& storage = item(value, 0, Kind::tuple);
      if (const auto type = type_of(item(storage, 1, Kind::global).text))
        element[item(storage, 2, Kind::text).text] = static_cast<std::int64_t>(torch::elementSize(*type));
      return;
    }
    for (const auto& inner : value.items) self(self, *inner, depth + 1);
  };
  visit(visit, *root, 0);
  std::map<std::string, std::string_view> storages;
  auto rest = reader.rest();
  for (const auto& key : keys->items) {
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
  return tensors_of(*root, [&](const std::string& key) {
    const auto found = storages.find(key);
    if (found == storages.end()) throw PickleError("a tensor's data are missing");
    return found->second;
  });
}

}  // namespace

std::map<std::string, torch::Tensor> read_checkpoint(const std::filesystem::path& path) {
  try {
    const bool zip = read_file(path).starts_with("PK");
    return zip ? read_zip(path) : read_legacy(path);
  } catch (const InputError&) {
    throw;
  } catch (const std::exception& e) {
    const std::string_view what = e.what();
    throw InputError(fmt::format("{} is no PyTorch checkpoint, or a damaged one: {}", path.string(),
                                 what.substr(0, what.find('\n'))),
                     "give a file that torch.save wrote");
  }
}

}  // namespace harmonic
