#include "tests/support/stand_in_accelerator.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/EmptyTensor.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/ops/_local_scalar_dense.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/_unsafe_view_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/resize_native.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <torch/cuda.h>
#include <torch/library.h>
#include <torch/utils.h>

#include "tests/support/sync_norm_kernels.hpp"

namespace harmonic::testing {
namespace {

using at::Tensor;
using c10::DispatchKey;
using c10::DispatchKeySet;

constexpr auto kHere = c10::DeviceType::PrivateUse1;
constexpr DispatchKeySet kDeviceKeys(DispatchKey::PrivateUse1);
constexpr const char* kName = "stand_in";

// ---- What is counted

enum class Call { launch, wait, upload, blocking_upload };

struct Counter {
  std::mutex lock;  // backward runs on a thread of the engine's
  DeviceCalls calls;

  void add(const std::string& name, Call call, std::size_t bytes = 0) {
    const std::lock_guard guard(lock);
    calls.uploaded_bytes += static_cast<std::int64_t>(bytes);
    ++calls.by_operator[name];
    calls.launches += call == Call::launch ? 1 : 0;
    calls.waits += call == Call::wait || call == Call::blocking_upload ? 1 : 0;
    calls.uploads += call == Call::upload || call == Call::blocking_upload ? 1 : 0;
  }
};

Counter& counter() {
  static auto* one = new Counter;  // NOLINT(cppcoreguidelines-owning-memory): outlives LibTorch's threads
  return *one;
}

/// Operators whose result has a size or a meaning that the host waits for.
bool waits_for_result(const std::string& name) {
  static const std::set<std::string> those = {"aten::nonzero",    "aten::masked_select",    "aten::equal",
                                              "aten::bincount",   "aten::_unique2",         "aten::is_nonzero",
                                              "aten::unique_dim", "aten::repeat_interleave"};
  return those.contains(name);
}

// ---- Memory and the device itself

class HostMemory final : public c10::DeviceAllocator {
 public:
  std::atomic<std::int64_t> free_bytes = std::int64_t{8} << 30U;

  c10::DataPtr allocate(std::size_t bytes) override {
    void* start = bytes == 0 ? nullptr : std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    return {start, start, std::free, c10::Device(kHere, 0)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return std::free; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { std::memcpy(to, from, bytes); }
  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t) override {}
  void recordStream(const c10::DataPtr&, c10::Stream) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex) override { return {}; }
  void resetAccumulatedStats(c10::DeviceIndex) override {}
  void resetPeakStats(c10::DeviceIndex) override {}
  std::pair<std::size_t, std::size_t> getMemoryInfo(c10::DeviceIndex) override {
    const auto free = static_cast<std::size_t>(free_bytes.load());
    return {free, free};
  }
};

HostMemory& memory() {
  static auto* one = new HostMemory;  // NOLINT(cppcoreguidelines-owning-memory): tensors may outlive it otherwise
  return *one;
}

/// One device with one stream.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  [[nodiscard]] c10::DeviceType type() const override { return kHere; }
  [[nodiscard]] c10::Device exchangeDevice(c10::Device) const override { return device(); }
  [[nodiscard]] c10::Device getDevice() const override { return device(); }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  [[nodiscard]] c10::Stream getStream(c10::Device) const override { return stream(); }
  [[nodiscard]] c10::Stream getDefaultStream(c10::Device) const override { return stream(); }
  [[nodiscard]] c10::Stream getNewStream(c10::Device, int) const override { return stream(); }
  [[nodiscard]] c10::Stream exchangeStream(c10::Stream) const override { return stream(); }
  [[nodiscard]] c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  // Everything is done when it returns: an event has nothing to tell.
  void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  [[nodiscard]] bool queryEvent(void*) const override { return true; }
  [[nodiscard]] bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override {}
  void synchronizeEvent(void*) const override {}
  void synchronizeDevice(const c10::DeviceIndex) const override {}

 private:
  static c10::Device device() { return {kHere, 0}; }
  static c10::Stream stream() { return c10::Stream(c10::Stream::DEFAULT, device()); }
};

struct Hooks final : at::PrivateUse1HooksInterface {
  [[nodiscard]] bool isBuilt() const override { return true; }
  [[nodiscard]] bool isAvailable() const override { return true; }
  [[nodiscard]] bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  [[nodiscard]] c10::DeviceIndex deviceCount() const override { return 1; }
  /// Its kernels draw from the CPU's.
  [[nodiscard]] const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override {
    return at::detail::getDefaultCPUGenerator();
  }
  [[nodiscard]] c10::DeviceIndex getCurrentDevice() const override { return 0; }
  void setCurrentDevice(c10::DeviceIndex) const override {}
  [[nodiscard]] c10::DeviceIndex exchangeDevice(c10::DeviceIndex) const override { return 0; }
  [[nodiscard]] c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex) const override { return 0; }
};

// ---- The same memory, seen from either side

/// A storage of `keys`' device over another one's memory, which it keeps.
c10::Storage relabelled(const c10::Storage& from, c10::Device device, c10::Allocator* allocator) {
  auto* owner = new c10::Storage(from);  // NOLINT(cppcoreguidelines-owning-memory): given to the DataPtr
  c10::DataPtr data(
      const_cast<void*>(from.data()), owner, [](void* held) { delete static_cast<c10::Storage*>(held); }, device);
  return c10::Storage(c10::make_intrusive<c10::StorageImpl>(c10::StorageImpl::use_byte_size_t(), from.nbytes(),
                                                            std::move(data), allocator, /*resizable=*/true));
}

Tensor with_storage(const Tensor& like, c10::Storage storage, DispatchKeySet keys) {
  auto tensor = at::detail::make_tensor<c10::TensorImpl>(std::move(storage), keys, like.dtype());
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(like.sizes(), like.strides(), like.storage_offset());
  return tensor;
}

bool is_here(const Tensor& tensor) {
  return tensor.device().type() == kHere;
}

Tensor on_cpu(const Tensor& tensor) {
  if (!is_here(tensor)) return tensor;
  return with_storage(tensor, relabelled(tensor.storage(), c10::kCPU, c10::GetAllocator(c10::kCPU)),
                      DispatchKeySet(DispatchKey::CPU));
}

/// An operator's tensors on their way to the CPU and back.
class Crossing {
 public:
  explicit Crossing(const c10::OperatorHandle& op) : op_(op) {}

  /// @param alone by itself, read only: a number from the host may stand there
  [[nodiscard]] Tensor to_cpu(const Tensor& tensor, bool alone) {
    if (!tensor.defined()) return tensor;
    if (!is_here(tensor)) {
      TORCH_CHECK(alone && tensor.dim() == 0, op_.schema().name(), " is given a tensor on ", tensor.device(),
                  " among tensors on ", kName);
      return tensor;
    }
    Tensor there = on_cpu(tensor);
    pairs_.emplace_back(tensor, there);
    return there;
  }

  /// A result, or an argument that is given back.
  [[nodiscard]] Tensor back(const Tensor& tensor) const {
    if (!tensor.defined()) return tensor;
    for (const auto& [here, there] : pairs_)
      if (there.is_same(tensor)) return here;
    for (const auto& [here, there] : pairs_)  // a view of an argument
      if (there.storage().unsafeGetStorageImpl() == tensor.storage().unsafeGetStorageImpl())
        return with_storage(tensor, here.storage(), kDeviceKeys);
    return with_storage(tensor, relabelled(tensor.storage(), c10::Device(kHere, 0), &memory()), kDeviceKeys);
  }

  /// Arguments that were given another size or memory.
  void follow() const {
    for (const auto& [here, there] : pairs_) {
      if (there.storage().data() != here.storage().data())
        here.unsafeGetTensorImpl()->set_storage_keep_dtype(
            relabelled(there.storage(), c10::Device(kHere, 0), &memory()));
      if (there.sizes() != here.sizes() || there.strides() != here.strides())
        here.unsafeGetTensorImpl()->set_sizes_and_strides(there.sizes(), there.strides(), there.storage_offset());
    }
  }

 private:
  const c10::OperatorHandle& op_;
  std::vector<std::pair<Tensor, Tensor>> pairs_;
};

/// Every tensor of a value, replaced by what `change` makes of it. @param change takes whether it stands alone
template <class Change>
c10::IValue changed(const c10::IValue& value, Change change) {
  if (value.isTensor()) return change(value.toTensor(), true);
  if (value.isTensorList()) {
    c10::List<Tensor> list;
    for (const Tensor& tensor : value.toTensorList()) list.push_back(change(tensor, false));
    return list;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<Tensor>> list;
    for (const std::optional<Tensor>& tensor : value.toOptionalTensorList())
      list.push_back(tensor ? std::optional(change(*tensor, false)) : std::nullopt);
    return list;
  }
  return value;
}

void run_on_cpu(const c10::OperatorHandle& op, DispatchKeySet, torch::jit::Stack* stack) {
  const auto& schema = op.schema();
  counter().add(schema.name(), waits_for_result(schema.name()) ? Call::wait : Call::launch);
  const at::AutoDispatchBelowADInplaceOrView below;
  Crossing crossing(op);
  const std::size_t count = schema.arguments().size(), first = stack->size() - count;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* alias = schema.arguments()[i].alias_info();
    const bool written = alias != nullptr && alias->isWrite();
    c10::IValue& value = (*stack)[first + i];
    if (value.isDevice() && value.toDevice().type() == kHere) value = c10::Device(c10::kCPU);
    value =
        changed(value, [&](const Tensor& tensor, bool alone) { return crossing.to_cpu(tensor, alone && !written); });
  }
  op.redispatchBoxed(DispatchKeySet(DispatchKey::CPU), stack);
  crossing.follow();
  for (std::size_t i = stack->size() - schema.returns().size(); i < stack->size(); ++i)
    (*stack)[i] = changed((*stack)[i], [&](const Tensor& tensor, bool) { return crossing.back(tensor); });
}

// ---- What is written by hand: allocations, views and copies

Tensor empty_here(at::IntArrayRef size, std::optional<at::ScalarType> type, std::optional<at::Layout>,
                  std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return Tensor(at::detail::empty_generic(size, &memory(), kDeviceKeys, c10::dtype_or_default(type), format));
}

Tensor empty_strided_here(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> type,
                          std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return Tensor(at::detail::empty_strided_generic(size, stride, &memory(), kDeviceKeys, c10::dtype_or_default(type)));
}

Tensor copy_from(const Tensor& from, const Tensor& to, bool non_blocking) {
  const auto call = !is_here(to)    ? Call::wait
                    : is_here(from) ? Call::launch
                    : non_blocking  ? Call::upload
                                    : Call::blocking_upload;
  counter().add(call == Call::launch ? "copy"
                : call == Call::wait ? "copy to the host"
                                     : "copy to the device",
                call, call == Call::upload || call == Call::blocking_upload ? from.nbytes() : 0);
  const at::AutoDispatchBelowADInplaceOrView below;
  Tensor target = on_cpu(to);
  target.copy_(on_cpu(from));
  return to;
}

Tensor copy_from_and_resize(const Tensor& from, const Tensor& to) {
  to.resize_(from.sizes());
  return copy_from(from, to, /*non_blocking=*/false);
}

at::Scalar read_number(const Tensor& tensor) {
  counter().add("a number read", Call::wait);
  return at::_local_scalar_dense(on_cpu(tensor));
}

bool may_take_each_others_place(const Tensor&, const Tensor&) {
  return true;  // for Module::to: parameters move from the CPU to this device as to any other
}

void register_by_hand(torch::Library& library) {
  library.impl("empty.memory_format", TORCH_FN(empty_here));
  library.impl("empty_strided", TORCH_FN(empty_strided_here));
  library.impl("as_strided", TORCH_FN(at::native::as_strided_tensorimpl));
  library.impl("view", TORCH_FN(static_cast<Tensor (*)(const Tensor&, at::IntArrayRef)>(at::native::view)));
  library.impl("_reshape_alias", TORCH_FN(at::native::_reshape_alias));
  library.impl("_unsafe_view", TORCH_FN(at::native::_unsafe_view));
  library.impl("unfold", TORCH_FN(at::native::unfold));
  library.impl("resize_", TORCH_FN(at::native::resize_));
  library.impl("set_.source_Storage_storage_offset", TORCH_FN(at::native::set_storage_cpu_));
  library.impl("set_.source_Tensor", TORCH_FN(at::native::set_tensor_));
  library.impl("_copy_from", TORCH_FN(copy_from));
  library.impl("_copy_from_and_resize", TORCH_FN(copy_from_and_resize));
  library.impl("_local_scalar_dense", TORCH_FN(read_number));
  library.impl("_has_compatible_shallow_copy_type", TORCH_FN(may_take_each_others_place));
}

/// Whether an operator is to go to the CPU as a whole, where LibTorch would put it together from others: of those that
/// take tensors and give new ones. Of those that it puts together for devices unknown to it alone (mish's backward) a
/// GPU has kernels of their own, as the CPU has.
bool goes_as_a_whole(const c10::OperatorHandle& op) {
  const auto& schema = op.schema();
  const auto& name = schema.name();
  if (!name.starts_with("aten::") || name == "aten::copy_" || name == "aten::clone" || name == "aten::resize_as_")
    return false;
  const bool put_together = op.hasKernelForDispatchKey(DispatchKey::CompositeExplicitAutograd) ||
                            op.hasKernelForDispatchKey(DispatchKey::CompositeExplicitAutogradNonFunctional);
  const bool of_any_device = op.hasKernelForDispatchKey(DispatchKey::CompositeImplicitAutograd);
  const bool on_known_ones = of_any_device && op.hasKernelForDispatchKey(DispatchKey::CPU);
  if (!(of_any_device ? on_known_ones : put_together) || op.hasKernelForDispatchKey(DispatchKey::PrivateUse1))
    return false;
  bool takes_tensors = false;
  for (const auto& argument : schema.arguments()) {
    const auto type = argument.type()->str();
    if (type.find("Device") != std::string::npos) return false;
    takes_tensors = takes_tensors || type.find("Tensor") != std::string::npos;
  }
  for (const auto& result : schema.returns())
    if (const auto* alias = result.alias_info(); alias != nullptr && !alias->isWrite()) return false;  // a view
  return takes_tensors;
}

void install() {
  TORCH_CHECK(!torch::cuda::is_available(), "the stand-in accelerator is for machines without CUDA");
  c10::SetAllocator(kHere, &memory());
  register_sync_norm_kernels();
  // All of it stays for good: LibTorch's threads use it until the process ends.
  static const c10::impl::DeviceGuardImplRegistrar guard(kHere, new Guard);  // NOLINT
  at::RegisterPrivateUse1HooksInterface(new Hooks);                          // NOLINT
  c10::register_privateuse1_backend(kName);
  static auto* rest = new torch::Library(torch::Library::IMPL, "_", DispatchKey::PrivateUse1, __FILE__, __LINE__);
  rest->fallback(torch::CppFunction::makeFromBoxedFunction<&run_on_cpu>());
  static auto* own = new torch::Library(torch::Library::IMPL, "aten", DispatchKey::PrivateUse1, __FILE__, __LINE__);
  register_by_hand(*own);
  static auto* with_gradients =
      new torch::Library(torch::Library::IMPL, "aten", DispatchKey::AutogradPrivateUse1, __FILE__, __LINE__);
  with_gradients->impl("_has_compatible_shallow_copy_type", TORCH_FN(may_take_each_others_place));
  auto& dispatcher = c10::Dispatcher::singleton();
  for (const auto& name : dispatcher.getAllOpNames()) {
    const auto op = dispatcher.findOp(name);
    if (!op || !op->hasSchema() || !goes_as_a_whole(*op)) continue;
    const std::string plain = name.name.substr(name.name.find("::") + 2);
    own->impl((name.overload_name.empty() ? plain : plain + "." + name.overload_name).c_str(),
              torch::CppFunction::makeFromBoxedFunction<&run_on_cpu>());
  }
}

}  // namespace

torch::Device stand_in_accelerator() {
  static const bool installed = (install(), true);
  (void)installed;
  return {kHere, 0};
}

DeviceCalls device_calls() {
  const std::lock_guard guard(counter().lock);
  return counter().calls;
}

void reset_device_calls() {
  const std::lock_guard guard(counter().lock);
  counter().calls = {};
}

void set_free_memory(std::int64_t bytes) {
  memory().free_bytes = bytes;
}

}  // namespace harmonic::testing
